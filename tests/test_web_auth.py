"""Facts about keys: what each allows, and who may read without one."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from pipeline.access_scopes import AccessScope
from pipeline.settings import ServeSettings
from pipeline.web.app import create_app
from pipeline.web.auth import Access
from tests.helpers.arriving import NOW

UNDO = "/api/v1/decisions/1/undo"  # decides; there is no such decision
OUTSIDE = ServeSettings(host="0.0.0.0", hosts=("localhost",))


def client(context, key=None, serve=None):
    context.environment = msgspec.structs.replace(context.environment, api_key=key)
    context.index.prepare()
    return TestClient(create_app(context, serve=serve), base_url="http://localhost")


def make_key(context, *scopes, **more):
    with context.store.write() as connection:
        return context.store.api_keys.add(connection, "Ana", scopes, NOW, **more)


def ask(client, method, path, key=None, **more):
    headers = {"X-API-Key": key} if key is not None else {}
    return client.request(method, path, headers=headers, **more).status_code


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer s3cret"}, {"Authorization": "bearer  s3cret"}, {"X-API-Key": "s3cret"}]
)
def test_who_says_the_key_of_the_environment_may_do_everything(context, headers):
    api = client(context, "s3cret")
    assert api.post(UNDO, headers=headers, json={"by": "Ana"}).status_code == 404
    assert api.post("/api/v1/ingest", headers=headers, json={}).status_code == 422


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no API key"),
        ({"Authorization": "Basic s3cret"}, "no API key"),
        ({"Authorization": "Bearer S3CRET"}, "the API key is wrong"),
        ({"Authorization": "Bearer"}, "the API key is wrong"),
        ({"X-API-Key": "s3cretx"}, "the API key is wrong"),
        ({"X-API-Key": ""}, "the API key is wrong"),
    ],
)
def test_who_does_not_say_the_key_is_told_how(context, headers, said):
    answer = client(context, "s3cret").post(UNDO, headers=headers, json={"by": "Ana"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("unset", [None, ""])
def test_without_any_key_a_server_lets_nobody_write(context, unset):
    assert ask(client(context, unset), "POST", UNDO) == 403


@pytest.mark.parametrize("scope", list(AccessScope))
def test_a_key_allows_what_its_scopes_say_and_nothing_else(context, scope):
    api, key = client(context, serve=OUTSIDE), make_key(context, scope)
    asked = {
        AccessScope.READ: ask(api, "GET", "/api/v1/search", key),
        AccessScope.EXPORT: ask(api, "GET", "/api/v1/export", key),
        AccessScope.INGEST: ask(api, "POST", "/api/v1/ingest", key, json={}),
        AccessScope.DECIDE: ask(api, "POST", UNDO, key, json={"by": "Ana"}),
    }
    allowed = {AccessScope.READ: 200, AccessScope.EXPORT: 200, AccessScope.INGEST: 422, AccessScope.DECIDE: 404}
    assert asked == {each: allowed[each] if each is scope else 403 for each in AccessScope}


def test_a_key_that_was_revoked_or_has_expired_is_good_for_nothing(context):
    api = client(context)
    late = make_key(context, AccessScope.READ, expires=NOW - dt.timedelta(seconds=1))
    key = make_key(context, AccessScope.READ, expires=NOW + dt.timedelta(days=1))
    assert ask(api, "GET", "/api/v1/search", late) == 401
    assert ask(api, "GET", "/api/v1/search", key) == 200
    with context.store.write() as connection:
        assert context.store.api_keys.revoke(connection, 2, NOW)
        assert not context.store.api_keys.revoke(connection, 2, NOW)
    assert ask(api, "GET", "/api/v1/search", key) == 401


def test_a_ledger_holds_no_key(context):
    key = make_key(context, AccessScope.READ)
    with context.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM api_keys").all()
    assert key not in repr(kept)
    assert key.removeprefix("nw_") not in repr(kept)


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        ("127.0.0.1", "loopback", 200),
        ("::1", "loopback", 200),
        ("0.0.0.0", "loopback", 403),
        ("0.0.0.0", "always", 200),
        ("127.0.0.1", "never", 403),
    ],
)
def test_who_may_read_without_a_key_follows_from_where_the_server_listens_and_its_settings(
    context, host, allowed, status
):
    api = client(context, serve=ServeSettings(host=host, hosts=("localhost",), read_without_key=allowed))
    for path in ("/api/v1/search", "/api/search", "/", "/api/v1/changes", "/sources", "/api/v1/export"):
        assert ask(api, "GET", path) == status, path
    assert ask(api, "GET", "/health") == 200


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=40))
def test_no_other_bytes_pass_for_a_key(context, sent):
    context.environment = msgspec.structs.replace(context.environment, api_key="s3cret")
    access = Access(context, ServeSettings())
    request = Request({"type": "http", "headers": [(b"x-api-key", sent)]})
    if sent == b"s3cret":
        assert access.scopes(request) == frozenset(AccessScope)
        return
    with pytest.raises(HTTPException):
        access.scopes(request)

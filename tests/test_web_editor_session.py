from __future__ import annotations

import base64

import msgspec
import pytest
from fastapi import Request, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from pipeline.access_scopes import AccessScope
from pipeline.errors import SettingsError
from pipeline.fetch.addresses import parse_networks
from pipeline.settings import ServeSettings
from pipeline.web.editor_session import (
    COOKIE,
    SESSION,
    EditorSessions,
    check_own_request,
    check_token,
    clean_name,
    is_within,
)

BEHIND_PROXY = ServeSettings(editor_header="X-Forwarded-User", trusted_proxies=("10.0.0.0/8",))
fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def request(client="127.0.0.1", scheme="http", **headers):
    pairs = [(name.lower().replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "headers": pairs,
        "client": (client, 5),
        "scheme": scheme,
        "path": "/",
        "server": ("x", 80),
    }
    return Request(scope)


def with_cookie(value, **headers):
    return request(cookie=f"{COOKIE}={value}", **headers)


def open_sessions(context, key="key", serve=None):
    context.environment = msgspec.structs.replace(context.environment, api_key=key)
    return EditorSessions(context, serve or ServeSettings())


@pytest.fixture
def sessions(context):
    return open_sessions(context)


def add_key(context, *scopes):
    with context.store.write() as connection:
        return context.store.api_keys.add(connection, "desk", scopes, context.clock())


def test_a_session_holds_a_name_until_it_ends_and_another_key_ends_it(sessions, context):
    cookie = sessions.begin(" Ana\n Sousa ", 0)
    now = context.clock()
    editor = sessions.find_editor(with_cookie(cookie))
    assert (editor.name, editor.until, editor.may_decide) == ("Ana Sousa", now + SESSION, True)
    assert sessions.find_editor(request()) is None
    assert "key" not in base64.urlsafe_b64decode(cookie.partition(".")[0]).decode().replace('"key":0', "")
    context.clock = lambda: now + SESSION
    assert sessions.find_editor(with_cookie(cookie)) is None
    context.clock = lambda: now
    assert open_sessions(context, "other").find_editor(with_cookie(cookie)) is None


@fixed
@given(data=st.data())
def test_a_cookie_that_was_changed_anywhere_is_none(sessions, data):
    cookie = sessions.begin("Ana", 0)
    place = data.draw(st.integers(0, len(cookie) - 1))
    letter = data.draw(st.sampled_from("abcdefABCDEF0123456789-_.="))
    changed = cookie[:place] + letter + cookie[place + 1 :]
    editor = sessions.find_editor(with_cookie(changed))
    assert (editor is None) == (changed != cookie)


PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';,"\\')


@fixed
@given(cookie=st.text(alphabet=PRINTABLE, max_size=80))
def test_a_cookie_that_we_never_gave_is_none(sessions, cookie):
    assert sessions.find_editor(with_cookie(cookie)) is None


def test_only_a_key_that_allows_to_read_or_decide_begins_a_session(sessions, context):
    assert [sessions.find_key(key) for key in ("key", "Key", "", "key ")] == [0, None, None, None]
    numbers = [sessions.find_key(add_key(context, scope)) for scope in AccessScope]
    assert dict(zip(AccessScope, [number is not None for number in numbers], strict=True)) == {
        AccessScope.READ: True,
        AccessScope.EXPORT: False,
        AccessScope.INGEST: False,
        AccessScope.DECIDE: True,
    }
    nobody = open_sessions(context, None)
    assert [nobody.find_key(key) for key in ("", "key", "None")] == [None, None, None]


def test_a_session_allows_what_its_key_does_and_ends_when_that_is_revoked(sessions, context):
    number = sessions.find_key(add_key(context, AccessScope.READ))
    cookie = with_cookie(sessions.begin("Bo", number))
    assert not sessions.find_editor(cookie).may_decide
    with context.store.write() as connection:
        context.store.api_keys.revoke(connection, number, context.clock())
    assert sessions.find_editor(cookie) is None


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_travels_by_https_where_there_is_https(context):
    plain, secure = ServeSettings(), ServeSettings(public_url="https://news.example")
    for serve, scheme, is_secure in ((plain, "http", False), (plain, "https", True), (secure, "http", True)):
        response = Response()
        open_sessions(context, serve=serve).set_cookie(response, request(scheme=scheme), "value")
        header = response.headers["Set-Cookie"].lower()
        assert "httponly" in header
        assert "samesite=lax" in header
        assert ("secure" in header) == is_secure


def test_a_trusted_proxy_says_who_is_there_and_nobody_else_does(context):
    sessions = open_sessions(context, None, BEHIND_PROXY)
    editor = sessions.find_editor(request("10.1.2.3", X_Forwarded_User="ana"))
    assert (editor.name, editor.until, editor.may_decide) == ("ana", None, True)
    assert AccessScope.INGEST not in editor.scopes
    assert sessions.find_editor(request("127.0.0.1", X_Forwarded_User="ana")) is None
    assert sessions.find_editor(request("10.1.2.3", X_Forwarded_User=" ")) is None
    twice = request("10.1.2.3", X_Forwarded_User="ana")
    twice.scope["headers"].append((b"x-forwarded-user", b"bo"))
    assert sessions.find_editor(Request(twice.scope)) is None
    without = open_sessions(context, None, ServeSettings(trusted_proxies=("10.0.0.0/8",)))
    assert without.find_editor(request("10.1.2.3", X_Forwarded_User="ana")) is None


def test_a_network_that_is_none_is_named(context):
    with pytest.raises(SettingsError, match=r"serve\.trusted_proxies"):
        EditorSessions(context, ServeSettings(trusted_proxies=("the proxy",)))


def test_an_address_lies_in_a_network_also_as_ipv6_writes_it():
    networks = parse_networks(("10.0.0.0/8", "::1"))
    assert is_within("::ffff:10.0.0.1", networks)
    assert is_within("::1", networks)
    assert not is_within("testclient", networks)


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost:8000"}, False),
        ({"Origin": "http://localhost:8000"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_a_request_that_another_site_makes_is_refused(headers, is_ours):
    made = request(Host="localhost:8000", **headers)
    if is_ours:
        check_own_request(made)
    else:
        with pytest.raises(HTTPException, match="another site"):
            check_own_request(made)


def test_a_token_belongs_to_one_session(sessions):
    first, second = (sessions.find_editor(with_cookie(sessions.begin("Ana", 0))) for _ in range(2))
    check_token(first, first.token)
    for token in (second.token, "", "é"):
        with pytest.raises(HTTPException, match="present session"):
            check_token(first, token)


@given(st.text(max_size=300))
def test_a_name_is_one_printable_line(name):
    cleaned = clean_name(name)
    assert cleaned.isprintable()
    assert len(cleaned) <= 100

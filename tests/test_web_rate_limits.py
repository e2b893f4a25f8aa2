"""Facts about how often a client may ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.access_scopes import AccessScope
from pipeline.settings import ServeSettings
from pipeline.web.app import create_app
from pipeline.web.rate_limits import TokenBuckets
from tests.helpers.arriving import NOW


@given(st.integers(1, 600), st.lists(st.floats(0, 30), max_size=60))
def test_nobody_asks_more_often_than_allowed_however_the_requests_come(per_minute, pauses):
    now = [0.0]
    buckets, allowed = TokenBuckets(per_minute, lambda: now[0]), 0
    for pause in pauses:
        now[0] += pause
        allowed += buckets.take("a") == 0
    assert allowed <= per_minute + now[0] * per_minute / 60 + 1e-6


@given(st.integers(1, 600))
def test_who_waits_as_long_as_he_is_told_may_ask(per_minute):
    now = [0.0]
    buckets = TokenBuckets(per_minute, lambda: now[0])
    assert [buckets.take("a") for _ in range(per_minute)] == [0.0] * per_minute
    assert buckets.take("b") == 0
    now[0] += buckets.take("a") + 1e-9
    assert buckets.take("a") == 0


def test_who_asks_too_often_is_told_when_to_come_back_and_others_are_answered(context):
    context.index.prepare()
    serve = ServeSettings(requests_per_minute=2)
    client = TestClient(create_app(context, serve=serve), base_url="http://localhost")
    with context.store.write() as connection:
        key = context.store.api_keys.add(connection, "Ana", [AccessScope.READ], NOW)
    answers = [client.get("/api/v1/search") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30
    assert client.get("/api/v1/search", headers={"X-API-Key": "invented"}).status_code == 429
    assert client.get("/api/v1/search", headers={"X-API-Key": key}).status_code == 200
    assert client.get("/health").status_code == 200

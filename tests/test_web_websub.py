"""Hubs push what is new: they are asked to, their word is verified, and polling goes on beside them."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import json
from urllib.parse import parse_qs

import msgspec
import pytest
from aiohttp import web
from click.testing import CliRunner
from starlette.testclient import TestClient

from pipeline.cli import ledger
from pipeline.records import Stage
from pipeline.settings import ServeSettings
from pipeline.web.app import create_app
from tests.helpers.newsstand import SETTINGS, newsstand, page
from tests.helpers.transactions import ask

PUBLIC = msgspec.structs.replace(SETTINGS, serve=ServeSettings(public_url="https://news.example/"))
DAY = 24 * 60


class LocalHub:
    """A hub on the test's own site: remembers who asked for what, and pushes."""

    def __init__(self, stand, client) -> None:
        self.stand, self.client = stand, client
        self.forms: list[dict[str, str]] = []
        self.status = 202
        stand.site.handlers["/hub"] = self._asked
        stand.site.page("/feed", FEED, kind="application/rss+xml", Link=f'<{stand.site.url("/hub")}>; rel="hub"')

    async def _asked(self, request):
        form = parse_qs(await request.text())
        self.forms.append({name: values[0] for name, values in form.items()})
        return web.Response(status=self.status, text="too many subscribers" if self.status >= 400 else "")

    @property
    def callback(self) -> str:
        return self.forms[-1]["hub.callback"].removeprefix("https://news.example")

    def verify(self, **changes):
        asked = {
            "hub.mode": "subscribe",
            "hub.topic": self.forms[-1]["hub.topic"],
            "hub.challenge": "c4all3nge",
            "hub.lease_seconds": str(5 * 86400),
        }
        return self.client.get(self.callback, params={**asked, **{f"hub.{k}": v for k, v in changes.items()}})

    def push(self, body: bytes, method: str = "sha256", secret: str | None = None):
        secret = secret or self.forms[-1]["hub.secret"]
        signature = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
        headers = {"X-Hub-Signature": f"{method}={signature}", "Content-Type": "application/rss+xml"}
        return self.client.post(self.callback, content=body, headers=headers)


FEED = b"<rss version='2.0'><channel><title>Outlet</title></channel></rss>"


def feed_of(stand, path, title):
    item = f"<item><title>{title}</title><link>{stand.site.url(path)}</link></item>"
    return f"<rss version='2.0'><channel><title>Outlet</title>{item}</channel></rss>".encode()


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path, PUBLIC) as made:
        yield made


@pytest.fixture
def client(stand):
    with TestClient(create_app(stand.context), base_url="http://localhost", raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def hub(stand, client):
    return LocalHub(stand, client)


def poll(stand, minutes=0.0):
    return stand.run_stages([Stage.POLL], minutes)[Stage.POLL]


def one(stand):
    (found,) = ask(stand.context.store).subscriptions.list_subscriptions()
    return found


def test_a_hub_that_a_feed_names_is_asked_to_push_and_verified(stand, hub):
    poll(stand)
    (form,) = hub.forms
    assert form["hub.topic"] == stand.site.url("/feed")
    assert form["hub.callback"].startswith("https://news.example/websub/")
    assert len(form["hub.secret"]) >= 32
    answer = hub.verify()
    assert (answer.status_code, answer.text) == (200, "c4all3nge")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (one(stand).state, one(stand).until) == ("active", stand.now + dt.timedelta(days=5))


def test_a_lease_is_renewed_before_it_ends(stand, hub):
    poll(stand)
    hub.verify()
    poll(stand, 3 * DAY)
    assert len(hub.forms) == 1
    poll(stand, DAY + 1)
    assert len(hub.forms) == 2
    assert hub.forms[0] == hub.forms[1]
    hub.verify()
    assert one(stand).until == stand.now + dt.timedelta(days=5)


def test_a_hub_that_does_not_come_back_is_asked_again_an_hour_later(stand, hub):
    poll(stand)
    poll(stand, 30)
    assert len(hub.forms) == 1
    poll(stand, 31)
    assert len(hub.forms) == 2


def test_a_hub_that_comes_back_before_it_answers_is_left_alone_until_the_lease_ends(stand, hub):
    async def asked(request):
        answer = await hub._asked(request)
        await asyncio.to_thread(hub.verify)
        return answer

    stand.site.handlers["/hub"] = asked
    poll(stand)
    assert one(stand).state == "active"
    poll(stand, 2 * 60)
    assert len(hub.forms) == 1


def test_a_hub_that_refuses_is_left_alone_for_a_week(stand, hub):
    poll(stand)
    assert hub.verify(mode="denied", reason="not public").status_code == 200
    assert (one(stand).state, one(stand).error) == ("refused", "refused: not public")
    poll(stand, 6 * DAY)
    assert len(hub.forms) == 1
    assert hub.verify().status_code == 404
    poll(stand, DAY + 1)
    assert len(hub.forms) == 2
    assert hub.verify().status_code == 200
    assert one(stand).state == "active"


def test_a_hub_that_fails_is_named_and_asked_again(stand, hub, monkeypatch):
    hub.status = 503
    poll(stand)
    assert one(stand).error == "status 503: too many subscribers"
    monkeypatch.setattr(ledger, "open_context", lambda: stand.context)
    assert f"/hub for {stand.site.url('/feed')}: status 503" in CliRunner().invoke(ledger.status_command).output
    hub.status = 202
    poll(stand, 61)
    assert one(stand).error is None


@pytest.mark.parametrize(
    "changes", [{"topic": "https://other.example/"}, {"mode": "unsubscribe"}, {"mode": ""}, {"topic": ""}]
)
def test_what_we_did_not_ask_for_is_not_confirmed(stand, hub, changes):
    poll(stand)
    answer = hub.verify(**changes)
    assert answer.status_code == 404
    assert "c4all3nge" not in answer.text
    assert one(stand).state == "asked"


def test_a_callback_that_nobody_was_given_is_not_there(client):
    assert client.get("/websub/guessed?hub.mode=subscribe&hub.challenge=x").status_code == 404
    assert client.post("/websub/guessed", content=b"x").status_code == 410


@pytest.mark.parametrize("method", ["sha1", "sha256"])
def test_what_a_hub_pushes_is_searchable_after_the_next_run_without_a_poll(stand, hub, method):
    poll(stand)
    hub.verify()
    stand.site.page("/a", page("Bridge to be mended"))
    assert hub.push(feed_of(stand, "/a", "Bridge to be mended"), method).status_code == 202
    polls = len(stand.asked("/feed"))
    reports = stand.run_stages(list(Stage))
    assert reports[Stage.POLL].notes["new"] == 1
    assert len(stand.asked("/feed")) == polls
    assert stand.document("/a").title == "Bridge to be mended"
    assert ask(stand.context.store).subscriptions.list_pushes(9) == []


@pytest.mark.parametrize("secret", ["wrong", "x" * 43])
def test_a_push_that_is_not_signed_with_our_secret_is_ignored_without_a_word(stand, hub, secret):
    poll(stand)
    answer = hub.push(feed_of(stand, "/a", "Forged"), secret=secret)
    assert (answer.status_code, answer.content) == (202, b"")
    assert hub.client.post(hub.callback, content=feed_of(stand, "/a", "Forged")).status_code == 202
    assert ask(stand.context.store).subscriptions.list_pushes(9) == []


def test_a_push_that_is_no_feed_costs_only_itself(stand, hub):
    poll(stand)
    hub.push(b"<html>no feed</html>")
    hub.push(feed_of(stand, "/a", "Bridge to be mended"))
    report = poll(stand)
    assert report.notes["new"] == 1
    history = ask(stand.context.store).ledger.list_outcomes(stand.site.url("/feed"))
    assert [(h.outcome, (h.detail or "").partition(":")[0]) for h in history[1:3]] == [
        ("dropped", "pushed"),
        ("done", "pushed"),
    ]


def test_a_push_that_only_says_that_there_is_something_new_has_the_feed_polled(stand, hub):
    poll(stand)
    stand.item("/a", "Bridge to be mended")
    assert poll(stand).notes["new"] == 0
    hub.push(b"")
    assert poll(stand).notes["new"] == 1


def test_a_push_that_is_too_large_is_refused(stand, hub):
    poll(stand)
    assert hub.push(b"x" * (stand.context.settings.poll.max_bytes + 1)).status_code == 413


def test_polling_goes_on_as_the_safety_net(stand, hub):
    poll(stand)
    hub.verify()
    stand.site.page("/feed", feed_of(stand, "/a", "Bridge to be mended"), kind="application/rss+xml")
    ask(stand.context.store).feeds.make_due(stand.now)
    assert poll(stand).notes["new"] == 1


def test_a_feed_that_is_read_no_more_is_not_asked_for_and_its_pushes_are_let_go(stand, hub):
    poll(stand)
    hub.push(feed_of(stand, "/a", "Bridge to be mended"))
    stand.context.sources = {}
    assert poll(stand, 2 * DAY).notes["new"] == 0
    assert ask(stand.context.store).subscriptions.list_subscriptions() == []
    assert ask(stand.context.store).subscriptions.list_pushes(9) == []
    assert len(hub.forms) == 1


def test_without_a_public_address_no_hub_is_asked(tmp_path):
    with newsstand(tmp_path) as stand:
        hub = LocalHub(stand, None)
        poll(stand)
        assert hub.forms == []


def test_what_was_pushed_between_two_polls_has_not_scrolled_off_and_counts_as_arrived(stand, hub):
    poll(stand)
    for minutes, ways in enumerate(("poll", "push", "push and poll")):
        stand.now += dt.timedelta(minutes=5)
        stand.items.clear()
        stand.item(f"/{minutes}", f"The bridge on day {minutes}", minutes=minutes)
        if "push" in ways:
            hub.push(stand.feed().encode())
        if "poll" in ways:
            ask(stand.context.store).feeds.make_due(stand.now)
        assert poll(stand).notes["new"] == 1
    yesterday = stand.now - dt.timedelta(days=1)
    assert ask(stand.context.store).gaps.list_gaps(yesterday) == []
    assert sum(ask(stand.context.store).gaps.count_arrivals(yesterday).values()) == 3


def test_the_hub_of_a_json_feed_is_asked_to_push_what_the_feed_calls_itself(stand, hub):
    feed = {
        "feed_url": stand.site.url("/own"),
        "hubs": [{"type": "WebSub", "url": stand.site.url("/hub")}],
        "items": [],
    }
    stand.site.page("/feed", json.dumps(feed).encode(), kind="application/feed+json")
    poll(stand)
    (form,) = hub.forms
    assert form["hub.topic"] == stand.site.url("/own")


def test_a_push_that_is_sent_again_is_kept_once_also_after_it_was_read(stand, hub):
    poll(stand)
    hub.verify()
    first, second = feed_of(stand, "/p", "First"), feed_of(stand, "/p", "Second")
    for body in (first, first, second, first):
        assert hub.push(body).status_code == 202
    assert [push.body for push in ask(stand.context.store).subscriptions.list_pushes(10)] == [first, second]
    poll(stand)
    hub.push(first)
    assert ask(stand.context.store).subscriptions.list_pushes(10) == []


def test_more_pushes_than_are_read_are_put_off(stand, hub, monkeypatch):
    monkeypatch.setattr("pipeline.store.subscriptions._MAX_WAITING", 2)
    poll(stand)
    hub.verify()
    answers = [hub.push(feed_of(stand, f"/p{n}", "News")) for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 503]
    assert answers[2].headers["Retry-After"] == "300"
    poll(stand)
    assert hub.push(feed_of(stand, "/p2", "News")).status_code == 202

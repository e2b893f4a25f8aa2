"""What the web does to a reader of feeds, and what becomes of it: over real HTTP, where other tests only decide."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import msgspec
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.feed_records import FeedState
from pipeline.feeds import poll_feeds
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings, PollSettings, Settings
from tests.helpers.support import REPO
from tests.helpers.web import serve

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
SETTINGS = Settings(
    fetch=FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0, per_host_concurrency=4),
    poll=PollSettings(timeout_seconds=60, parse_seconds=8),
)


@pytest.fixture(scope="module")
def server():
    with serve() as made:
        yield made


@pytest.fixture
def site(server):
    server.handlers.clear()
    server.requests.clear()
    return server


def state(url, **changes):
    return FeedState(**{"url": url, "source": "outlet", "due": NOW, **changes})


def polled(*states, now=NOW):
    return poll_feeds(states, {}, SETTINGS, now)


def rss(*items, head=""):
    inner = "".join(f"<item><title>{one}</title><link>/{number}</link></item>" for number, one in enumerate(items))
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title>{inner}</channel></rss>'


LAUGHS = "<!DOCTYPE r [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)
)  # a billion
CRAFTED = {
    "laughs": rss("&a9;", head=LAUGHS + "]>"),
    "quadratic": rss("&a;" * 10_000, head=f"<!DOCTYPE r [<!ENTITY a '{'x' * 75_000}'>]>"),
    "outside": rss(
        "&x;", head="<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/x.dtd' [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    ),
    "style": rss(f'&lt;p style="{"a" * 100_000}"&gt;x'),
    "comments": rss("&lt;!--" * 15_000),
    "newlines": "\n" * 100_000 + rss("a"),
    "doctype": "\n" * 50_000 + "<!DOCTYPE rss>" + "\n" * 50_000 + rss("a").partition("?>")[2],
    "declaration": "<?" + "encoding='" * 10_000 + rss("a"),
    "attributes": f"<rss {' '.join(f'a{n}=1' for n in range(200_000))}><channel><item><title>a</title></item>",
    "nested": rss("<b>" * 100_000),
    "items": rss(*["a"] * 100_000),
}


@pytest.mark.slow
def test_crafted_feeds_are_read_or_given_up_and_the_others_are_still_read(site):
    urls = {name: site.page(f"/{name}", data, kind="text/xml") for name, data in CRAFTED.items()}
    good = [site.page(f"/good{n}", rss("fine")) for n in range(3)]
    results = {one.state.url: one for one in polled(*(state(url) for url in [good[0], *urls.values(), *good[1:]]))}
    assert [len(results[url].entries) for url in good] == [1, 1, 1]
    for name, url in urls.items():
        one = results[url]
        assert one.outcome is Outcome.DONE or one.reason in {
            Reason.TOO_SLOW, Reason.TOO_LARGE, Reason.CRASHED, Reason.UNREADABLE, Reason.NOT_FEED,
        }, name  # fmt: skip
        assert all("root:" not in (entry.title or "") for entry in one.entries)
        assert all(len(entry.title or "") <= 1000 for entry in one.entries)
    assert {results[urls[name]].outcome for name in ("newlines", "doctype", "outside")} == {Outcome.DONE}


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_bomb_of_half_a_gigabyte_takes_little_memory(site, coding, tmp_path):
    import gzip

    import brotli

    block = bytes(1 << 20)
    if coding == "gzip":
        path = tmp_path / "bomb.gz"
        with gzip.open(path, "wb") as file:
            for _ in range(512):
                file.write(block)
        packed = path.read_bytes()
    else:
        packer = brotli.Compressor(quality=1)
        packed = b"".join(packer.process(block) for _ in range(512)) + packer.finish()
    url = site.page("/bomb", packed, Content_Encoding=coding)
    script = (
        "import asyncio, resource, sys\n"
        "from pipeline.errors import ItemError\n"
        "from pipeline.fetch.client import Client\n"
        "from pipeline.settings import FetchSettings\n"
        "async def run():\n"
        "    async with Client(FetchSettings(allow_addresses=('127.0.0.0/8',))) as client:\n"
        "        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "        try:\n"
        "            await client.get(sys.argv[1])\n"
        "        except ItemError as error:\n"
        "            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "            print(error.reason, grown // 1024)\n"
        "asyncio.run(run())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=True, cwd=REPO)
    reason, megabytes = done.stdout.rsplit(maxsplit=1)
    assert reason == "too large"
    assert int(megabytes) < 100


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("3600", HOUR, 1.2 * HOUR),
        ("Fri, 20 Nov 2026 14:00:00 GMT", 2 * HOUR, 2.3 * HOUR),
        ("soon", 15 * MINUTE, 17 * MINUTE),
        ("-60", 15 * MINUTE, 17 * MINUTE),
        ("315360000", DAY, 1.2 * DAY),
        ("99999999999999999999", 15 * MINUTE, 1.2 * DAY),
    ],
)
def test_a_server_that_asks_for_time_gets_it_up_to_a_day(site, status, asked, least, most):
    (one,) = polled(state(site.page("/feed", status=status, Retry_After=asked)))
    assert one.outcome is Outcome.RETRY
    assert least <= one.state.due - NOW <= most


def test_410_three_times_is_gone_and_asked_weekly_and_may_come_back(site):
    one = state(site.page("/feed", status=410))
    for _ in range(3):
        one = polled(one)[0].state
    assert one.reason is Reason.GONE
    assert 7 * DAY <= one.due - NOW <= 7.8 * DAY
    site.page("/feed", rss("back"))
    (back,) = polled(one)
    assert (len(back.entries), back.state.failures, back.state.reason) == (1, 0, None)


def test_404_five_times_and_then_a_feed_is_recovered(site):
    one = state(site.url("/feed"))
    for _ in range(5):
        one = polled(one)[0].state
    assert (one.failures, one.strain) == (5, 2.5)
    assert one.due - NOW < DAY
    site.page("/feed", rss("back"))
    after = polled(one)[0].state
    assert (after.failures, after.strain, after.error, after.failing_since) == (0, 0, None, None)


def test_a_page_in_place_of_a_feed_leaves_what_was_known_as_it_was(site):
    site.page("/feed", rss("a"), ETag='"1"')
    good = polled(state(site.url("/feed")))[0].state
    site.page("/feed", "<html><body>Maintenance</body></html>", kind="application/rss+xml", ETag='"2"')
    bad = polled(good)[0].state
    assert bad.reason is Reason.NOT_FEED
    kept = ("etag", "body_hash", "seen", "newest", "arrival_rate", "window", "read")
    assert [getattr(bad, name) for name in kept] == [getattr(good, name) for name in kept]


def test_a_body_that_differs_at_every_poll_makes_no_new_entries(site):
    one, ids = state(site.url("/feed")), set()
    for number in range(30):
        site.page("/feed", rss("a", "b", head=f"<!-- {number} -->"))
        (result,) = polled(one)
        ids |= {entry.id for entry in result.entries}
        one = result.state
    assert len(ids) == 2
    assert one.arrival_rate.count <= 1


def test_five_hundred_feeds_that_were_added_together_do_not_stay_together():
    from pipeline.feeds.schedule import PollPlan, PollResult, next_state

    scheduled = PollPlan(usual=15 * MINUTE, shortest=3 * MINUTE, longest=DAY)
    states = [state(f"https://a.example/{n}") for n in range(500)]
    for _ in range(10):  # polled together each time, as one host's feeds are
        states = [next_state(one, PollResult(outcome=Outcome.DONE), None, NOW, scheduled) for one in states]
    dues = sorted(one.due for one in states)
    assert dues[-1] - dues[0] > MINUTE
    assert max(sum(due == other for other in dues) for due in dues) <= 2


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.binary(max_size=300) | st.text(max_size=200).map(lambda t: rss(t).encode("utf-8", "replace")), max_size=6
    ),
    st.sampled_from(["text/xml", "application/json", "text/html; charset=utf-16", "x/y; charset=\x7f"]),
)
def test_whatever_servers_send_every_feed_has_an_outcome_and_the_next_is_served(site, bodies, kind):
    urls = [site.page(f"/{number}", body, kind="text/xml") for number, body in enumerate(bodies)]
    for number, body in enumerate(bodies):

        async def answer(request, body=body):
            return web.Response(body=body, headers={"Content-Type": kind.replace("\x7f", "")})

        site.handlers[f"/{number}"] = answer
    good = site.page("/good", rss("fine"))
    results = polled(*(state(url) for url in urls), state(good))
    assert len(results[-1].entries) == 1
    assert all(one.reason is not Reason.CRASHED for one in results)
    assert all(msgspec.json.decode(msgspec.json.encode(one.state), type=FeedState) == one.state for one in results)

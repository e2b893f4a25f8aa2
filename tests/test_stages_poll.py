from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest

from pipeline.records import Outcome, Stage
from pipeline.settings import Environment, FetchSettings, PollSettings, Settings, Source
from pipeline.stages import Context, run_one
from pipeline.store import gaps
from tests.helpers.support import REPO
from tests.helpers.transactions import ask

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FETCH = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0, allow_ports=(9,))


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOW
        self.tick = dt.timedelta()  # how much it goes on each time that it is read

    def __call__(self):
        self.now += self.tick
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(tmp_path, clock):
    made = []

    def context(*sources):
        addresses = Environment(
            home=tmp_path, store_url=f"sqlite:///{tmp_path}/l.db", index_url="", archive_url=str(tmp_path)
        )
        made.append(
            Context(Settings(fetch=FETCH, poll=PollSettings()), sources, addresses, config=REPO / "config", clock=clock)
        )
        return made[-1]

    yield context
    for one in made:
        one.store.close()


def rss(*hours):
    items = "".join(
        f"<item><link>/{h}</link><pubDate>{when(h):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>" for h in hours
    )
    return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'


def sitemap(*hours):
    urls = "".join(
        f"<url><loc>/{h}</loc><n:news><n:publication_date>{when(h).isoformat()}</n:publication_date></n:news></url>"
        for h in hours
    )
    return f'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'


def when(hour):
    return NOW + hour * HOUR


def test_a_gap_is_noted_and_filled_from_the_sitemap_in_the_same_run(site, opened, clock):
    source = Source(
        name="outlet", feeds=(site.page("/feed", rss(-3, -2, -1)),), sitemaps=(site.page("/sitemap", sitemap()),)
    )
    context = opened(source)
    run_one(context, Stage.POLL)
    assert site.paths() == ["/feed"]
    clock.now = NOW + 24 * HOUR
    site.page("/feed", rss(20, 21, 22))
    site.page("/sitemap", sitemap(*range(-3, 23)))
    report = run_one(context, Stage.POLL)
    assert site.paths() == ["/feed", "/feed", "/sitemap"]
    (gap,) = ask(context.store).gaps.list_gaps(NOW)
    assert (gap.since, gap.until, gap.missed, gap.filled) == (when(-1), when(20), 21, 20)
    assert (report.notes["gaps"], report.notes["new"]) == (1, 23)
    counts = ask(context.store).gaps.count_arrivals(NOW)
    assert counts == {("outlet", when(hour)): 1 for hour in range(23)}
    clock.now += HOUR
    run_one(context, Stage.POLL)
    assert site.paths().count("/sitemap") == 1


def test_what_is_named_twice_is_counted_once(site, opened, clock):
    source = Source(name="outlet", feeds=(site.page("/a", rss(-2, -1)), site.page("/b", rss(-1))))
    context = opened(source)
    run_one(context, Stage.POLL)
    assert sum(ask(context.store).gaps.count_arrivals(NOW - 9 * HOUR).values()) == 2


@pytest.mark.parametrize("slow", ["/a", "/b"])
def test_the_plainer_of_two_addresses_is_kept_whichever_server_is_slower(site, opened, slow):
    plain = site.url("/-1")
    feeds = {"/a": rss(-1).replace("/-1", f"{plain}?utm_source=a"), "/b": rss(-1).replace("/-1", plain)}
    source = Source(name="outlet", feeds=tuple(site.page(path, feed) for path, feed in feeds.items()))
    answer = site.handlers[slow]

    async def late(request):
        await asyncio.sleep(0.2)
        return await answer(request)

    site.handlers[slow] = late
    context = opened(source)
    assert run_one(context, Stage.POLL).notes["new"] == 1
    assert ask(context.store).ledger.find_article(plain).url == plain


def test_a_run_that_ends_polls_each_feed_once_although_it_is_due_again_meanwhile(site, opened, clock):
    site.page("/a", rss(1), kind="application/rss+xml")
    site.page("/b", rss(2), kind="application/rss+xml")
    context = opened(Source(name="outlet", feeds=(site.url("/a"), site.url("/b")), interval_minutes=0.001))
    for runs in (1, 2):
        clock.tick = dt.timedelta(seconds=1)  # each time that somebody looks at it
        report = run_one(context, Stage.POLL)
        assert report.taken == 2
        assert [len([r for r in site.requests if r.path == path]) for path in ("/a", "/b")] == [runs, runs]


def test_old_gaps_and_arrivals_can_be_forgotten(site, opened, clock):
    context = opened(Source(name="outlet", feeds=(site.page("/a", rss(-2, -1)),)))
    run_one(context, Stage.POLL)
    later = NOW + 24 * HOUR
    with context.store.write() as connection:
        gaps.delete_gaps_before(connection, later)
    assert ask(context.store).gaps.count_arrivals(NOW - 9 * HOUR) == {}


def test_an_outage_of_ours_ends_the_run_and_is_told_in_the_history(opened, clock):
    context = opened(*(Source(name=f"{n}", feeds=(f"http://127.0.1.{n}:9/feed",)) for n in range(1, 8)))
    run_one(context, Stage.POLL)  # nobody has ever answered: that is theirs
    states = ask(context.store).feeds.list_states()
    assert {one.failures for one in states} == {1}
    hosts = {f"127.0.1.{n}:9": 1 for n in range(1, 8)}
    ask(context.store).feeds.claim_at_hosts(hosts, clock.now + 24 * HOUR, seconds=60)
    with context.store.write() as connection:
        for one in states:
            well = msgspec.structs.replace(one, failures=0, succeeded=NOW, due=NOW)
            assert context.store.feeds.save(connection, well)
    report = run_one(context, Stage.POLL)
    assert report.taken == 7
    assert {one.failures for one in ask(context.store).feeds.list_states()} == {0}
    last = ask(context.store).ledger.list_outcomes(states[0].url)[-1]
    assert (last.outcome, last.detail[:24]) == (Outcome.RETRY, "our own network seems to")


def test_a_feed_may_become_a_sitemap_and_the_other_way_round(opened, clock):
    url = "https://a.example/map.xml"
    context = opened(Source(name="a", feeds=(url,)))
    context.store.feeds.sync_feeds([Source(name="a", feeds=(url,))], NOW)
    context.store.feeds.sync_feeds([Source(name="b", sitemaps=(url,))], NOW)
    (state,) = ask(context.store).feeds.list_states()
    assert (state.source, state.role) == ("b", "sitemap")
    context.store.feeds.sync_feeds([], NOW)
    assert ask(context.store).feeds.list_states() == []

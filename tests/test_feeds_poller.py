from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest
from aiohttp import web

from pipeline.feed_records import FeedState
from pipeline.feeds import poll_feeds
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings, PollSettings, Settings, Source
from pipeline.urls import article_id
from tests.helpers.web import serve

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SETTINGS = Settings(
    fetch=FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0),
    poll=PollSettings(timeout_seconds=60),
)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def server():
    with serve() as made:
        yield made


@pytest.fixture
def site(server):
    server.handlers.clear()
    server.requests.clear()
    return server


def item(name, title=None, day=20):
    date = f"<pubDate>{day} Nov 2026 10:00:00 GMT</pubDate>" if day else ""
    return f"<item><title>{title or name}</title><link>/{name}</link>{date}</item>"


def rss(*items, head=""):
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{head}{"".join(items)}</channel></rss>'


def sy(period, times):
    space = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    return (
        f"<sy:updatePeriod {space}>{period}</sy:updatePeriod><sy:updateFrequency {space}>{times}</sy:updateFrequency>"
    )


def state(url, **changes):
    return FeedState(**{"url": url, "source": "outlet", "due": NOW, **changes})


def polled(*urls, settings=SETTINGS, sources=None, now=NOW):
    states = [url if isinstance(url, FeedState) else state(url) for url in urls]
    return poll_feeds(states, sources or {}, settings, now)


def limited(**changes):
    return msgspec.structs.replace(SETTINGS, poll=msgspec.structs.replace(SETTINGS.poll, **changes))


def test_a_feed_gives_its_entries_oldest_first(site):
    (one,) = polled(site.page("/feed", rss(item("c", day=19), item("b", day=18), item("a", day=17)), kind="text/xml"))
    assert (one.outcome, one.reason, one.detail) == (Outcome.DONE, None, "")
    assert [entry.title for entry in one.entries] == ["a", "b", "c"]
    entry = one.entries[0]
    assert entry.url == site.url("/a")
    assert entry.id == article_id(site.url("/a"))
    assert (entry.source, entry.feed, entry.first_seen) == ("outlet", site.url("/feed"), NOW)
    assert entry.published == dt.datetime(2026, 11, 17, 10, tzinfo=dt.UTC)
    assert (one.state.failures, one.state.succeeded, one.state.error) == (0, NOW, None)
    assert one.state.due > NOW


def test_entries_without_times_are_taken_to_stand_newest_first(site):
    (one,) = polled(site.page("/feed", rss(item("c", day=None), item("b", day=1), item("a", day=None))))
    assert [entry.title for entry in one.entries] == ["a", "b", "c"]


def test_validators_go_back_as_they_came_and_a_304_is_not_parsed(site):
    async def answer(request):
        if request.headers.get("If-None-Match") == 'W/"a b"' and request.headers.get("If-Modified-Since") == "then":
            return web.Response(status=304)
        return web.Response(text=rss(item("a")), headers={"ETag": 'W/"a b"', "Last-Modified": "then"})

    site.handlers["/feed"] = answer
    (first,) = polled(site.url("/feed"))
    (second,) = polled(first.state)
    assert (first.outcome, len(first.entries)) == (Outcome.DONE, 1)
    assert (second.outcome, second.reason, second.entries) == (Outcome.DROPPED, Reason.NOT_MODIFIED, ())
    assert second.state.etag == 'W/"a b"'
    assert (second.state.succeeded, second.state.failures) == (NOW, 0)


def test_a_server_that_always_says_304_is_asked_in_full_once_a_day(site):
    async def liar(request):
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        return web.Response(text=rss(item(str(len(site.requests)))), headers={"ETag": '"1"'})

    site.handlers["/feed"] = liar
    (first,) = polled(site.url("/feed"))
    (later,) = polled(first.state, now=NOW + 24 * HOUR)
    assert (first.outcome, later.outcome) == (Outcome.DONE, Outcome.DONE)


def test_a_304_that_nobody_asked_for_is_a_failure(site):
    (one,) = polled(site.page("/feed", status=304))
    assert (one.outcome, one.reason) == (Outcome.RETRY, Reason.SERVER_ERROR)


def test_the_same_bytes_again_are_not_parsed(site):
    site.page("/feed", rss(item("a")))
    (first,) = polled(site.url("/feed"))
    (second,) = polled(first.state)
    assert second.reason is Reason.NOT_MODIFIED
    assert second.state.body_hash == first.state.body_hash


def test_results_come_in_order_and_one_bad_feed_never_affects_the_others(site):
    flood = "<rss " + " ".join(f'a{n}="1"' for n in range(100_000)) + "><channel><item><title>x</title></item>"
    urls = [
        site.page("/good", rss(item("a"))),
        site.page("/flood", flood),
        site.page("/html", "<!doctype html><p>Sorry</p>"),
        site.page("/empty", ""),
        site.page("/giant", "x" * 2_000_000),
        site.page("/gone", status=410),
        site.page("/forbidden", status=403),
        site.page("/broken", status=500),
        site.url("/missing"),
        "ftp://outlet.example/",
        "http://10.0.0.1/",
        site.page("/also good", rss(item("b"))),
    ]
    results = polled(*urls, settings=limited(parse_seconds=4, max_bytes=1_500_000))
    assert [one.state.url for one in results] == urls
    assert [one.reason for one in results[2:11]] == [
        Reason.NOT_FEED, Reason.EMPTY, Reason.TOO_LARGE, Reason.GONE, Reason.FORBIDDEN, Reason.SERVER_ERROR,
        Reason.NOT_FOUND, Reason.BAD_ADDRESS, Reason.REFUSED_ADDRESS,
    ]  # fmt: skip
    assert (results[1].outcome, results[1].reason) == (Outcome.QUARANTINED, Reason.TOO_SLOW)
    assert [len(results[place].entries) for place in (0, 11)] == [1, 1]
    assert all(one.state.failures == 1 and one.state.error for one in results[1:11])


def test_a_failure_keeps_what_was_known_and_recovery_forgets_it(site):
    site.page("/feed", rss(item("a")), ETag='"1"')
    (good,) = polled(site.url("/feed"))
    site.page("/feed", "<html>maintenance</html>", ETag='"2"')
    (bad,) = polled(good.state)
    assert (bad.state.etag, bad.state.body_hash) == ('"1"', good.state.body_hash)
    assert (bad.state.failures, bad.state.error) == (1, "not a feed: an HTML page")
    site.page("/feed", rss(item("b")))
    (again,) = polled(bad.state)
    assert (again.outcome, again.state.failures) == (Outcome.DONE, 0)


def test_duplicates_and_what_has_no_address_are_left_out_and_counted(site):
    items = [item("a"), item("a?utm_source=rss"), "<item><title>No link</title></item>", item("b")]
    items += ["<item><link>javascript:x()</link></item>"]
    (one,) = polled(site.page("/feed", rss(*items)))
    assert sorted(entry.title for entry in one.entries) == ["a", "b"]
    assert one.detail == "entries: 2; left out: 2 without an address, 1 repeated"


def test_one_guid_on_two_addresses_makes_two_entries_stable_under_reordering(site):
    items = [f"<item><guid isPermaLink='false'>same</guid><link>/{name}</link></item>" for name in "ab"]
    ids = [{entry.id for entry in polled(site.page("/feed", rss(*order)))[0].entries} for order in (items, items[::-1])]
    assert len(ids[0]) == 2
    assert ids[0] == ids[1]


def test_a_new_guid_at_every_poll_does_not_make_a_new_article(site):
    texts = [f"<item><guid isPermaLink='false'>{n}</guid><link>/a?utm_source={n}</link></item>" for n in range(3)]
    assert len({polled(site.page("/feed", rss(text)))[0].entries[0].id for text in texts}) == 1


def test_no_more_entries_than_the_limit_are_taken(site):
    (one,) = polled(site.page("/feed", rss(*(item(str(n)) for n in range(50)))), settings=limited(max_entries=20))
    assert len(one.entries) == 20
    assert one.detail == "entries: 20; left out: 30 over the limit"


def test_entries_older_than_wanted_are_left_out(site):
    (one,) = polled(
        site.page("/feed", rss(item("old", day=1), item("new"), item("undated", day=None))),
        settings=limited(max_age_days=3),
    )
    assert {entry.title for entry in one.entries} == {"new", "undated"}


def test_the_source_gives_interval_zone_and_language(site):
    source = Source(name="outlet", interval_minutes=60, time_zone="Asia/Tokyo", language="ja")
    site.page("/feed", rss("<item><link>/a</link><pubDate>20 Nov 2026 10:00:00</pubDate></item>"))
    (one,) = polled(site.url("/feed"), sources={"outlet": source})
    assert one.entries[0].published == dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC)
    assert one.entries[0].language == "ja"
    assert one.state.every == HOUR.total_seconds()


@pytest.mark.parametrize(
    ("headers", "head", "hours"),
    [
        ({"Cache-Control": "max-age=7200"}, "", 2),
        ({}, "<ttl>120</ttl>", 2),
        ({}, sy("daily", 1), 24),
        ({}, sy("hourly", 0), 1),
        ({}, sy("daily", 12), 2),
        ({}, sy("whenever", -3), 0.25),
        ({"Cache-Control": "max-age=7200"}, "<ttl>180</ttl>", 3),
        ({"Cache-Control": "max-age=999999999"}, "<ttl>-5</ttl>", 24),
        ({"Expires": "0"}, "<ttl>abc</ttl>", 0.25),
        ({"Cache-Control": "no-cache"}, "<ttl>0</ttl>", 0.25),
    ],
)
def test_hints_of_server_and_feed_put_the_next_poll_off_within_a_day(site, headers, head, hours):
    site.page("/feed", rss(item("a"), head=head), **headers)
    outlet = {"outlet": Source(name="outlet", interval_minutes=15)}
    (one,) = polled(site.url("/feed"), sources=outlet)
    assert one.state.every == hours * HOUR.total_seconds()


def test_one_429_holds_the_other_feeds_of_the_host_too(site):
    urls = [site.page(f"/{n}", "", status=429, Retry_After="7200") for n in range(10)]
    fetch = msgspec.structs.replace(SETTINGS.fetch, per_host_concurrency=1)
    results = polled(*urls, settings=msgspec.structs.replace(SETTINGS, fetch=fetch))
    assert len(site.requests) == 1
    assert {one.reason for one in results} == {Reason.TOO_MANY_REQUESTS}
    assert all(1.9 * HOUR < one.state.due - NOW < 2.3 * HOUR for one in results)


def test_feeds_that_answer_slowly_are_waited_for_together(site):
    together = asyncio.Event()

    async def slow(request):
        if len(site.requests) == SETTINGS.fetch.per_provider_concurrency:
            together.set()
        await together.wait()
        return web.Response(text=rss())

    fetch = msgspec.structs.replace(SETTINGS.fetch, per_host_concurrency=20)
    for n in range(20):
        site.handlers[f"/{n}"] = slow
    results = polled(*(site.url(f"/{n}") for n in range(20)), settings=msgspec.structs.replace(SETTINGS, fetch=fetch))
    assert {one.outcome for one in results} == {Outcome.DONE}


def test_nothing_due_is_nothing_done():
    assert polled() == []


def test_a_permanent_redirect_moves_the_feed_after_seven_days_of_it(site):
    new = site.page("/new", rss(item("a")))
    moving = state(site.page("/old", status=301, Location="/new"))
    for day in range(8):
        assert moving.address is None
        (one,) = polled(moving, now=NOW + day * 24 * HOUR)
        moving = one.state
    assert moving.address == new
    site.requests.clear()
    polled(moving, now=NOW + 9 * 24 * HOUR)
    assert site.paths() == ["/new"]


def test_a_redirect_to_what_is_no_feed_or_to_itself_moves_nothing(site):
    site.page("/page", "<!doctype html><p>Sorry</p>")
    moving = [state(site.page("/a", status=301, Location="/page")), state(site.page("/b", status=301, Location="/b"))]
    for day in range(9):
        moving = [one.state for one in polled(*moving, now=NOW + day * 24 * HOUR)]
    assert [(one.address, one.moved_to) for one in moving] == [(None, None)] * 2
    assert [one.reason for one in moving] == [Reason.NOT_FEED, Reason.TOO_MANY_REDIRECTS]


def test_a_liar_is_found_out_and_asked_in_full_from_then_on(site):
    async def liar(request):
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        names = (f"{n}" for n in range(len(site.requests) + 1))
        times = [(NOW + n * HOUR).strftime("%a, %d %b %Y %H:%M:%S GMT") for n in range(-5, 30)]
        return web.Response(
            text=rss(
                *(f"<item><link>/{n}</link><pubDate>{t}</pubDate></item>" for n, t in zip(names, times, strict=False))
            ),
            headers={"ETag": '"1"'},
        )

    site.handlers["/feed"] = liar
    one = state(site.url("/feed"))
    for hour in range(30):
        one = polled(one, now=NOW + hour * HOUR)[0].state
    assert one.lied
    site.requests.clear()
    one = polled(one, now=NOW + 40 * HOUR)[0].state
    assert "If-None-Match" not in site.requests[0].headers


def test_entries_that_scrolled_off_between_two_polls_are_a_gap(site):
    first = [f"<item><link>/{n}</link><pubDate>20 Nov 2026 0{n}:00:00 GMT</pubDate></item>" for n in range(5)]
    later = [f"<item><link>/x{n}</link><pubDate>21 Nov 2026 0{n}:00:00 GMT</pubDate></item>" for n in range(5)]
    site.page("/feed", rss(*first))
    (one,) = polled(site.url("/feed"))
    site.page("/feed", rss(*later))
    (two,) = polled(one.state, now=NOW + 24 * HOUR)
    assert one.gap is None
    assert (two.gap.feed, two.gap.missed) == (site.url("/feed"), 20)
    assert two.state.gap == NOW + 24 * HOUR


def news_sitemap(*names):
    urls = "".join(
        f"<url><loc>/{name}</loc><n:news><n:title>{name}</n:title>"
        "<n:publication_date>2026-11-20T10:00:00Z</n:publication_date></n:news></url>"
        for name in names
    )
    return f'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'


def test_the_news_sitemaps_of_an_index_are_read_and_what_is_none_is_left_out(site):
    site.page("/news-1", news_sitemap("a", "b"))
    site.page("/news-2", "<urlset><url><loc>/about</loc></url></urlset>")
    places = "".join(f"<sitemap><loc>/{name}</loc></sitemap>" for name in ("news-1", "news-2", "news-3"))
    index = site.page("/index", f"<sitemapindex>{places}</sitemapindex>", ETag='"1"')
    (one,) = polled(index)
    assert (one.outcome, {entry.title for entry in one.entries}) == (Outcome.DONE, {"a", "b"})
    site.page("/news-1", news_sitemap("b", "c"))
    (two,) = polled(one.state)
    assert {entry.title for entry in two.entries} == {"b", "c"}


def test_an_index_whose_sitemaps_cannot_be_read_has_failed(site):
    site.page("/news", status=503)
    index = site.page("/index", "<sitemapindex><sitemap><loc>/news</loc></sitemap></sitemapindex>")
    (one,) = polled(index)
    assert (one.outcome, one.reason) == (Outcome.RETRY, Reason.SERVER_ERROR)


def test_a_front_page_is_read_only_where_it_is_to_be(site):
    page = "<html><body><a href='/2026/11/20/river-rises-in-the-north'>River rises again in the north</a></body></html>"
    url = site.page("/", page)
    (as_page,), (as_feed,) = polled(state(url, role="page")), polled(state(url))
    assert [entry.title for entry in as_page.entries] == ["River rises again in the north"]
    assert as_feed.reason is Reason.NOT_FEED


def test_when_our_network_is_down_nobody_is_blamed(site):
    nobody = [state(f"http://127.0.1.{n}:9/feed", succeeded=NOW, polled=NOW) for n in range(1, 8)]
    fetch = msgspec.structs.replace(SETTINGS.fetch, allow_ports=(9,))
    results = polled(*nobody, settings=msgspec.structs.replace(SETTINGS, fetch=fetch))
    assert {one.reason for one in results} == {Reason.CONNECTION}
    assert all(one.our_fault and one.state.failures == 0 and one.state.error is None for one in results)
    assert all(one.state.due - NOW < HOUR / 4 for one in results)
    site.page("/a", rss(item("a")))
    here = [state(site.url("/a"), succeeded=NOW)] + [state(f"{site.url('/a')}?{n}", succeeded=NOW) for n in range(3)]
    mixed = polled(*nobody[:3], *here, settings=msgspec.structs.replace(SETTINGS, fetch=fetch))
    assert [one.state.failures for one in mixed[:3]] == [1, 1, 1]

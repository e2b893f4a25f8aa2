from __future__ import annotations

import asyncio
import datetime as dt
import hashlib

import msgspec
import pytest
from aiohttp import web

from pipeline.errors import ItemError
from pipeline.fetch import RobotsMemory, SourceTerms, fetch_pages
from pipeline.fetch.client import Client
from pipeline.fetch.headers import freshness_seconds, parse_content_type, retry_after_seconds
from pipeline.records import Entry, Outcome, Page, Reason
from pipeline.settings import FetchSettings, Settings, Source
from tests.helpers.web import serve

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
OPEN = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0, timeout_seconds=60)
PAGE = "<!doctype html><html><p>Words.</p></html>"


def entry(url, name=None):
    return Entry(id=name or url, url=url, source="outlet", first_seen=NOW)


def collect(entries, settings=OPEN, robots=None, **more):
    async def run():
        found = fetch_pages(entries, Settings(fetch=settings), robots or RobotsMemory(), lambda: NOW, **more)
        return {one.id: got async for one, got in found}

    return asyncio.run(run())


def one(url, settings=OPEN):
    (got,) = collect([entry(url)], settings).values()
    return (got.outcome, got.reason) if isinstance(got, ItemError) else got


def test_a_page_comes_with_what_its_headers_say(site):
    site.page(
        "/a", PAGE, kind="text/html; charset=ISO-8859-1", ETag='W/"1"', Last_Modified="now", X_Robots_Tag="noarchive"
    )
    got = one(site.url("/a"))
    assert got.body == PAGE.encode()
    assert (got.final_url, got.status, got.media_type, got.charset) == (site.url("/a"), 200, "text/html", "iso-8859-1")
    assert (got.etag, got.last_modified, got.rights) == ('W/"1"', "now", ("noarchive",))


def test_a_page_that_moved_says_where_it_is_now(site):
    site.page("/a", status=301, Location="/b")
    site.page("/b", PAGE)
    got = one(site.url("/a"))
    assert got.final_url == site.url("/b")
    assert [hop.status for hop in got.hops] == [301]


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (400, Outcome.DROPPED, Reason.NOT_FOUND),
        (401, Outcome.DROPPED, Reason.FORBIDDEN),
        (403, Outcome.DROPPED, Reason.FORBIDDEN),
        (404, Outcome.DROPPED, Reason.NOT_FOUND),
        (408, Outcome.RETRY, Reason.SERVER_ERROR),
        (410, Outcome.DROPPED, Reason.GONE),
        (418, Outcome.DROPPED, Reason.NOT_FOUND),
        (429, Outcome.RETRY, Reason.TOO_MANY_REQUESTS),
        (451, Outcome.DROPPED, Reason.FORBIDDEN),
        (500, Outcome.RETRY, Reason.SERVER_ERROR),
        (503, Outcome.RETRY, Reason.SERVER_ERROR),
        (304, Outcome.RETRY, Reason.SERVER_ERROR),
        (302, Outcome.RETRY, Reason.SERVER_ERROR),
    ],
)
def test_each_status_has_its_outcome(site, status, outcome, reason):
    assert one(site.page("/a", PAGE, status=status)) == (outcome, reason)


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/json", "application/rss+xml"])
def test_what_is_not_html_is_dropped(site, kind):
    assert one(site.page("/a", PAGE, kind=kind)) == (Outcome.DROPPED, Reason.NOT_HTML)


def test_a_vague_type_is_decided_by_the_first_bytes(site):
    assert one(site.page("/a", PAGE, kind="text/plain")).body == PAGE.encode()
    assert one(site.page("/b", "%PDF-1.7", kind="application/octet-stream")) == (Outcome.DROPPED, Reason.NOT_HTML)


def test_an_empty_page_and_a_giant_one_are_named(site):
    assert one(site.page("/a", " \n")) == (Outcome.DROPPED, Reason.EMPTY)
    small = msgspec.structs.replace(OPEN, max_bytes=1000)
    assert one(site.page("/b", "x" * 1001), small) == (Outcome.QUARANTINED, Reason.TOO_LARGE)


def test_one_bad_item_leaves_the_others_alone(site):
    site.page("/a", PAGE)
    urls = [site.url("/a"), site.url("/none"), "ftp://a.example/", "http://10.0.0.1/", "nonsense", "http://[::1"]
    got = collect([entry(url) for url in urls])
    assert set(got) == set(urls)
    reasons = [got[url].reason for url in urls[1:]]
    assert reasons == [
        Reason.NOT_FOUND,
        Reason.BAD_ADDRESS,
        Reason.REFUSED_ADDRESS,
        Reason.BAD_ADDRESS,
        Reason.BAD_ADDRESS,
    ]


def test_a_page_that_is_the_same_is_not_modified_by_its_validators_or_its_bytes(site):
    async def by_tag(request):
        same = request.headers.get("If-None-Match") == 'W/"1"'
        return web.Response(status=304 if same else 200, text=PAGE, content_type="text/html")

    site.handlers["/a"] = by_tag
    site.page("/b", PAGE)
    site.page("/c", PAGE + "!")
    digest = hashlib.sha256(PAGE.encode()).hexdigest()
    pages = {
        path: Page(id=path, url=site.url(path), final_url=None, blob=digest, size=1, fetched=NOW, etag='W/"1"')
        for path in ("/a", "/b", "/c")
    }
    got = collect([entry(site.url(path), path) for path in pages], old_pages=pages)
    assert [getattr(got[path], "reason", None) for path in pages] == [Reason.NOT_MODIFIED, Reason.NOT_MODIFIED, None]


def test_validators_of_another_address_are_not_sent(site):
    page = Page(id="x", url=site.url("/old"), final_url=None, blob=None, size=1, fetched=NOW, etag='"1"')
    site.page("/a", PAGE)
    collect([entry(site.url("/a"), "x")], old_pages={"x": page})
    assert "If-None-Match" not in site.requests[-1].headers


def test_what_robots_txt_and_headers_reserve_comes_with_the_page(site):
    site.page("/robots.txt", "User-agent: GPTBot\nDisallow: /a\n\nUser-agent: *\nAllow: /", kind="text/plain")
    site.page("/a", PAGE, TDM_Reservation="1", X_Robots_Tag="googlebot: noindex")
    site.page("/b", PAGE, X_Robots_Tag="newswire: noindex")
    got = collect([entry(site.url(path), path) for path in ("/a", "/b")])
    assert got["/a"].rights == ("noai", "tdm-reservation")
    assert got["/b"].rights == ("noindex",)


def test_a_source_logs_in_at_its_own_servers_and_nowhere_else(site):
    with serve() as other:
        sources = [Source(name="outlet", feeds=(site.url("/feed"),), credentials="OUTLET")]
        terms = SourceTerms(sources, {"NEWSWIRE_CREDENTIALS_OUTLET": "me:word"})
        site.page("/a", status=302, Location=other.url("/b"))
        for page in (other, site):
            page.page("/b", PAGE)
        collect([entry(site.url("/a")), entry(site.url("/b")), entry(other.url("/b"))], terms=terms)
        sent = {(r.path, r.headers.get("Authorization")) for r in site.requests if r.path != "/robots.txt"}
        assert sent == {("/a", "Basic bWU6d29yZA=="), ("/b", "Basic bWU6d29yZA==")}
        assert not any("Authorization" in r.headers for r in other.requests)
        assert not any("Authorization" in r.headers for r in site.requests if r.path == "/robots.txt")


def test_robots_txt_is_obeyed_and_asked_for_once(site):
    site.page("/robots.txt", "User-agent: *\nDisallow: /private", kind="text/plain")
    for path in ("/a", "/b", "/private/c"):
        site.page(path, PAGE)
    got = collect([entry(site.url(path), path) for path in ("/a", "/b", "/private/c")])
    assert got["/private/c"].reason is Reason.ROBOTS
    assert got["/a"].status == got["/b"].status == 200
    assert site.paths().count("/robots.txt") == 1
    assert "/private/c" not in site.paths()


def test_robots_txt_is_not_asked_for_where_the_operator_says_so(site):
    site.page("/a", PAGE)
    assert one(site.url("/a"), msgspec.structs.replace(OPEN, obey_robots=False)).status == 200
    assert site.paths() == ["/a"]


def test_the_robots_txt_of_where_a_redirect_leads_counts_too(site):
    with serve() as other:
        other.page("/robots.txt", "User-agent: newswire\nDisallow: /", kind="text/plain")
        site.page("/a", status=302, Location=other.url("/b"))
        assert one(site.url("/a")) == (Outcome.DROPPED, Reason.ROBOTS)
        assert other.paths() == ["/robots.txt"]


def test_a_host_without_a_readable_robots_txt_is_left_for_later(site):
    site.page("/robots.txt", status=500)
    assert one(site.page("/a", PAGE)) == (Outcome.RETRY, Reason.SERVER_ERROR)
    assert site.paths() == ["/robots.txt"]


def test_a_giant_robots_txt_is_read_up_to_the_cap(site):
    site.page("/robots.txt", "User-agent: *\nDisallow: /private\n" + "#" * 600_000, kind="text/plain")
    assert one(site.page("/private", PAGE)) == (Outcome.DROPPED, Reason.ROBOTS)


def test_one_429_spares_the_host_the_other_requests(site):
    site.page("/robots.txt", status=404)
    urls = [site.page(f"/{number}", "", status=429, Retry_After="3600") for number in range(20)]
    got = collect([entry(url) for url in urls], msgspec.structs.replace(OPEN, per_host_concurrency=1))
    assert {error.reason for error in got.values()} == {Reason.TOO_MANY_REQUESTS}
    assert all(3000 < error.retry_after <= 3600 for error in got.values())
    assert len(site.requests) == 2  # robots.txt and one page


def test_no_more_than_two_requests_at_once_reach_a_host(site):
    running = most = 0

    async def slow(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return web.Response(text=PAGE, content_type="text/html")

    for number in range(10):
        site.handlers[f"/{number}"] = slow
    collect([entry(site.url(f"/{number}")) for number in range(10)])
    assert most == 2


def test_bodies_do_not_pile_up_where_they_are_taken_slowly(site):
    for number in range(60):
        site.page(f"/{number}", PAGE)
    settings = msgspec.structs.replace(OPEN, concurrency=4, per_host_concurrency=4, obey_robots=False)

    async def run():
        found = fetch_pages(
            [entry(site.url(f"/{n}")) for n in range(60)], Settings(fetch=settings), RobotsMemory(), lambda: NOW
        )
        await anext(found)
        await asyncio.sleep(0.3)
        asked = len(site.requests)
        rest = [got async for got in found]
        return asked, len(rest)

    asked, rest = asyncio.run(run())
    assert asked <= 1 + 2 * 4
    assert rest == 59


def test_a_consumer_that_stops_early_leaves_nothing_running(site):
    for number in range(20):
        site.page(f"/{number}", PAGE)

    async def run():
        found = fetch_pages(
            [entry(site.url(f"/{n}")) for n in range(20)], Settings(fetch=OPEN), RobotsMemory(), lambda: NOW
        )
        await anext(found)
        await found.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1


def test_a_fault_of_ours_costs_only_its_item(site, monkeypatch, caplog):
    real = Client.get

    async def faulty(self, url, **options):
        if url.endswith("/b"):
            raise ZeroDivisionError
        return await real(self, url, **options)

    monkeypatch.setattr(Client, "get", faulty)
    got = collect([entry(site.page("/a", PAGE), "a"), entry(site.page("/b", PAGE), "b")])
    assert got["a"].status == 200
    assert got["b"].reason is Reason.CRASHED


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120), (" 0 ", 0), ("Fri, 20 Nov 2026 12:01:00 GMT", 60), ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("315360000", 315360000), ("-5", None), ("soon", None), ("", None), (None, None), ("99999999999", None),
        ("Fri, 99 Nov 2026 11:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_date(value, seconds):
    assert retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=600"}, 600),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "s-maxage=5"}, None),
        ({"Cache-Control": "max-age=abc"}, None),
        ({"Expires": "Fri, 20 Nov 2026 13:00:00 GMT", "Date": "Fri, 20 Nov 2026 12:30:00 GMT"}, 1800),
        ({"Expires": "0"}, None),
        ({"Expires": "Fri, 20 Nov 2020 13:00:00 GMT"}, 0),
        ({"Cache-Control": "max-age=60", "Expires": "Fri, 20 Nov 2026 13:00:00 GMT"}, 60),
        ({}, None),
    ],
)
def test_freshness_is_read_from_cache_control_before_expires(headers, seconds):
    assert freshness_seconds(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Text/HTML; Charset=UTF-8", ("text/html", "utf-8")),
        ('text/html; charset="windows-1252"', ("text/html", "windows-1252")),
        ("text/html", ("text/html", None)),
        ("text/html; charset=", ("text/html", None)),
        (";", (None, None)),
        (None, (None, None)),
    ],
)
def test_content_type_is_read_in_two_parts(header, expected):
    assert parse_content_type(header) == expected

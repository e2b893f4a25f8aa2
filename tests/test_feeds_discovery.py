from __future__ import annotations

import datetime as dt

import pytest

from pipeline.errors import ItemError
from pipeline.feeds.discovery import discover_source, probe_addresses
from pipeline.records import Reason
from pipeline.settings import FetchSettings, Settings

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SETTINGS = Settings(
    fetch=FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0, per_host_concurrency=8)
)


def rss(*names, title="Times – World"):
    items = "".join(
        f"<item><link>/{n}</link><pubDate>20 Nov 2026 0{i}:00:00 GMT</pubDate></item>" for i, n in enumerate(names)
    )
    return f'<rss version="2.0"><channel><title>{title}</title><language>en-gb</language>{items}</channel></rss>'


def sitemap(*names):
    urls = "".join(
        f"<url><loc>/{n}</loc><n:news><n:publication_date>2026-11-20T10:00:00Z</n:publication_date></n:news></url>"
        for n in names
    )
    return f'<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'


def home(*feeds, body=""):
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{feed}">' for feed in feeds)
    return f'<!doctype html><html lang="en"><head><title>The Times</title>{links}</head><body>{body}</body></html>'


def test_a_home_page_leads_to_its_feeds_and_to_the_sitemap_that_fills_their_gaps(site):
    url = site.page("/", home("/world", "/same", "/empty", "/missing"))
    site.page("/world", rss("a", "b"))
    site.page("/same", rss("a", "b"))
    site.page("/empty", rss())
    site.page("/robots.txt", f"Sitemap: /news.xml\nSitemap: {site.url('/old.xml')}", kind="text/plain")
    site.page("/news.xml", sitemap("a", "c"))
    found = discover_source(url, SETTINGS, NOW)
    source = found.source
    assert (source.name, source.language, source.home) == ("The Times", "en", url)
    assert (source.feeds, source.sitemaps, source.pages) == ((site.url("/world"),), (site.url("/news.xml"),), ())
    assert {one.url.rpartition("/")[2]: one.fault for one in found.rejected} == {
        "same": "lists only what the others list",
        "empty": "lists nothing",
        "missing": "not found: status 404",
        "old.xml": "not found: status 404",
    }
    assert (found.taken[0].entries, found.taken[0].latest) == (2, NOW.replace(hour=1))


def test_where_no_feed_is_declared_the_usual_places_are_tried(site):
    url = site.page("/", home())
    site.page("/rss.xml", rss("a"))
    assert discover_source(url, SETTINGS, NOW).source.feeds == (site.url("/rss.xml"),)


def test_where_there_is_no_feed_the_news_sitemap_is_read(site):
    url = site.page("/", home())
    site.page("/robots.txt", "Sitemap: /index.xml")
    site.page("/index.xml", "<sitemapindex><sitemap><loc>/news-1.xml</loc></sitemap></sitemapindex>")
    site.page("/news-1.xml", sitemap("a"))
    source = discover_source(url, SETTINGS, NOW).source
    assert (source.feeds, source.sitemaps) == ((site.url("/index.xml"),), ())


def test_the_front_page_is_the_last_resort(site):
    article = "<a href='/2026/11/20/river-rises'>River rises again in the north</a>"
    url = site.page("/", home(body=article))
    source = discover_source(url, SETTINGS, NOW).source
    assert (source.feeds, source.sitemaps, source.pages) == ((), (), (url,))


def test_the_address_of_a_feed_is_taken_as_it_is(site):
    url = site.page("/feed", rss("a", title="The Times"))
    source = discover_source(url, SETTINGS, NOW).source
    assert (source.name, source.language, source.feeds, source.home) == ("The Times", "en", (url,), None)
    assert site.paths() == ["/feed"]


def test_a_site_without_anything_gives_nothing(site):
    assert discover_source(site.page("/", home()), SETTINGS, NOW).taken == ()


def test_an_address_that_cannot_be_read_is_refused(site):
    with pytest.raises(ItemError) as caught:
        discover_source(site.url("/missing"), SETTINGS, NOW)
    assert caught.value.reason is Reason.NOT_FOUND
    with pytest.raises(ItemError):
        discover_source("http://10.0.0.1/", SETTINGS, NOW)


def test_a_look_tells_what_is_there_or_why_nothing_is(site):
    feed, page = site.page("/feed", rss("a", "b")), site.page("/page", home())
    one, two = probe_addresses([(feed, "feed"), (page, "feed")], SETTINGS, NOW)
    assert (one.format, one.entries, one.fault) == ("rss20", 2, None)
    assert (two.fault, two.url) == ("not a feed: an HTML page", page)

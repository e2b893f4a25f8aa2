from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.discovery_rules import country_of_host, parse_home_page, sitemap_addresses, usual_feed_addresses

URL = "https://www.times.example/"


def home(head="", body="", attributes=""):
    return parse_home_page(f"<!doctype html><html {attributes}><head>{head}</head><body>{body}</body></html>", URL)


def link(href, kind="application/rss+xml", rel="alternate", title=""):
    return f'<link rel="{rel}" type="{kind}" href="{href}" title="{title}">'


def test_declared_feeds_are_found_in_every_format_and_made_absolute():
    kinds = [
        "application/rss+xml",
        "application/atom+xml; charset=utf-8",
        "application/feed+json",
        "APPLICATION/RDF+XML",
    ]
    found = home("".join(link(f"/feed{n}", kind) for n, kind in enumerate(kinds)))
    assert found.linked == tuple(f"https://www.times.example/feed{n}" for n in range(4))


def test_other_links_and_feeds_of_comments_are_not():
    head = link("/style.css", "text/css", "stylesheet") + link("/de", "text/html") + link("/comments/feed")
    head += link("/f", title="Kommentare: Kommentar-Feed") + link("javascript:x()")
    assert home(head).linked == ()


def test_the_base_of_a_page_counts():
    assert home("<base href='https://feeds.times.example/x/'>" + link("a")).linked == (
        "https://feeds.times.example/x/a",
    )


def test_links_that_look_like_feeds_of_the_same_site_are_hints():
    body = "".join(
        f"<a href='{href}'>x</a>"
        for href in (
            "/rss",
            "/world/rss.xml",
            "https://feeds.times.example/all.atom",
            "https://else.example/rss",
            "/feedback",
        )
    )
    assert home("", body).hinted == (
        "https://www.times.example/rss", "https://www.times.example/world/rss.xml", "https://feeds.times.example/all.atom",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("<meta property='og:site_name' content='The Times'><title>News</title>", "The Times"),
        ("<title>The Times | World news, politics and sport</title>", "The Times"),
        ("<title>Latest headlines and breaking news – The Times</title>", "The Times"),
        ("<title>The Times</title>", "The Times"),
        ("", None),
    ],
)
def test_a_site_is_called_what_it_calls_itself(head, name):
    assert home(head).name == name


def test_the_language_is_that_of_the_page():
    assert home(attributes="lang='de-AT'").language == "de"
    assert home().language is None


def test_robots_txt_names_sitemaps_and_those_for_news_come_first():
    robots = "User-agent: *\nSitemap: https://a.example/all.xml\nsitemap:/news.xml\nDisallow: /"
    assert sitemap_addresses(robots, "https://a.example/") == (
        "https://a.example/news.xml",
        "https://a.example/all.xml",
    )


def test_without_any_the_usual_places_are_tried():
    assert "https://a.example/news-sitemap.xml" in sitemap_addresses("", "https://a.example/x/y")
    assert "https://a.example/rss.xml" in usual_feed_addresses("https://a.example/x/y")


@pytest.mark.parametrize(
    ("url", "country"),
    [
        ("https://a.de/", "DE"),
        ("https://a.co.uk/", "GB"),
        ("https://a.com/", None),
        ("https://a.tv/", None),
        ("http://127.0.0.1/", None),
    ],
)
def test_the_last_label_of_a_host_may_name_its_country(url, country):
    assert country_of_host(url) == country


@given(
    st.text(max_size=200),
    st.sampled_from(["<link rel=alternate type=application/rss+xml href='", "<a href=", "<base href='"]),
)
def test_any_page_can_be_read(text, tag):
    found = parse_home_page(f"{text}{tag}{text}'>{text}", URL)
    assert all(one.startswith(("http://", "https://")) for one in found.linked)
    sitemap_addresses(text, URL)

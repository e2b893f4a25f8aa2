from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.feeds import FeedResponse, parse

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HEADLINE = "River rises again in the north"


def read(html, url="https://www.times.example/"):
    return parse(FeedResponse(data=html.encode(), url=url, now=NOW, role="page"))


def links(*pairs, around="main"):
    inner = "".join(f'<p><a href="{link}">{words}</a></p>' for link, words in pairs)
    return f"<!doctype html><html><body><{around}>{inner}</{around}></body></html>"


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("/2026/11/20/river", HEADLINE),
        ("/news/river-rises-again-in-the-north", HEADLINE),
        ("/news/article-1234567", HEADLINE),
        ("https://times.example/world/2026/nov/20/river-rises-again-in-the-north", "Read"),
        ("/a/nachrichten-aus-dem-norden.html", "Der Fluss steigt im Norden wieder"),
        ("/20261120/1234567.html", "北部の川の水位が再び上昇しています"),
    ],
)
def test_a_link_to_an_article_is_found(link, words):
    assert [item.title for item in read(links((link, words))).items] == [words]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("/", HEADLINE),
        ("/sports/", "Sports"),
        ("/topic/rivers-of-the-high-north", HEADLINE),
        ("/about/who-we-are-and-what-we-do", HEADLINE),
        ("/news/river.jpg", HEADLINE),
        ("https://elsewhere.example/2026/11/20/river-rises-again-in-the-north", HEADLINE),
        ("javascript:open(1234567)", HEADLINE),
        ("#2026-11-20-river-rises", HEADLINE),
        ("/2026/11/20/river", "More"),
    ],
)
def test_other_links_are_not(link, words):
    with pytest.raises(ItemError, match=r"no page|without links"):
        read(links((link, words)))


@pytest.mark.parametrize("around", ["nav", "footer", "aside"])
def test_menus_and_footers_are_left_out(around):
    with pytest.raises(ItemError, match="without links"):
        read(links(("/2026/11/20/river-rises-again-in-the-north", HEADLINE), around=around))


def test_an_article_that_is_linked_twice_has_its_longer_words():
    place = "/2026/11/20/river"
    found = read(links((place, "Read"), (place + "#comments", HEADLINE)))
    assert [(item.link, item.title) for item in found.items] == [(f"https://www.times.example{place}", HEADLINE)]


def test_a_feed_that_is_called_a_page_is_read_as_the_feed_that_it_is():
    rss = "<rss version='2.0'><channel><item><link>/a</link><title>x</title></item></channel></rss>"
    assert read(rss).format == "rss20"


@given(st.text(max_size=300), st.sampled_from(["<a href='", "<a href=/2026/11/20/a>", "</a>", "<nav>", "<svg><a"]))
def test_any_page_is_read_or_refused(text, tag):
    try:
        found = read(f"{text}{tag}{text}{tag}{text}")
    except ItemError:
        return
    assert all(item.link.startswith("http") for item in found.items)

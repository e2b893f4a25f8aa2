"""Facts about what an address alone tells: which addresses show one page, and which can't be an article's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.address_forms import describe_no_article, is_working_copy, page_key, show_same_page
from pipeline.urls import canonicalise

BRIDGE = "https://courier.example/news/bridge-closed.html"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.courier.example/news/bridge-closed.html",
        "http://m.courier.example/news/bridge-closed.html",
        "https://amp.courier.example/news/bridge-closed.html",
        "https://courier.example/amp/news/bridge-closed.html",
        "https://courier.example/news/bridge-closed/amp/",
        "https://courier.example/news/bridge-closed.amp.html",
        "https://courier.example/news/bridge-closed.html?amp=1",
        "https://courier.example/news/bridge-closed.html?outputType=amp",
        "https://courier.example/news/bridge-closed.html?print=true",
        "https://courier.example/print/news/bridge-closed.html",
        "https://courier.example/news/bridge-closed/imprimir",
        "https://courier.example/news/bridge-closed/druckversion",
        "https://courier.example/news/bridge-closed.html?page=1",
        "https://courier.example/news/bridge-closed.html?utm_source=feed#top",
        "https://courier-example.cdn.ampproject.org/c/s/courier.example/news/bridge-closed.html",
    ],
)
def test_a_page_in_another_form_is_the_same_page(url):
    assert show_same_page(url, BRIDGE)


@pytest.mark.parametrize(
    "url",
    [
        "https://courier.example/news/bridge-open.html",
        "https://courier.example/sport/bridge-closed.html",
        "https://courier.example/news/bridge-closed.html?id=7",
        "https://courier.example/news/bridge-closed.html?page=2",
        "https://courier.example/news/",
        "https://other.example/news/bridge-closed.html",
        "mailto:desk@courier.example",
        None,
    ],
)
def test_another_page_is_another_one(url):
    assert not show_same_page(url, BRIDGE)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("", "home page"),
        ("/en/", "home page"),
        ("/pt-BR", "home page"),
        ("/index.php", "home page"),
        ("/de/index.html", "home page"),
        ("/news/", "section"),
        ("/sport/football", "section"),
        ("/category/politics/page/3", "section"),
        ("/news.html", "section"),
        ("/ニュース", "section"),
        ("/politik/ausland", "section"),
        ("/news?page=2", "section"),
        ("/consent", "section"),
        ("/article.php", "script"),
        ("/cgi-bin/story.cgi", "script"),
        ("/show.aspx?print=1", "script"),
        ("/news/article.jsp", "script"),
        ("/2026/11/20/", "archive"),
        ("/archive/2026/11", "archive"),
    ],
)
def test_an_address_without_a_name_or_a_number_of_its_own_is_no_articles(path, what):
    assert what in describe_no_article(f"https://courier.example{path}")


@pytest.mark.parametrize(
    "path",
    [
        "/p/1",
        "/article.php?id=7",
        "/?p=4711",
        "/2026/11/20/bridge",
        "/news/bridge-to-close-in-january",
        "/news/bridge.html",
        "/bridge-closed-for-weeks.php",
        "/a1b2c3",
        "/новости/мост-закрыт-на-ремонт",
        "/story/8f14e45fceea167a5a36dedd4bea2543",
        "/local/old_bridge_closed",
        "/haber/köprü-onarım-için-kapanıyor",
        "/news?id=abc-1",
    ],
)
def test_an_address_that_names_one_among_many_may_be_an_articles(path):
    assert describe_no_article(f"https://courier.example{path}") is None


@pytest.mark.parametrize(
    "host",
    [
        "staging.courier.example",
        "www-dev.courier.example",
        "localhost:3000",
        "cms.courier.example",
        "preview2.courier.example",
    ],
)
def test_hosts_for_trying_out_are_told(host):
    assert is_working_copy(f"https://{host}/news/bridge")


@pytest.mark.parametrize("host", ["www.courier.example", "developers.example", "latest.example", "contest.example"])
def test_hosts_that_only_sound_so_are_not(host):
    assert not is_working_copy(f"https://{host}/news/bridge")


@given(st.text(alphabet="abc123/.-?=&_äé", max_size=40))
def test_any_address_shows_the_same_page_as_its_canonical_form(path):
    url = f"https://courier.example/{path}"
    assert page_key(url) == page_key(canonicalise(url))
    assert show_same_page(url, f"{url}#part")
    describe_no_article(url)

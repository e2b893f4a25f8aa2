from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.urls import address_key, article_id, canonicalise, content_id, host_and_port

ONE = [
    "https://www.outlet.example/news/1?id=3&b=2",
    "http://outlet.example/news/1?b=2&id=3",
    "https://OUTLET.example:443/news/1/?b=2&id=3#top",
    "https://outlet.example./news/1?utm_source=rss&b=2&UTM_Medium=x&id=3&fbclid=abc",
    " https://outlet.example/news/1?id=3&b=2\n",
]


def test_all_addresses_of_one_article_have_one_id():
    assert {address_key(url) for url in ONE} == {"outlet.example/news/1?b=2&id=3"}
    assert len({article_id(url) for url in ONE}) == 1


@pytest.mark.parametrize(
    "other",
    [
        "https://outlet.example/news/2?id=3&b=2",
        "https://outlet.example/news/1?id=4&b=2",
        "https://outlet.example/news/1",
        "https://outlet.example/News/1?id=3&b=2",
        "https://m.outlet.example/news/1?id=3&b=2",
        "https://outlet.example:8443/news/1?id=3&b=2",
    ],
)
def test_what_may_be_another_article_has_another_id(other):
    assert article_id(other) != article_id(ONE[0])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "outlet.example/a",
        "ftp://outlet.example/",
        "javascript:x()",
        "http://",
        "http://[::1",
        "http://a:99999/",
        "http://\x1b",
        "http://./",
    ],
)
def test_what_is_no_web_address_is_an_error(url):
    with pytest.raises(ValueError, match=r"."):
        canonicalise(url)


def test_a_parameter_that_names_the_article_stays_whatever_its_value():
    assert canonicalise("https://a.example/?ref=home&source=front") == "https://a.example/?ref=home&source=front"
    assert canonicalise("https://a.example/?ref=rss&source=RSS&id=") == "https://a.example/?id="


def test_the_host_has_its_port_only_where_it_matters():
    assert host_and_port("https://Outlet.example:443/x") == "outlet.example"
    assert host_and_port("http://outlet.example:8080/x") == "outlet.example:8080"
    assert host_and_port("http://[::1]:80/") == "[::1]"


def test_an_id_of_content_is_as_long_as_one_of_an_address():
    assert len(content_id(b"")) == len(article_id(ONE[0])) == 20


def test_an_address_in_another_script_and_its_encoded_form_are_one():
    assert address_key("https://münchen.example/straße?q=ä") == address_key(
        "https://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%A4"
    )


@given(
    st.text(max_size=80)
    | st.text(max_size=60).map("https://a.example/".__add__)
    | st.text(max_size=30).map("http://".__add__)
)
def test_any_text_has_a_canonical_form_that_is_its_own_or_is_refused(url):
    try:
        form = canonicalise(url)
    except ValueError:
        return
    assert canonicalise(form) == form
    assert article_id(form) == article_id(url)

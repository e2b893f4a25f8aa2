from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.urls import (
    address_key,
    article_id,
    canonicalise,
    check_address,
    content_id,
    host_and_port,
    without_credentials,
)

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


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("javascript:alert(1)", "not an http or https address"),
        ("file:///etc/passwd", "not an http or https address"),
        ("ftp://outlet.example/1", "not an http or https address"),
        ("data:text/html,x", "not an http or https address"),
        ("outlet.example/1", "not an http or https address"),
        ("//outlet.example/1", "not an http or https address"),
        ("http:outlet.example", "not an http or https address"),
        ("http:///1", "not an http or https address"),
        ("", "not an http or https address"),
        ("http://[::1", "host can't be read"),
        ("http://[zz]/", "host can't be read"),
        ("http://a b/", "host can't be read"),
        ("http://a\\@b.example/", "host can't be read"),
        ("http://exa%6dple/", "host can't be read"),
        ("http://../", "host can't be read"),
        ("http://<b>/", "host can't be read"),
        ("http://outlet.example:99999/", "port is none"),
        ("http://outlet.example:0/", "port is none"),
        ("http://outlet.example:x/", "port is none"),
        ("http://outlet.example/" + "a" * 300_000, "too long"),
        ("http://outlet.example/a\nb", "control characters"),
        ("http://outlet.example/\x00", "control characters"),
        ("java\tscript:alert(1)", "control characters"),
        ("http://outlet.example/\ud800", "control characters"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(url, reason):
    with pytest.raises(ValueError, match=reason):
        check_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://outlet.example",
        "HTTPS://Outlet.example:8443/a b?q=ä#x",
        "https://münchen.example/straße",
        "http://[2001:db8::1]:80/",
        "http://127.0.0.1/",
        "https://a_b.example/",
        "https://outlet.example./1",
        "http://新闻.example/一",
    ],
)
def test_an_address_is_returned_as_it_is(url):
    assert check_address(f" {url}\n") == url


def test_the_reason_does_not_show_a_password():
    with pytest.raises(ValueError, match="port is none: 'http://outlet") as refused:
        check_address("http://user:secret@outlet.example:99999/")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pw@outlet.example/1", "https://outlet.example/1"),
        ("https://user@outlet.example", "https://outlet.example"),
        ("HTTP://u:p@ss@outlet.example:81/a@b", "HTTP://outlet.example:81/a@b"),
        ("http://user:pw@[::1", "http://[::1"),
        ("postgresql+psycopg://n:pw@db/x", "postgresql+psycopg://db/x"),
        (
            "status 401: GET http://a:b@h.example/x, then http://c:d@i.example/",
            "status 401: GET http://h.example/x, then http://i.example/",
        ),
        ("https://outlet.example/@author/a:b@c", "https://outlet.example/@author/a:b@c"),
        ("https://outlet.example?mail=a@b.example", "https://outlet.example?mail=a@b.example"),
        ("mailto:desk@outlet.example", "mailto:desk@outlet.example"),
        ("tag:outlet.example,2026:1@x", "tag:outlet.example,2026:1@x"),
        ("//user:pw@outlet.example/1", "//outlet.example/1"),
        ("", ""),
    ],
)
def test_credentials_are_cut_out_of_addresses_and_of_texts_that_name_them(text, expected):
    assert without_credentials(text) == expected
    assert without_credentials(expected) == expected


@given(st.text(max_size=60) | st.text(max_size=30).map("http://".__add__))
def test_a_checked_address_has_an_id_and_no_credentials_are_left(url):
    try:
        checked = check_address(url)
    except ValueError:
        return
    plain = without_credentials(checked)
    assert article_id(plain) == article_id(checked)
    assert "@" not in plain.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.feeds import FeedResponse, parse
from pipeline.websub import Hub, find_hub, is_signed, subscription_form

URL = "https://outlet.example/feed"
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">
<link rel="self" href="https://outlet.example/atom?a=1&amp;b=2"/>
<link rel='hub' href='//hub.example/'/><entry>x</entry>"""
RSS = b"""<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>https://outlet.example/</link>
<atom:link href="/rss" rel="self" type="x"/>
<atom10:link xmlns:atom10="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/><item></item>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "feed_url": "https://outlet.example/feed.json",
    "hubs": [{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://hub.example/"}],
    "items": [],
}


def hub_of(body: bytes, headers=()):
    try:
        feed = parse(FeedResponse(data=body, url=URL, now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC)))
    except ItemError:
        return find_hub(URL, headers)
    return find_hub(URL, headers, feed.hub, feed.topic)


def test_a_feed_names_its_hub_and_itself():
    assert hub_of(ATOM) == Hub("https://hub.example/", "https://outlet.example/atom?a=1&b=2")
    assert hub_of(RSS) == Hub("https://hub.example/", "https://outlet.example/rss")


def test_a_json_feed_names_its_hub_and_itself():
    assert hub_of(json.dumps(JSON).encode()) == Hub("https://hub.example/", "https://outlet.example/feed.json")
    assert hub_of(json.dumps({**JSON, "hubs": JSON["hubs"][:1]}).encode()) is None


@pytest.mark.parametrize(
    "headers",
    [
        ['<https://hub.example/>; rel="hub", <https://outlet.example/own>; rel="self"'],
        ["<https://hub.example/>; rel=hub", '<https://outlet.example/own>; title="a, b"; rel="alternate self"'],
        ["</own>;rel=self,<https://hub.example/>;rel=HUB"],
    ],
)
def test_link_headers_come_before_what_the_feed_says(headers):
    assert hub_of(ATOM, headers) == Hub("https://hub.example/", "https://outlet.example/own")


def test_without_a_link_to_itself_a_feed_is_what_it_was_asked_for():
    assert find_hub(URL, ["<https://hub.example/>; rel=hub"]) == Hub("https://hub.example/", URL)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<rss><channel><item><link rel='hub' href='https://evil.example/'/></item>",
        b"<feed><entry><content><link rel='hub' href='https://evil.example/'></content></entry></feed>",
        b"<feed><link rel='hub' href='javascript:alert(1)'/></feed>",
        b"<feed><link rel='hub' href='http://['/></feed>",
        b"<feed><link rel='hub'/></feed>",
    ],
)
def test_what_is_no_hub_of_the_feed_is_none(body):
    assert hub_of(body) is None


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512", "SHA256"])
def test_a_signature_shows_who_knows_the_secret(method):
    good = hmac.new(b"secret", b"body", getattr(hashlib, method.lower())).hexdigest()
    assert is_signed("secret", f"{method}={good}", b"body")
    assert is_signed("secret", f"{method}={good.upper()}", b"body")
    assert not is_signed("secret", f"{method}={good}", b"bodY")
    assert not is_signed("Secret", f"{method}={good}", b"body")


@pytest.mark.parametrize(
    "header", [None, "", "sha256", "sha256=", "md5=900150983cd24fb0d6963f7d28e17f72", "=", "sha256=ä"]
)
def test_what_is_no_signature_shows_nothing(header):
    assert not is_signed("secret", header, b"body")


@given(st.binary(max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_whatever_a_feed_sends_its_hub_is_a_web_address_or_none(body, headers):
    found = hub_of(b"<feed>" + body, headers)
    assert found is None or found.hub.startswith(("http://", "https://"))


@given(st.text(), st.text(), st.binary())
def test_no_made_up_signature_passes(secret, header, body):
    assert not is_signed(secret, header, body)


def test_a_subscription_names_topic_callback_lease_and_secret():
    form = subscription_form(Hub("https://hub.example/", URL), "https://news.example/websub/t", "s", 864000)
    assert form == {
        "hub.mode": "subscribe",
        "hub.topic": URL,
        "hub.callback": "https://news.example/websub/t",
        "hub.lease_seconds": "864000",
        "hub.secret": "s",
    }

"""Feeds of saved searches are read by our own reader and by any XML parser, whatever stands in the articles."""

from __future__ import annotations

import datetime as dt
import json
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.model import FeedResponse
from pipeline.feeds.parse import parse
from pipeline.records import Article, to_json
from pipeline.saved_searches.messages import MOST_MATCHES, MatchedDocument, compose_message, compose_messages
from pipeline.saved_searches.result_feeds import render_atom, render_json_feed
from pipeline.search_records import SavedSearch, SearchMatch
from tests.helpers.support import NOW, document

SITE = "https://news.example.org"
SEARCH = SavedSearch(id="5eed", name="Floods & dams", created=NOW, begins=0)
ATOM = "{http://www.w3.org/2005/Atom}"
words = st.text(max_size=30)
links = st.sampled_from(
    ["https://daily.example/1?a=1&b=2", "javascript:alert(1)", "http://[::1", "http://u:p@d.example/", None]
)


def matched(number=1, **fields):
    values = {"id": f"a{number}", "text": "The dam broke.", "source": "Daily", "url": f"https://daily.example/{number}"}
    match = SearchMatch(n=number, article=f"a{number}", at=NOW + dt.timedelta(minutes=number))
    url = fields.pop("url", values["url"])
    return MatchedDocument(match, msgspec.structs.replace(document(Article(**values | fields)), url=url))


def read(body, kind):
    return parse(FeedResponse(data=body, url=f"{SITE}/searches/5eed.{kind}", now=NOW))


def test_an_atom_feed_says_of_each_match_what_a_reader_shows():
    first, second = matched(2, title="Dam breaks", authors=("Ana",), published=NOW), matched(1)
    feed = ET.fromstring(render_atom(SEARCH, [first, second], SITE))
    assert feed.findtext(f"{ATOM}id") == "urn:newswire:search:5eed"
    assert feed.findtext(f"{ATOM}title") == "Floods & dams"
    assert feed.findtext(f"{ATOM}updated") == "2026-11-20T12:02:00Z"
    hrefs = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert hrefs == {"self": f"{SITE}/searches/5eed.atom", "alternate": f"{SITE}/"}
    entry, last = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}{name}") for name in ("id", "title", "published", "summary")] == [
        "urn:newswire:a2", "Dam breaks", "2026-11-20T12:00:00Z", "The dam broke."]  # fmt: skip
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Ana"
    assert last.findtext(f"{ATOM}title") == "The dam broke."
    assert last.findtext(f"{ATOM}author/{ATOM}name") == "Daily"


def test_a_feed_of_nothing_is_a_feed():
    feed = ET.fromstring(render_atom(SEARCH, [], SITE))
    assert feed.findtext(f"{ATOM}updated") == "2026-11-20T12:00:00Z"
    assert render_json_feed(SEARCH, [], SITE)["items"] == []


@given(title=words, text=words, author=words, tag=words, url=links)
def test_whatever_an_article_holds_both_feeds_can_be_read_and_name_it_alike(title, text, author, tag, url):
    match = matched(1, title=title or None, text=text, authors=(author,), tags=(tag,), url=url)
    feed = ET.fromstring(render_atom(SEARCH, [match], SITE))
    (item,) = json.loads(to_json(render_json_feed(SEARCH, [match], SITE)))["items"]
    entry = feed.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == item["id"] == "urn:newswire:a1"
    link = next(link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate").get("href")
    assert link == item["url"]
    assert link in {"https://daily.example/1?a=1&b=2", "http://d.example/", f"{SITE}/articles/a1"}


def test_our_own_reader_reads_both_feeds():
    match = matched(1, title="Dam breaks", published=NOW, authors=("Ana", "Bo"), tags=("water",))
    bodies = {"atom": render_atom(SEARCH, [match], SITE), "json": to_json(render_json_feed(SEARCH, [match], SITE))}
    for kind, body in bodies.items():
        (item,) = read(body, kind).items
        assert (item.title, item.link, item.published) == ("Dam breaks", "https://daily.example/1", NOW)


def test_messages_hold_a_hundred_matches_each_and_a_mail_says_how_many_more_there_are():
    matches = [matched(number) for number in range(1, MOST_MATCHES + 3)]
    first, second = compose_messages(SEARCH, matches, NOW, SITE)
    assert [len(message.data["matches"]) for message in (first, second)] == [MOST_MATCHES, 2]
    assert first.id != second.id
    mail = compose_message(SEARCH, matches[:2], NOW, SITE, left_out=5)
    assert mail.subject == "Floods & dams: 7 new, The dam broke."
    assert mail.text.endswith(f"and 5 more: {SITE}/searches/5eed.atom")
    assert compose_message(SEARCH, matches[:1], NOW, SITE).subject == "Floods & dams: The dam broke."

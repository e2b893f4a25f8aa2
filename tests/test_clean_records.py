from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pipeline.clean_records import clean_record
from pipeline.records import Article, Caption, Copy, Entry, Page, to_json

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def test_texts_lose_control_characters_and_addresses_their_credentials():
    article = clean_record(
        Article(
            id="a",
            url="https://u:p@outlet.example/1",
            canonical_url="https://u@outlet.example/1",
            image="https://u:p@outlet.example/\x00i",
            title="Flood\x00s",
            text="See https://u:p@outlet.example\x1b\nnow",
            authors=("Ana\x07", "Bo"),
            captions=(Caption(text="a\x00", credit="b\x00"),),
        )
    )
    assert article == Article(
        id="a",
        url="https://outlet.example/1",
        canonical_url="https://outlet.example/1",
        image="https://outlet.example/i",
        title="Floods",
        text="See https://u:p@outlet.example\nnow",  # what was published stays
        authors=("Ana", "Bo"),
        captions=(Caption(text="a", credit="b"),),
    )
    page = Page(id="a", url=None, final_url="http://u:p@outlet.example/", blob=None, size=0, fetched=NOW)
    assert clean_record(page).final_url == "http://outlet.example/"
    feed = "http://u:p@outlet.example/feed"
    entry = clean_record(Entry(id="a", url=feed, guid=feed, feed=feed, source="A", first_seen=NOW))
    assert {entry.url, entry.guid, entry.feed} == {"http://outlet.example/feed"}


def test_what_needs_no_cleaning_is_returned_itself():
    article = Article(id="a", url="https://outlet.example/@b", text="one\n\ttwo", published=NOW)
    assert clean_record(article) is article
    copy = Copy(id="a", group="a")
    assert clean_record(copy) is copy


@given(st.text(), st.text(), st.text().map("http://".__add__))
def test_a_clean_record_is_utf8_and_stays_as_it_is(title, text, url):
    cleaned = clean_record(Article(id="a", title=title, text=text, url=url, tags=(title,)))
    assert to_json(cleaned)
    assert clean_record(cleaned) is cleaned

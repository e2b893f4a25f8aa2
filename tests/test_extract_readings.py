"""Facts about readings: they come back as they were kept, and hold for one input and one extractor."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract import ExtractConfig, Extraction, RawPage
from pipeline.extract.readings import extractor_key, pack_reading, reading_key, unpack_reading
from pipeline.records import Article, Cut, Entry
from pipeline.settings import Source
from pipeline.sites import SiteLine
from tests.helpers.support import NOW

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
times = st.datetimes(
    dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1),
    timezones=st.integers(-720, 840).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))),
)  # fmt: skip
articles = st.builds(
    Article, id=st.just("a1"), url=st.none() | texts, title=st.none() | texts, text=texts, published=st.none() | times,
    authors=st.lists(texts, max_size=2).map(tuple), subheadings=st.lists(texts, max_size=2).map(tuple),
    cut=st.lists(st.builds(Cut, rule=texts, text=texts), max_size=2).map(tuple),
)  # fmt: skip
lines = st.builds(
    SiteLine, text=texts, slot=st.integers(0, 2**32 - 1), usual=st.booleans(), heading=st.booleans(),
    has_class=st.booleans(), rule=st.none() | texts,
)  # fmt: skip
extractions = st.builds(
    Extraction, article=articles, page_title=st.none() | texts, lines=st.lists(lines, max_size=4).map(tuple)
)

RAW = RawPage(data=b"", id="a1", url="https://herald.example/1", charset="utf-8", source=Source(name="Herald"))


@settings(deadline=None)
@given(extractions)
def test_a_reading_comes_back_as_it_was_kept(extraction):
    again = unpack_reading(pack_reading(extraction))
    assert again == extraction
    assert msgspec.json.encode(again) == msgspec.json.encode(extraction)  # with the offsets of its times


def test_what_no_text_may_hold_is_not_kept():
    assert pack_reading(Extraction(article=Article(id="a1", text="\ud800"))) is None


def test_a_damaged_reading_is_none():
    whole = pack_reading(Extraction(article=Article(id="a1", text="Words.")))
    assert unpack_reading(whole[:-3]) is None
    assert unpack_reading(b"") is None


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://herald.example/2"},
        {"charset": None},
        {"source": Source(name="Herald", language="de")},
        {"entry": Entry(id="a1", url="https://herald.example/1", source="Herald", first_seen=NOW)},
    ],
)
def test_a_reading_holds_for_one_input(change):
    extractor = extractor_key(ExtractConfig())
    known = reading_key(RAW, "b1", extractor)
    assert reading_key(msgspec.structs.replace(RAW, **change), "b1", extractor) != known
    assert reading_key(RAW, "b2", extractor) != known
    assert reading_key(msgspec.structs.replace(RAW, data=b"its bytes"), "b1", extractor) == known


def test_a_reading_holds_for_one_extractor():
    assert extractor_key(ExtractConfig()) == extractor_key(ExtractConfig())
    assert extractor_key(ExtractConfig(embargo_phrases=("hold until",))) != extractor_key(ExtractConfig())

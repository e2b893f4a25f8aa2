"""Trees and lines of the query language, generated from its grammar for the documents of ``query_corpus``."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from pipeline.index.query_language.tree import (
    Exists,
    Near,
    Node,
    Range,
    Value,
    Wildcard,
    Words,
    join_all,
    join_any,
    negate,
)
from tests.helpers.query_corpus import NOW

_WORDS = st.sampled_from(
    "flood floods dam bridge cholera harbourton springfield paulo São report follows worried officials US F-16 don't "
    "emergency state C++ 難民 nothing filler AT&T means".split()
)
_PHRASES = st.sampled_from(
    ["state of emergency", "state emergency", "flood in springfield", "report on the dam", "Live blog", "many others a"]
)
_PATTERNS = st.sampled_from(["flo*", "flood*", "ha*r", "wom?n", "spr*f*d", "emerg*", "dro??ht", "zz*", "ch*", "da*"])
_TEXT_FIELDS = st.sampled_from([None, None, None, "title", "text", "standfirst", "captions", "subheadings", "authors"])
_VALUED = st.builds(
    lambda field, text: Words(text, field),
    st.sampled_from(["people", "places", "source", "authors"]),
    st.sampled_from(["Sousa", "Ana Sousa", "Kim", "O'Brien", "Northwire", "Daily Example", "Springfield", "nobody"]),
)
_DAYS = st.integers(0, 40).map(
    lambda days: NOW.replace(hour=0) - dt.timedelta(days=days)  # whole days
)
_TIMES = st.builds(
    lambda field, day, length: Range(field, day, day + dt.timedelta(days=length), high_open=True),
    st.sampled_from(["published", "date", "first_seen"]),
    _DAYS,
    st.integers(1, 9),
)
_NUMBERS = st.builds(
    lambda field, low, size: Range(field, float(low), float(low + size) if size else None),
    st.sampled_from(["word_count", "copies", "version", "story_size"]),
    st.integers(0, 300),
    st.integers(0, 200),
)
_LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Words, _WORDS, _TEXT_FIELDS),
    st.builds(Words, _PHRASES, _TEXT_FIELDS),
    st.builds(Near, _PHRASES, st.integers(0, 9), _TEXT_FIELDS),
    st.builds(Wildcard, _PATTERNS, _TEXT_FIELDS),
    _VALUED,
    _TIMES,
    _NUMBERS,
    st.sampled_from(["image", "authors", "captions", "published", "standfirst", "paywalled"]).map(Exists),
    st.sampled_from(["true", "false"]).map(lambda value: Value("is_primary", value)),
)


def _several(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(children, min_size=2, max_size=4)
    return st.one_of(parts.map(join_all), parts.map(join_any), children.map(negate))


TREES: st.SearchStrategy[Node] = st.recursive(_LEAVES, _several, max_leaves=12)

"""Define the tables of the embedded index, and the rows that a document becomes in them.

``VERSION`` follows from the tables and the fields, so that a file that others made is recognised.
"""

from __future__ import annotations

import re
import zlib

from pipeline.index.fields import FACETS, QUERY_FIELDS, facet_values, searched_texts
from pipeline.index.highlights import END, START
from pipeline.records import Document, to_json

# "NWIX": says in the file's header that it is ours (https://www.sqlite.org/fileformat.html#application_id).
APPLICATION = 0x4E574958

# A column for every field that words are looked for in, and one with the same word for every document, since FTS5 has
# no NOT without a left side.
COLUMNS = (*QUERY_FIELDS, "every")
EVERY = "1"
# FTS5 takes marks for spaces unless they are declared as parts of words. They are vowels in the scripts of India, of
# Thai, Lao, Burmese and Khmer; what stands between these ranges is punctuation.
_IN_WORDS = "".join(
    "".join(map(chr, range(first, last + 1)))
    for first, last in (
        (0x900, 0x963), (0x966, 0x96F), (0x971, 0xDF3), (0xE01, 0xE3A), (0xE40, 0xE4E), (0xE50, 0xE59), (0xE81, 0xEDF),
        (0x1000, 0x1049), (0x1050, 0x109D), (0x1780, 0x17D3), (0x17DC, 0x17E9),
    )
)  # fmt: skip

TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    seen_at REAL NOT NULL,       -- published, else first seen: seconds since 1970
    is_primary INTEGER NOT NULL,
    copy_group TEXT NOT NULL,
    json TEXT NOT NULL
);
CREATE INDEX document_seen_at ON document (seen_at);
CREATE VIRTUAL TABLE searched USING fts5({", ".join(COLUMNS)},
    tokenize = "porter unicode61 remove_diacritics 2 tokenchars '{_IN_WORDS}'");
CREATE TABLE value (number INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (field, value));
CREATE TABLE facet (
    document INTEGER NOT NULL, field INTEGER NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (document, field, value)
) WITHOUT ROWID;
CREATE INDEX facet_value ON facet (value, document);
"""

# Raised when a document becomes other rows in the same tables.
_ROWS = 1
# What a file was made by: a sum of all that decides how documents lie in it. A file of another one is made anew. The
# header holds 31 bits of it.
VERSION = zlib.crc32(to_json([_ROWS, TABLES, FACETS])) & 0x7FFF_FFFF

SCHEMA = f"""{TABLES}PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

# Scripts written without spaces (Thai, Lao, Burmese, Khmer, Kana, Han): each character counts as a word, so that words
# are found as phrases.
_UNSPACED = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff])"
)
# A space of no width keeps such characters apart in what FTS5 sees, and is taken out of what it shows.
_APART = "\u200b"
# FTS5 has no gap between the values of one field; a word of private use stops phrases from reaching across.
_GAP = " \ue000 "


def separate_characters(text: str) -> str:
    """Return ``text`` such that FTS5 takes each character of a script without spaces for a word."""
    return _UNSPACED.sub(f"{_APART}\\1{_APART}", text)


def join_characters(text: str) -> str:
    """Undo ``spaced``, and join what a snippet shows of several values."""
    return text.replace(_APART, "").replace(_GAP, ", ").replace(_GAP.strip(), "").strip()


def word_columns(document: Document) -> list[str]:
    """Return what a document's row of ``searched`` holds: a text for each of ``COLUMNS``."""
    texts = [_GAP.join(searched_texts(document, field)) for field in QUERY_FIELDS]
    return [separate_characters(text).replace(START, "").replace(END, "") for text in texts] + [EVERY]


def facet_rows(document: Document) -> list[tuple[int, str, str]]:
    """Return a document's facet values as (number of the field, its name, value)."""
    return [(number, field, value) for number, field in enumerate(FACETS) for value in facet_values(document, field)]


def seen_at(document: Document) -> float:
    """Return the time that a document is sorted and bounded by, in seconds since 1970."""
    return (document.published or document.first_seen).timestamp()

"""Define the tables of the embedded index, and the rows that a document becomes in them.

``VERSION`` follows from the tables and the fields, so that a file that others made is recognised.
"""

from __future__ import annotations

import datetime as dt
import zlib

from pipeline.index.fields import BY_NAME, FACETS, FIELDS, QUERY_FIELDS, WORD_WEIGHTS, facet_values, searched_texts
from pipeline.index.folding import JOINING_SIGNS, TELLING_SIGNS, fold_words, folding_table, has_words
from pipeline.records import Document, Location, to_json

# "NWIX": says in the file's header that it is ours (https://www.sqlite.org/fileformat.html#application_id).
APPLICATION = 0x4E574958

# A facet value of a document is 32 bits: the number of its field in FACETS, and that of the value.
VALUE_BITS = 26
VALUE_MASK = (1 << VALUE_BITS) - 1
CODE = "<u4"
# What words without a field are looked for in is ``searched``, so that a document is ranked by these alone; the words
# of other fields are in ``valued``. Both hold stems; ``exact`` has all words as they are written, for patterns.
SEARCHED = tuple(WORD_WEIGHTS)
VALUED = tuple(field for field in QUERY_FIELDS if field not in WORD_WEIGHTS)
EXACT = (*SEARCHED, *VALUED)
# Numbers and times, each by its place here; times in seconds since 1970.
QUANTITIES = tuple(
    field.name for field in FIELDS if field.type in {"date", "integer", "long", "float"} and not field.several
)
# What else may be there or not: a bit of ``document.present`` each.
PRESENT = tuple(
    field.name for field in FIELDS if field.name not in QUANTITIES and not field.facet and field.name != "stages"
)
# FTS5 gets folded words with spaces between them; its tokenizer "ascii" takes all beyond ASCII for parts of words.
TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- what searches read of each document that matches: narrow, so that it is read fast
CREATE TABLE document (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    seen_at REAL NOT NULL,        -- published, else first seen: seconds since 1970
    first_seen REAL NOT NULL,     -- seconds since 1970
    is_primary INTEGER NOT NULL,
    copy_group INTEGER NOT NULL,  -- the number of a value
    codes BLOB NOT NULL,          -- its facet values, see facet_code
    present INTEGER NOT NULL      -- which of PRESENT it has
);
CREATE INDEX document_seen_at ON document (seen_at);
CREATE INDEX document_first_seen ON document (first_seen, id);
CREATE INDEX document_copy_group ON document (copy_group);
CREATE TABLE stored (document INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE VIRTUAL TABLE searched USING fts5({", ".join(SEARCHED)}, tokenize = "porter ascii");
CREATE VIRTUAL TABLE valued USING fts5({", ".join(VALUED)}, tokenize = "porter ascii", content = "");
CREATE VIRTUAL TABLE exact USING fts5({", ".join(EXACT)}, tokenize = "ascii", content = "", detail = column);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(exact, row);
CREATE VIRTUAL TABLE occurrence USING fts5vocab(exact, instance);
CREATE TABLE quantity (
    document INTEGER NOT NULL, field INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (document, field)
) WITHOUT ROWID;
CREATE INDEX quantity_value ON quantity (field, value, document);
CREATE TABLE value (
    number INTEGER PRIMARY KEY CHECK (number < {1 << VALUE_BITS}), field TEXT NOT NULL, value TEXT NOT NULL,
    folded TEXT NOT NULL, UNIQUE (field, value)
);
CREATE TABLE facet (value INTEGER NOT NULL, document INTEGER NOT NULL, PRIMARY KEY (value, document)) WITHOUT ROWID;
"""

# Raised when a document becomes other rows in the same tables.
_ROWS = 3
# What a file was made by: a sum of all that decides how documents lie in it. A file of another one is made anew. The
# header holds 31 bits of it.
VERSION = (
    zlib.crc32(to_json([_ROWS, TABLES, FACETS, folding_table().checksum, JOINING_SIGNS, TELLING_SIGNS])) & 0x7FFF_FFFF
)

SCHEMA = f"""{TABLES}PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

_LATITUDES, _LONGITUDES = 90, 180

# FTS5 has no gap between the values of one field; a word of private use stops phrases from reaching across.
GAP = "\ue000"


def word_columns(document: Document) -> dict[str, str]:
    """Return the folded words of each of a document's fields that words are looked for in."""
    return {field: f" {GAP} ".join(filter(None, map(fold_words, searched_texts(document, field)))) for field in EXACT}


def quantities(document: Document) -> dict[int, float]:
    """Return a document's numbers and times by their places in ``QUANTITIES``."""
    values = ((number, getattr(document, field)) for number, field in enumerate(QUANTITIES))
    return {
        number: value.timestamp() if isinstance(value, dt.datetime) else float(value)
        for number, value in values
        if value is not None
    }


def present_bits(document: Document) -> int:
    """Return which of ``PRESENT`` a document has: texts with words in them, points that lie on the earth, others."""
    return sum(1 << number for number, field in enumerate(PRESENT) if _is_present(field, getattr(document, field)))


def _is_present(field: str, value: object) -> bool:
    match value:
        case str():
            return has_words(value) if BY_NAME[field].type == "text" else bool(value)
        case tuple():
            return any(_is_present(field, item) for item in value)
        case Location():
            return abs(value.lat) <= _LATITUDES and abs(value.lon) <= _LONGITUDES
        case _:
            return value is not None


def words_differ(old: Document, new: Document) -> bool:
    """Tell whether two documents differ in what words are looked for in, or facets count."""
    return any(searched_texts(old, field) != searched_texts(new, field) for field in QUERY_FIELDS)


def facet_rows(document: Document) -> list[tuple[int, str, str]]:
    """Return a document's facet values as (number of the field, its name, value), and its copy group at any length."""
    values = [(number, field, value) for number, field in enumerate(FACETS) for value in facet_values(document, field)]
    group = (FACETS.index("copy_group"), "copy_group", document.copy_group)
    return values if group in values else [*values, group]


def facet_code(field: int, value: int) -> int:
    """Return what stands in ``codes`` for a value: the numbers of its field and of itself."""
    return field << VALUE_BITS | value


def seen_at(document: Document) -> float:
    """Return the time that a document is sorted and bounded by, in seconds since 1970."""
    return (document.published or document.first_seen).timestamp()

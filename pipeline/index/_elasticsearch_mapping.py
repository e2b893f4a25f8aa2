"""Map documents to Elasticsearch's indices: how they lie there, derived from ``FIELDS``.

``VERSION`` follows from the mapping, so that an index that an older mapping made is recognised.
"""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

from pipeline.index.fields import BY_LANGUAGE, FIELDS, MAX_VALUE_CHARACTERS, Field
from pipeline.records import Document, to_json, to_plain

# Elasticsearch's own analysers, by language (ISO 639-1). English needs none beside the analyser of all text.
LANGUAGES = {
    "ar": "arabic",
    "bg": "bulgarian",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "es": "spanish",
    "et": "estonian",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "cjk",
    "ko": "cjk",
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "zh": "cjk",
}
_SAME = {"nb": "no", "nn": "no"}

# Text of any language is cut into the same words as SQLite's unicode61 and porter tokenizers make of it: the
# standard tokenizer keeps words together across these signs, that one doesn't.
_JOINING = ".,:;_'’‘ʼ·‧"
_ANALYSIS: dict[str, Any] = {
    "char_filter": {"apart": {"type": "mapping", "mappings": [f"{sign} => \\u0020" for sign in _JOINING]}},
    "analyzer": {
        "words": {
            "char_filter": ["apart"],
            "tokenizer": "standard",
            "filter": ["lowercase", "asciifolding", "porter_stem"],
        }
    },
}

_WORDS = {"type": "text", "analyzer": "words"}
_VALUE = {"type": "keyword", "ignore_above": MAX_VALUE_CHARACTERS}
_FACET = {**_VALUE, "fields": {"words": _WORDS}}
_ADDRESS = {"type": "keyword", "ignore_above": 8191}  # Lucene's longest term, 32,766 bytes, in characters of 4 bytes
_POINT = {"type": "geo_point", "ignore_malformed": True}


def _property(field: Field) -> dict[str, Any]:
    """Return how a field is mapped."""
    if field.type == "object":
        return {"properties": {name: _property(Field(name, kind, "")) for name, kind in field.parts}}
    if field.type == "text":
        return _WORDS
    if field.type == "geo_point":
        return _POINT
    if field.type == "keyword":
        return _FACET if field.facet else _ADDRESS if field.address else _VALUE
    return {"type": field.type}


_PROPERTIES: dict[str, Any] = {
    **{field.name: _property(field) for field in FIELDS},
    # only in Elasticsearch
    "seen_at": {"type": "date"},
    "by_language": {"properties": {code: {"type": "text", "analyzer": name} for code, name in LANGUAGES.items()}},
}

# Raised when ``encode_document`` writes other values into the same mapping.
_ENCODING = 1
# What an index was made by: a sum of all that decides how documents lie in it. An index of another one is made anew.
VERSION = zlib.crc32(to_json([_ENCODING, _ANALYSIS, _PROPERTIES]))


def index_meta(identity: str) -> dict[str, Any]:
    """Return what marks an index as newswire's."""
    return {"newswire": {"identity": identity, "version": VERSION}}


def index_template(alias: str, *, shards: int, replicas: int) -> dict[str, Any]:
    """Return the body of the index template that every monthly index is created by."""
    return {
        "index_patterns": [f"{alias}-*"],
        "priority": 500,  # above the built-in ones, which have 100 to 200
        "allow_auto_create": False,  # an index that someone deleted must not come back half, without our mark
        "template": {
            "settings": {"number_of_shards": shards, "number_of_replicas": replicas, "analysis": _ANALYSIS},
            "mappings": {
                "dynamic": False,
                "_source": {"excludes": ["by_language"]},
                "properties": _PROPERTIES,
            },
            "aliases": {alias: {}},
        },
    }


def month_index(alias: str, time: dt.datetime) -> str:
    """Return the index for documents first seen at ``time``."""
    return f"{alias}-{time.astimezone(dt.UTC):%Y.%m}"


def language_code(language: str | None) -> str | None:
    """Return which of ``LANGUAGES`` a language is, None for one that has no analyser here."""
    code = _SAME.get(language or "", language)
    return code if code in LANGUAGES else None


def encode_document(document: Document) -> bytes:
    """Return a document as it is sent.

    Raises:
        UnicodeError: It holds half of a surrogate pair.
    """
    plain = to_plain(document)
    plain["seen_at"] = plain["published"] or plain["first_seen"]
    if language := language_code(document.language):
        texts = (getattr(document, name) for name in BY_LANGUAGE)
        plain["by_language"] = {language: "\n".join(text for text in texts if text)}
    return to_json(plain)

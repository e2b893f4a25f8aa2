"""How do documents lie in Elasticsearch?"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pipeline.index.fields import FACETS, MAX_VALUE_CHARACTERS
from pipeline.records import Document, Stage, to_json, to_plain

# Raised when documents lie differently, so that an older index has to be built anew.
VERSION = 6

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
_DATE = {"type": "date"}
_INTEGER = {"type": "integer"}
_BOOLEAN = {"type": "boolean"}
_FLOAT = {"type": "float"}
_POINT = {"type": "geo_point", "ignore_malformed": True}

_INTEGERS = ("version", "copies", "copy_behind", "copied_paragraphs", "story_size", "word_count")

_PROPERTIES: dict[str, Any] = {
    **dict.fromkeys(FACETS, _FACET),
    **dict.fromkeys(("title", "standfirst", "text", "subheadings", "dateline", "story_title"), _WORDS),
    **dict.fromkeys(("id", "published_precision", "copy_primary", "copy_earliest"), _VALUE),
    **dict.fromkeys(("url", "canonical_url", "image", "archive"), _ADDRESS),
    **dict.fromkeys(
        ("published", "modified", "first_seen", "revised", "gone", "indexed", "story_first", "story_last"), _DATE
    ),
    **dict.fromkeys(_INTEGERS, _INTEGER),
    **dict.fromkeys(("is_primary", "paywalled", "live", "from_feed"), _BOOLEAN),
    **dict.fromkeys(("copy_score", "copied_share", "own_share"), _FLOAT),
    "revision": {"type": "long"},
    "captions": {"properties": {"text": _WORDS, "credit": _VALUE, "number": _VALUE}},
    "entities": {
        "properties": {
            **dict.fromkeys(("id", "name", "type", "aliases", "country"), _VALUE),
            "count": _INTEGER,
            "location": _POINT,
            "salience": {"type": "float"},
            "key": _BOOLEAN,
        }
    },
    "locations": _POINT,
    "stages": {"properties": dict.fromkeys(Stage, _VALUE)},
    # only in Elasticsearch
    "seen_at": _DATE,
    "by_language": {"properties": {code: {"type": "text", "analyzer": name} for code, name in LANGUAGES.items()}},
}


def index_meta(identity: str) -> dict[str, Any]:
    """Return what marks an index as newswire's."""
    return {"newswire": {"identity": identity, "version": VERSION}}


def index_template(alias: str, *, shards: int, replicas: int) -> dict[str, Any]:
    """Return the body of the index template that every monthly index is made by."""
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
    """Return a document as it is sent; raise UnicodeError where it holds half of a surrogate pair."""
    plain = to_plain(document)
    plain["seen_at"] = plain["published"] or plain["first_seen"]
    if language := language_code(document.language):
        texts = (document.title, document.standfirst, document.text)
        plain["by_language"] = {language: "\n".join(text for text in texts if text)}
    return to_json(plain)

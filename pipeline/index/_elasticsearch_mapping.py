"""Map documents to Elasticsearch's indices: how they lie there, derived from ``FIELDS``.

``VERSION`` follows from the mapping, so that an index that an older mapping made is recognised.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import zlib
from collections.abc import Collection, Mapping
from typing import Any

from pipeline.dense_vectors import DIMENSIONS
from pipeline.index.fields import BY_LANGUAGE, FIELDS, MAX_VALUE_CHARACTERS, WORD_WEIGHTS, Field, searched_texts
from pipeline.index.folding import BOUNDARY, JOINING_SIGNS, TELLING_SIGNS, folding_table
from pipeline.records import Document, to_json, to_plain

# Elasticsearch's own analysers, by language (ISO 639-1). English needs none beside the analyser of all text, nor does
# Thai, as every character is a word there.
BUILT_IN = {
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
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
# Analysers that plugins of Elasticsearch bring, and these plugins. A server without one finds words of the language by
# the analyser of all text alone, by characters in Chinese, Japanese and Korean.
PLUGINS = {
    "ja": ("kuromoji", "analysis-kuromoji"),
    "ko": ("nori", "analysis-nori"),
    "pl": ("polish", "analysis-stempel"),
    "uk": ("ukrainian", "analysis-ukrainian"),
    "zh": ("smartcn", "analysis-smartcn"),
}
# All languages whose texts are sent a second time; fields that an index doesn't map it neither keeps nor searches.
LANGUAGES = (*BUILT_IN, *PLUGINS)
_SAME = {"nb": "no", "nn": "no"}

# Lucene takes no term of more than 32,766 bytes; what is longer than this is no word.
_MAX_WORD_CHARACTERS = 255


_TELLING = dict(zip(("plus", "sharp"), TELLING_SIGNS.items(), strict=True))


def _analysis() -> dict[str, Any]:
    """Return the analyser of text of any language: the words are those of ``pipeline.index.folding``.

    Filters of characters know where what they replace stood, so that what matched is marked in the text as it is.
    """
    table = folding_table()
    word = r"\p{L}\p{M}\p{N}"
    characters = ["fold", *(f"tell_{name}" for name in _TELLING), "join", "bound"]
    return {
        "char_filter": {
            "fold": {
                "type": "mapping",
                "mappings": [_rule(source, target) for source, target in table.folds.items()],
            },
            **{
                f"tell_{name}": {"type": "pattern_replace", "pattern": pattern, "replacement": target}
                for name, (target, pattern) in _TELLING.items()
            },
            "join": {"type": "pattern_replace", "pattern": JOINING_SIGNS, "replacement": ""},
            # one sign for another: the places of what follows stay
            "bound": {
                "type": "pattern_replace",
                "pattern": f"(?<=[{table.unspaced}])[^{word}](?=[^{word}]*[{table.unspaced}])",
                "replacement": BOUNDARY,
            },
        },
        "tokenizer": {
            "words": {"type": "simple_pattern", "pattern": f"[{table.spaced}]+|[{table.unspaced}]|{BOUNDARY}"}
        },
        "filter": {
            "short": {"type": "truncate", "length": _MAX_WORD_CHARACTERS},
            # is not kept itself, but the place that it takes between its neighbours
            "unbound": {"type": "stop", "stopwords": [BOUNDARY]},
        },
        "analyzer": {
            "words": {
                "char_filter": characters,
                "tokenizer": "words",
                "filter": ["unbound", "short", "porter_stem"],
            },
            "exact": {"char_filter": characters, "tokenizer": "words", "filter": ["unbound", "short"]},
        },
    }


def _rule(source: str, target: str) -> str:
    """Return that one text is replaced by another in a filter of characters, which trims plain spaces."""
    spaces = target.replace(" ", r"\u0020")
    return f"{source} => {spaces}"


_ANALYSIS = _analysis()
# All that words without a field are looked for in, the weightier texts more than once: a word is scored by how often it
# stands there and how rare it is, whatever field it stands in.
EVERYTHING = "everything"
# The copy group as a number: distinct numbers are counted at less than half of what words take.
GROUP_NUMBER = "copy_group_number"
# As they are written, for patterns alone
_EXACT = {"type": "text", "analyzer": "exact", "index_options": "docs", "norms": False}
# Between two values of a field stands as much as the embedded index has there: one word
_WORDS = {"type": "text", "analyzer": "words", "position_increment_gap": 1, "fields": {"exact": _EXACT}}
_VALUE = {"type": "keyword", "ignore_above": MAX_VALUE_CHARACTERS}
_FACET = {**_VALUE, "fields": {"words": {k: v for k, v in _WORDS.items() if k != "fields"}, "exact": _EXACT}}
_ADDRESS = {"type": "keyword", "ignore_above": 8191}  # Lucene's longest term, 32,766 bytes, in characters of 4 bytes
_POINT = {"type": "geo_point", "ignore_malformed": True}
_VECTOR = {"type": "dense_vector", "dims": DIMENSIONS, "element_type": "byte", "similarity": "cosine"}


def _property(field: Field) -> dict[str, Any]:
    """Return how a field is mapped."""
    copied = {"copy_to": EVERYTHING} if field.weight and not field.searched_part else {}
    if field.type == "object":
        parts = {name: _property(Field(name, kind, "")) for name, kind in field.parts}
        if field.searched_part:
            parts[field.searched_part] = {**parts[field.searched_part], "copy_to": EVERYTHING}
        return {"properties": parts}
    if field.type == "text":
        raw = {"raw": _VALUE} if field.whole else {}
        return {**_WORDS, **copied, "fields": {"exact": _EXACT, **raw}}
    if field.type == "geo_point":
        return _POINT
    if field.type == "dense_vector":
        return _VECTOR
    if field.type == "keyword":
        return {**_FACET, **copied} if field.facet else _ADDRESS if field.address else _VALUE
    return {"type": field.type}


_PROPERTIES: dict[str, Any] = {
    **{field.name: _property(field) for field in FIELDS},
    # only in Elasticsearch
    "seen_at": {"type": "date"},
    EVERYTHING: {"type": "text", "analyzer": "words", "fields": {"exact": _EXACT}},
    "by_language": {"properties": {code: {"type": "text", "analyzer": name} for code, name in BUILT_IN.items()}},
    GROUP_NUMBER: {"type": "long", "index": False},
}

# Characters of a text that are looked through for what is marked: as many as there are. A search with a bound of its
# own makes every analyser anew for each hit and field, which takes longer than all else.
_MARKED_CHARACTERS = 2**31 - 1

# What follows the alias in the name of an index
_GENERATION = re.compile(r"(?:g([1-9][0-9]*)-)?[0-9]{4}\.[0-9]{2}")

# Raised when ``encode_document`` writes other values into the same mapping.
_ENCODING = 3
# What an index was made by: a sum of all that decides how documents lie in it. An index of another one is made anew.
VERSION = zlib.crc32(to_json([_ENCODING, _ANALYSIS, _PROPERTIES]))


def index_meta(identity: str) -> dict[str, Any]:
    """Return what marks an index as newswire's."""
    return {"newswire": {"identity": identity, "version": VERSION}}


def refresh_interval(seconds: float) -> str:
    """Return how Elasticsearch writes the time after which searches see what was written."""
    return f"{max(1, round(1000 * seconds))}ms"


def plugin_analyzers(nodes: Collection[Collection[str]]) -> dict[str, str]:
    """Return language → analyser of the plugins that every node has; ``nodes`` are the names of theirs."""
    common = set.intersection(*map(set, nodes)) if nodes else set()
    return {code: analyzer for code, (analyzer, plugin) in PLUGINS.items() if plugin in common}


def index_template(
    alias: str, *, shards: int, replicas: int, refresh_seconds: float, analyzers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the body of the index template that every monthly index is created by.

    ``analyzers`` are those of plugins, by language: ``plugin_analyzers``.
    """
    more = {code: {"type": "text", "analyzer": name} for code, name in (analyzers or {}).items()}
    by_language = {"properties": {**_PROPERTIES["by_language"]["properties"], **more}}
    settings = {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        # said aloud: else an index that nobody has searched for half a minute isn't refreshed until somebody does
        "refresh_interval": refresh_interval(refresh_seconds),
        "highlight.max_analyzed_offset": _MARKED_CHARACTERS,
        "analysis": _ANALYSIS,
    }
    return {
        "index_patterns": [f"{alias}-*"],
        "priority": 500,  # above the built-in ones, which have 100 to 200
        "allow_auto_create": False,  # an index that someone deleted must not come back half, without our mark
        "template": {
            "settings": settings,
            "mappings": {
                "dynamic": False,
                "_source": {"excludes": ["by_language", EVERYTHING, GROUP_NUMBER, "vector"]},
                "properties": {**_PROPERTIES, "by_language": by_language},
            },
        },
    }


def month_index(alias: str, generation: int, time: dt.datetime) -> str:
    """Return the index for documents first seen at ``time``; the first generation's name has no number."""
    prefix = alias if generation == 1 else f"{alias}-g{generation}"
    return f"{prefix}-{time.astimezone(dt.UTC):%Y.%m}"


def generation_number(alias: str, name: str) -> int | None:
    """Return the number of the generation that an index of this name belongs to, None for another name."""
    named = _GENERATION.fullmatch(name.removeprefix(f"{alias}-")) if name.startswith(f"{alias}-") else None
    return int(named[1] or 1) if named else None


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
    if document.vector is None or not any(document.vector):  # a cosine with zeros is none
        del plain["vector"]
    else:
        plain["vector"] = memoryview(document.vector).cast("b").tolist()
    plain["seen_at"] = plain["published"] or plain["first_seen"]
    plain[GROUP_NUMBER] = _group_number(document.copy_group)
    # beside what the mapping copies there: a weight of 3 is three times in all
    plain[EVERYTHING] = [text for name in WORD_WEIGHTS for text in _repeated(document, name, 1)]
    if language := language_code(document.language):
        plain["by_language"] = {language: [text for name in BY_LANGUAGE for text in _repeated(document, name, 0)]}
    return to_json(plain)


def _group_number(group: str) -> int:
    """Return a number of 64 bits that no other copy group is likely to have."""
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest(), signed=True)


def _repeated(document: Document, name: str, less: int) -> list[str]:
    """Return the texts of a field as many times as it weighs, and ``less`` times less."""
    return list(searched_texts(document, name)) * (max(1, round(WORD_WEIGHTS[name])) - less)

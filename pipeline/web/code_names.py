"""Name countries and languages, and copies and delays in plain English. Pure but for two packaged tables.

``scripts/code-names`` writes the tables from CLDR: one in English, one in other languages. A code that they lack stays
as it is.
"""

from __future__ import annotations

import functools
import gzip
from importlib import resources

from pipeline.figures.text import describe_duration
from pipeline.index.fields import BOOLEANS
from pipeline.records import CopyKind, EntityType

# field of a document → the kind of its codes
_CODED = {"source_country": "country", "countries": "country", "language": "language"}
_COPY_KINDS = {
    CopyKind.EXACT: "same text",
    CopyKind.REPRINT: "reprint",
    CopyKind.TRUNCATED: "shortened copy",
    CopyKind.EXTENDED: "copy with additions",
    CopyKind.EXCERPT: "takes over passages",
    CopyKind.REVISION: "newer version",
}
# type of an entity → the field that holds its name, and what a page calls it
ENTITY_FIELDS = {
    EntityType.PERSON: "people",
    EntityType.ORG: "organisations",
    EntityType.PLACE: "places",
    EntityType.GROUP: "groups",
    EntityType.EVENT: "events",
}
ENTITY_WORDS = {
    EntityType.PERSON: "Person",
    EntityType.ORG: "Organisation",
    EntityType.PLACE: "Place",
    EntityType.GROUP: "Group",
    EntityType.EVENT: "Event",
}


@functools.cache
def _names() -> dict[tuple[str, str], str]:
    """Return kind and code → English name."""
    text = resources.files("pipeline.web").joinpath("code_names.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {(kind, code): name for kind, code, name in rows}


@functools.cache
def _all_foreign_names() -> dict[str, dict[tuple[str, str], str]]:
    """Return language → kind and code, of a place its English name → name, where that isn't the English one."""
    packed = resources.files("pipeline.web").joinpath("names_by_language.tsv.gz").read_bytes()
    tables: dict[str, dict[tuple[str, str], str]] = {}
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        language, kind, code, name = line.split("\t")
        tables.setdefault(language, {})[kind, code] = name
    return tables


def list_reader_languages() -> frozenset[str]:
    """Return the languages, but English, in which there are names (ISO 639-1)."""
    return frozenset(_all_foreign_names())


def list_place_names(language: str) -> dict[str, str]:
    """Return what a language calls continents and cities, by English name; those alone that it calls otherwise."""
    table = _all_foreign_names().get(language, {})
    return {code: name for (kind, code), name in table.items() if kind == "place"}


def _name(kind: str, code: str, language: str) -> str | None:
    """Return a code's name in a language, else in English, None where it has none."""
    foreign = _all_foreign_names().get(language, {}).get((kind, code)) if language not in {"", "en"} else None
    return foreign or _names().get((kind, code))


def list_code_names(kind: str) -> list[tuple[str, str]]:
    """Return all codes with their names, by code; ``kind`` is country or language."""
    return sorted((code, name) for (of_kind, code), name in _names().items() if of_kind == kind)


def country_name(code: str, language: str = "en") -> str:
    """Return the name of a country by its code of ISO 3166-1 alpha-2: ``DE`` is Germany."""
    return _name("country", code.upper(), language) or code


def language_name(code: str, language: str = "en") -> str:
    """Return the name of a language by its code of ISO 639, also one with script or country: ``pt-BR``."""
    main, *parts = code.replace("_", "-").split("-")
    name = _name("language", main.lower(), language) or main
    return f"{name} ({', '.join(country_name(part, language) for part in parts)})" if parts else name


def value_name(value: str, field: str, language: str = "en") -> str:
    """Return what a page calls a value of one of a document's fields: codes and kinds by their names."""
    kind = _CODED.get(field)
    if kind == "country":
        return country_name(value, language)
    if kind == "language":
        return language_name(value, language)
    if field == "copy_kind" and value in _COPY_KINDS:
        return _COPY_KINDS[CopyKind(value)]
    return {"true": "yes", "false": "no"}.get(value, value) if field in BOOLEANS else value


def copy_words(kind: CopyKind) -> str:
    """Return what a kind of copy is called for readers."""
    return _COPY_KINDS[kind]


def delay_words(minutes: int) -> str:
    """Return how much later than its original a copy was published: ``4 h 10 min later``, also earlier, or at once."""
    if not minutes:
        return "in the same minute"
    return f"{describe_duration(abs(minutes) * 60.0)} {'later' if minutes > 0 else 'earlier'}"

"""Name countries and languages in English, and copies and delays in plain words. Pure but for one packaged table.

The table is written by ``scripts/code-names`` from CLDR. A code that it lacks stays as it is.
"""

from __future__ import annotations

import functools
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
    """Return kind and code → name."""
    text = resources.files("pipeline.web").joinpath("code_names.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {(kind, code): name for kind, code, name in rows}


def list_code_names(kind: str) -> list[tuple[str, str]]:
    """Return all codes with their names, by code; ``kind`` is country or language."""
    return sorted((code, name) for (of_kind, code), name in _names().items() if of_kind == kind)


def country_name(code: str) -> str:
    """Return the name of a country by its code of ISO 3166-1 alpha-2: ``DE`` is Germany."""
    return _names().get(("country", code.upper()), code)


def language_name(code: str) -> str:
    """Return the name of a language by its code of ISO 639, also one with script or country: ``pt-BR``."""
    main, *parts = code.replace("_", "-").split("-")
    name = _names().get(("language", main.lower()), main)
    return f"{name} ({', '.join(country_name(part) for part in parts)})" if parts else name


def value_name(value: str, field: str) -> str:
    """Return what a page calls a value of one of a document's fields: codes and kinds by their names."""
    kind = _CODED.get(field)
    if kind == "country":
        return country_name(value)
    if kind == "language":
        return language_name(value)
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

"""Which names are well known, as config/aliases.toml says?"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipeline.settings import Section, read_toml

NameTable = dict[str, tuple[str, ...]]


class Aliases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/aliases.toml: canonical name → other names; the last eight by ISO 3166-1 code, the first name is shown."""

    organisations: NameTable = msgspec.field(default_factory=dict)
    people: NameTable = msgspec.field(default_factory=dict)
    events: NameTable = msgspec.field(default_factory=dict)
    groups: NameTable = msgspec.field(default_factory=dict)
    places: NameTable = msgspec.field(default_factory=dict)
    countries: NameTable = msgspec.field(default_factory=dict)
    cities: NameTable = msgspec.field(default_factory=dict)  # each item "name in the gazetteer|other name|…"
    regions: NameTable = msgspec.field(default_factory=dict)  # each item "name|other name|…"
    seats: NameTable = msgspec.field(default_factory=dict)  # each item "region|city"
    abbreviations: NameTable = msgspec.field(default_factory=dict)  # each item "abbreviation|region"
    peoples: NameTable = msgspec.field(default_factory=dict)  # each item "name|other name|…"
    demonyms: NameTable = msgspec.field(default_factory=dict)


def read_aliases(folder: Path) -> Aliases:
    """Return aliases.toml of the settings folder; raise SettingsError where it can't be used."""
    return read_toml(folder / "aliases.toml", Aliases)

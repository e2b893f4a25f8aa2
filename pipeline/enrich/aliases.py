"""Which names are well known, as config/aliases.toml says?"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipeline.settings import Section, read_toml

Others = dict[str, tuple[str, ...]]


class Aliases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/aliases.toml: canonical name → other names; the last eight by ISO 3166-1 code, the first name is shown."""

    organisations: Others = msgspec.field(default_factory=dict)
    people: Others = msgspec.field(default_factory=dict)
    events: Others = msgspec.field(default_factory=dict)
    groups: Others = msgspec.field(default_factory=dict)
    places: Others = msgspec.field(default_factory=dict)
    countries: Others = msgspec.field(default_factory=dict)
    cities: Others = msgspec.field(default_factory=dict)  # each item "name in the gazetteer|other name|…"
    regions: Others = msgspec.field(default_factory=dict)  # each item "name|other name|…"
    seats: Others = msgspec.field(default_factory=dict)  # each item "region|city"
    abbreviations: Others = msgspec.field(default_factory=dict)  # each item "abbreviation|region"
    peoples: Others = msgspec.field(default_factory=dict)  # each item "name|other name|…"
    demonyms: Others = msgspec.field(default_factory=dict)


def read_aliases(folder: Path) -> Aliases:
    """Return aliases.toml of the settings folder; raise SettingsError where it can't be used."""
    return read_toml(folder / "aliases.toml", Aliases)

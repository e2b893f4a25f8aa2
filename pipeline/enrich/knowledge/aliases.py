"""Read config/aliases.toml: the names that are known for one entity.

An editor may change the file; unknown tables in it are errors.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipeline.records import EntityType
from pipeline.settings import read_toml
from pipeline.settings_sections import Section

# Canonical name, or ISO 3166-1 code → names.
NameTable = dict[str, tuple[str, ...]]


class Aliases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tables of config/aliases.toml.

    The first five map a canonical name to other names; the others but the last map an ISO 3166-1 code to names, of
    which the first is shown.
    """

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
    # ISO 639-1 code of a language → canonical name, or that of a country or city → names in this language, of which the
    # first is shown to its readers
    translations: dict[str, NameTable] = msgspec.field(default_factory=dict)

    def type_of(self, name: str) -> EntityType:
        """Return the type of the entity with this canonical name; one that stands in no table of names is a place."""
        tables = {
            EntityType.ORG: self.organisations,
            EntityType.PERSON: self.people,
            EntityType.EVENT: self.events,
            EntityType.GROUP: self.groups,
        }
        if entity_type := next((kind for kind, table in tables.items() if name in table), None):
            return entity_type
        peoples = (item.partition("|")[0] for items in self.peoples.values() for item in items)
        demonyms = (names[0] for names in self.demonyms.values())
        return EntityType.GROUP if name in {*peoples, *demonyms} else EntityType.PLACE


def read_aliases(folder: Path) -> Aliases:
    """Read aliases.toml of the settings folder.

    Raises:
        SettingsError: The file can't be used.
    """
    return read_toml(folder / "aliases.toml", Aliases)

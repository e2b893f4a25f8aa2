"""Know what readers of a language call people, bodies and places: by the alias file, CLDR and the gazetteer.

A name that might mean two things which the language calls differently stays as it is: Georgia is a country and a state.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline import gazetteer
from pipeline.enrich.knowledge.aliases import Aliases, read_aliases
from pipeline.errors import SettingsError
from pipeline.records import EntityType
from pipeline.web.code_names import ENTITY_FIELDS, country_name, list_place_names, list_reader_languages, value_name

_log = logging.getLogger(__name__)

_TYPES = {field: entity_type for entity_type, field in ENTITY_FIELDS.items()}
_OF_ANY_TYPE = ("about", "story_names")  # fields that hold names of all types
_GAZETTEER_CODES = {"no": "nb"}  # it tells the two Norwegians apart
# A country, and a state of the US which many languages call otherwise; the gazetteer's source mixes them up
_SEVERAL_PLACES = frozenset({"Georgia"})
# Countries whose parts the gazetteer has in this language alone, where others have them in many
_OWN_LANGUAGES = {
    "AT": "de",
    "BR": "pt",
    "DE": "de",
    "ES": "es",
    "FR": "fr",
    "IT": "it",
    "MX": "es",
    "PL": "pl",
    "PT": "pt",
}
_OWN_WORDS = re.compile(" (Shi|Sheng)$")  # what China calls its cities and provinces

# Type and usual name → name
Labels = Mapping[tuple[EntityType, str], str]


class ReaderNames:
    """What things are called in each language. ``config`` is the folder of the alias file; without it there is none."""

    def __init__(self, config: Path | None = None) -> None:
        self._config = config
        self._labels = functools.cache(self._build)

    def label(self, value: str, field: str, language: str) -> str:
        """Return what a reader of a language (ISO 639-1) calls a value of a field, else what it is usually called."""
        if language in list_reader_languages():
            labels = self._labels(language)
            if field in _TYPES:
                return labels.get((_TYPES[field], value), value)
            if field in _OF_ANY_TYPE:
                candidates = {labels[kind, value] for kind in EntityType if (kind, value) in labels}
                return candidates.pop() if len(candidates) == 1 else value
        return value_name(value, field, language)

    @functools.cached_property
    def _aliases(self) -> Aliases:
        """Return the alias file, an empty one where it can't be read: pages go on without it."""
        try:
            return read_aliases(self._config) if self._config else Aliases()
        except SettingsError as error:
            _log.warning("names are shown without the alias file: %s", error)
            return Aliases()

    def _build(self, language: str) -> Labels:
        return build_labels(self._aliases, language, (row.split("\t") for row in gazetteer.read_rows()))


def build_labels(aliases: Aliases, language: str, rows: Iterable[list[str]]) -> Labels:
    """Return what a language calls the entities that are known before any article is read, where it is another name.

    ``rows`` are the gazetteer's. Where several sources name a place, countries go before the alias file, and this one
    before continents and cities, and these before parts of countries.
    """
    listed = {
        (aliases.type_of(name), name): _shown(names)
        for name, names in aliases.translations.get(language, {}).items()
        if names
    }
    countries, parts = _read_places(aliases, language, rows)
    cities = {(EntityType.PLACE, name): label for name, label in (parts | list_place_names(language)).items()}
    of_countries = {(EntityType.PLACE, name): label for name, label in countries.items()}
    labels = cities | listed | of_countries
    return {key: label for key, label in labels.items() if key[1] not in {label, *_SEVERAL_PLACES}}


def _shown(names: tuple[str, ...]) -> str:
    """Return the first name, of several one with a capital: for a people, the noun where the language writes it so."""
    return next((name for name in names if name[0] != name[0].lower()), names[0])


def _read_places(aliases: Aliases, language: str, rows: Iterable[list[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a language calls countries, and parts of countries, each by the name that is usually shown."""
    code = _GAZETTEER_CODES.get(language, language)
    codes: dict[str, str] = {}  # of countries, by name
    foreign: dict[str, str] = {}
    parts: dict[tuple[str, str], str] = {}
    own_parts: dict[tuple[str, str], str] = {}
    foreign_parts: dict[tuple[str, str], str] = {}
    for cells in rows:
        match cells:
            case ["C", country, name, *_]:
                codes |= dict.fromkeys((aliases.countries.get(country, (name,))[0], country_name(country)), country)
            case ["N", of, country, name] if of == code:
                foreign.setdefault(country, name)
            case ["S", country, part, name, *_]:
                parts[country, part] = _part_name(aliases, country, name)
                if _OWN_LANGUAGES.get(country) == language:
                    own_parts[country, part] = name
            case ["T", of, country, part, name] if of == code:
                foreign_parts.setdefault((country, part), name)
    labels = {name: _country_label(country, language) or foreign.get(country) for name, country in codes.items()}
    return (
        {name: label for name, label in labels.items() if label},
        {parts[key]: label for key, label in (own_parts | foreign_parts).items() if key in parts},
    )


def _part_name(aliases: Aliases, country: str, name: str) -> str:
    """Return the name under which part of a country is shown."""
    for item in aliases.regions.get(country, ()):
        names = item.split("|")
        if name in names:
            return names[0]
    return _OWN_WORDS.sub("", name)


def _country_label(code: str, language: str) -> str | None:
    """Return CLDR's name of a country in a language, None where it has none but the English one."""
    name = country_name(code, language)
    return name if name != country_name(code) else None

"""Build the knowledge base: known names, and the entities that they name.

It holds the aliases of config/aliases.toml and the gazetteer's countries, regions and cities, and never changes once it
is built.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from pipeline import gazetteer
from pipeline.enrich.knowledge.aliases import Aliases, NameTable
from pipeline.enrich.knowledge.endings import base_phrases, strip_affixes
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import join_initials, name_key
from pipeline.errors import SettingsError
from pipeline.records import EntityType, Location

# An acronym, or a word written in an odd way, that must not be mistaken for a common word.
_EXACT = re.compile(r"[A-Z][A-Z0-9.&-]{1,5}|[A-Z][a-z]{1,3}")
_ARABIC_ARTICLE, _ARABIC_TO_THE = "ال", "لل"
# Inhabitants of a city that the alias file names and the gazetteer doesn't have: it counts as large.
_LISTED_POPULATION = 200_000
# Countries whose ministries aren't called by the first demonym: "US Treasury", not "American Treasury".
_ADJECTIVES = {"US": "US", "NZ": "New Zealand", "LS": "Lesotho", "BW": "Botswana"}


class EntityKind(enum.IntEnum):
    """What sort of thing a known entity is; of places, the more general first."""

    ALIAS = 0  # from the alias file: organisations, people, events, groups
    COUNTRY = 1
    AREA = 2  # a region of the world, a sea, a river
    REGION = 3
    CITY = 4


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """An entity of the alias file or the gazetteer."""

    id: str
    name: str
    type: EntityType
    kind: EntityKind
    country: str | None = None  # ISO 3166-1 code
    admin: str = ""  # code of its subdivision within the country
    location: Location | None = None
    population: int = 0
    listed: bool = False  # in the alias file


@dataclass(frozen=True, slots=True)
class KnownForm:
    """A way to write a known entity; where ``exact``, it counts in these letters only (IS, WHO)."""

    entity: KnownEntity
    text: str
    exact: bool


def slug(name: str) -> str:
    """Return a name as it stands in an entity's id: folded words, joined by hyphens."""
    return name_key(name).replace(" ", "-") or "unnamed"


def entity_id(entity_type: EntityType, name: str) -> str:
    """Return the id of an entity: its type, a colon and the slug of its canonical name, such as ``person:jen-psaki``.

    A place in the gazetteer that isn't a country carries its country too: ``place:mosul-iq``; a subdivision also its
    ISO 3166-2 code (``place:washington-us-wa``), a smaller namesake of a city its division
    (``place:springfield-us-il``).
    """
    return f"{entity_type.value.lower()}:{slug(name)}"


# Key of a name → the forms that have it.
KnownForms = dict[str, tuple[KnownForm, ...]]


class _Layers(ChainMap[str, Any]):
    """Two maps, the first of which goes before; quicker than a ChainMap, as each word of a text is looked up."""

    def __init__(self, first: dict[str, Any], second: dict[str, Any]) -> None:
        super().__init__(first, second)
        self._first = first
        self._second = second

    def __contains__(self, key: object) -> bool:
        return key in self._first or key in self._second

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is under ``key``; no value is None."""
        value = self._first.get(key)
        return self._second.get(key, default) if value is None else value


@dataclass(frozen=True, slots=True)
class LanguageForms:
    """The forms that count in texts of one language, and the number of words of the longest by its first word."""

    forms: Mapping[str, tuple[KnownForm, ...]]
    longest_forms: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class KnowledgeBase:
    """Known entities by their names, and the words that names are made of.

    Two of them are never equal, so that what is looked up in one can be remembered by it.
    """

    lexicon: Lexicon
    forms: KnownForms
    # entity → its names in other languages, joined by "|"
    native_names: tuple[tuple[KnownEntity, str], ...] = field(repr=False, default=())
    # language → the forms that the alias file gives for it alone
    translations: dict[str, KnownForms] = field(repr=False, default_factory=dict)
    adjectives: dict[str, str] = field(repr=False, default_factory=dict)  # country code → "Kenyan"
    nationalities: dict[str, str] = field(repr=False, default_factory=dict)  # "kenyan" → country code
    abbreviations: dict[str, str] = field(repr=False, default_factory=dict)  # "mich" → "Michigan"

    @cached_property
    def longest_forms(self) -> dict[str, int]:
        """Return the number of words of the longest form by its first word; matching looks no further."""
        return _longest_forms(self.forms)

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """Return the common words that are no given names and no small words of names."""
        return self.lexicon.common - self.lexicon.given_names - self.lexicon.particles

    @cached_property
    def entity_ids(self) -> frozenset[str]:
        """Return the ids of all that the alias file and the gazetteer name."""
        return frozenset(form.entity.id for forms in self.forms.values() for form in forms)

    @cached_property
    def countries(self) -> Mapping[str, KnownEntity]:
        """Return ISO 3166-1 code → country."""
        entities = (form.entity for forms in self.forms.values() for form in forms)
        return {e.country: e for e in entities if e.kind is EntityKind.COUNTRY and e.country}

    @cached_property
    def native_forms(self) -> KnownForms:
        """Return the forms for texts in other languages than English; built when the first of them comes."""
        forms = dict(self.forms)
        for entity, names in self.native_names:
            for name in names.split("|"):
                if name:
                    _add_form(forms, name, entity)
        return forms

    @cached_property
    def native_longest_forms(self) -> dict[str, int]:
        """Return the same as ``longest_forms``, for the native forms."""
        return _longest_forms(self.native_forms)

    @cached_property
    def language_forms(self) -> dict[str, LanguageForms]:
        """Return the forms of each language that has some of its own, which go before those of all languages."""
        return {
            language: LanguageForms(
                _Layers(forms, self.native_forms),
                _Layers(
                    {
                        first: max(longest, self.native_longest_forms.get(first, 0))
                        for first, longest in _longest_forms(forms).items()
                    },
                    self.native_longest_forms,
                ),
            )
            for language, forms in self.translations.items()
        }

    def warm_up(self) -> None:
        """Work out what is otherwise worked out when the first article needs it."""
        _ = self.longest_forms, self.ordinary_words, self.native_longest_forms, self.language_forms

    def forms_in(self, language: str | None) -> LanguageForms:
        """Return the forms for texts in a language other than English (ISO 639-1)."""
        return self.language_forms.get(language or "") or LanguageForms(self.native_forms, self.native_longest_forms)

    def find_entities(
        self, name: str, entity_type: EntityType, *, language: str | None = None
    ) -> tuple[KnownEntity, ...]:
        """Return the known entities of a type that ``name``, in the letters in which it is written, may name.

        With a ``language`` other than English, their names in this one go first, those in any other last.
        """
        return _find_entities(self, name, entity_type, language)

    def find_declined(self, name: str, entity_type: EntityType, language: str) -> tuple[KnownEntity, ...]:
        """Return the known entities of a type that ``name`` may name in a case of this language: Путину, Merkelin."""
        return _find_declined(self, name, entity_type, language)

    @cached_property
    def known_words(self) -> Mapping[EntityType, frozenset[str]]:
        """Return the words of all names of each type; built when the first text comes whose language declines names."""
        words: dict[EntityType, set[str]] = {entity_type: set() for entity_type in EntityType}
        tables = (self.forms, self.native_forms, *self.translations.values())
        for table in tables:
            for key, forms in table.items():
                for form in forms:
                    if form.entity.kind is not EntityKind.CITY:
                        words[form.entity.type].update(key.split())
        return {entity_type: frozenset(found) for entity_type, found in words.items()}


@lru_cache(maxsize=16384)  # an article asks for each of its names several times, and news names the same ones
def _find_entities(
    knowledge: KnowledgeBase, name: str, entity_type: EntityType, language: str | None
) -> tuple[KnownEntity, ...]:
    name = join_initials(name)
    key, spelled = name_key(name), name.replace(".", "")
    tables: tuple[Mapping[str, tuple[KnownForm, ...]], ...] = (knowledge.forms,)
    if language:  # Pékin is Beijing's name too, not only a town's in Illinois
        tables = knowledge.translations.get(language, {}), knowledge.native_forms
    for table in tables:
        fits = {
            form.entity.id: form.entity
            for form in table.get(key, ())
            if form.entity.type is entity_type and (not form.exact or form.text.replace(".", "") == spelled)
        }
        if fits:
            return tuple(fits.values())
    return ()


@lru_cache(maxsize=16384)
def _find_declined(
    knowledge: KnowledgeBase, name: str, entity_type: EntityType, language: str
) -> tuple[KnownEntity, ...]:
    plain = strip_affixes(name, language)
    if plain != name and (entities := _find_entities(knowledge, plain, entity_type, language)):
        return entities
    tables = knowledge.translations.get(language, {}), knowledge.native_forms
    for words in base_phrases(name_key(plain).split(), language):
        key = " ".join(words)
        for table in tables:
            entities = tuple(
                {
                    form.entity.id: form.entity
                    for form in table.get(key, ())
                    if form.entity.type is entity_type and not form.exact
                }.values()
            )
            if entities:
                return entities
    return ()


def build_knowledge_base(aliases: Aliases, lexicon: Lexicon, table: Iterable[str] | None = None) -> KnowledgeBase:
    """Build the knowledge base from aliases, word lists and the lines of the gazetteer (the packed one by default).

    Names in other languages are left out with another gazetteer, as it may lack what they name.

    Raises:
        SettingsError: The aliases translate a name that is nowhere.
    """
    forms: KnownForms = {}
    for entity, names in _alias_entities(aliases):
        for name in names:
            _add_form(forms, name, entity, exact=_is_exact(name))
    native: list[tuple[KnownEntity, str]] = []
    countries: dict[str, KnownEntity] = {}
    regions: dict[tuple[str, str], KnownEntity] = {}
    for cells in (line.rstrip("\n").split("\t") for line in (gazetteer.read_rows() if table is None else table)):
        if cells[0] == "C":
            country, names = _country_entity(cells, aliases)
            countries[cells[1]] = country
            for name in names:
                _add_form(forms, name, country, exact=_is_exact(name) and name != country.name)
        elif cells[0] == "N":
            native.append((countries[cells[2]], cells[3]))
        elif cells[0] == "S":
            regions[cells[1], cells[2]] = _add_subdivision(forms, cells)
        elif cells[0] == "T":
            native.append((regions[cells[2], cells[3]], cells[4]))
        else:
            _add_city(forms, cells, native)
    _add_demonyms(forms, aliases)
    renamed = _rename_cities(forms, aliases)
    _locate_regions(forms, aliases)
    current = {form.entity.id: form.entity for known_forms in forms.values() for form in known_forms}
    native = [(renamed.get(entity.id) or current.get(entity.id, entity), names) for entity, names in native]
    translations = {
        language: _translated_forms(forms, names, language)
        for language, names in (aliases.translations.items() if table is None else ())
    }
    abbreviations = (item.partition("|") for items in aliases.abbreviations.values() for item in items)
    return KnowledgeBase(
        lexicon,
        forms,
        tuple(native),
        translations,
        {code: names[0] for code, names in aliases.demonyms.items()} | _ADJECTIVES,
        _nationalities(aliases),
        {name_key(short): long for short, _, long in abbreviations},
    )


def _is_exact(name: str) -> bool:
    return bool(_EXACT.fullmatch(name))


def _nationalities(aliases: Aliases) -> dict[str, str]:
    codes = {name_key(name): code for code, names in aliases.demonyms.items() for name in names}
    return codes | {name_key(name): code for code, name in _ADJECTIVES.items()}


def _longest_forms(keys: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for key in keys:
        first, _, remainder = key.partition(" ")
        longest[first] = max(longest.get(first, 0), 2 + remainder.count(" ") if remainder else 1)
    return longest


def _add_form(forms: KnownForms, name: str, entity: KnownEntity, *, exact: bool = False) -> None:
    key = name_key(name)
    if key and not any(f.entity.id == entity.id and f.text == name for f in forms.get(key, ())):
        forms[key] = (*forms.get(key, ()), KnownForm(entity, name, exact))


def _alias_entities(aliases: Aliases) -> Iterator[tuple[KnownEntity, tuple[str, ...]]]:
    """Yield the entities of the alias file with their names; countries, cities and demonyms are read elsewhere."""
    tables = (
        (aliases.organisations, EntityType.ORG, EntityKind.ALIAS),
        (aliases.people, EntityType.PERSON, EntityKind.ALIAS),
        (aliases.events, EntityType.EVENT, EntityKind.ALIAS),
        (aliases.groups, EntityType.GROUP, EntityKind.ALIAS),
        (aliases.places, EntityType.PLACE, EntityKind.AREA),
    )
    for table, entity_type, kind in tables:
        for name, other_names in table.items():
            yield KnownEntity(entity_id(entity_type, name), name, entity_type, kind, listed=True), (name, *other_names)
    for country, items in aliases.regions.items():
        for item in items:
            names = item.split("|")
            region_id = f"{entity_id(EntityType.PLACE, names[0])}-{country.lower()}"
            region = KnownEntity(region_id, names[0], EntityType.PLACE, EntityKind.REGION, country, listed=True)
            yield region, tuple(names)
    for country, items in aliases.peoples.items():
        for item in items:
            names = item.split("|")
            people_id = entity_id(EntityType.GROUP, names[0])
            people = KnownEntity(people_id, names[0], EntityType.GROUP, EntityKind.ALIAS, country, listed=True)
            yield people, tuple(names)


def _country_entity(cells: list[str], aliases: Aliases) -> tuple[KnownEntity, tuple[str, ...]]:
    """Return a country and its names; its location is its capital's."""
    _, code, name, _, lat, lon, population, native = cells
    shown, *other_names = aliases.countries.get(code, (name,))
    location = Location(lat=float(lat), lon=float(lon)) if lat else None
    country_id = entity_id(EntityType.PLACE, shown)
    country = KnownEntity(country_id, shown, EntityType.PLACE, EntityKind.COUNTRY, code, "", location, int(population))
    return country, (shown, name, *other_names, *native.split("|"))


def _translated_forms(forms: KnownForms, table: NameTable, language: str) -> KnownForms:
    """Return the forms in one language of entities that ``forms`` has under their English names.

    Raises:
        SettingsError: It has no entity of such a name.
    """
    translated: KnownForms = {}
    for name, translations in table.items():
        entities = [form.entity for form in forms.get(name_key(name), ()) if form.entity.name == name]
        if not entities:
            raise SettingsError(f"aliases.toml: translations.{language}: {name!r} is no name in another of its tables")
        entity = min(entities, key=lambda entity: (entity.kind, -entity.population))
        for translation in translations:
            is_acronym = _is_exact(translation) or (translation.isupper() and " " not in translation)
            _add_form(translated, translation, entity, exact=is_acronym)
            if translation.startswith(_ARABIC_ARTICLE):  # "to the"
                _add_form(translated, _ARABIC_TO_THE + translation.removeprefix(_ARABIC_ARTICLE), entity)
    return translated


def _add_subdivision(forms: KnownForms, cells: list[str]) -> KnownEntity:
    country, admin, name = cells[1:4]
    region_id = f"{entity_id(EntityType.PLACE, name)}-{country.lower()}"
    listed = next((f.entity for f in forms.get(name_key(name), ()) if f.entity.id == region_id), None)
    if listed:  # the alias file has it, without its code
        region = dataclasses.replace(listed, admin=admin)
        _replace_entities(forms, name, region_id, region)
        return region
    region_id = f"{region_id}-{slug(admin)}"
    region = KnownEntity(region_id, name, EntityType.PLACE, EntityKind.REGION, country, admin)
    _add_form(forms, name, region)
    return region


def _add_city(forms: KnownForms, cells: list[str], native: list[tuple[KnownEntity, str]]) -> None:
    """Add a city; cities come in order of size, so the largest of a name has the plain id."""
    country, admin, name = cells[1:4]
    lat, lon, population, native_names = cells[4:]
    city_id = f"{entity_id(EntityType.PLACE, name)}-{country.lower()}"
    if any(f.entity.id == city_id and f.entity.kind is EntityKind.CITY for f in forms.get(name_key(name), ())):
        city_id = f"{city_id}-{slug(admin)}"
    location = Location(lat=float(lat), lon=float(lon))
    city = KnownEntity(city_id, name, EntityType.PLACE, EntityKind.CITY, country, admin, location, int(population))
    namesakes = (f.entity for f in forms.get(name_key(name), ()) if f.entity.id == city_id and not f.entity.location)
    if region := next(namesakes, None):
        city = dataclasses.replace(region, location=location)  # the alias file means the region that is called so too
        forms[name_key(name)] = tuple(
            dataclasses.replace(f, entity=city) if f.entity is region else f for f in forms[name_key(name)]
        )
    _add_form(forms, name, city)
    if native_names:
        native.append((city, native_names))


def _replace_entities(forms: KnownForms, name: str, ident: str, entity: KnownEntity) -> None:
    """Let the forms of a name that name the entity with this id name ``entity``."""
    forms[name_key(name)] = tuple(
        dataclasses.replace(f, entity=entity) if f.entity.id == ident else f for f in forms[name_key(name)]
    )


def _add_demonyms(forms: KnownForms, aliases: Aliases) -> None:
    for code, names in aliases.demonyms.items():
        group_id = entity_id(EntityType.GROUP, names[0])
        group = KnownEntity(group_id, names[0], EntityType.GROUP, EntityKind.ALIAS, code)
        for name in names:
            _add_form(forms, name, group)


def _rename_cities(forms: KnownForms, aliases: Aliases) -> dict[str, KnownEntity]:
    """Show the largest city of a country that has one of these names under the first of them; add the others.

    Return the former id of each city that is shown otherwise now → the city.
    """
    renamed: dict[str, KnownEntity] = {}
    for country, items in aliases.cities.items():
        for item in items:
            names = item.split("|")
            city_id = f"{entity_id(EntityType.PLACE, names[0])}-{country.lower()}"
            candidates = (f.entity for name in names for f in forms.get(name_key(name), ()))
            cities = [c for c in candidates if c.kind is EntityKind.CITY and c.country == country]
            largest = max(cities, key=_population, default=None)
            shown = KnownEntity(
                city_id,
                names[0],
                EntityType.PLACE,
                EntityKind.CITY,
                country,
                admin=largest.admin if largest else "",
                location=largest.location if largest else None,
                population=largest.population if largest else _LISTED_POPULATION,
                listed=True,
            )
            if largest:
                renamed[largest.id] = shown
            for name in names:
                forms[name_key(name)] = tuple(f for f in forms.get(name_key(name), ()) if f.entity is not largest)
                _add_form(forms, name, shown, exact=_is_exact(name))
    return renamed


def _locate_regions(forms: KnownForms, aliases: Aliases) -> None:
    """Give regions the location of their seat or of the city of their name, states of the US that of the largest city.

    No free table has locations for the subdivisions of ISO 3166-2.
    """
    seats = {
        (code, name_key(region)): name_key(seat)
        for code, items in aliases.seats.items()
        for region, _, seat in (item.partition("|") for item in items)
    }
    cities: CitiesByName = {}
    for name, known_forms in forms.items():
        for form in known_forms:
            if form.entity.kind is EntityKind.CITY:
                _keep_larger(cities, (form.entity.country, name), form.entity)
                if form.entity.country == "US":
                    _keep_larger(cities, ("US", form.entity.admin), form.entity)
    for name, known_forms in forms.items():
        if any(form.entity.kind is EntityKind.REGION for form in known_forms):
            forms[name] = tuple(
                dataclasses.replace(form, entity=_located(form.entity, seats, cities)) for form in known_forms
            )


# Country and key of the name → the largest city of that name; of the US also state → its largest city.
CitiesByName = dict[tuple[str | None, str], KnownEntity]


def _keep_larger(cities: CitiesByName, key: tuple[str | None, str], city: KnownEntity) -> None:
    if city.location and (key not in cities or cities[key].population < city.population):
        cities[key] = city


def _located(region: KnownEntity, seats: dict[tuple[str, str], str], cities: CitiesByName) -> KnownEntity:
    if region.kind is not EntityKind.REGION or region.location:
        return region
    key = name_key(region.name)
    if region.country == "US" and region.admin and ("US", key) not in seats:
        seat = cities.get((region.country, region.admin))
    else:
        seat = cities.get((region.country, seats.get((region.country or "", key), key)))
    return dataclasses.replace(region, location=seat.location) if seat else region


def _population(entity: KnownEntity) -> int:
    return entity.population

"""Which names are known before an article is read, and who or what do they name?"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pipeline import gazetteer
from pipeline.enrich.knowledge.aliases import Aliases
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import join_initials, name_key
from pipeline.records import EntityType, Location


class EntityKind(enum.IntEnum):
    """What sort of thing a known name names; of places, the more general first."""

    ALIAS = 0  # from the alias file: organisations, people, events, groups
    COUNTRY = 1
    AREA = 2  # a region of the world, a sea, a river
    REGION = 3
    CITY = 4


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """One known entity."""

    id: str
    name: str
    type: EntityType
    kind: EntityKind
    country: str | None = None
    admin: str = ""
    location: Location | None = None
    population: int = 0
    listed: bool = False  # in the alias file


@dataclass(frozen=True, slots=True)
class KnownForm:
    """A way to write a known entity. ``exact``: only in these letters (IS, WHO)."""

    entity: KnownEntity
    text: str
    exact: bool


def slug(name: str) -> str:
    """Return a name as it stands in an entity's id: folded words joined by hyphens."""
    return name_key(name).replace(" ", "-") or "unnamed"


def entity_id(kind: EntityType, name: str) -> str:
    """Return the id of an entity: its type, a colon and the slug of its canonical name, such as ``person:jen-psaki``.

    A place in the gazetteer that isn't a country carries its country too: ``place:mosul-iq``; a subdivision also its
    ISO 3166-2 code (``place:washington-us-wa``), a smaller namesake of a city its division
    (``place:springfield-us-il``).
    """
    return f"{kind.value.lower()}:{slug(name)}"


# An acronym, or a word written in an odd way, that must not be mistaken for a common word.
_EXACT = re.compile(r"[A-Z][A-Z0-9.&-]{1,5}|[A-Z][a-z]{1,3}")


# A city that the alias file names and the gazetteer doesn't have counts as large.
_LISTED = 200_000


# Where what stands before a ministry isn't the first name of the country's people.
_ADJECTIVES = {"US": "US", "NZ": "New Zealand", "LS": "Lesotho", "BW": "Botswana"}


def _is_exact(name: str) -> bool:
    return bool(_EXACT.fullmatch(name))


@dataclass(frozen=True)
class KnowledgeBase:
    """What is known: forms by the key of the name, the words of names, and the gazetteer's names in other languages."""

    lexicon: Lexicon
    forms: dict[str, tuple[KnownForm, ...]]
    native_names: tuple[tuple[KnownEntity, str], ...] = field(repr=False, default=())
    adjectives: dict[str, str] = field(repr=False, default_factory=dict)  # country code → "Kenyan"
    nationalities: dict[str, str] = field(repr=False, default_factory=dict)  # "kenyan" → country code
    abbreviations: dict[str, str] = field(repr=False, default_factory=dict)  # "mich" → "Michigan"

    @cached_property
    def longest_forms(self) -> dict[str, int]:
        """The number of words of the longest form by its first word, so that matching looks no further."""
        return _reach(self.forms)

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """The common words that are no given names and no small words of names."""
        return self.lexicon.common - self.lexicon.given_names - self.lexicon.particles

    @cached_property
    def entity_ids(self) -> frozenset[str]:
        """The ids of all that the alias file and the gazetteer name."""
        return frozenset(form.entity.id for forms in self.forms.values() for form in forms)

    @cached_property
    def native_forms(self) -> dict[str, tuple[KnownForm, ...]]:
        """Forms for texts in other languages; built when the first of them comes."""
        made = dict(self.forms)
        for row, names in self.native_names:
            for name in names.split("|"):
                if name:
                    _add(made, name, row)
        return made

    @cached_property
    def native_longest_forms(self) -> dict[str, int]:
        """As ``reach``, of the names in other languages."""
        return _reach(self.native_forms)

    def find_entities(self, name: str, kind: EntityType, *, native: bool = False) -> tuple[KnownEntity, ...]:
        """Return the known entities of that type that ``name`` may name, in the letters in which it stands.

        ``native``: also by its names in other languages than English.
        """
        name = join_initials(name)
        spelled = name.replace(".", "")
        found = self.forms.get(name_key(name)) or (self.native_forms.get(name_key(name), ()) if native else ())
        fits = (
            f.entity for f in found if f.entity.type is kind and (not f.exact or f.text.replace(".", "") == spelled)
        )
        return tuple({row.id: row for row in fits}.values())


def _nationalities(aliases: Aliases) -> dict[str, str]:
    named = {name_key(name): code for code, names in aliases.demonyms.items() for name in names}
    return named | {name_key(name): code for code, name in _ADJECTIVES.items()}


def _reach(forms: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for form in forms:
        first, _, rest = form.partition(" ")
        longest[first] = max(longest.get(first, 0), 2 + rest.count(" ") if rest else 1)
    return longest


def _add(forms: dict[str, tuple[KnownForm, ...]], name: str, row: KnownEntity, *, exact: bool = False) -> None:
    k = name_key(name)
    if k and not any(f.entity.id == row.id and f.text == name for f in forms.get(k, ())):
        forms[k] = (*forms.get(k, ()), KnownForm(row, name, exact))


def build_knowledge_base(aliases: Aliases, lexicon: Lexicon, table: Iterable[str] | None = None) -> KnowledgeBase:
    """Return what is known from the alias file, the word lists and the rows of the gazetteer (as packed by default)."""
    forms: dict[str, tuple[KnownForm, ...]] = {}
    for row, names in _aliases(aliases):
        for name in names:
            _add(forms, name, row, exact=_is_exact(name))
    native: list[tuple[KnownEntity, str]] = []
    countries: dict[str, KnownEntity] = {}
    for cells in (line.rstrip("\n").split("\t") for line in (gazetteer.read_rows() if table is None else table)):
        if cells[0] == "C":
            row, names = _country(cells, aliases)
            countries[cells[1]] = row
            for name in names:
                _add(forms, name, row, exact=_is_exact(name) and name != row.name)
        elif cells[0] == "N":
            native.append((countries[cells[2]], cells[3]))
        else:
            _place(forms, cells, native)
    _demonyms(forms, aliases)
    _cities(forms, aliases)
    _regions(forms, aliases)
    adjectives = {code: names[0] for code, names in aliases.demonyms.items()} | _ADJECTIVES
    written = (item.partition("|") for items in aliases.abbreviations.values() for item in items)
    return KnowledgeBase(
        lexicon,
        forms,
        tuple(native),
        adjectives,
        _nationalities(aliases),
        {name_key(short): long for short, _, long in written},
    )


def _aliases(aliases: Aliases) -> Iterator[tuple[KnownEntity, tuple[str, ...]]]:
    tables = (
        (aliases.organisations, EntityType.ORG, EntityKind.ALIAS),
        (aliases.people, EntityType.PERSON, EntityKind.ALIAS),
        (aliases.events, EntityType.EVENT, EntityKind.ALIAS),
        (aliases.groups, EntityType.GROUP, EntityKind.ALIAS),
        (aliases.places, EntityType.PLACE, EntityKind.AREA),
    )
    for table, kind, sort in tables:
        for name, more in table.items():
            yield KnownEntity(entity_id(kind, name), name, kind, sort, listed=True), (name, *more)
    for country, names in aliases.regions.items():
        for joined in names:
            ident = f"{entity_id(EntityType.PLACE, _first_of(joined))}-{country.lower()}"
            yield _listed(ident, joined, EntityType.PLACE, EntityKind.REGION, country)
    for country, names in aliases.peoples.items():
        for joined in names:
            ident = entity_id(EntityType.GROUP, _first_of(joined))
            yield _listed(ident, joined, EntityType.GROUP, EntityKind.ALIAS, country)


def _first_of(joined: str) -> str:
    return joined.partition("|")[0]


def _listed(
    ident: str, joined: str, kind: EntityType, sort: EntityKind, country: str
) -> tuple[KnownEntity, tuple[str, ...]]:
    first, *others = joined.split("|")
    return KnownEntity(ident, first, kind, sort, country, listed=True), (first, *others)


def _country(cells: list[str], aliases: Aliases) -> tuple[KnownEntity, tuple[str, ...]]:
    """Return a country and its names. Its point is its capital's."""
    _, code, name, _, lat, lon, population, others = cells
    shown, *more = aliases.countries.get(code, (name,))
    point = Location(lat=float(lat), lon=float(lon)) if lat else None
    ident = entity_id(EntityType.PLACE, shown)
    row = KnownEntity(ident, shown, EntityType.PLACE, EntityKind.COUNTRY, code, "", point, int(population))
    return row, (shown, name, *more, *others.split("|"))


def _place(forms: dict[str, tuple[KnownForm, ...]], cells: list[str], native: list[tuple[KnownEntity, str]]) -> None:
    """Add a subdivision (S) or city (P). Cities come in order of size: the first of a name has the plain id."""
    country, admin, name = cells[1:4]
    ident = f"{entity_id(EntityType.PLACE, name)}-{country.lower()}"
    if cells[0] == "S":
        same = [f for f in forms.get(name_key(name), ()) if f.entity.id == ident]
        if same:  # the alias file has it, without its code
            listed = dataclasses.replace(same[0].entity, admin=admin)
            forms[name_key(name)] = tuple(
                dataclasses.replace(f, entity=listed) if f in same else f for f in forms[name_key(name)]
            )
        else:
            _add(
                forms,
                name,
                KnownEntity(f"{ident}-{slug(admin)}", name, EntityType.PLACE, EntityKind.REGION, country, admin),
            )
        return
    lat, lon, population, others = cells[4:]
    if any(f.entity.id == ident and f.entity.kind is EntityKind.CITY for f in forms.get(name_key(name), ())):
        ident = f"{ident}-{slug(admin)}"
    point = Location(lat=float(lat), lon=float(lon))
    row = KnownEntity(ident, name, EntityType.PLACE, EntityKind.CITY, country, admin, point, int(population))
    if region := next(
        (f.entity for f in forms.get(name_key(name), ()) if f.entity.id == ident and not f.entity.location), None
    ):
        row = dataclasses.replace(region, location=point)  # the alias file means the region that is called so too
        forms[name_key(name)] = tuple(
            dataclasses.replace(f, entity=row) if f.entity is region else f for f in forms[name_key(name)]
        )
    _add(forms, name, row)
    if others:
        native.append((row, others))


def _demonyms(forms: dict[str, tuple[KnownForm, ...]], aliases: Aliases) -> None:
    for code, names in aliases.demonyms.items():
        ident = entity_id(EntityType.GROUP, names[0])
        row = KnownEntity(ident, names[0], EntityType.GROUP, EntityKind.ALIAS, code)
        for name in names:
            _add(forms, name, row)


def _cities(forms: dict[str, tuple[KnownForm, ...]], aliases: Aliases) -> None:
    """Show the largest city of one of these names in the country under the first, and know it by all of them."""
    for country, names in aliases.cities.items():
        for joined in names:
            first, *others = joined.split("|")
            ident = f"{entity_id(EntityType.PLACE, first)}-{country.lower()}"
            found = [f.entity for name in (first, *others) for f in forms.get(name_key(name), ())]
            here = max(
                (r for r in found if r.kind is EntityKind.CITY and r.country == country), key=_population, default=None
            )
            shown = KnownEntity(
                ident, first, EntityType.PLACE, EntityKind.CITY, country, population=_LISTED, listed=True
            )
            if here:
                shown = dataclasses.replace(shown, admin=here.admin, location=here.location, population=here.population)
            for name in (first, *others):
                forms[name_key(name)] = tuple(f for f in forms.get(name_key(name), ()) if f.entity is not here)
                _add(forms, name, shown, exact=_is_exact(name))


def _regions(forms: dict[str, tuple[KnownForm, ...]], aliases: Aliases) -> None:
    """Give regions the point of their seat, or of the city of their name; states of the US that of their largest city.

    No free table has points for the subdivisions of ISO 3166-2.
    """
    seats = {
        (code, name_key(r)): name_key(s)
        for code, items in aliases.seats.items()
        for r, _, s in (i.partition("|") for i in items)
    }
    cities: dict[tuple[str | None, str], KnownEntity] = {}
    for name, found in forms.items():
        for form in found:
            if form.entity.kind is EntityKind.CITY:
                _larger(cities, (form.entity.country, name), form.entity)
                if form.entity.country == "US":
                    _larger(cities, ("US", form.entity.admin), form.entity)
    for name, found in forms.items():
        if any(form.entity.kind is EntityKind.REGION for form in found):
            forms[name] = tuple(dataclasses.replace(form, entity=_seated(form.entity, seats, cities)) for form in found)


def _larger(cities: dict[tuple[str | None, str], KnownEntity], place: tuple[str | None, str], row: KnownEntity) -> None:
    if row.location and (place not in cities or cities[place].population < row.population):
        cities[place] = row


def _seated(
    row: KnownEntity, seats: dict[tuple[str, str], str], cities: dict[tuple[str | None, str], KnownEntity]
) -> KnownEntity:
    if row.kind is not EntityKind.REGION or row.location:
        return row
    own = name_key(row.name)
    by_state = row.country == "US" and row.admin and ("US", own) not in seats
    seat = cities.get((row.country, row.admin if by_state else seats.get((row.country or "", own), own)))
    return dataclasses.replace(row, location=seat.location) if seat else row


def _population(row: KnownEntity) -> int:
    return row.population

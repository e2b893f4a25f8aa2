"""Which names are known before an article is read, and who or what do they name?"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pipeline import gazetteer
from pipeline.enrich.aliases import Aliases
from pipeline.enrich.lexicon import Lexicon
from pipeline.enrich.tokens import key, together
from pipeline.records import EntityType, Location


class Kind(enum.IntEnum):
    """What sort of thing a known name names; of places, the more general first."""

    ALIAS = 0  # from the alias file: organisations, people, events, groups
    COUNTRY = 1
    AREA = 2  # a region of the world, a sea, a river
    REGION = 3
    CITY = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One known entity."""

    id: str
    name: str
    type: EntityType
    kind: Kind
    country: str | None = None
    admin: str = ""
    location: Location | None = None
    population: int = 0
    listed: bool = False  # in the alias file


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a known entity. ``exact``: only in these letters (IS, WHO)."""

    row: Row
    text: str
    exact: bool


def slug(name: str) -> str:
    """Return a name as it stands in an entity's id: folded words joined by hyphens."""
    return key(name).replace(" ", "-") or "unnamed"


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
class Known:
    """What is known: forms by the key of the name, the words of names, and the gazetteer's names in other languages."""

    lexicon: Lexicon
    forms: dict[str, tuple[Form, ...]]
    native_rows: tuple[tuple[Row, str], ...] = field(repr=False, default=())
    adjectives: dict[str, str] = field(repr=False, default_factory=dict)  # country code → "Kenyan"
    nationalities: dict[str, str] = field(repr=False, default_factory=dict)  # "kenyan" → country code
    abbreviations: dict[str, str] = field(repr=False, default_factory=dict)  # "mich" → "Michigan"

    @cached_property
    def reach(self) -> dict[str, int]:
        """The number of words of the longest form by its first word, so that matching looks no further."""
        return _reach(self.forms)

    @cached_property
    def plain(self) -> frozenset[str]:
        """The common words that are no given names and no small words of names."""
        return self.lexicon.common - self.lexicon.given_names - self.lexicon.particles

    @cached_property
    def listed(self) -> frozenset[str]:
        """The ids of all that the alias file and the gazetteer name."""
        return frozenset(form.row.id for forms in self.forms.values() for form in forms)

    @cached_property
    def native(self) -> dict[str, tuple[Form, ...]]:
        """Forms for texts in other languages; built when the first of them comes."""
        made = dict(self.forms)
        for row, names in self.native_rows:
            for name in names.split("|"):
                if name:
                    _add(made, name, row)
        return made

    @cached_property
    def native_reach(self) -> dict[str, int]:
        """As ``reach``, of the names in other languages."""
        return _reach(self.native)

    def rows(self, name: str, kind: EntityType, *, native: bool = False) -> tuple[Row, ...]:
        """Return the known entities of that type that ``name`` may name, in the letters in which it stands.

        ``native``: also by its names in other languages than English.
        """
        name = together(name)
        spelled = name.replace(".", "")
        found = self.forms.get(key(name)) or (self.native.get(key(name), ()) if native else ())
        fits = (f.row for f in found if f.row.type is kind and (not f.exact or f.text.replace(".", "") == spelled))
        return tuple({row.id: row for row in fits}.values())


def _nationalities(aliases: Aliases) -> dict[str, str]:
    named = {key(name): code for code, names in aliases.demonyms.items() for name in names}
    return named | {key(name): code for code, name in _ADJECTIVES.items()}


def _reach(forms: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for form in forms:
        first, _, rest = form.partition(" ")
        longest[first] = max(longest.get(first, 0), 2 + rest.count(" ") if rest else 1)
    return longest


def _add(forms: dict[str, tuple[Form, ...]], name: str, row: Row, *, exact: bool = False) -> None:
    k = key(name)
    if k and not any(f.row.id == row.id and f.text == name for f in forms.get(k, ())):
        forms[k] = (*forms.get(k, ()), Form(row, name, exact))


def build(aliases: Aliases, lexicon: Lexicon, table: Iterable[str] | None = None) -> Known:
    """Return what is known from the alias file, the word lists and the rows of the gazetteer (as packed by default)."""
    forms: dict[str, tuple[Form, ...]] = {}
    for row, names in _aliases(aliases):
        for name in names:
            _add(forms, name, row, exact=_is_exact(name))
    native: list[tuple[Row, str]] = []
    countries: dict[str, Row] = {}
    for cells in (line.rstrip("\n").split("\t") for line in (gazetteer.rows() if table is None else table)):
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
    return Known(
        lexicon,
        forms,
        tuple(native),
        adjectives,
        _nationalities(aliases),
        {key(short): long for short, _, long in written},
    )


def _aliases(aliases: Aliases) -> Iterator[tuple[Row, tuple[str, ...]]]:
    tables = (
        (aliases.organisations, EntityType.ORG, Kind.ALIAS),
        (aliases.people, EntityType.PERSON, Kind.ALIAS),
        (aliases.events, EntityType.EVENT, Kind.ALIAS),
        (aliases.groups, EntityType.GROUP, Kind.ALIAS),
        (aliases.places, EntityType.PLACE, Kind.AREA),
    )
    for table, kind, sort in tables:
        for name, more in table.items():
            yield Row(entity_id(kind, name), name, kind, sort, listed=True), (name, *more)
    for country, names in aliases.regions.items():
        for joined in names:
            ident = f"{entity_id(EntityType.PLACE, _first_of(joined))}-{country.lower()}"
            yield _listed(ident, joined, EntityType.PLACE, Kind.REGION, country)
    for country, names in aliases.peoples.items():
        for joined in names:
            ident = entity_id(EntityType.GROUP, _first_of(joined))
            yield _listed(ident, joined, EntityType.GROUP, Kind.ALIAS, country)


def _first_of(joined: str) -> str:
    return joined.partition("|")[0]


def _listed(ident: str, joined: str, kind: EntityType, sort: Kind, country: str) -> tuple[Row, tuple[str, ...]]:
    first, *others = joined.split("|")
    return Row(ident, first, kind, sort, country, listed=True), (first, *others)


def _country(cells: list[str], aliases: Aliases) -> tuple[Row, tuple[str, ...]]:
    """Return a country and its names. Its point is its capital's."""
    _, code, name, _, lat, lon, population, others = cells
    shown, *more = aliases.countries.get(code, (name,))
    point = Location(lat=float(lat), lon=float(lon)) if lat else None
    ident = entity_id(EntityType.PLACE, shown)
    row = Row(ident, shown, EntityType.PLACE, Kind.COUNTRY, code, "", point, int(population))
    return row, (shown, name, *more, *others.split("|"))


def _place(forms: dict[str, tuple[Form, ...]], cells: list[str], native: list[tuple[Row, str]]) -> None:
    """Add a subdivision (S) or city (P). Cities come in order of size: the first of a name has the plain id."""
    country, admin, name = cells[1:4]
    ident = f"{entity_id(EntityType.PLACE, name)}-{country.lower()}"
    if cells[0] == "S":
        same = [f for f in forms.get(key(name), ()) if f.row.id == ident]
        if same:  # the alias file has it, without its code
            listed = dataclasses.replace(same[0].row, admin=admin)
            forms[key(name)] = tuple(dataclasses.replace(f, row=listed) if f in same else f for f in forms[key(name)])
        else:
            _add(forms, name, Row(f"{ident}-{slug(admin)}", name, EntityType.PLACE, Kind.REGION, country, admin))
        return
    lat, lon, population, others = cells[4:]
    if any(f.row.id == ident and f.row.kind is Kind.CITY for f in forms.get(key(name), ())):
        ident = f"{ident}-{slug(admin)}"
    point = Location(lat=float(lat), lon=float(lon))
    row = Row(ident, name, EntityType.PLACE, Kind.CITY, country, admin, point, int(population))
    if region := next((f.row for f in forms.get(key(name), ()) if f.row.id == ident and not f.row.location), None):
        row = dataclasses.replace(region, location=point)  # the alias file means the region that is called so too
        forms[key(name)] = tuple(dataclasses.replace(f, row=row) if f.row is region else f for f in forms[key(name)])
    _add(forms, name, row)
    if others:
        native.append((row, others))


def _demonyms(forms: dict[str, tuple[Form, ...]], aliases: Aliases) -> None:
    for code, names in aliases.demonyms.items():
        ident = entity_id(EntityType.GROUP, names[0])
        row = Row(ident, names[0], EntityType.GROUP, Kind.ALIAS, code)
        for name in names:
            _add(forms, name, row)


def _cities(forms: dict[str, tuple[Form, ...]], aliases: Aliases) -> None:
    """Show the largest city of one of these names in the country under the first, and know it by all of them."""
    for country, names in aliases.cities.items():
        for joined in names:
            first, *others = joined.split("|")
            ident = f"{entity_id(EntityType.PLACE, first)}-{country.lower()}"
            found = [f.row for name in (first, *others) for f in forms.get(key(name), ())]
            here = max(
                (r for r in found if r.kind is Kind.CITY and r.country == country), key=_population, default=None
            )
            shown = Row(ident, first, EntityType.PLACE, Kind.CITY, country, population=_LISTED, listed=True)
            if here:
                shown = dataclasses.replace(shown, admin=here.admin, location=here.location, population=here.population)
            for name in (first, *others):
                forms[key(name)] = tuple(f for f in forms.get(key(name), ()) if f.row is not here)
                _add(forms, name, shown, exact=_is_exact(name))


def _regions(forms: dict[str, tuple[Form, ...]], aliases: Aliases) -> None:
    """Give regions the point of their seat, or of the city of their name; states of the US that of their largest city.

    No free table has points for the subdivisions of ISO 3166-2.
    """
    seats = {
        (code, key(r)): key(s) for code, items in aliases.seats.items() for r, _, s in (i.partition("|") for i in items)
    }
    cities: dict[tuple[str | None, str], Row] = {}
    for name, found in forms.items():
        for form in found:
            if form.row.kind is Kind.CITY:
                _larger(cities, (form.row.country, name), form.row)
                if form.row.country == "US":
                    _larger(cities, ("US", form.row.admin), form.row)
    for name, found in forms.items():
        if any(form.row.kind is Kind.REGION for form in found):
            forms[name] = tuple(dataclasses.replace(form, row=_seated(form.row, seats, cities)) for form in found)


def _larger(cities: dict[tuple[str | None, str], Row], place: tuple[str | None, str], row: Row) -> None:
    if row.location and (place not in cities or cities[place].population < row.population):
        cities[place] = row


def _seated(row: Row, seats: dict[tuple[str, str], str], cities: dict[tuple[str | None, str], Row]) -> Row:
    if row.kind is not Kind.REGION or row.location:
        return row
    own = key(row.name)
    by_state = row.country == "US" and row.admin and ("US", own) not in seats
    seat = cities.get((row.country, row.admin if by_state else seats.get((row.country or "", own), own)))
    return dataclasses.replace(row, location=seat.location) if seat else row


def _population(row: Row) -> int:
    return row.population

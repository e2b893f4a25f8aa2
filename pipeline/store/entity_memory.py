"""What is known of names across articles? Entities, how they were written, and which articles name them.

An instance serves one transaction: it reads what a batch will ask for, overlays what the batch adds, and writes that in
``flush``. Transactions that change names follow one another, so that two workers never make two entities of one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.entity_records import RememberedEntity, RememberedForm
from pipeline.records import Entity, Names, Stage, from_json
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.schema.articles import records
from pipeline.store.schema.entities import entities, entity_articles, entity_forms
from pipeline.store.statements import among

# So many of the latest articles about an entity say in whose company it is named.
_LATEST = 20
# A name is shown when it is used this many times as often as the one shown until then, by so many articles.
_TIMES, _FEWEST = 2, 3


class _Row(NamedTuple):
    """A form of an entity as it is stored."""

    entity: str
    surface: str
    how: str
    sound: str | None
    articles: int
    last_seen: dt.datetime


class EntityMemory:
    """The names of a ledger, as one transaction sees and changes them; an enrich.FormMemory."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        take_advisory_lock(connection, AdvisoryLock.ENTITIES)
        self._forms: dict[str, dict[tuple[str, str], _Row]] = defaultdict(dict)  # key → (entity, surface) → row
        self._sounds: dict[str, dict[str, None]] = defaultdict(dict)  # sound → its keys
        self._shown: dict[str, tuple[str, str | None]] = {}  # entity → its name and country
        self._added: Counter[tuple[str, str, str]] = Counter()  # (key, entity, surface) → articles more or less
        self._articles: Counter[str] = Counter()  # entity → articles more or less
        self._seen: dict[str, tuple[Entity, bool, dt.datetime, dt.datetime]] = {}
        self._named: dict[tuple[str, int], bool] = {}  # (entity, article) → whether it is named there

    # reading ----------------------------------------------------------------------------------------------------------

    def load_forms(self, keys: Collection[str], sounds: Collection[str]) -> None:
        """Read the forms that a batch will ask for, all at once."""
        c = entity_forms.c
        statement = sa.select(c.key, c.surface, c.how, c.sound, c.articles, c.last_seen, entities.c.id, entities.c.name)
        statement = statement.add_columns(entities.c.country)
        joined = statement.join(entities, entities.c.n == c.entity)
        for column, values in ((c.key, keys), (c.sound, sounds)):
            for row in self._connection.execute(joined.where(among(self._connection, column, values))):
                made = _Row(row.id, row.surface, row.how, row.sound, row.articles, row.last_seen)
                self._forms[row.key].setdefault((row.id, row.surface), made)
                self._shown.setdefault(row.id, (row.name, row.country))
                if row.sound:
                    self._sounds[row.sound][row.key] = None

    def load_counted_names(self, ids: Collection[str]) -> dict[str, Names]:
        """Return id → the names that were counted for the articles before: those of the latest version that has any."""
        c = records.c
        statement = sa.select(c.id, c.data).where(c.stage == Stage.ENRICH, among(self._connection, c.id, ids))
        rows = self._connection.execute(statement.order_by(c.version))
        return {row.id: from_json(row.data, Names) for row in rows}

    def find_owners(self, key: str) -> Sequence[RememberedEntity]:
        """Return the entities that were written so, those named in most articles first."""
        return self._owners((key,))

    def find_sounding(self, sound: str) -> Sequence[RememberedEntity]:
        """Return the entities whose full names sound so."""
        return self._owners(self._sounds.get(sound, ()))

    def _owners(self, keys: Iterable[str]) -> list[RememberedEntity]:
        rows: dict[str, list[_Row]] = defaultdict(list)
        for key in keys:
            for row in self._forms.get(key, {}).values():
                if row.articles > 0:
                    rows[row.entity].append(row)
        made = [
            RememberedEntity(
                entity=entity,
                name=self._shown[entity][0],
                country=self._shown[entity][1],
                articles=sum(r.articles for r in found),
                last_seen=max(r.last_seen for r in found),
            )
            for entity, found in rows.items()
        ]
        return sorted(made, key=lambda o: (-o.articles, o.entity))

    def find_company(self, entity: str) -> Collection[str]:
        """Return the entities that the latest articles about ``entity`` name too."""
        a, b, other = entity_articles, entity_articles.alias(), entities.alias()
        mine = sa.select(a.c.seq).join(entities, entities.c.n == a.c.entity).where(entities.c.id == entity)
        latest = mine.order_by(a.c.seq.desc()).limit(_LATEST)
        both = sa.select(other.c.id).join(b, b.c.entity == other.c.n).where(b.c.seq.in_(latest)).distinct()
        found = set(self._connection.scalars(both))
        here = {seq for (one, seq), named in self._named.items() if one == entity and named}
        return (found | {one for (one, seq), named in self._named.items() if seq in here and named}) - {entity}

    # changing ---------------------------------------------------------------------------------------------------------

    def add_names(
        self, seq: int, at: dt.datetime, names: Names, forms: Sequence[RememberedForm], fixed: Collection[str]
    ) -> None:
        """Count an article's names; ``fixed`` are the entities whose name isn't elected."""
        for entity in names.entities:
            self._articles[entity.id] += 1
            self._named[entity.id, seq] = True
            self._shown.setdefault(entity.id, (entity.name, entity.country))
            first, last = self._seen[entity.id][2:] if entity.id in self._seen else (at, at)
            self._seen[entity.id] = (entity, entity.id in fixed, min(first, at), max(last, at))
        for form in forms:
            self._count(form, 1, at)

    def subtract_names(self, seq: int, names: Names, forms: Sequence[RememberedForm]) -> None:
        """Count an article's names no longer."""
        for entity in names.entities:
            self._articles[entity.id] -= 1
            self._named[entity.id, seq] = False
        for form in forms:
            self._count(form, -1, None)

    def _count(self, form: RememberedForm, more: int, at: dt.datetime | None) -> None:
        rows, place = self._forms[form.key], (form.entity, form.surface)
        if place not in rows and at is None:
            return
        seen = at or rows[place].last_seen
        old = rows.get(place) or _Row(form.entity, form.surface, form.how, form.sound, 0, seen)
        rows[place] = old._replace(articles=max(0, old.articles + more), last_seen=max(old.last_seen, seen))
        if form.sound:
            self._sounds[form.sound][form.key] = None
        self._added[form.key, form.entity, form.surface] += more

    def flush(self) -> list[str]:
        """Write what was counted; return the entities that are shown under another name now."""
        numbers = self._enter()
        grown = self._grow(numbers)
        self._write_articles(numbers)
        self._write_forms(numbers)
        return self._give(numbers) + self._elect(grown)

    def _enter(self) -> dict[str, int]:
        """Enter entities that are new; return the numbers of all that changed."""
        c, connection = entities.c, self._connection
        known = sa.select(c.id, c.n).where(among(connection, c.id, sorted(self._articles)))
        numbers = {row.id: row.n for row in connection.execute(known)}
        new = [one for ident, one in sorted(self._seen.items()) if ident not in numbers]
        if new:
            rows = [
                {**_entity_row(one, fixed=fixed), "articles": 0, "first_seen": first, "last_seen": last}
                for one, fixed, first, last in new
            ]
            connection.execute(entities.insert(), rows)
        return {row.id: row.n for row in connection.execute(known)} if new else numbers

    def _grow(self, numbers: dict[str, int]) -> list[int]:
        """Count the articles of each entity; return those whose count has doubled, as names are elected anew then."""
        c, connection = entities.c, self._connection
        counted = sa.select(c.n, c.id, c.articles, c.fixed, c.first_seen, c.last_seen)
        rows = connection.execute(counted.where(among(connection, c.n, sorted(numbers.values())))).all()
        changes, grown = [], []
        for row in rows:
            articles = max(0, row.articles + self._articles[row.id])
            _, _, first, last = self._seen.get(row.id) or (None, None, row.first_seen, row.last_seen)
            seen = {"first": min(first, row.first_seen), "last": max(last, row.last_seen)}
            changes.append({"number": row.n, "counted": articles, **seen})
            if not row.fixed and articles.bit_length() > row.articles.bit_length():
                grown.append(row.n)
        if changes:
            statement = entities.update().where(c.n == sa.bindparam("number"))
            first, last = sa.bindparam("first", type_=c.first_seen.type), sa.bindparam("last", type_=c.last_seen.type)
            counted_anew = statement.values(articles=sa.bindparam("counted"), first_seen=first, last_seen=last)
            connection.execute(counted_anew, changes)
        return grown

    def _write_articles(self, numbers: dict[str, int]) -> None:
        table, connection = entity_articles, self._connection
        pairs = [(numbers[one], seq, named) for (one, seq), named in self._named.items() if one in numbers]
        gone = [{"old_entity": n, "old_seq": seq} for n, seq, _ in pairs]
        if gone:
            one = (table.c.entity == sa.bindparam("old_entity")) & (table.c.seq == sa.bindparam("old_seq"))
            connection.execute(sa.delete(table).where(one), gone)
        if rows := [{"entity": n, "seq": seq} for n, seq, named in sorted(pairs) if named]:
            connection.execute(table.insert(), rows)

    def _write_forms(self, numbers: dict[str, int]) -> None:
        table, connection = entity_forms, self._connection
        changed = [(k, e, s) for (k, e, s), more in sorted(self._added.items()) if more and e in numbers]
        if not changed:
            return
        same = (
            (table.c.key == sa.bindparam("old_key"))
            & (table.c.entity == sa.bindparam("old_entity"))
            & (table.c.surface == sa.bindparam("old_surface"))
        )
        first = self._first_seen(changed, numbers)
        old = [{"old_key": k, "old_entity": numbers[e], "old_surface": s} for k, e, s in changed]
        connection.execute(sa.delete(table).where(same), old)
        rows = []
        for key, entity, surface in changed:
            row = self._forms[key][entity, surface]
            if row.articles > 0:
                seen = {"last_seen": row.last_seen, "first_seen": first.get((key, entity, surface), row.last_seen)}
                place = {"key": key, "entity": numbers[entity], "surface": surface}
                rows.append({**place, "sound": row.sound, "how": row.how, "articles": row.articles, **seen})
        if rows:
            connection.execute(table.insert(), rows)

    def _first_seen(
        self, changed: Sequence[tuple[str, str, str]], numbers: dict[str, int]
    ) -> dict[tuple[str, str, str], dt.datetime]:
        c, connection = entity_forms.c, self._connection
        entity_of = {n: ident for ident, n in numbers.items()}
        wanted = sa.select(c.key, c.entity, c.surface, c.first_seen)
        rows = connection.execute(wanted.where(among(connection, c.key, sorted({k for k, _, _ in changed}))))
        return {(r.key, entity_of[r.entity], r.surface): r.first_seen for r in rows if r.entity in entity_of}

    def _give(self, numbers: dict[str, int]) -> list[str]:
        """Give entities the names that the alias file and the gazetteer have for them now; return those renamed."""
        c, connection = entities.c, self._connection
        given = {numbers[k]: entity for k, (entity, fixed, *_) in self._seen.items() if fixed}
        rows = connection.execute(sa.select(c.n, c.name, c.fixed).where(among(connection, c.n, sorted(given)))).all()
        changed = [row.n for row in rows if row.name != given[row.n].name or not row.fixed]
        for number in changed:
            values = {k: v for k, v in _entity_row(given[number], fixed=True).items() if k != "id"}
            connection.execute(entities.update().where(c.n == number).values(**values))
        return [given[number].id for number in changed]

    def _elect(self, grown: Sequence[int]) -> list[str]:
        """Elect the names of entities anew; return the ids of those that have another one."""
        c, f, connection = entities.c, entity_forms.c, self._connection
        if not grown:
            return []
        wanted = sa.select(c.n, c.id, c.name, f.surface, f.articles).join(entity_forms, f.entity == c.n)
        ballots: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
        for row in connection.execute(wanted.where(among(connection, c.n, grown), f.how == "full")):
            ballots[row.n, row.id, row.name][row.surface] += row.articles
        renamed = []
        for (number, ident, shown), votes in ballots.items():
            best, most = max(votes.items(), key=lambda vote: (vote[1], not vote[0].isupper(), vote[0]))
            if best != shown and most >= max(_FEWEST, _TIMES * votes[shown]):
                connection.execute(entities.update().where(c.n == number).values(name=best))
                renamed.append(ident)
        return renamed


def subtract_articles(connection: sa.Connection, seqs: Sequence[int]) -> None:
    """Count the articles ``seqs`` no longer."""
    a, c = entity_articles.c, entities.c
    which = among(connection, a.seq, seqs)
    lost = sa.select(a.entity, sa.func.count().label("lost")).where(which).group_by(a.entity)
    changes = [{"number": row.entity, "less": row.lost} for row in connection.execute(lost)]
    if changes:
        less = entities.update().where(c.n == sa.bindparam("number"))
        connection.execute(less.values(articles=c.articles - sa.bindparam("less")), changes)
        connection.execute(sa.delete(entity_articles).where(which))


def delete_rare_forms(connection: sa.Connection, before: dt.datetime) -> int:
    """Forget the forms that one article alone used, before that time; return how many."""
    f = entity_forms.c
    return connection.execute(sa.delete(entity_forms).where(f.articles <= 1, f.last_seen < before)).rowcount


def _entity_row(entity: Entity, *, fixed: bool) -> dict[str, object]:
    at = entity.location
    return {
        "id": entity.id,
        "type": entity.type,
        "name": entity.name,
        "fixed": fixed,
        "country": entity.country,
        "lat": at.lat if at else None,
        "lon": at.lon if at else None,
    }

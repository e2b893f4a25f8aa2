"""Keep what enrich remembers across articles: entities, their surface forms, and which articles name them.

An instance serves one transaction: it reads what a batch will ask for, overlays what the batch adds, and writes that in
``flush``. Transactions that change entities follow one another, so that two workers never make two entities of one.
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

# so many of the latest articles about an entity say in whose company it is named
_LATEST = 20
# a name is shown when it is used so many times as often as the one shown until then, by at least so many articles
_TIMES, _FEWEST = 2, 3


class _FormRow(NamedTuple):
    """A surface form of an entity as it is stored."""

    entity: str
    surface: str
    how: str
    sound: str | None
    articles: int
    last_seen: dt.datetime


class EntityMemory:
    """The entities of a ledger, as one transaction sees and changes them; an enrich.FormMemory."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        take_advisory_lock(connection, AdvisoryLock.ENTITIES)
        self._forms: dict[str, dict[tuple[str, str], _FormRow]] = defaultdict(dict)  # key → (entity, surface) → row
        self._sounds: dict[str, dict[str, None]] = defaultdict(dict)  # sound → its keys
        self._shown: dict[str, tuple[str, str | None]] = {}  # entity → its name and country
        self._form_changes: Counter[tuple[str, str, str]] = Counter()  # (key, entity, surface) → articles more or less
        self._article_changes: Counter[str] = Counter()  # entity → articles more or less
        # entity → itself, whether its name is fixed, and when the batch's articles saw it first and last
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
                form = _FormRow(row.id, row.surface, row.how, row.sound, row.articles, row.last_seen)
                self._forms[row.key].setdefault((row.id, row.surface), form)
                self._shown.setdefault(row.id, (row.name, row.country))
                if row.sound:
                    self._sounds[row.sound][row.key] = None

    def load_counted_names(self, ids: Collection[str]) -> dict[str, Names]:
        """Return id → the names that are counted for each article: those of the latest version that has any."""
        c = records.c
        statement = sa.select(c.id, c.data).where(c.stage == Stage.ENRICH, among(self._connection, c.id, ids))
        rows = self._connection.execute(statement.order_by(c.version))
        return {row.id: from_json(row.data, Names) for row in rows}

    def find_owners(self, key: str) -> Sequence[RememberedEntity]:
        """Return the entities that were written so, those named in most articles first."""
        return self._load_owners((key,))

    def find_sounding(self, sound: str) -> Sequence[RememberedEntity]:
        """Return the entities whose full names sound so."""
        return self._load_owners(self._sounds.get(sound, ()))

    def _load_owners(self, keys: Iterable[str]) -> list[RememberedEntity]:
        forms_by_entity: dict[str, list[_FormRow]] = defaultdict(list)
        for key in keys:
            for form in self._forms.get(key, {}).values():
                if form.articles > 0:
                    forms_by_entity[form.entity].append(form)
        owners = [
            RememberedEntity(
                entity=entity,
                name=self._shown[entity][0],
                country=self._shown[entity][1],
                articles=sum(form.articles for form in forms),
                last_seen=max(form.last_seen for form in forms),
            )
            for entity, forms in forms_by_entity.items()
        ]
        return sorted(owners, key=lambda owner: (-owner.articles, owner.entity))

    def find_company(self, entity: str) -> Collection[str]:
        """Return the entities that the latest articles about ``entity`` name too."""
        mentions, companions, company = entity_articles.c, entity_articles.alias(), entities.alias().c
        about = sa.select(mentions.seq).join(entities, entities.c.n == mentions.entity).where(entities.c.id == entity)
        latest = about.order_by(mentions.seq.desc()).limit(_LATEST)
        named_together = sa.select(company.id).join(companions, companions.c.entity == company.n)
        stored = set(self._connection.scalars(named_together.where(companions.c.seq.in_(latest)).distinct()))
        mentioned = [pair for pair, is_named in self._named.items() if is_named]
        seqs = {seq for ident, seq in mentioned if ident == entity}
        return (stored | {ident for ident, seq in mentioned if seq in seqs}) - {entity}

    # changing ---------------------------------------------------------------------------------------------------------

    def add_names(
        self, seq: int, at: dt.datetime, names: Names, forms: Sequence[RememberedForm], fixed: Collection[str]
    ) -> None:
        """Count an article's names; ``fixed`` are the entities whose name isn't elected."""
        for entity in names.entities:
            self._article_changes[entity.id] += 1
            self._named[entity.id, seq] = True
            self._shown.setdefault(entity.id, (entity.name, entity.country))
            first, last = self._seen[entity.id][2:] if entity.id in self._seen else (at, at)
            self._seen[entity.id] = (entity, entity.id in fixed, min(first, at), max(last, at))
        for form in forms:
            self._count(form, 1, at)

    def subtract_names(self, seq: int, names: Names, forms: Sequence[RememberedForm]) -> None:
        """Count an article's names no longer."""
        for entity in names.entities:
            self._article_changes[entity.id] -= 1
            self._named[entity.id, seq] = False
        for form in forms:
            self._count(form, -1, None)

    def _count(self, form: RememberedForm, change: int, at: dt.datetime | None) -> None:
        """Count a form in one article more (``change`` 1, seen ``at``) or less (-1)."""
        rows, key = self._forms[form.key], (form.entity, form.surface)
        if key not in rows and at is None:
            return
        last_seen = at or rows[key].last_seen
        old = rows.get(key) or _FormRow(form.entity, form.surface, form.how, form.sound, 0, last_seen)
        rows[key] = old._replace(articles=max(0, old.articles + change), last_seen=max(old.last_seen, last_seen))
        if form.sound:
            self._sounds[form.sound][form.key] = None
        self._form_changes[form.key, form.entity, form.surface] += change

    def flush(self) -> list[str]:
        """Write what was counted; return the entities that are shown under another name now."""
        numbers = self._insert_new_entities()
        grown = self._update_counts(numbers)
        self._write_articles(numbers)
        self._write_forms(numbers)
        return self._set_fixed_names(numbers) + self._elect_names(grown)

    def _insert_new_entities(self) -> dict[str, int]:
        """Insert entities that are new; return id → number of all that changed."""
        c, connection = entities.c, self._connection
        stored = sa.select(c.id, c.n).where(among(connection, c.id, sorted(self._article_changes)))
        numbers = {row.id: row.n for row in connection.execute(stored)}
        new = [entry for ident, entry in sorted(self._seen.items()) if ident not in numbers]
        if new:
            rows = [
                {**_entity_row(entity, fixed=fixed), "articles": 0, "first_seen": first, "last_seen": last}
                for entity, fixed, first, last in new
            ]
            connection.execute(entities.insert(), rows)
        return {row.id: row.n for row in connection.execute(stored)} if new else numbers

    def _update_counts(self, numbers: dict[str, int]) -> list[int]:
        """Count the articles of each entity; return those whose count has doubled, as names are elected anew then."""
        c, connection = entities.c, self._connection
        counted = sa.select(c.n, c.id, c.articles, c.fixed, c.first_seen, c.last_seen)
        rows = connection.execute(counted.where(among(connection, c.n, sorted(numbers.values())))).all()
        changes, grown = [], []
        for row in rows:
            articles = max(0, row.articles + self._article_changes[row.id])
            _, _, first, last = self._seen.get(row.id) or (None, None, row.first_seen, row.last_seen)
            times = {"first": min(first, row.first_seen), "last": max(last, row.last_seen)}
            changes.append({"number": row.n, "counted": articles, **times})
            if not row.fixed and articles.bit_length() > row.articles.bit_length():
                grown.append(row.n)
        if changes:
            statement = entities.update().where(c.n == sa.bindparam("number"))
            first, last = sa.bindparam("first", type_=c.first_seen.type), sa.bindparam("last", type_=c.last_seen.type)
            statement = statement.values(articles=sa.bindparam("counted"), first_seen=first, last_seen=last)
            connection.execute(statement, changes)
        return grown

    def _write_articles(self, numbers: dict[str, int]) -> None:
        connection = self._connection
        changed = [
            (numbers[ident], seq, is_named) for (ident, seq), is_named in self._named.items() if ident in numbers
        ]
        if changed:
            is_pair = (entity_articles.c.entity == sa.bindparam("old_entity")) & (
                entity_articles.c.seq == sa.bindparam("old_seq")
            )
            pairs = [{"old_entity": number, "old_seq": seq} for number, seq, _ in changed]
            connection.execute(sa.delete(entity_articles).where(is_pair), pairs)
        if rows := [{"entity": number, "seq": seq} for number, seq, is_named in sorted(changed) if is_named]:
            connection.execute(entity_articles.insert(), rows)

    def _write_forms(self, numbers: dict[str, int]) -> None:
        connection = self._connection
        changed = [key for key, change in sorted(self._form_changes.items()) if change and key[1] in numbers]
        if not changed:
            return
        is_form = (
            (entity_forms.c.key == sa.bindparam("old_key"))
            & (entity_forms.c.entity == sa.bindparam("old_entity"))
            & (entity_forms.c.surface == sa.bindparam("old_surface"))
        )
        first_seen = self._load_first_seen(changed, numbers)
        old = [{"old_key": k, "old_entity": numbers[e], "old_surface": s} for k, e, s in changed]
        connection.execute(sa.delete(entity_forms).where(is_form), old)
        rows = []
        for key, entity, surface in changed:
            row = self._forms[key][entity, surface]
            if row.articles > 0:
                rows.append(
                    {
                        "key": key,
                        "entity": numbers[entity],
                        "surface": surface,
                        "sound": row.sound,
                        "how": row.how,
                        "articles": row.articles,
                        "last_seen": row.last_seen,
                        "first_seen": first_seen.get((key, entity, surface), row.last_seen),
                    }
                )
        if rows:
            connection.execute(entity_forms.insert(), rows)

    def _load_first_seen(
        self, changed: Sequence[tuple[str, str, str]], numbers: dict[str, int]
    ) -> dict[tuple[str, str, str], dt.datetime]:
        c, connection = entity_forms.c, self._connection
        entity_of = {n: ident for ident, n in numbers.items()}
        wanted = sa.select(c.key, c.entity, c.surface, c.first_seen)
        rows = connection.execute(wanted.where(among(connection, c.key, sorted({k for k, _, _ in changed}))))
        return {(r.key, entity_of[r.entity], r.surface): r.first_seen for r in rows if r.entity in entity_of}

    def _set_fixed_names(self, numbers: dict[str, int]) -> list[str]:
        """Give entities the names that the alias file and the gazetteer have for them now; return those renamed."""
        c, connection = entities.c, self._connection
        given = {numbers[k]: entity for k, (entity, fixed, *_) in self._seen.items() if fixed}
        rows = connection.execute(sa.select(c.n, c.name, c.fixed).where(among(connection, c.n, sorted(given)))).all()
        changed = [row.n for row in rows if row.name != given[row.n].name or not row.fixed]
        for number in changed:
            values = {k: v for k, v in _entity_row(given[number], fixed=True).items() if k != "id"}
            connection.execute(entities.update().where(c.n == number).values(**values))
        return [given[number].id for number in changed]

    def _elect_names(self, grown: Sequence[int]) -> list[str]:
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
    condition = among(connection, a.seq, seqs)
    lost = sa.select(a.entity, sa.func.count().label("lost")).where(condition).group_by(a.entity)
    changes = [{"number": row.entity, "less": row.lost} for row in connection.execute(lost)]
    if changes:
        statement = entities.update().where(c.n == sa.bindparam("number"))
        connection.execute(statement.values(articles=c.articles - sa.bindparam("less")), changes)
        connection.execute(sa.delete(entity_articles).where(condition))


def delete_rare_forms(connection: sa.Connection, until: dt.datetime) -> int:
    """Forget the forms that one article alone used, and that were last seen before ``until``; return how many."""
    f = entity_forms.c
    return connection.execute(sa.delete(entity_forms).where(f.articles <= 1, f.last_seen < until)).rowcount


def _entity_row(entity: Entity, *, fixed: bool) -> dict[str, object]:
    location = entity.location
    return {
        "id": entity.id,
        "type": entity.type,
        "name": entity.name,
        "fixed": fixed,
        "country": entity.country,
        "lat": location.lat if location else None,
        "lon": location.lon if location else None,
    }

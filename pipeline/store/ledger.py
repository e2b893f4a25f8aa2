"""Where does each article stand, and what did the stages make of it?

An item waits for one stage at a time. A worker claims items under a lease, works without holding any transaction, and
finishes them: record, outcome and the step to the next stage are saved in one transaction, or none of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.records import Entry, Outcome, Reason, Record, Stage
from pipeline.store import entity_catalog, losses, sketch_index
from pipeline.store.article_addresses import ArticleAddresses, optional_address_key
from pipeline.store.engine import Database, among, insert_new, upsert
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED, ArticleRow, NewArticle, OutcomeRow, StageResult
from pipeline.store.schema.articles import addresses, items, outcomes, records
from pipeline.store.schema.bookkeeping import locks
from pipeline.store.stage_records import StageRecords, record_row
from pipeline.store.unwanted import PendingRemovals

# Why an article that stands in the index is taken out of it, and not left as it was.
_WITHDRAWN = frozenset({Reason.DUPLICATE, Reason.NO_INDEX})
_THROUGH = sa.and_(items.c.state == PENDING, items.c.stage.is_(None))
_ITEM = [items.c[name] for name in ArticleRow.__struct_fields__]


class Ledger(ArticleAddresses, StageRecords):
    """The items, records and outcomes of a database, on behalf of ``owner``."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database)
        self._owner = owner

    # arriving --------------------------------------------------------------------------------------------------------

    def insert_articles(
        self, connection: sa.Connection, arrivals: Sequence[NewArticle], now: dt.datetime, how: str | None = None
    ) -> list[str]:
        """Take in what is new, in order; return the ids that were. What is known stays as it is.

        ``how`` is told in the history of what came otherwise than by a feed.
        """
        entered = []
        known = self.find_ids_by_url(connection, [a.url for a in arrivals])
        for arrival in arrivals:
            key = optional_address_key(arrival.url) or f"id:{arrival.id}"
            if key in known or not insert_new(connection, addresses, [{"key": key, "id": arrival.id}]):
                continue
            connection.execute(
                items.insert().values(
                    id=arrival.id,
                    source=arrival.source,
                    url=arrival.url,
                    first_seen=arrival.first_seen,
                    stage=arrival.stage,
                    state=PENDING,
                    due=now,
                )
            )
            made = [record_row(arrival.id, stage, 1, now, record) for stage, record in arrival.records]
            upsert(connection, records, made)
            entered.append(arrival.id)
        append_outcomes(connection, [_outcome_row(i, Stage.POLL, now, Outcome.DONE, None, how) for i in entered])
        return entered

    def update_entry(self, connection: sa.Connection, item: ArticleRow, entry: Entry, now: dt.datetime) -> None:
        """Note what a feed says of a known article now."""
        upsert(connection, records, [record_row(item.id, Stage.POLL, item.version, now, entry)])
        connection.execute(items.update().where(items.c.id == item.id).values(url=entry.url))

    def start_version(
        self, connection: sa.Connection, item: ArticleRow, stage: Stage, now: dt.datetime, record: Record | None = None
    ) -> None:
        """Send an article back to ``stage``, as its next version; ``record`` is what the stage before made of that."""
        stands = item.stage in {None, Stage.INDEX} and item.state == PENDING
        version = item.version + 1 if stands else item.version
        # what waits for the index waits for it again should nothing have changed
        revision = items.c.revision + 1 if item.stage == Stage.INDEX else items.c.revision
        change = {"version": version, "stage": stage, "state": PENDING, "due": now, "attempts": 0, "revision": revision}
        # who claimed it since ``item`` was read has another version in hand
        free = {"lease_owner": None, "lease_until": None}
        connection.execute(items.update().where(items.c.id == item.id).values(**change, **free))
        if record is not None:
            made = list(Stage)[list(Stage).index(stage) - 1]
            upsert(connection, records, [record_row(item.id, made, version, now, record)])
        append_outcomes(
            connection, [_outcome_row(item.id, Stage.POLL, now, Outcome.DONE, None, f"changed: version {version}")]
        )

    def replace_record(
        self, connection: sa.Connection, item: ArticleRow, stage: Stage, record: Record, now: dt.datetime
    ) -> None:
        """Put ``record`` in the place of what ``stage`` made of an article's version."""
        upsert(connection, records, [record_row(item.id, stage, item.version, now, record)])

    def log_outcome(
        self,
        connection: sa.Connection,
        key: str,
        stage: Stage,
        outcome: Outcome,
        reason: Reason | None,
        detail: str | None,
        now: dt.datetime,
    ) -> None:
        """Append one outcome to the history of an article (or, by its address, of a feed)."""
        append_outcomes(connection, [_outcome_row(key, stage, now, outcome, reason, detail)])

    # working ---------------------------------------------------------------------------------------------------------

    def claim(
        self, stage: Stage, now: dt.datetime, *, limit: int, seconds: float, sources: Sequence[str] = ()
    ) -> list[ArticleRow]:
        """Lease up to ``limit`` items that wait for ``stage``, in order of arrival, for ``seconds``.

        For fetch the sources take turns: one that brings a thousand pages at once keeps nobody waiting.
        """
        where = [*_waiting(stage, now, sources), _free(now)]
        waiting = sa.select(*_ITEM).where(*where).order_by(items.c.seq).limit(limit)
        if stage is Stage.FETCH:
            turn = sa.func.row_number().over(partition_by=items.c.source, order_by=items.c.seq)
            in_turn = sa.select(items.c.seq, turn.label("turn")).where(*where).subquery()
            first = sa.select(in_turn.c.seq).order_by(in_turn.c.turn, in_turn.c.seq).limit(limit)
            waiting = sa.select(*_ITEM).where(items.c.seq.in_(first), _free(now)).order_by(items.c.seq)
        if not self._database.is_sqlite:
            waiting = waiting.with_for_update(skip_locked=True)
        with self._database.write() as connection:
            claimed = [_item(row) for row in connection.execute(waiting)]
            connection.execute(
                items.update()
                .where(items.c.seq.in_([item.seq for item in claimed]))
                .values(lease_owner=self._owner, lease_until=now + dt.timedelta(seconds=seconds))
            )
        return claimed

    def finish(
        self,
        connection: sa.Connection,
        stage: Stage,
        results: Sequence[StageResult],
        now: dt.datetime,
        *,
        max_attempts: int,
    ) -> list[StageResult]:
        """Save what an attempt made of claimed items, each with exactly one outcome; return what was saved.

        Items whose lease has passed to another worker meanwhile are left to that worker. An article whose address
        (``Result.addresses``) turns out to be another article's is dropped as its duplicate.
        """
        saved = [self._settle(connection, r, max_attempts) for r in self.still_leased(connection, results)]
        done = [r for r in saved if r.outcome is Outcome.DONE and r.record is not None]
        upsert(
            connection,
            records,
            [record_row(r.item.id, stage, r.item.version, now, r.record) for r in done if r.record is not None],
        )
        append_outcomes(connection, [_outcome_row(r.item.id, stage, now, r.outcome, r.reason, r.detail) for r in saved])
        standing = self._standing(connection, stage, saved)
        for result in saved:
            step = _step(stage, result, now, standing.get(result.item.id))
            connection.execute(items.update().where(items.c.id == result.item.id).values(**step))
        self._withdraw(connection, [r.item for r in saved if r.item.id in standing and r.reason in _WITHDRAWN])
        return saved

    def still_leased(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Return the results of items whose lease hasn't passed to another worker; it can't any more until the end."""
        ids = [result.item.id for result in results]
        mine = sa.select(items.c.id).where(items.c.id.in_(ids), items.c.lease_owner == self._owner)
        if not self._database.is_sqlite:
            mine = mine.with_for_update()
        owned = {row.id for row in connection.execute(mine)}
        return [result for result in results if result.item.id in owned]

    def find_removed(self, connection: sa.Connection, ids: Iterable[str]) -> set[str]:
        """Return those of ``ids`` that were taken down."""
        gone = sa.select(items.c.id).where(among(connection, items.c.id, ids), items.c.state == REMOVED)
        return set(connection.scalars(gone))

    def _standing(self, connection: sa.Connection, stage: Stage, saved: Sequence[StageResult]) -> dict[str, int]:
        """Return id → the version that stays where a look at the page, or reading it anew, yielded nothing."""
        nothing = [r.item.id for r in saved if r.outcome in {Outcome.DROPPED, Outcome.QUARANTINED}]
        if stage not in {Stage.FETCH, Stage.EXTRACT} or not nothing:
            return {}
        has_text = [records.c.id.in_(nothing), records.c.stage == Stage.EXTRACT, records.c.version <= items.c.version]
        rows = connection.execute(
            sa.select(records.c.id, sa.func.max(records.c.version).label("version"))
            .join(items, items.c.id == records.c.id)
            .where(*has_text)
            .group_by(records.c.id)
        )
        return {row.id: row.version for row in rows}

    def _withdraw(self, connection: sa.Connection, gone: Sequence[ArticleRow]) -> None:
        """Have the index forget articles that it may have, and the memories too: nothing is a copy of them any more."""
        if gone:
            PendingRemovals.add_documents(connection, [item.id for item in gone])
            sketch_index.delete_sketches(connection, [item.seq for item in gone])
            entity_catalog.subtract_articles(connection, [item.seq for item in gone])
            losses.add_losses(connection, Stage.DEDUPE, {item.copy_group for item in gone})
            losses.add_losses(connection, Stage.CLUSTER, {item.story for item in gone})

    def _settle(self, connection: sa.Connection, result: StageResult, max_attempts: int) -> StageResult:
        """Return the result as it is saved: duplicates found by address dropped, too many attempts quarantined."""
        tried = result.item.attempts + result.tried
        if result.outcome is Outcome.RETRY and result.tried and tried >= max_attempts:
            detail = f"{result.reason}: {result.detail}" if result.detail else str(result.reason)
            return msgspec.structs.replace(
                result, outcome=Outcome.QUARANTINED, reason=Reason.ATTEMPTS, detail=f"{max_attempts} times: {detail}"
            )
        for key in dict.fromkeys(filter(None, map(optional_address_key, result.addresses))):
            if other := self.claim_address(connection, key, result.item.id):
                return msgspec.structs.replace(
                    result, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE, detail=f"is article {other} ({key})"
                )
        return result

    def release(self, claimed: Sequence[ArticleRow]) -> None:
        """Give back claimed items without an outcome: nothing was tried."""
        with self._database.write() as connection:
            connection.execute(
                items.update()
                .where(items.c.id.in_([item.id for item in claimed]), items.c.lease_owner == self._owner)
                .values(lease_owner=None, lease_until=None)
            )

    def assert_lock(self, connection: sa.Connection, lock: str) -> None:
        """Make sure that this process still holds ``lock``; raises StoreError where another one took it over."""
        if connection.scalar(sa.select(locks.c.owner).where(locks.c.name == lock)) != self._owner:
            raise StoreError(
                f"the {lock} lock passed to another worker because this batch took longer than run.lease_seconds; "
                "its work is discarded and done again; raise run.lease_seconds or lower run.ordered_batch"
            )

    def bump_revision(
        self,
        connection: sa.Connection,
        *,
        ids: Iterable[str] = (),
        stories: Iterable[str] = (),
        seqs: sa.Select[tuple[int]] | None = None,
    ) -> None:
        """Note that the documents of ``ids``, of the members of ``stories`` and of ``seqs`` have changed."""
        which = sa.or_(among(connection, items.c.id, ids), among(connection, items.c.story, stories))
        which = which if seqs is None else sa.or_(which, items.c.seq.in_(seqs))
        # one statement, found by ids and stories alone: SQLite would look through all articles that are through
        stage = sa.case((_THROUGH, Stage.INDEX), else_=items.c.stage)
        due = sa.case((_THROUGH, items.c.first_seen), else_=items.c.due)
        connection.execute(items.update().where(which).values(revision=items.c.revision + 1, stage=stage, due=due))

    def assign_story(self, connection: sa.Connection, story: str, ids: Iterable[str]) -> None:
        """Put articles into a story, whatever cluster said of them."""
        connection.execute(items.update().where(among(connection, items.c.id, ids)).values(story=story))

    def requeue_all_for_index(self, connection: sa.Connection) -> None:
        """Send every article to the index again; those on their way there come to it anyhow."""
        on_their_way = items.update().where(items.c.state == PENDING, items.c.stage.isnot(None))
        connection.execute(on_their_way.values(indexed=-1))
        connection.execute(items.update().where(_THROUGH).values(stage=Stage.INDEX, due=items.c.first_seen))

    # reading ---------------------------------------------------------------------------------------------------------

    def find_article(self, address_or_id: str) -> ArticleRow | None:
        """Return the article with this id or address, None where the ledger doesn't know it."""
        with self._database.read() as connection:
            keys = [key for key in (optional_address_key(address_or_id), f"id:{address_or_id}") if key]
            known = sa.select(addresses.c.id).where(addresses.c.key.in_(keys))
            row = connection.execute(
                sa.select(*_ITEM).where(sa.or_(items.c.id == address_or_id, items.c.id.in_(known)))
            ).first()
            return _item(row) if row else None

    def indexed_page(self, after: int, since: dt.datetime | None, limit: int) -> list[ArticleRow]:
        """Return articles that belong to a story, in order of arrival, from behind ``after``, first seen ``since``."""
        where = [items.c.seq > after, items.c.story.isnot(None), items.c.state == PENDING]
        where += [sa.or_(items.c.stage.is_(None), items.c.stage == Stage.INDEX)]
        where += [items.c.first_seen >= since] if since else []
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*_ITEM).where(*where).order_by(items.c.seq).limit(limit))
            return [_item(row) for row in rows]

    def list_story_articles(self, story: str) -> list[ArticleRow]:
        """Return the articles of a story, in order of arrival."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*_ITEM).where(items.c.story == story).order_by(items.c.seq))
            return [_item(row) for row in rows]

    def get_articles(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, ArticleRow]:
        """Return id → item of those ids that are known."""
        rows = connection.execute(sa.select(*_ITEM).where(among(connection, items.c.id, ids)))
        return {row.id: _item(row) for row in rows}

    def list_outcomes(self, article_id: str) -> list[OutcomeRow]:
        """Return all outcomes of one article (or feed), oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(outcomes).where(outcomes.c.id == article_id).order_by(outcomes.c.n))
            return [
                OutcomeRow(id=r.id, stage=r.stage, at=r.at, outcome=r.outcome, reason=r.reason, detail=r.detail)
                for r in rows
            ]

    def count_by_story(self, stories: Iterable[str]) -> Mapping[str, int]:
        """Return how many articles each story holds."""
        with self._database.read() as connection:
            return _count(connection, items.c.story, stories)

    def list_sources(self) -> list[str]:
        """Return the names of all sources that articles came from."""
        with self._database.read() as connection:
            return list(connection.scalars(sa.select(items.c.source).distinct().order_by(items.c.source)))

    def count_waiting(self, stage: Stage, now: dt.datetime, sources: Sequence[str] = ()) -> int:
        """Return how many items could be claimed for ``stage`` now."""
        with self._database.read() as connection:
            waiting = sa.select(sa.func.count()).select_from(items).where(*_waiting(stage, now, sources), _free(now))
            return connection.scalar(waiting) or 0


def append_outcomes(connection: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Append outcomes to the history."""
    if rows:
        connection.execute(outcomes.insert(), list(rows))


def _step(stage: Stage, result: StageResult, now: dt.datetime, standing: int | None) -> dict[str, object]:
    """Return what changes in an item's line after a result, where version ``standing`` has gone through: pure."""
    step: dict[str, object] = {"lease_owner": None, "lease_until": None}
    match result.outcome:
        case Outcome.DONE if stage is Stage.INDEX:
            # what changed while it was being indexed is indexed again
            same = items.c.revision == result.item.revision
            step |= {"stage": sa.case((same, sa.null()), else_=Stage.INDEX), "indexed": result.item.revision}
            step |= {"attempts": 0, "due": now}
        case Outcome.DONE:
            step |= {"stage": stage.next(), "attempts": 0, "due": now}
        case Outcome.RETRY:
            step |= {"attempts": result.item.attempts + result.tried, "due": result.retry_at or now}
        case Outcome.DROPPED if standing and result.reason in _WITHDRAWN:
            step |= {"state": DROPPED, "copy_group": None, "story": None}
        case _ if standing:
            # a change that can't be had leaves the article as it was; what it missed meanwhile is indexed
            same = items.c.revision == items.c.indexed
            step |= {"stage": sa.case((same, sa.null()), else_=Stage.INDEX)}
            step |= {"version": standing, "attempts": 0, "due": now}
        case Outcome.DROPPED:
            step |= {"state": DROPPED}
        case Outcome.QUARANTINED:
            step |= {"state": QUARANTINED}
    return step | _decided(stage, result)


def _decided(stage: Stage, result: StageResult) -> dict[str, object]:
    """Return what dedupe and cluster decided of an article: pure."""
    found = {"copy_group": result.copy_group, "story": result.story}
    decided: dict[str, object] = {name: value for name, value in found.items() if value}
    if stage is Stage.DEDUPE and result.outcome is Outcome.DONE:
        decided |= {"published": result.published, "credit": result.credit}
    return decided


def _waiting(stage: Stage, now: dt.datetime, sources: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    where = [items.c.stage == stage, items.c.state == PENDING, items.c.due <= now]
    return [*where, items.c.source.in_(sources)] if sources else where


def _free(now: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(items.c.lease_until.is_(None), items.c.lease_until < now)


def _count(connection: sa.Connection, column: sa.Column[str], values: Iterable[str]) -> dict[str, int]:
    counted = sa.select(column, sa.func.count()).where(among(connection, column, values)).group_by(column)
    rows = connection.execute(counted)
    return {value: count for value, count in rows}  # noqa: C416  (a row is no pair for mypy)


def _item(row: sa.Row[tuple[object, ...]]) -> ArticleRow:
    return ArticleRow(**{name: row._mapping[name] for name in ArticleRow.__struct_fields__})  # noqa: SLF001


def _outcome_row(
    key: str, stage: Stage, at: dt.datetime, outcome: Outcome, reason: Reason | None, detail: str | None
) -> dict[str, object]:
    return {"id": key, "stage": stage, "at": at, "outcome": outcome, "reason": reason, "detail": detail}

"""Where does each article stand, and what did the stages make of it?

An item waits for one stage at a time. A worker claims items under a lease, works without holding any transaction, and
finishes them: record, outcome and the step to the next stage are saved in one transaction, or none of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.records import STAGE_VERSIONS, Entry, Outcome, Reason, Record, Stage, from_json, to_json
from pipeline.store.engine import Database, insert_new, upsert
from pipeline.store.lines import DROPPED, PENDING, QUARANTINED, Arrival, Happened, Item, Result
from pipeline.store.postings import among
from pipeline.store.schema import addresses, items, locks, outcomes, records
from pipeline.urls import address_key

R = TypeVar("R", bound=Record)
_ITEM = [items.c[name] for name in Item.__struct_fields__]


class Ledger:
    """The items, records and outcomes of a database, on behalf of ``owner``."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    # arriving --------------------------------------------------------------------------------------------------------

    def enter(self, connection: sa.Connection, arrivals: Sequence[Arrival], now: dt.datetime) -> list[str]:
        """Take in what is new, in order; return the ids that were. What is known stays as it is."""
        entered = []
        known = self.known(connection, [a.url for a in arrivals])
        for arrival in arrivals:
            key = _key(arrival.url) or f"id:{arrival.id}"
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
            made = [_record_row(arrival.id, stage, 1, now, record) for stage, record in arrival.records]
            upsert(connection, records, made)
            entered.append(arrival.id)
        log(connection, [_outcome_row(i, Stage.POLL, now, Outcome.DONE, None, None) for i in entered])
        return entered

    def known(self, connection: sa.Connection, urls: Iterable[str | None]) -> dict[str, str]:
        """Return key → id of those addresses that belong to an article that the ledger knows."""
        keys = [key for url in urls if (key := _key(url))]
        rows = connection.execute(sa.select(addresses.c.key, addresses.c.id).where(addresses.c.key.in_(keys)))
        return {row.key: row.id for row in rows}

    def renew(self, connection: sa.Connection, item: Item, entry: Entry, now: dt.datetime) -> None:
        """Send an article that its feed says has changed back to fetch, as its next version."""
        version = item.version + 1 if item.stage in {None, Stage.INDEX} and item.state == PENDING else item.version
        upsert(connection, records, [_record_row(item.id, Stage.POLL, version, now, entry)])
        connection.execute(
            items.update()
            .where(items.c.id == item.id)
            .values(version=version, stage=Stage.FETCH, state=PENDING, due=now, attempts=0)
        )
        log(connection, [_outcome_row(item.id, Stage.POLL, now, Outcome.DONE, None, f"changed: version {version}")])

    def entries(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, Entry]:
        """Return id → the entry of the article's present version."""
        return self._read(connection, ids, Stage.POLL, Entry)

    def note(
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
        log(connection, [_outcome_row(key, stage, now, outcome, reason, detail)])

    # working ---------------------------------------------------------------------------------------------------------

    def claim(
        self, stage: Stage, now: dt.datetime, *, limit: int, seconds: float, sources: Sequence[str] = ()
    ) -> list[Item]:
        """Lease up to ``limit`` items that wait for ``stage``, in order of arrival, for ``seconds``."""
        waiting = sa.select(*_ITEM).where(*_waiting(stage, now, sources), _free(now)).order_by(items.c.seq).limit(limit)
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
        self, connection: sa.Connection, stage: Stage, results: Sequence[Result], now: dt.datetime, *, max_attempts: int
    ) -> list[Result]:
        """Save what an attempt made of claimed items, each with exactly one outcome; return what was saved.

        Items whose lease has passed to another worker meanwhile are left to that worker. An article whose address
        (``Result.addresses``) turns out to be another article's is dropped as its duplicate.
        """
        saved = [self._settle(connection, r, max_attempts) for r in self.owned(connection, results)]
        done = [r for r in saved if r.outcome is Outcome.DONE and r.record is not None]
        upsert(
            connection,
            records,
            [_record_row(r.item.id, stage, r.item.version, now, r.record) for r in done if r.record is not None],
        )
        log(connection, [_outcome_row(r.item.id, stage, now, r.outcome, r.reason, r.detail) for r in saved])
        for result in saved:
            connection.execute(items.update().where(items.c.id == result.item.id).values(**_step(stage, result, now)))
        return saved

    def owned(self, connection: sa.Connection, results: Sequence[Result]) -> list[Result]:
        """Return the results of items whose lease hasn't passed to another worker; it can't any more until the end."""
        ids = [result.item.id for result in results]
        mine = sa.select(items.c.id).where(items.c.id.in_(ids), items.c.lease_owner == self._owner)
        if not self._database.is_sqlite:
            mine = mine.with_for_update()
        owned = {row.id for row in connection.execute(mine)}
        return [result for result in results if result.item.id in owned]

    def _settle(self, connection: sa.Connection, result: Result, max_attempts: int) -> Result:
        """Return the result as it is saved: duplicates found by address dropped, too many attempts quarantined."""
        if result.outcome is Outcome.RETRY and result.item.attempts + 1 >= max_attempts:
            detail = f"{result.reason}: {result.detail}" if result.detail else str(result.reason)
            return msgspec.structs.replace(
                result, outcome=Outcome.QUARANTINED, reason=Reason.ATTEMPTS, detail=f"{max_attempts} times: {detail}"
            )
        for key in dict.fromkeys(filter(None, map(_key, result.addresses))):
            if insert_new(connection, addresses, [{"key": key, "id": result.item.id}]):
                continue
            other = connection.scalar(sa.select(addresses.c.id).where(addresses.c.key == key))
            if other != result.item.id:
                return msgspec.structs.replace(
                    result, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE, detail=f"is article {other} ({key})"
                )
        return result

    def release(self, claimed: Sequence[Item]) -> None:
        """Give back claimed items without an outcome: nothing was tried."""
        with self._database.write() as connection:
            connection.execute(
                items.update()
                .where(items.c.id.in_([item.id for item in claimed]), items.c.lease_owner == self._owner)
                .values(lease_owner=None, lease_until=None)
            )

    def holds(self, connection: sa.Connection, lock: str) -> None:
        """Make sure that this process still holds ``lock``; raises StoreError where another one took it over."""
        if connection.scalar(sa.select(locks.c.owner).where(locks.c.name == lock)) != self._owner:
            raise StoreError(
                f"the {lock} lock passed to another worker because this batch took longer than run.lease_seconds; "
                "its work is discarded and done again; raise run.lease_seconds or lower run.batch"
            )

    def touch(
        self,
        connection: sa.Connection,
        *,
        ids: Iterable[str] = (),
        stories: Iterable[str] = (),
        seqs: sa.Select[tuple[int]] | None = None,
    ) -> None:
        """Note that the documents of ``ids``, of the members of ``stories`` and of ``seqs`` have changed."""
        which = sa.or_(items.c.id.in_(list(ids)), items.c.story.in_(list(stories)))
        which = which if seqs is None else sa.or_(which, items.c.seq.in_(seqs))
        connection.execute(items.update().where(which).values(revision=items.c.revision + 1))
        _to_index(connection, which)

    def put_into(self, connection: sa.Connection, story: str, ids: Iterable[str]) -> None:
        """Put articles into a story, whatever cluster said of them."""
        connection.execute(items.update().where(among(connection, items.c.id, ids)).values(story=story))

    def index_again(self, connection: sa.Connection) -> None:
        """Send every article that has gone through all stages to the index again."""
        _to_index(connection, sa.true())

    # reading ---------------------------------------------------------------------------------------------------------

    def read(self, claimed: Sequence[Item], stage: Stage, kind: type[R]) -> dict[str, R]:
        """Return id → the record that ``stage`` made of each item's present version; items without one are left out."""
        with self._database.read() as connection:
            return self._read(connection, [item.id for item in claimed], stage, kind)

    def _read(self, connection: sa.Connection, ids: Iterable[str], stage: Stage, kind: type[R]) -> dict[str, R]:
        rows = connection.execute(
            sa.select(records.c.id, records.c.data)
            .join(items, sa.and_(items.c.id == records.c.id, items.c.version == records.c.version))
            .where(records.c.stage == stage, records.c.id.in_(list(ids)))
        )
        return {row.id: from_json(row.data, kind) for row in rows}

    def of(self, ids: Iterable[str], stage: Stage, kind: type[R]) -> dict[str, R]:
        """Return id → the record that ``stage`` made of each article's present version, as ``read`` does."""
        with self._database.read() as connection:
            return self._read(connection, ids, stage, kind)

    def rewrite(self, connection: sa.Connection, stage: Stage, made: Mapping[str, Record], now: dt.datetime) -> None:
        """Replace the records that ``stage`` made of articles' present versions."""
        versions = connection.execute(sa.select(items.c.id, items.c.version).where(items.c.id.in_(list(made))))
        rows = [_record_row(row.id, stage, row.version, now, made[row.id]) for row in versions]
        upsert(connection, records, rows)

    def made_by(self, claimed: Sequence[Item]) -> dict[str, dict[str, str]]:
        """Return id → stage → the version of the stage that made the record."""
        made: dict[str, dict[str, str]] = {item.id: {} for item in claimed}
        with self._database.read() as connection:
            for row in connection.execute(
                sa.select(records.c.id, records.c.stage, records.c.made_by)
                .join(items, sa.and_(items.c.id == records.c.id, items.c.version == records.c.version))
                .where(records.c.id.in_(made))
            ):
                made[row.id][row.stage] = row.made_by
        return made

    def find(self, address_or_id: str) -> Item | None:
        """Return the article with this id or address, None where the ledger doesn't know it."""
        with self._database.read() as connection:
            keys = [key for key in (_key(address_or_id), f"id:{address_or_id}") if key]
            known = sa.select(addresses.c.id).where(addresses.c.key.in_(keys))
            row = connection.execute(
                sa.select(*_ITEM).where(sa.or_(items.c.id == address_or_id, items.c.id.in_(known)))
            ).first()
            return _item(row) if row else None

    def placed(self, after: int, since: dt.datetime | None, limit: int) -> list[Item]:
        """Return articles that belong to a story, in order of arrival, from behind ``after``, first seen ``since``."""
        where = [items.c.seq > after, items.c.story.isnot(None), items.c.state == PENDING]
        where += [sa.or_(items.c.stage.is_(None), items.c.stage == Stage.INDEX)]
        where += [items.c.first_seen >= since] if since else []
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*_ITEM).where(*where).order_by(items.c.seq).limit(limit))
            return [_item(row) for row in rows]

    def of_story(self, story: str) -> list[Item]:
        """Return the articles of a story, in order of arrival."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*_ITEM).where(items.c.story == story).order_by(items.c.seq))
            return [_item(row) for row in rows]

    def get(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, Item]:
        """Return id → item of those ids that are known."""
        rows = connection.execute(sa.select(*_ITEM).where(items.c.id.in_(list(ids))))
        return {row.id: _item(row) for row in rows}

    def history(self, article_id: str) -> list[Happened]:
        """Return all outcomes of one article (or feed), oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(outcomes).where(outcomes.c.id == article_id).order_by(outcomes.c.n))
            return [
                Happened(id=r.id, stage=r.stage, at=r.at, outcome=r.outcome, reason=r.reason, detail=r.detail)
                for r in rows
            ]

    def sizes(self, stories: Iterable[str]) -> Mapping[str, int]:
        """Return how many articles each story holds."""
        with self._database.read() as connection:
            return _count(connection, items.c.story, stories)

    def sources(self) -> list[str]:
        """Return the names of all sources that articles came from."""
        with self._database.read() as connection:
            return list(connection.scalars(sa.select(items.c.source).distinct().order_by(items.c.source)))

    def waiting(self, stage: Stage, now: dt.datetime, sources: Sequence[str] = ()) -> int:
        """Return how many items could be claimed for ``stage`` now."""
        with self._database.read() as connection:
            waiting = sa.select(sa.func.count()).select_from(items).where(*_waiting(stage, now, sources), _free(now))
            return connection.scalar(waiting) or 0


def log(connection: sa.Connection, rows: Sequence[dict[str, object]]) -> None:
    """Append outcomes to the history."""
    if rows:
        connection.execute(outcomes.insert(), list(rows))


def _to_index(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    through = sa.and_(which, items.c.state == PENDING, items.c.stage.is_(None))
    connection.execute(items.update().where(through).values(stage=Stage.INDEX, due=items.c.first_seen))


def _step(stage: Stage, result: Result, now: dt.datetime) -> dict[str, object]:
    """Return what changes in an item's line after a result: pure."""
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
            step |= {"attempts": result.item.attempts + 1, "due": result.retry_at or now}
        case _ if result.item.version > 1 and stage in {Stage.FETCH, Stage.EXTRACT}:
            # a change that can't be had leaves the article as it was
            step |= {"stage": None, "version": result.item.version - 1, "attempts": 0}
        case Outcome.DROPPED:
            step |= {"state": DROPPED}
        case Outcome.QUARANTINED:
            step |= {"state": QUARANTINED}
    if result.copy_group:
        step["copy_group"] = result.copy_group
    if result.story:
        step["story"] = result.story
    if stage is Stage.DEDUPE and result.outcome is Outcome.DONE:
        step |= {"published": result.published, "credit": result.credit}
    return step


def _waiting(stage: Stage, now: dt.datetime, sources: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    where = [items.c.stage == stage, items.c.state == PENDING, items.c.due <= now]
    return [*where, items.c.source.in_(sources)] if sources else where


def _free(now: dt.datetime) -> sa.ColumnElement[bool]:
    return sa.or_(items.c.lease_until.is_(None), items.c.lease_until < now)


def _count(connection: sa.Connection, column: sa.ColumnElement[str], values: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(column, sa.func.count()).where(column.in_(list(values))).group_by(column))
    return {value: count for value, count in rows}  # noqa: C416  (a row is no pair for mypy)


def _item(row: sa.Row[tuple[object, ...]]) -> Item:
    return Item(**{name: row._mapping[name] for name in Item.__struct_fields__})  # noqa: SLF001


def _key(url: str | None) -> str | None:
    try:
        return address_key(url) if url else None
    except ValueError:
        return None


def _record_row(article_id: str, stage: Stage, version: int, at: dt.datetime, record: Record) -> dict[str, object]:
    data = to_json(record).decode()
    made_by = STAGE_VERSIONS[stage]
    return {"id": article_id, "stage": stage, "version": version, "at": at, "made_by": made_by, "data": data}


def _outcome_row(
    key: str, stage: Stage, at: dt.datetime, outcome: Outcome, reason: Reason | None, detail: str | None
) -> dict[str, object]:
    return {"id": key, "stage": stage, "at": at, "outcome": outcome, "reason": reason, "detail": detail}

"""What does an operator change in the ledger? Trying again, doing again, taking down, and the state of it all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pipeline.records import Outcome, Page, Reason, Stage, from_json
from pipeline.store import entity_catalog, gaps, site_profiles, sketch_index, story_index
from pipeline.store.engine import Database, among
from pipeline.store.ledger import append_outcomes
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED, ArticleRow
from pipeline.store.schema.articles import items, outcomes, records
from pipeline.store.unwanted import PendingRemovals

# the record that each stage works on: articles that were imported have no page, so they can't be fetched again
_INPUT = {
    Stage.FETCH: Stage.POLL,
    Stage.EXTRACT: Stage.FETCH,
    Stage.DEDUPE: Stage.EXTRACT,
    Stage.ENRICH: Stage.EXTRACT,
    Stage.CLUSTER: Stage.DEDUPE,
    Stage.INDEX: Stage.CLUSTER,
}


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which articles: all that meet every condition that is set."""

    ids: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: dt.datetime | None = None  # first seen
    until: dt.datetime | None = None

    def conditions(self, connection: sa.Connection) -> list[sa.ColumnElement[bool]]:
        """Return the conditions, for the database of ``connection``."""
        made: list[sa.ColumnElement[bool]] = []
        if self.ids:
            made.append(among(connection, items.c.id, self.ids))
        if self.sources:
            made.append(items.c.source.in_(self.sources))
        if self.since:
            made.append(items.c.first_seen >= self.since)
        if self.until:
            made.append(items.c.first_seen < self.until)
        return made


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many articles are in one state before one stage (None: through all of them)."""

    stage: str | None
    state: str
    count: int
    oldest: dt.datetime


def count_by_stage(database: Database) -> list[StageCount]:
    """Return how many articles stand where, by stage."""
    columns = (items.c.stage, items.c.state)
    counted = sa.select(*columns, sa.func.count().label("n"), sa.func.min(items.c.first_seen).label("oldest"))
    with database.read() as connection:
        rows = connection.execute(counted.group_by(*columns)).all()
    order = [None, *reversed(Stage)]
    standings = [StageCount(stage=r.stage, state=r.state, count=r.n, oldest=r.oldest) for r in rows]
    return sorted(standings, key=lambda s: (-order.index(Stage(s.stage) if s.stage else None), s.state))


def list_failures(database: Database, limit: int) -> list[tuple[str, str | None, str | None, str | None, str | None]]:
    """Return id, address, stage, reason and detail of the latest quarantined articles."""
    any_of_it = outcomes.alias()
    latest = sa.select(sa.func.max(any_of_it.c.n)).where(any_of_it.c.id == items.c.id).scalar_subquery()
    wanted = (
        sa.select(items.c.id, items.c.url, items.c.stage, outcomes.c.reason, outcomes.c.detail)
        .select_from(items.join(outcomes, outcomes.c.n == latest))
        .where(items.c.state == QUARANTINED)
        .order_by(items.c.seq.desc())
        .limit(limit)
    )
    with database.read() as connection:
        return [(r.id, r.url, r.stage, r.reason, r.detail) for r in connection.execute(wanted)]


def retry_articles(database: Database, which: Selection, now: dt.datetime) -> int:
    """Let quarantined articles (and, named by id, dropped ones) be tried again where they stopped; return how many.

    Where an alarm has quarantined one of them, its site's new pages count as right from now on.
    """
    states = [QUARANTINED, DROPPED, PENDING] if which.ids else [QUARANTINED]
    with database.write() as connection:
        chosen = which.conditions(connection)
        site_profiles.accept_alarms(connection, chosen)
        change = items.update().where(items.c.state.in_(states), items.c.stage.isnot(None), *chosen)
        return connection.execute(change.values(state=PENDING, attempts=0, due=now)).rowcount


def redo_stage(database: Database, stage: Stage, which: Selection, now: dt.datetime, *, dry_run: bool = False) -> int:
    """Send articles that have passed ``stage`` back to it; return how many (``dry_run``: would be).

    What a later stage is working on is taken from it: that would be made again anyhow.
    """
    later = list(Stage)[list(Stage).index(stage) + 1 :]
    # a feed's entry holds until a later one takes its place
    present = records.c.version <= items.c.version if stage is Stage.FETCH else records.c.version == items.c.version
    has_input = sa.exists().where(records.c.id == items.c.id, present, records.c.stage == _INPUT[stage])
    where = [
        items.c.state == PENDING,
        sa.or_(items.c.stage.is_(None), items.c.stage.in_(later)),
        has_input,
    ]
    with database.write() as connection:
        where += which.conditions(connection)
        if dry_run:
            return connection.scalar(sa.select(sa.func.count()).select_from(items).where(*where)) or 0
        change = items.update().where(*where)
        # what waits for the index waits for it again should nothing come of it
        revision = sa.case((items.c.stage == Stage.INDEX, items.c.revision + 1), else_=items.c.revision)
        back = {"stage": stage, "due": now, "attempts": 0, "revision": revision}
        return connection.execute(change.values(lease_owner=None, lease_until=None, **back)).rowcount


def remove_articles(database: Database, taken_down: Sequence[ArticleRow], now: dt.datetime) -> None:
    """Forget all that is known of articles but that they must not come back; note what index and archive must forget.

    A worker that has one of them just now can't save anything of it any more.
    """
    ids, seqs = [item.id for item in taken_down], [item.seq for item in taken_down]
    told = {"stage": Stage.INDEX, "at": now, "outcome": Outcome.DROPPED, "reason": Reason.TAKEN_DOWN, "detail": None}
    with database.write() as connection:
        gone = items.update().where(items.c.id.in_(ids))  # first: what a worker is saving is there after that
        connection.execute(gone.values(state=REMOVED, stage=None, lease_owner=None, copy_group=None, story=None))
        fetched = sa.select(records.c.data).where(records.c.id.in_(ids), records.c.stage == Stage.FETCH)
        blobs = {from_json(data, Page).blob for data in connection.scalars(fetched)}
        PendingRemovals.add_documents(connection, ids)
        PendingRemovals.add_blobs(connection, filter(None, blobs))
        connection.execute(records.delete().where(records.c.id.in_(ids)))
        sketch_index.delete_sketches(connection, seqs)
        entity_catalog.subtract_articles(connection, seqs)
        site_profiles.delete_pages(connection, seqs)
        append_outcomes(connection, [{"id": i, **told} for i in ids])


def delete_expired(
    database: Database,
    *,
    copies_before: dt.datetime,
    stories_before: dt.datetime,
    names_before: dt.datetime,
    history: dt.datetime,
) -> int:
    """Forget fingerprints and stories that no article will be compared with any more, and history older than that.

    Of the ways in which names are written those go that one article alone used before ``names_before``.

    Articles, their records and documents stay. Returns how many rows of history went.
    """
    # each by itself: where PostgreSQL drops a day, dedupe and cluster wait for it
    for forget, before in (
        (sketch_index.delete_sketches_before, copies_before),
        (story_index.delete_stories_before, stories_before),
    ):
        with database.write() as connection:
            forget(connection, before)
    with database.write() as connection:
        entity_catalog.delete_rare_forms(connection, names_before)
        gaps.delete_gaps_before(connection, history)
        return connection.execute(outcomes.delete().where(outcomes.c.at < history)).rowcount

"""Serve an operator: try again, do again, take down, count, and forget what is old.

Methods work in their caller's transaction, but for ``delete_expired…``, which run their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pipeline.records import Outcome, Page, Reason, Stage, from_json
from pipeline.store import (
    article_state,
    entity_memory,
    gaps,
    hosts,
    outcome_log,
    replays,
    runs,
    site_profiles,
    sketch_index,
    source_days,
    story_index,
    voter_memory,
    wire_items,
    withdrawal_notices,
)
from pipeline.store.changes import Changes
from pipeline.store.engine import Database
from pipeline.store.outbox import PendingRemovals
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, ArticleRow, OutcomeRow
from pipeline.store.schema.articles import items, outcomes, records
from pipeline.store.selections import Selection, redo_conditions
from pipeline.store.site_profiles import SiteAlarms
from pipeline.store.stage_records import StageRecords
from pipeline.store.statements import rows_as


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many articles are in one state before one stage (None: through all of them)."""

    stage: str | None
    state: str
    count: int
    oldest: dt.datetime


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A quarantined article, and why it is."""

    id: str
    url: str | None
    stage: str | None
    reason: str | None
    detail: str | None


class Admin:
    """What an operator does to a database."""

    def __init__(self, database: Database, pending_removals: PendingRemovals) -> None:
        self._database = database
        self._pending_removals = pending_removals

    def count_by_stage(self, connection: sa.Connection) -> list[StageCount]:
        """Return how many articles stand where: those that are through first, then by stage from the last one on."""
        columns = (items.c.stage, items.c.state)
        counts = sa.select(
            *columns, sa.func.count().label("count"), sa.func.min(items.c.first_seen).label("oldest")
        ).group_by(*columns)
        order = [None, *reversed(Stage)]
        stage_counts = rows_as(StageCount, connection.execute(counts))
        return sorted(stage_counts, key=lambda c: (-order.index(Stage(c.stage) if c.stage else None), c.state))

    def list_failures(self, connection: sa.Connection, limit: int, source: str | None = None) -> list[Failure]:
        """Return the latest quarantined articles, of all sources or of one."""
        quarantined = (
            sa.select(items.c.id, items.c.url, items.c.stage, outcomes.c.reason, outcomes.c.detail)
            .select_from(items.join(outcomes, outcome_log.is_latest_outcome()))
            .where(items.c.state == QUARANTINED, *([items.c.source == source] if source is not None else ()))
            .order_by(items.c.seq.desc())
            .limit(limit)
        )
        return rows_as(Failure, connection.execute(quarantined))

    def count_quarantined(self, connection: sa.Connection) -> dict[str, int]:
        """Return source → how many of its articles are quarantined, where any are."""
        is_quarantined = items.c.state == sa.literal_column("'quarantined'")  # as its index has it
        counted = sa.select(items.c.source, sa.func.count().label("number")).where(is_quarantined)
        return {row.source: row.number for row in connection.execute(counted.group_by(items.c.source))}

    def retry_articles(self, connection: sa.Connection, selection: Selection, now: dt.datetime) -> int:
        """Let quarantined articles (and, named by id, dropped ones) be tried again where they stopped.

        Where an alarm has quarantined one of them, its site's new pages count as right from now on. Returns how many
        articles are tried again.
        """
        states = [QUARANTINED, DROPPED, PENDING] if selection.ids else [QUARANTINED]
        conditions = selection.conditions(connection)
        SiteAlarms().accept_alarms(connection, conditions)
        return article_state.requeue(connection, [items.c.state.in_(states), *conditions], now)

    def redo_stage(
        self,
        connection: sa.Connection,
        stage: Stage,
        selection: Selection,
        now: dt.datetime,
        *,
        dry_run: bool = False,
    ) -> int:
        """Send articles that have passed ``stage`` back to it; return how many (``dry_run``: would be).

        What a later stage is working on is taken from it: that would be made again anyhow. ``redo_conditions`` says
        which articles are chosen.
        """
        sent = redo_conditions(connection, stage, selection)
        if dry_run:
            counts = [sa.select(sa.func.count()).select_from(items).where(*conditions) for _, conditions in sent]
            return sum(connection.scalar(count) or 0 for count in counts)
        return sum(article_state.send_back(connection, conditions, to, now) for to, conditions in sent)

    def remove_articles(self, connection: sa.Connection, articles: Sequence[ArticleRow], now: dt.datetime) -> None:
        """Forget all that is known of articles but that they must not come back.

        What index and archive must forget is noted. A worker that has one of them just now can't save anything of it
        any more.
        """
        ids, seqs = [article.id for article in articles], [article.seq for article in articles]
        article_state.remove(connection, ids)  # first: what a worker is saving is there after that
        pages = sa.select(records.c.data).where(records.c.id.in_(ids), records.c.stage == Stage.FETCH)
        blobs = {from_json(data, Page).blob for data in connection.scalars(pages)}
        self._pending_removals.add_documents(connection, ids, now)
        self._pending_removals.add_blobs(connection, filter(None, blobs))
        StageRecords().delete_records(connection, ids)
        sketch_index.delete_sketches(connection, seqs)
        voter_memory.delete_voters_of(connection, ids)
        entity_memory.subtract_articles(connection, seqs)
        site_profiles.delete_pages(connection, seqs)
        wire_items.forget_titles(connection, ids)
        replays.forget_articles(connection, ids)
        withdrawal_notices.delete_notices(connection, ids)
        removed = OutcomeRow(
            id="", stage=Stage.INDEX, at=now, outcome=Outcome.DROPPED, reason=Reason.TAKEN_DOWN, detail=None
        )
        outcome_log.append_outcomes(connection, [msgspec.structs.replace(removed, id=name) for name in ids])

    def delete_expired_stories(self, before: dt.datetime) -> int:
        """Forget stories that no article will be compared with any more; return how many.

        The caller holds cluster's lock.
        """
        with self._database.write() as connection:
            return story_index.delete_stories_before(connection, before)

    def delete_expired(
        self,
        *,
        copies_before: dt.datetime,
        names_before: dt.datetime,
        history: dt.datetime,
    ) -> int:
        """Forget sketches that no article will be compared with any more, and history older than ``history``.

        Of the ways in which names are written those go that one article alone used before ``names_before``. Articles,
        their records and documents stay. Returns how many rows of history went.
        """
        Changes(self._database).delete_superseded(history)
        # by itself: where PostgreSQL drops a day, dedupe waits for it
        with self._database.write() as connection:
            sketch_index.delete_sketches_before(connection, copies_before)
        with self._database.write() as connection:
            entity_memory.delete_rare_forms(connection, names_before)
            gaps.delete_gaps_before(connection, history)
            hosts.delete_idle(connection, history)
            runs.delete_runs_before(connection, history)
            replays.delete_replays_before(connection, history)
            source_days.delete_days_before(connection, history.date())
            return outcome_log.delete_outcomes_before(connection, history)

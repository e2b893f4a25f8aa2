"""Rehearse a stage: let it decide on articles again and save what comes of it in a transaction that is rolled back.

What stands in the ledger within that transaction is what a run would leave there. Nothing else sees it: no other
program, no index, no archive.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.records import RECORD_TYPES, Outcome, Reason, Record, Stage, StageRecord
from pipeline.stage_lock import exclusive
from pipeline.stages.runner import StageHandler, finish_within
from pipeline.store import DROPPED, QUARANTINED, ArticleRow, StageResult


class Standing(Record, frozen=True, kw_only=True):
    """What a stage has made of an article, as far as readers see it."""

    is_given_up: bool  # dropped or quarantined: it has no document
    record: StageRecord | None  # the newest


class Rehearsal(NamedTuple):
    """What a stage would make of an article."""

    article: ArticleRow
    before: Standing
    after: Standing
    outcome: Outcome
    reason: Reason | None
    detail: str | None


class _RollBack(Exception):  # noqa: N818 - it is no error
    """What was rehearsed is not to be saved."""


def rehearse(handler: StageHandler, rows: Sequence[ArticleRow]) -> list[Rehearsal]:
    """Return what a stage would make of articles, each as if it came back to the stage now; nothing is saved.

    The handler is entered. Whatever else waits for an ordered stage, such as a group that lost a member, is settled as
    any run does.

    Raises:
        BusyError: Another worker is at an ordered stage for too long.
        NewswireError: The stage can't work.
    """
    context = handler.context
    results: list[StageResult] = []
    rehearsals: list[Rehearsal] = []
    fresh = [msgspec.structs.replace(row, attempts=0, stage=handler.stage) for row in rows]
    with exclusive(context, handler.stage) if handler.ordered else contextlib.nullcontext():
        batch = handler.decide(fresh, results.append)
        with contextlib.suppress(_RollBack), context.store.write() as connection:
            before = load_standings(context, connection, handler.stage, rows)
            seconds = context.settings.run.lease_seconds
            context.store.ledger.claim_again(connection, handler.stage, rows, context.clock(), seconds=seconds)
            saved = finish_within(connection, handler, results, batch)
            after = load_standings(context, connection, handler.stage, rows)
            for result in saved:
                name = result.article.id
                rehearsals.append(
                    Rehearsal(result.article, before[name], after[name], result.outcome, result.reason, result.detail)
                )
            raise _RollBack
    return rehearsals


def load_standings(
    context: Context, connection: sa.Connection, stage: Stage, rows: Sequence[ArticleRow]
) -> dict[str, Standing]:
    """Return id → what ``stage`` has made of each article."""
    ledger = context.store.ledger
    present = ledger.get_articles(connection, [row.id for row in rows])
    records = ledger.latest(connection, present, RECORD_TYPES[stage])
    return {
        name: Standing(is_given_up=row.state in {DROPPED, QUARANTINED}, record=records.get(name))
        for name, row in present.items()
    }

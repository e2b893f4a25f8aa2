"""Choose the articles that an operator means: by id, source, time, version of a stage, or reason of a failure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pipeline.records import RECORD_TYPES, Placement, Reason, Stage
from pipeline.store import article_state
from pipeline.store.rows import DROPPED
from pipeline.store.schema.articles import items, outcomes, records
from pipeline.store.statements import among

# the stage whose record each stage works on: articles that were imported have no page, so they can't be fetched again
_MADE_FROM = {stage: kind.made_from for stage, kind in RECORD_TYPES.items()} | {Stage.INDEX: Placement.stage}

_LATEST_REASON = (
    sa.select(outcomes.c.reason).where(outcomes.c.id == items.c.id).order_by(outcomes.c.n.desc()).limit(1)
).scalar_subquery()
_IS_DUPLICATE = sa.and_(items.c.state == DROPPED, _LATEST_REASON == Reason.DUPLICATE)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which articles: all that meet every condition that is set.

    ``made_by`` and ``reason`` are of the stage that is to be done again.
    """

    ids: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: dt.datetime | None = None  # first seen
    until: dt.datetime | None = None
    made_by: str | None = None  # the version of the stage that made the present record
    reason: Reason | None = None  # of the stage's latest outcome

    @property
    def is_everything(self) -> bool:
        """Tell whether no condition is set."""
        return self == Selection()

    def conditions(self, connection: sa.Connection) -> list[sa.ColumnElement[bool]]:
        """Return the conditions that hold for every stage, for the database of ``connection``."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.ids:
            conditions.append(among(connection, items.c.id, self.ids))
        if self.sources:
            conditions.append(items.c.source.in_(self.sources))
        if self.since:
            conditions.append(items.c.first_seen >= self.since)
        if self.until:
            conditions.append(items.c.first_seen < self.until)
        return conditions


def redo_conditions(
    connection: sa.Connection, stage: Stage, selection: Selection
) -> list[tuple[Stage, list[sa.ColumnElement[bool]]]]:
    """Return which articles go back to which stage where ``stage`` is to be done again: no article twice.

    Where a stage is done again that tells whether an article is another one's duplicate, those that were dropped as
    such are decided on again. With a reason, those go back that the stage gave up for it.
    """
    # a feed's entry holds until a later one takes its place
    is_present = records.c.version <= items.c.version if stage is Stage.FETCH else records.c.version == items.c.version
    has_input = sa.exists().where(records.c.id == items.c.id, is_present, records.c.stage == _MADE_FROM[stage])
    chosen = selection.conditions(connection)
    if selection.made_by is not None:
        present = [records.c.id == items.c.id, records.c.version == items.c.version, records.c.stage == stage]
        chosen.append(sa.exists().where(*present, records.c.made_by == selection.made_by))
    if selection.reason is not None:
        stood_there = sa.or_(article_state.has_passed(stage), items.c.stage == stage)
        return [(stage, [stood_there, _latest_reason_of(stage) == selection.reason, has_input, *chosen])]
    sent = [(stage, [article_state.has_passed(stage), has_input, *chosen])]
    if stage is Stage.EXTRACT:
        sent.append((stage, [items.c.stage == stage, _IS_DUPLICATE, has_input, *chosen]))
        sent.append((Stage.FETCH, [items.c.stage == Stage.FETCH, _IS_DUPLICATE, *chosen]))
    elif stage is Stage.FETCH:
        sent.append((stage, [items.c.stage.in_((Stage.FETCH, Stage.EXTRACT)), _IS_DUPLICATE, has_input, *chosen]))
    return sent


def decided_again(connection: sa.Connection, stage: Stage, selection: Selection) -> sa.ColumnElement[bool]:
    """Return the condition of the articles of a selection that ``stage`` itself decides on again."""
    sent: Sequence[tuple[Stage, list[sa.ColumnElement[bool]]]] = redo_conditions(connection, stage, selection)
    return sa.or_(*(sa.and_(*conditions) for to, conditions in sent if to is stage))


def _latest_reason_of(stage: Stage) -> sa.ScalarSelect[str | None]:
    of_stage = sa.select(outcomes.c.reason).where(outcomes.c.id == items.c.id, outcomes.c.stage == stage)
    return of_stage.order_by(outcomes.c.n.desc()).limit(1).scalar_subquery()

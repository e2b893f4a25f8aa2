"""Look at outcomes: each article has a history, and its end says where the article stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.records import Outcome, Reason, Stage
from pipeline.store.audit.reading import stream
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED, WITHDRAWN
from pipeline.store.schema.articles import items, outcomes, records

_OF_ARTICLE = outcomes.c.id == items.c.id


def check_outcomes(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield attempts with two outcomes, articles without any, and those that stand where their outcomes don't lead.

    History that is old is forgotten: what is older than the oldest outcome isn't missed.
    """
    c = outcomes.c
    first = connection.scalar(sa.select(sa.func.min(c.at)))
    unknown = ~sa.exists().where(items.c.id == c.id)
    for row in stream(connection, sa.select(c.id).distinct().where(c.stage != Stage.POLL, unknown)):
        yield Fault(key=row.id, what=f"{row.id} has a history, and isn't known")
    second = outcomes.alias()
    same = [second.c.id == c.id, second.c.n > c.n, second.c.stage == c.stage, second.c.at == c.at]
    repeated = sa.select(c.id, c.stage, c.at).where(c.stage != Stage.POLL, sa.exists().where(*same))
    for row in stream(connection, repeated):
        yield Fault(key=f"{row.id} {row.stage} {row.at}", what=f"{row.id} has two outcomes of {row.stage} at {row.at}")
    yield from _without_history(connection, first)
    yield from _standing_elsewhere(connection)


def _without_history(connection: sa.Connection, first: dt.datetime | None) -> Iterator[Fault]:
    """Yield articles that have no outcome, or passed the index without one, since the outcome at ``first``."""
    if first is None:  # all history is forgotten, or there never was any
        return
    is_remembered = records.c.at >= first
    is_new = sa.exists().where(records.c.id == items.c.id, is_remembered)
    lacking = sa.select(items.c.id).where(~sa.exists().where(_OF_ARTICLE), is_new)
    for row in stream(connection, lacking):
        yield Fault(key=row.id, what=f"{row.id} has no outcome at all")
    placed = sa.exists().where(
        records.c.id == items.c.id,
        records.c.stage == Stage.CLUSTER,
        records.c.version == items.c.version,
        is_remembered,
    )
    indexed = sa.exists().where(_OF_ARTICLE, outcomes.c.stage == Stage.INDEX, outcomes.c.outcome == Outcome.DONE)
    through = [items.c.state == PENDING, items.c.stage.is_(None)]
    for row in stream(connection, sa.select(items.c.id).where(*through, placed, ~indexed)):
        yield Fault(key=f"{row.id} index", what=f"{row.id} is through, and no outcome says that it was indexed")


def _standing_elsewhere(connection: sa.Connection) -> Iterator[Fault]:
    """Yield articles whose latest outcome doesn't say what they are."""
    any_outcome = outcomes.alias()
    latest_n = sa.select(sa.func.max(any_outcome.c.n)).where(any_outcome.c.id == items.c.id).scalar_subquery()
    for state, outcome in ((DROPPED, Outcome.DROPPED), (QUARANTINED, Outcome.QUARANTINED)):
        joined = items.join(outcomes, sa.and_(_OF_ARTICLE, outcomes.c.n == latest_n))
        latest = sa.select(items.c.id, outcomes.c.outcome, outcomes.c.stage).select_from(joined)
        for row in stream(connection, latest.where(items.c.state == state, outcomes.c.outcome != outcome)):
            what = f"{row.id} is {state}, and its latest outcome is {row.outcome} at {row.stage}"
            yield Fault(key=f"{row.id} {state}", what=what)
    for state, reason in ((WITHDRAWN, Reason.WITHDRAWN), (REMOVED, Reason.TAKEN_DOWN)):
        says_so = sa.exists().where(_OF_ARTICLE, outcomes.c.reason == reason)
        has_history = sa.exists().where(_OF_ARTICLE)
        for row in stream(connection, sa.select(items.c.id).where(items.c.state == state, has_history, ~says_so)):
            yield Fault(key=f"{row.id} {state}", what=f"{row.id} is {state}, and no outcome says why")

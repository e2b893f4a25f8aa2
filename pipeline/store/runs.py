"""Keep which runs there were, and count what each did: outcomes bear the number of their run.

A run that has ended keeps its counts, so that they stay when its outcomes are forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.figures import RunCounts, RunRecord, SourcePolls, StageFigures
from pipeline.records import Outcome, Reason, Stage, from_json, to_json
from pipeline.store.locks import is_dead
from pipeline.store.outcome_log import CHANGED
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.schema.base import Utc
from pipeline.store.schema.bookkeeping import runs
from pipeline.store.schema.feeds import feeds
from pipeline.store.statements import insert_new, rows_as

# The history has the polls of feeds under their addresses, and articles under their ids.
_IS_FEED = outcomes.c.id.contains("://")
_KINDS = sa.case(
    (outcomes.c.stage != Stage.POLL, "stage"),
    (_IS_FEED, "stage"),
    (outcomes.c.detail.startswith(CHANGED), "changed"),
    else_="new",
)
_LONGEST_RUN = dt.timedelta(days=2)  # one that follows begins anew each day
_ANSWERED = sa.or_(outcomes.c.outcome == Outcome.DONE, outcomes.c.reason == Reason.NOT_MODIFIED)


class RunArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a run, and what became of it there; what the ledger has forgotten of it is None."""

    id: str
    stage: str
    at: dt.datetime
    outcome: str
    reason: str | None
    detail: str | None
    url: str | None
    source: str | None
    state: str | None
    embargoed: dt.datetime | None


class RunHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host of a run: how many pages it was asked for, how many it didn't give, and how long all of them took."""

    host: str
    pages: int
    failed: int
    seconds: float


class Runs:
    """The runs of a database."""

    def begin(
        self,
        connection: sa.Connection,
        name: str,
        now: dt.datetime,
        *,
        command: str,
        started_by: str | None = None,
        program: str | None = None,
    ) -> int:
        """Begin the run with the id ``name``, or go on with it (also after its end); return its number."""
        values = {"command": command, "started_by": started_by, "program": program, "began": now}
        insert_new(connection, runs, [{"id": name, **values}])
        of_name = runs.c.id == name
        connection.execute(runs.update().where(of_name, runs.c.ended.isnot(None)).values(ended=None, figures=None))
        number: int = connection.scalars(sa.select(runs.c.n).where(of_name)).one()
        return number

    def end(self, connection: sa.Connection, n: int, now: dt.datetime, counts: RunCounts) -> None:
        """Note that a run has ended, and what it did."""
        values = {"ended": now, "figures": to_json(counts).decode()}
        connection.execute(runs.update().where(runs.c.n == n).values(**values))

    def find(self, connection: sa.Connection, name: str) -> RunRecord | None:
        """Return the run with this id, None where there is none."""
        row = connection.execute(sa.select(runs).where(runs.c.id == name)).first()
        return _record(row) if row else None

    def list_latest(self, connection: sa.Connection, limit: int) -> list[RunRecord]:
        """Return the runs that began last, the latest first."""
        latest = sa.select(runs).order_by(runs.c.began.desc(), runs.c.n.desc()).limit(limit)
        return [_record(row) for row in connection.execute(latest)]

    def list_since(self, connection: sa.Connection, since: dt.datetime | None) -> list[RunRecord]:
        """Return the runs that ended ``since`` (None: ever), and those that go on or were cut off; the oldest first.

        Of those that were cut off long ago none is among them.
        """
        goes_on: sa.ColumnElement[bool] = runs.c.ended.is_(None)
        if since is not None:
            goes_on = sa.and_(goes_on, runs.c.began >= since - _LONGEST_RUN)
        changed = sa.or_(goes_on, sa.true() if since is None else runs.c.ended >= since)
        return [_record(row) for row in connection.execute(sa.select(runs).where(changed).order_by(runs.c.n))]

    def count(self, connection: sa.Connection, n: int) -> RunCounts:
        """Return what the history knows of a run; ``well_besides`` is not counted."""
        c = outcomes.c
        counted = sa.select(c.stage, c.outcome, c.reason, _KINDS.label("kind"), sa.func.count().label("times"))
        stages: dict[str, StageFigures] = {}
        others = {"new": 0, "changed": 0}
        for row in connection.execute(counted.where(c.run == n).group_by(c.stage, c.outcome, c.reason, "kind")):
            if row.kind in others:
                others[row.kind] += row.times
            else:
                reason = Reason(row.reason) if row.reason else None
                stages.setdefault(row.stage, StageFigures()).add(Outcome(row.outcome), reason, row.times)
        return RunCounts(
            stages={stage.value: stages[stage] for stage in Stage if stage in stages},
            new_articles=others["new"],
            changed_articles=others["changed"],
            polls=tuple(self._list_polls(connection, n)),
        )

    def _list_polls(self, connection: sa.Connection, n: int) -> Iterator[SourcePolls]:
        """Yield the sources that a run polled; a feed has failed that gave no answer at any time of the run."""
        c = outcomes.c
        has_answered = sa.func.max(sa.case((_ANSWERED, 1), else_=0)).label("answered")
        polled = sa.select(c.id, has_answered).where(c.run == n, c.stage == Stage.POLL, _IS_FEED).group_by(c.id)
        by_feed = polled.subquery()
        by_source = (
            sa.select(feeds.c.source, sa.func.count().label("asked"), sa.func.sum(by_feed.c.answered).label("answered"))
            .join(by_feed, by_feed.c.id == feeds.c.url)
            .group_by(feeds.c.source)
            .order_by(feeds.c.source)
        )
        for row in connection.execute(by_source):
            yield SourcePolls(source=row.source, asked=row.asked, failed=row.asked - row.answered)

    def list_articles(
        self,
        connection: sa.Connection,
        n: int,
        *,
        stage: Stage | None = None,
        outcome: Outcome | None = None,
        limit: int,
        offset: int = 0,
    ) -> list[RunArticle]:
        """Return what became of the articles of a run, those that it was at last first: the latest outcome of each.

        With ``stage`` or ``outcome`` it is the latest outcome of that stage, or of that kind.
        """
        c = outcomes.c
        chosen = [c.run == n, sa.or_(c.stage != Stage.POLL, sa.not_(_IS_FEED))]
        chosen += [c.stage == stage] if stage else []
        chosen += [c.outcome == outcome] if outcome else []
        latest = sa.select(sa.func.max(c.n).label("latest")).where(*chosen).group_by(c.id)
        page = latest.order_by(sa.desc("latest")).limit(limit).offset(offset).subquery()
        facts = (c.id, c.stage, c.at, c.outcome, c.reason, c.detail, items.c.url, items.c.source, items.c.state)
        rows = sa.select(*facts, items.c.embargoed).join(page, page.c.latest == c.n)
        rows = rows.join(items, items.c.id == c.id, isouter=True).order_by(c.n.desc())
        return rows_as(RunArticle, connection.execute(rows))

    def list_slowest_hosts(self, connection: sa.Connection, run: RunRecord, limit: int) -> list[RunHost]:
        """Return the hosts that were asked for pages the longest in a run.

        That is from when the run could ask (its begin, or its first sight of the first page) until the last answer.
        """
        c = outcomes.c
        first = sa.func.min(
            sa.case((items.c.first_seen > run.began, items.c.first_seen), else_=sa.literal(run.began, Utc()))
        )
        asked = (
            sa.select(
                items.c.host,
                sa.func.count().label("pages"),
                sa.func.sum(sa.case((c.outcome == Outcome.DONE, 0), else_=1)).label("failed"),
                sa.type_coerce(first, Utc).label("first"),
                sa.func.max(c.at).label("last"),
            )
            .join(items, items.c.id == c.id)
            .where(c.run == run.n, c.stage == Stage.FETCH)
            .group_by(items.c.host)
        )
        hosts = [
            RunHost(host=row.host, pages=row.pages, failed=row.failed, seconds=(row.last - row.first).total_seconds())
            for row in connection.execute(asked)
        ]
        return sorted(hosts, key=lambda host: (-host.seconds, host.host))[:limit]


def delete_runs_before(connection: sa.Connection, until: dt.datetime) -> None:
    """Forget runs that began before ``until``."""
    connection.execute(runs.delete().where(runs.c.began < until))


def _record(row: sa.Row[*tuple[Any, ...]]) -> RunRecord:
    return RunRecord(
        n=row.n,
        id=row.id,
        command=row.command,
        began=row.began,
        started_by=row.started_by,
        program=row.program,
        ended=row.ended,
        counts=from_json(row.figures, RunCounts) if row.figures else None,
        is_dead=row.program is not None and is_dead(row.program),
    )

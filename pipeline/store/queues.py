"""Count what waits, within a bound: never slower than a look at so many rows, however many articles there are."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from pipeline.figures import HostBacklog, StageBacklog
from pipeline.records import Stage
from pipeline.store import article_state
from pipeline.store.rows import QUARANTINED
from pipeline.store.schema.articles import items
from pipeline.store.schema.feeds import feeds
from pipeline.store.schema.hosts import hosts
from pipeline.store.statements import among

BOUND = 10_000  # rows that are counted of each queue
_MOST_HELD = 1000


class Queues:
    """What waits in a database."""

    def list_queues(self, connection: sa.Connection, now: dt.datetime, bound: int = BOUND) -> list[StageBacklog]:
        """Return what stands before each stage, in the order of the stages."""
        quarantined = _count_quarantined(connection, bound)
        return [
            _feed_queue(connection, now, bound),
            *(
                _article_queue(connection, stage, now, bound, quarantined.get(stage, 0))
                for stage in Stage
                if stage is not Stage.POLL
            ),
        ]

    def list_hosts(self, connection: sa.Connection, now: dt.datetime, bound: int = BOUND) -> list[HostBacklog]:
        """Return the hosts of pages that wait to be fetched, and those that want to be left alone.

        First come those with most pages. Of more than ``bound`` pages those that arrived first are looked at.
        """
        waits = article_state.waits_for(Stage.FETCH, now)
        pages = sa.select(items.c.host, items.c.due).where(*waits).order_by(items.c.seq).limit(bound).subquery().c
        columns = (pages.host, sa.func.count().label("waiting"), sa.func.min(pages.due).label("oldest"))
        waiting = {row.host: row for row in connection.execute(sa.select(*columns).group_by(pages.host))}
        known = sa.select(hosts.c.host, hosts.c.next_turn, hosts.c.held_until, hosts.c.crawl_delay)
        held = connection.execute(known.where(hosts.c.held_until > now).limit(_MOST_HELD)).all()
        asked = connection.execute(known.where(among(connection, hosts.c.host, list(waiting)))).all()
        state = {row.host: row for row in (*held, *asked)}
        backlogs = [
            HostBacklog(
                host=host,
                waiting=waiting[host].waiting if host in waiting else 0,
                oldest=waiting[host].oldest if host in waiting else None,
                next_turn=_later(state[host].next_turn, now) if host in state else None,
                held_until=_later(state[host].held_until, now) if host in state else None,
                crawl_delay_seconds=state[host].crawl_delay if host in state else None,
            )
            for host in {*waiting, *state}
        ]
        return sorted(backlogs, key=lambda backlog: (-backlog.waiting, backlog.host))


def _later(time: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """Return a time that is still to come."""
    return time if time is not None and time > now else None


def _article_queue(
    connection: sa.Connection, stage: Stage, now: dt.datetime, bound: int, quarantined: int
) -> StageBacklog:
    is_held = sa.false() if stage in article_state.NOT_HELD else article_state.is_held(now)
    standing = _standing(items, now, (is_held, "held"))
    # a document that is written again is due since the first sight of its article: that says nothing of waiting
    since = sa.case((items.c.indexed <= 0, items.c.due)) if stage is Stage.INDEX else items.c.due
    rows = sa.select(standing, since.label("since")).where(*article_state.stands_before(stage)).order_by(items.c.seq)
    return _count(connection, stage, rows.limit(bound), bound, quarantined=quarantined)


def _feed_queue(connection: sa.Connection, now: dt.datetime, bound: int) -> StageBacklog:
    rows = sa.select(_standing(feeds, now), feeds.c.due.label("since")).order_by(feeds.c.due)
    return _count(connection, Stage.POLL, rows.limit(bound), bound)


def _standing(table: sa.Table, now: dt.datetime, *first: tuple[sa.ColumnElement[bool], str]) -> sa.Label[str]:
    """Return which count of a StageBacklog a row of ``table`` belongs to; the conditions of ``first`` go before."""
    is_leased = sa.and_(table.c.lease_until.isnot(None), table.c.lease_until > now)
    return sa.case(*first, (is_leased, "in_hand"), (table.c.due > now, "later"), else_="waiting").label("standing")


def _count(
    connection: sa.Connection,
    stage: Stage,
    rows: sa.Select[tuple[str, dt.datetime]],
    bound: int,
    *,
    quarantined: int = 0,
) -> StageBacklog:
    c = rows.subquery().c
    counts = sa.select(c.standing, sa.func.count(), sa.func.min(c.since, type_=items.c.due.type)).group_by(c.standing)
    by_standing = {standing: (count, oldest) for standing, count, oldest in connection.execute(counts)}
    numbers = {standing: count for standing, (count, _) in by_standing.items()}
    return StageBacklog(
        stage=stage.value,
        **numbers,
        quarantined=quarantined,
        oldest=by_standing["waiting"][1] if "waiting" in by_standing else None,
        bounded=max(sum(numbers.values()), quarantined) >= bound,
    )


def _count_quarantined(connection: sa.Connection, bound: int) -> dict[str, int]:
    """Return stage → how many are quarantined before it, looking at no more than the bound."""
    # spelt out, so that SQLite knows that the index of what is quarantined has all of it
    is_quarantined = items.c.state == sa.literal_column(f"'{QUARANTINED}'")
    looked_at = sa.select(items.c.stage).where(is_quarantined).limit(bound).subquery()
    counts = sa.select(looked_at.c.stage, sa.func.count()).group_by(looked_at.c.stage)
    return {stage: count for stage, count in connection.execute(counts) if stage}

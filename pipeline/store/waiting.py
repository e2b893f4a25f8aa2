"""Tell for which stages another program may have brought something: articles, or what an outbox holds for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from pipeline.records import Stage
from pipeline.store import article_state
from pipeline.store.hosts import Hosts
from pipeline.store.ledger import Ledger
from pipeline.store.schema.articles import items
from pipeline.store.schema.outbox import losses, regrouped, withdrawn
from pipeline.store.schema.websub import pushes

# Their loops look by themselves: what waits for them may have to wait for its host.
_BY_HOST = frozenset({Stage.POLL, Stage.FETCH})
# What a run has at hand goes on to its next stage sooner than this; what waits for longer, no run has at hand.
_SETTLED = dt.timedelta(seconds=15)
_MOST_COUNTED = 1000  # of articles: more make no difference to who asks


class Arrivals(NamedTuple):
    """What waits for a run: hosts at which feeds are due, or pages, that may be asked now; pushes; and articles."""

    feed_hosts: int
    pushes: int
    page_hosts: int
    articles: int


def find_waiting(
    connection: sa.Connection, ledger: Ledger, stages: Collection[Stage], now: dt.datetime, sources: Sequence[str] = ()
) -> set[Stage]:
    """Return those of ``stages`` for which something waits at ``now`` (of ``sources``, where any are named)."""
    waiting = set()
    for stage in stages:
        due = None if stage in _BY_HOST else ledger.next_due(connection, stage, now, sources)
        if (due and due <= now) or _has_pending(connection, stage):
            waiting.add(stage)
    return waiting


def count_arrivals(connection: sa.Connection, hosts: Hosts, now: dt.datetime) -> Arrivals:
    """Return what waits at ``now`` that no run has at hand. Costs a few looks, however many articles there are."""
    settled = now - _SETTLED
    feed_hosts, page_hosts = hosts.list_with_feeds(connection, now), hosts.list_with_pages(connection, settled)
    behind_fetch = [stage for stage in Stage if stage not in _BY_HOST]
    return Arrivals(
        feed_hosts=sum(host.ready_at is None for host in feed_hosts),
        pushes=connection.scalar(sa.select(sa.func.count()).select_from(pushes)) or 0,
        page_hosts=sum(host.ready_at is None or host.ready_at <= now for host in page_hosts),
        articles=sum(_count_unleased(connection, stage, settled, now) for stage in behind_fetch),
    )


def _count_unleased(connection: sa.Connection, stage: Stage, settled: dt.datetime, now: dt.datetime) -> int:
    conditions = [*article_state.waits_for(stage, settled), article_state.is_unleased(now)]
    waiting = sa.select(items.c.seq).where(*conditions).limit(_MOST_COUNTED).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0


def _has_pending(connection: sa.Connection, stage: Stage) -> bool:
    """Tell whether an outbox holds something for ``stage``."""
    return any(connection.execute(query).first() is not None for query in _OUTBOXES.get(stage, ()))


_OUTBOXES: Mapping[Stage, tuple[sa.Select[Any], ...]] = {
    Stage.POLL: (sa.select(pushes.c.n).limit(1),),
    Stage.DEDUPE: (sa.select(losses.c.name).where(losses.c.stage == Stage.DEDUPE).limit(1),),
    Stage.CLUSTER: (
        sa.select(losses.c.name).where(losses.c.stage == Stage.CLUSTER).limit(1),
        sa.select(regrouped.c.n).limit(1),
    ),
    Stage.INDEX: (sa.select(withdrawn.c.id).limit(1),),
}

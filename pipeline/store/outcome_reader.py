"""Read the history in one order, page by page, so that whoever reads on misses no outcome that commits late.

Outcomes have their numbers before their transactions end. On PostgreSQL a lower number may therefore be committed after
a higher one was read. A reader goes no further than the *fence*: the highest number that was seen at a moment at which
transactions were under way that have all ended by now. ``append_outcomes`` makes sure that a transaction has its id
before it draws a number, so that each number below the fence belongs to one of those. On SQLite, whose writers come one
after the other, each number that is seen is behind the fence at once.
"""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from pipeline.records import Outcome, Stage
from pipeline.store.outcome_log import CHANGED
from pipeline.store.rows import REMOVED
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.schema.bookkeeping import runs
from pipeline.store.schema.feeds import feeds
from pipeline.store.statements import among

_FENCE = sa.text(
    "SELECT coalesce((SELECT max(n) FROM outcomes), 0), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
    "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)


class OutcomeCursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far somebody has read: ``position`` was read last, up to ``settled`` none can come any more.

    ``fence`` is settled when all transactions before ``fence_transaction`` have ended.
    """

    position: int = 0
    settled: int = 0
    fence: int = 0
    fence_transaction: int = 0


class OutcomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome with what was known of its article or feed when it was read.

    An article that was taken down has neither ``url`` nor ``detail``. ``before`` is when the outcome before it of the
    same article was saved; ``is_first`` tells that the index had the article for the first time.
    """

    n: int
    id: str
    stage: str
    at: dt.datetime
    outcome: str
    reason: str | None
    detail: str | None
    run: str | None
    command: str | None
    url: str | None
    source: str | None
    host: str | None
    first_seen: dt.datetime | None
    embargoed: dt.datetime | None
    before: dt.datetime | None = None
    is_first: bool = False

    @property
    def is_feed(self) -> bool:
        """Tell whether it is of a feed: the history has these under their addresses."""
        return "://" in self.id

    @property
    def kind(self) -> str:
        """Return what it counts as: an ``attempt`` of a stage, or that an article was ``new`` or has ``changed``."""
        if self.stage != Stage.POLL or self.is_feed:
            return "attempt"
        return "changed" if (self.detail or "").startswith(CHANGED) else "new"


class OutcomeReader:
    """Reads the history of a database on from a cursor."""

    def settle(self, connection: sa.Connection, cursor: OutcomeCursor) -> OutcomeCursor:
        """Return the cursor with what is settled by now."""
        if connection.dialect.name == "sqlite":
            highest = connection.scalar(sa.select(sa.func.max(outcomes.c.n))) or 0
            # where the whole history was forgotten, numbers begin anew
            position = cursor.position if cursor.position <= highest else 0
            return OutcomeCursor(position=position, settled=highest)
        highest, oldest, following = connection.execute(_FENCE).one()
        if oldest == following:  # nobody writes
            return msgspec.structs.replace(cursor, settled=max(highest, cursor.settled), fence=0, fence_transaction=0)
        settled = cursor.settled
        if cursor.fence and oldest >= cursor.fence_transaction:
            settled, cursor = max(settled, cursor.fence), msgspec.structs.replace(cursor, fence=0)
        if not cursor.fence:
            cursor = msgspec.structs.replace(cursor, fence=highest, fence_transaction=following)
        return msgspec.structs.replace(cursor, settled=settled)

    def read_page(
        self, connection: sa.Connection, cursor: OutcomeCursor, limit: int
    ) -> tuple[list[OutcomeLine], OutcomeCursor]:
        """Return up to ``limit`` settled outcomes behind the cursor, in order, and the cursor behind them.

        Of an article that was taken down neither address nor details are told.
        """
        c = outcomes.c
        is_kept = sa.or_(items.c.state.is_(None), items.c.state != REMOVED)  # a feed has no row of items
        detail, url = (sa.case((is_kept, column), else_=None) for column in (c.detail, items.c.url))
        chosen = (
            sa.select(
                *(c.n, c.id, c.stage, c.at, c.outcome, c.reason, detail, runs.c.id, runs.c.command, url),
                sa.func.coalesce(items.c.source, feeds.c.source),
                sa.func.coalesce(sa.func.nullif(items.c.host, ""), sa.func.nullif(feeds.c.host, "")),
                *(items.c.first_seen, items.c.embargoed),
            )
            .select_from(outcomes)
            .join(items, items.c.id == c.id, isouter=True)
            .join(feeds, feeds.c.url == c.id, isouter=True)
            .join(runs, runs.c.n == c.run, isouter=True)
            .where(c.n > cursor.position, c.n <= cursor.settled)
            .order_by(c.n)
            .limit(limit)
        )
        rows = connection.execute(chosen).all()
        earlier = _earlier(connection, cursor.position, {row[1] for row in rows if "://" not in row[1]})
        lines = []
        for row in rows:
            before, was_indexed = earlier.get(row[1], (None, False))
            is_indexed = row[2] == Stage.INDEX and row[4] == Outcome.DONE
            is_first = is_indexed and not was_indexed
            lines.append(OutcomeLine(**dict(zip(_FIELDS, row, strict=False)), before=before, is_first=is_first))
            if "://" not in row[1]:
                earlier[row[1]] = (row[3], was_indexed or is_indexed)
        position = rows[-1][0] if rows else max(cursor.position, cursor.settled)
        return lines, msgspec.structs.replace(cursor, position=position)

    def count_page(
        self, connection: sa.Connection, cursor: OutcomeCursor, limit: int
    ) -> tuple[dict[tuple[str, str, str | None], int], OutcomeCursor]:
        """Return how many attempts up to ``limit`` settled outcomes behind the cursor are, and the cursor behind them.

        They are counted by stage, outcome and reason. What poll says of articles is no attempt.
        """
        c = outcomes.c
        is_attempt = sa.or_(c.stage != Stage.POLL, c.id.contains("://", autoescape=True)).label("is_attempt")
        is_next = sa.and_(c.n > cursor.position, c.n <= cursor.settled)
        page = sa.select(c.n, c.stage, c.outcome, c.reason, is_attempt).where(is_next).order_by(c.n).limit(limit)
        each = page.subquery().c
        by = (each.stage, each.outcome, each.reason, each.is_attempt)
        rows = connection.execute(sa.select(*by, sa.func.count(), sa.func.max(each.n)).group_by(*by)).all()
        counts = {(row[0], row[1], row[2]): row[4] for row in rows if row[3]}
        is_whole = sum(row[4] for row in rows) < limit
        position = max((row[5] for row in rows), default=cursor.position)
        position = max(position, cursor.position, cursor.settled if is_whole else 0)
        return counts, msgspec.structs.replace(cursor, position=position)

    def count_waiting(self, connection: sa.Connection, cursor: OutcomeCursor) -> tuple[int, dt.datetime | None]:
        """Return how many outcomes a reader has before him, settled or not, and when the first of them was saved."""
        is_ahead = outcomes.c.n > cursor.position
        count = connection.scalar(sa.select(sa.func.count()).select_from(outcomes).where(is_ahead)) or 0
        first = connection.scalar(sa.select(outcomes.c.at).where(is_ahead).order_by(outcomes.c.n).limit(1))
        return count, first


_FIELDS = OutcomeLine.__struct_fields__[:14]


def _earlier(connection: sa.Connection, position: int, ids: set[str]) -> dict[str, tuple[dt.datetime | None, bool]]:
    """Return article → when its last outcome up to ``position`` was saved, and whether the index had it by then."""
    c = outcomes.c
    is_indexed = sa.case((sa.and_(c.stage == Stage.INDEX, c.outcome == Outcome.DONE), 1), else_=0)
    latest = sa.func.max(c.at, type_=c.at.type)
    known = sa.select(c.id, latest, sa.func.max(is_indexed)).where(among(connection, c.id, sorted(ids)))
    rows = connection.execute(known.where(c.n <= position).group_by(c.id))
    return {name: (at, bool(was_indexed)) for name, at, was_indexed in rows}

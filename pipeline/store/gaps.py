"""Keep what feeds failed to show us: gaps in them, and how many articles came in which hour.

Counts of gaps are estimates; counts of arrivals are of articles that were new.
"""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.feed_records import FeedGap
from pipeline.records import Entry
from pipeline.store.schema.feeds import arrivals, gaps
from pipeline.store.statements import columns_of, rows_as

# News sitemaps hold two days; what is named later fills no gap, it is late.
_OPEN = dt.timedelta(days=3)


class FeedGaps:
    """The gaps in feeds, and how many articles arrived in each hour."""

    def record_round(
        self, connection: sa.Connection, new_gaps: Sequence[FeedGap], entries: Sequence[Entry], now: dt.datetime
    ) -> None:
        """Note the gaps that a round of polls found, and what its new ``entries`` fill."""
        if new_gaps:
            connection.execute(gaps.insert(), [{name: getattr(gap, name) for name in _FIELDS} for gap in new_gaps])
        if not entries:
            return
        counts = collections.Counter((entry.source, _hour(entry.published or entry.first_seen)) for entry in entries)
        for (source, hour), count in sorted(counts.items()):
            hourly = arrivals.update().where(arrivals.c.source == source, arrivals.c.hour == hour)
            if not connection.execute(hourly.values(named=arrivals.c.named + count)).rowcount:
                connection.execute(arrivals.insert().values(source=source, hour=hour, named=count))
        self._fill(connection, entries, now)

    def _fill(self, connection: sa.Connection, entries: Sequence[Entry], now: dt.datetime) -> None:
        sources = {entry.source for entry in entries}
        fillable = sa.select(gaps).where(gaps.c.until > now - _OPEN, gaps.c.source.in_(sources))
        for gap in connection.execute(fillable).all():
            count = sum(
                entry.source == gap.source
                and entry.feed != gap.feed
                and entry.published is not None
                and gap.since < entry.published < gap.until
                for entry in entries
            )
            if count:
                connection.execute(gaps.update().where(gaps.c.n == gap.n).values(filled=gaps.c.filled + count))

    def list_gaps(self, connection: sa.Connection, since: dt.datetime) -> list[FeedGap]:
        """Return the gaps that ended after ``since``, oldest first."""
        chosen = sa.select(*columns_of(gaps, FeedGap)).where(gaps.c.until > since).order_by(gaps.c.until, gaps.c.n)
        return rows_as(FeedGap, connection.execute(chosen))

    def count_arrivals(self, connection: sa.Connection, since: dt.datetime) -> dict[tuple[str, dt.datetime], int]:
        """Return (source, hour) → how many articles its feeds named, from ``since`` on."""
        rows = connection.execute(sa.select(arrivals).where(arrivals.c.hour >= _hour(since)))
        return {(row.source, row.hour): row.named for row in rows}


_FIELDS = FeedGap.__struct_fields__


def delete_gaps_before(connection: sa.Connection, until: dt.datetime) -> None:
    """Forget gaps and arrivals of the time before ``until``."""
    connection.execute(gaps.delete().where(gaps.c.until < until))
    connection.execute(arrivals.delete().where(arrivals.c.hour < until))


def _hour(when: dt.datetime) -> dt.datetime:
    return when.replace(minute=0, second=0, microsecond=0)

"""Tables of what poll remembers: feeds, the gaps in them, how many articles came when, and days of sources."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False, server_default=""),  # of the address at which it is polled
    sa.Column("due", Utc, nullable=False),
    sa.Column("role", sa.Text, nullable=False, server_default="feed"),  # feed_records.FeedRole
    sa.Column("state", sa.Text, nullable=False),  # a FeedState as JSON
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Utc),
)
sa.Index("ix_feeds_due", feeds.c.due)

gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("since", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),  # an estimate
    sa.Column("filled", sa.Integer, nullable=False, server_default="0"),  # named by another feed of the source
)
sa.Index("ix_gaps_until", gaps.c.until)

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("hour", Utc, primary_key=True),  # of publication, where it is known
    sa.Column("named", sa.Integer, nullable=False),  # of articles that feeds named
)
sa.Index("ix_arrivals_hour", arrivals.c.hour)

source_days = sa.Table(
    "source_days",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),  # UTC
    sa.Column("polls", sa.Integer, nullable=False),  # of its feeds
    sa.Column("failed", sa.Integer, nullable=False),  # of them those that got no answer that can be used
    sa.Column("articles", sa.Integer, nullable=False),  # that they were the first to name
)
sa.Index("ix_source_days_day", source_days.c.day)

"""Tables of what hubs push (WebSub): subscriptions, and pushes that nobody has read yet."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False, unique=True),  # of the callback's address
    sa.Column("hub", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # asked, active, refused
    sa.Column("due", Utc, nullable=False),  # when the hub is asked (again)
    sa.Column("until", Utc),  # the end of the lease
    sa.Column("pushed", Utc),  # when it last sent something
    sa.Column("error", sa.Text),
    sa.Column("digests", sa.Text),  # of its latest pushes, by which replays are known
)

pushes = sa.Table(
    "pushes",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("received", Utc, nullable=False),
    sa.Column("content_type", sa.Text),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

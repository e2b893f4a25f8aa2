"""What are the tables of what fetch remembers of pages and hosts, and of what hubs push?"""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema import BIG, Utc, metadata

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of the article
    sa.Column("due", Utc),  # when its page is looked at again; NULL when it isn't
    sa.Column("changed", Utc, nullable=False),  # when it was last seen to have changed
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("asked", Utc),  # when its feed last had it looked at
    sa.Column("gone", Utc),  # since when its page isn't there any more
)
sa.Index("ix_visits_due", visits.c.due)

withdrawn = sa.Table(
    "withdrawn",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of an article that the index may still have, and must not keep
)

losses = sa.Table(
    "losses",
    metadata,
    sa.Column("stage", sa.Text, primary_key=True),  # dedupe or cluster, which settles it
    sa.Column("name", sa.Text, primary_key=True),  # of a copy group or story that a withdrawn article was in
)

unwanted_blobs = sa.Table(
    "unwanted_blobs",
    metadata,
    sa.Column("blob", sa.Text, primary_key=True),  # the archive may still have it, and must not keep it
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("until", Utc, nullable=False),  # until then the host wants to be left alone
)

# What hubs push (WebSub) ---------------------------------------------------------------------------------------------

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

"""Tables of what the ledger knows of each article.

An article is named by its ``id``, and by ``items.seq``, its number in the order of arrival.
"""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

items = sa.Table(
    "items",
    metadata,
    sa.Column("seq", BIG, primary_key=True, autoincrement=True),  # the order of arrival
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("host", sa.Text, nullable=False, server_default=""),  # of url; nothing where it has none
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, default=1),  # of the publisher's text
    sa.Column("stage", sa.Text),  # the verb that is next; NULL when there is none
    sa.Column("state", sa.Text, nullable=False),  # pending, dropped, quarantined, withdrawn, removed
    sa.Column("due", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Utc),
    sa.Column("revision", sa.Integer, nullable=False, default=0),  # of the document
    sa.Column("indexed", sa.Integer, nullable=False, default=0),  # the revision that the index has
    sa.Column("copy_group", sa.Text),
    sa.Column("story", sa.Text),
    sa.Column("published", Utc),  # when its publisher says it was, where that is an instant
    sa.Column("credit", sa.Text),  # the news agency that its text credits
    sa.Column("embargoed", Utc),  # until when no stage behind extract gets it
)
# what waits, and what a claim asks of it: however many articles are through or dropped, they aren't looked at
_WAITS = sa.text("state = 'pending' AND stage IS NOT NULL")
sa.Index("ix_items_waiting", items.c.stage, items.c.seq, items.c.due, items.c.lease_until, items.c.embargoed,
         sqlite_where=_WAITS, postgresql_where=_WAITS)  # fmt: skip
_QUARANTINED = sa.text("state = 'quarantined'")
sa.Index("ix_items_quarantined", items.c.stage, sqlite_where=_QUARANTINED, postgresql_where=_QUARANTINED)
_WAITS_FOR_FETCH = sa.text("stage = 'fetch' AND state = 'pending'")
sa.Index("ix_items_host", items.c.host, items.c.version, items.c.first_seen, items.c.due,
         sqlite_where=_WAITS_FOR_FETCH, postgresql_where=_WAITS_FOR_FETCH)  # fmt: skip
sa.Index("ix_items_copy_group", items.c.copy_group)
sa.Index("ix_items_story", items.c.story)
sa.Index("ix_items_embargoed", items.c.embargoed, sqlite_where=items.c.embargoed.isnot(None),
         postgresql_where=items.c.embargoed.isnot(None))  # fmt: skip
sa.Index("ix_items_lease_owner", items.c.lease_owner, sqlite_where=items.c.lease_owner.isnot(None),
         postgresql_where=items.c.lease_owner.isnot(None))  # fmt: skip

addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # urls.address_key of an address that leads to it, or another mark
    sa.Column("id", sa.Text, nullable=False),
)
sa.Index("ix_addresses_id", addresses.c.id)

records = sa.Table(
    "records",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),  # records.STAGE_VERSIONS of the stage that made it
    sa.Column("data", sa.Text, nullable=False),  # the record as JSON
    sa.Column("copy_kind", sa.Text),  # of dedupe's record of a copy: its records.CopyKind
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),  # of the article; of a feed its address
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("run", sa.Integer),  # runs.n of the run that it belongs to, where it belongs to one
)
sa.Index("ix_outcomes_id", outcomes.c.id)
sa.Index("ix_outcomes_at", outcomes.c.at)
sa.Index("ix_outcomes_run", outcomes.c.run, sqlite_where=outcomes.c.run.isnot(None),
         postgresql_where=outcomes.c.run.isnot(None))  # fmt: skip

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

"""Tables of what poll and fetch remember of hosts: whose they are, when they may be asked next, their robots.txt."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

robots = sa.Table(
    "robots",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("fetched", Utc, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),  # see urls.host_and_port
    sa.Column("next_turn", Utc),  # no request before; written ahead of the requests
    sa.Column("held_until", Utc),  # until then the host wants to be left alone
    sa.Column("crawl_delay", sa.Float),  # seconds between requests that its robots.txt asks for
    sa.Column("lease_owner", sa.Text),  # who alone asks it, for feeds and pages
    sa.Column("lease_until", Utc),
)
sa.Index("ix_hosts_lease_owner", hosts.c.lease_owner, sqlite_where=hosts.c.lease_owner.isnot(None),
         postgresql_where=hosts.c.lease_owner.isnot(None))  # fmt: skip

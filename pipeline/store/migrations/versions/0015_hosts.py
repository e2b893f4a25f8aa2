"""hosts: turns and leases by host in place of holds; articles and feeds know the host of their address."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BATCH = 5000
_TIME = sa.DateTime(timezone=True)
_WAITS = sa.text("stage = 'fetch' AND state = 'pending'")
_IS_LEASED = sa.text("lease_owner IS NOT NULL")
_PORTS = {"http": 80, "https": 443}


def upgrade() -> None:
    """Change the schema, and fill in the hosts of what is there."""
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("next_turn", _TIME, nullable=True),
        sa.Column("held_until", _TIME, nullable=True),
        sa.Column("crawl_delay", sa.Float(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("host", name="pk_hosts"),
    )
    op.create_index(
        "ix_hosts_lease_owner", "hosts", ["lease_owner"], sqlite_where=_IS_LEASED, postgresql_where=_IS_LEASED
    )
    op.execute("INSERT INTO hosts (host, held_until) SELECT host, until FROM holds")
    op.drop_table("holds")
    for table in ("items", "feeds"):
        op.add_column(table, sa.Column("host", sa.Text(), nullable=False, server_default=""))
    _fill_items(op.get_bind())
    _fill_feeds(op.get_bind())
    columns = ["host", "version", "first_seen", "due"]
    op.create_index("ix_items_host", "items", columns, sqlite_where=_WAITS, postgresql_where=_WAITS)


def downgrade() -> None:
    """Change it back; turns, leases and crawl delays are lost."""
    op.drop_index("ix_items_host", "items")
    op.drop_column("items", "host")
    op.drop_column("feeds", "host")
    op.create_table(
        "holds",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_holds"),
    )
    op.execute("INSERT INTO holds (host, until) SELECT host, held_until FROM hosts WHERE held_until IS NOT NULL")
    op.drop_index("ix_hosts_lease_owner", "hosts")
    op.drop_table("hosts")


def _fill_items(connection: sa.Connection) -> None:
    items = sa.table("items", *map(sa.column, ("seq", "url", "host")))
    last = -1
    while True:
        rows = connection.execute(
            sa.select(items.c.seq, items.c.url).where(items.c.seq > last).order_by(items.c.seq).limit(_BATCH)
        ).all()
        if not rows:
            return
        _update(connection, items, items.c.seq, ((row.seq, _host(row.url)) for row in rows))
        last = rows[-1].seq


def _fill_feeds(connection: sa.Connection) -> None:
    feeds = sa.table("feeds", *map(sa.column, ("url", "state", "host")))
    rows = connection.execute(sa.select(feeds.c.url, feeds.c.state)).all()
    _update(connection, feeds, feeds.c.url, ((row.url, _host(_address(row.state) or row.url)) for row in rows))


def _update(
    connection: sa.Connection, table: sa.TableClause, key: sa.ColumnClause[object], hosts: Iterable[tuple[object, str]]
) -> None:
    values = [{"row_key": row_key, "row_host": host} for row_key, host in hosts if host]
    if values:
        change = table.update().where(key == sa.bindparam("row_key")).values(host=sa.bindparam("row_host"))
        connection.execute(change, values)


def _address(state: str) -> str | None:
    """Return the address to which a feed has moved."""
    try:
        plain = json.loads(state)
    except ValueError:
        return None
    address = plain.get("address") if isinstance(plain, dict) else None
    return address if isinstance(address, str) else None


def _host(url: str | None) -> str:
    """Return the host of an address as the ledger keeps it, nothing where it is none."""
    try:
        parts = urlsplit(url or "")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    name = f"[{name}]" if ":" in name else name
    return name if port is None or port == _PORTS.get(parts.scheme) else f"{name}:{port}"

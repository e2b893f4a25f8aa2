"""no credentials: ``user:password@`` goes out of all addresses that are kept; pushes are told from their replays.

Ids of articles don't follow from it, so none changes. Documents that showed such an address are written again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CREDENTIALS = re.compile(r"(?P<start>(?:\b[a-z][a-z0-9+.\-]*:|^\s*)//)[^\s/?#\"'<>]*@", re.IGNORECASE)
_ADDRESSES = frozenset({"url", "final_url", "canonical_url", "image", "feed", "guid", "address", "moved_to", "error"})
_WITH_ADDRESSES = ("poll", "fetch", "extract")
_BATCH = 1000
# Columns that hold an address, or a text that may name some; without types: what can't be read stays as it is.
# Where the address is the table's key, a row of the same address without credentials is the newer one, and stays.
_KEYED = (("feeds", "url"), ("subscriptions", "feed"), ("robots", "host"))
_PLAIN = (
    ("items", "seq", "url"),
    ("outcomes", "n", "id"),
    ("outcomes", "n", "detail"),
    ("gaps", "n", "feed"),
    ("pushes", "n", "feed"),
    ("subscriptions", "token", "hub"),
    ("subscriptions", "token", "topic"),
    ("subscriptions", "token", "error"),
)


def upgrade() -> None:
    """Change the schema, and what is kept."""
    op.add_column("subscriptions", sa.Column("digests", sa.Text(), nullable=True))
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":  # what is overwritten shall not stay in the free parts of the file
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    for table, key in _KEYED:
        _clean_keys(connection, table, key)
    for table, key, column in _PLAIN:
        _clean_column(connection, table, key, column)
    _clean_states(connection)
    _write_documents_again(connection, _clean_records(connection))


def downgrade() -> None:
    """Change it back; what was taken out of addresses is lost."""
    op.drop_column("subscriptions", "digests")


def _without_credentials(text: str) -> str:
    return _CREDENTIALS.sub(r"\g<start>", text)


def _read(connection: sa.Connection, table: sa.TableClause, key: str, *columns: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of which a column may hold credentials, in the order of their key."""
    suspect = sa.or_(*(table.c[name].like("%//%@%") for name in columns))
    last: Any = None
    while True:
        chosen = sa.select(table.c[key], *(table.c[name] for name in columns)).where(suspect).order_by(table.c[key])
        rows = connection.execute((chosen if last is None else chosen.where(table.c[key] > last)).limit(_BATCH)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1][0]


def _clean_column(connection: sa.Connection, name: str, key: str, column: str) -> None:
    table = sa.table(name, sa.column(key), sa.column(column))
    for row_key, text in _read(connection, table, key, column):
        cleaned = _without_credentials(text)
        if cleaned != text:
            connection.execute(table.update().where(table.c[key] == row_key).values({column: cleaned}))


def _clean_keys(connection: sa.Connection, name: str, key: str) -> None:
    table = sa.table(name, sa.column(key))
    for (address,) in connection.execute(sa.select(table.c[key]).where(table.c[key].like("%//%@%"))).all():
        cleaned = _without_credentials(address)
        if cleaned == address:
            continue
        if connection.execute(sa.select(table.c[key]).where(table.c[key] == cleaned)).first():
            connection.execute(table.delete().where(table.c[key] == address))
        else:
            connection.execute(table.update().where(table.c[key] == address).values({key: cleaned}))


def _clean_states(connection: sa.Connection) -> None:
    feeds = sa.table("feeds", sa.column("url"), sa.column("state"))
    for url, state in _read(connection, feeds, "url", "state"):
        cleaned = _clean_json(state)
        if cleaned != state:
            connection.execute(feeds.update().where(feeds.c.url == url).values(state=cleaned))


def _clean_records(connection: sa.Connection) -> list[str]:
    """Take credentials out of the records; return the ids of the articles that had some."""
    records = sa.table("records", *map(sa.column, ("id", "stage", "version", "data")))
    changed: set[str] = set()
    ids = (
        sa.select(records.c.id)
        .where(records.c.stage.in_(_WITH_ADDRESSES), records.c.data.like("%//%@%"))
        .distinct()
        .order_by(records.c.id)
    )
    last = ""
    while found := connection.scalars(ids.where(records.c.id > last).limit(_BATCH)).all():
        rows = connection.execute(
            sa.select(records).where(records.c.id.in_(found), records.c.stage.in_(_WITH_ADDRESSES))
        ).all()
        for row in rows:
            cleaned = _clean_json(row.data)
            if cleaned != row.data:
                same = (records.c.id == row.id, records.c.stage == row.stage, records.c.version == row.version)
                connection.execute(records.update().where(*same).values(data=cleaned))
                changed.add(row.id)
        last = found[-1]
    return sorted(changed)


def _clean_json(text: str) -> str:
    """Return a record without credentials in its addresses; one that can't be read, or has none, as it is."""
    if not _CREDENTIALS.search(text):
        return text
    try:
        plain = json.loads(text)
    except ValueError:
        return text
    if not isinstance(plain, dict):
        return text
    suspect = {name: value for name, value in plain.items() if name in _ADDRESSES and isinstance(value, str)}
    cleaned = {name: _without_credentials(value) for name, value in suspect.items()}
    if cleaned == suspect:
        return text
    return json.dumps({**plain, **cleaned}, ensure_ascii=False, separators=(",", ":"))


def _write_documents_again(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Let the next run write the documents of these articles; those that are through wait for the index."""
    items = sa.table("items", *map(sa.column, ("id", "revision", "stage", "state", "due", "first_seen")))
    is_through = sa.and_(items.c.stage.is_(None), items.c.state == "pending")
    change = {
        "revision": items.c.revision + 1,
        "due": sa.case((is_through, items.c.first_seen), else_=items.c.due),
        "stage": sa.case((is_through, "index"), else_=items.c.stage),
    }
    for start in range(0, len(ids), _BATCH):
        connection.execute(items.update().where(items.c.id.in_(ids[start : start + _BATCH])).values(change))

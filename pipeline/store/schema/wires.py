"""Tables of what senders say of their own items: versions, withdrawals, and notices that take an item back."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

wire_items = sa.Table(
    "wire_items",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the article's
    sa.Column("source", sa.Text, nullable=False),  # that it came from
    sa.Column("guid", sa.Text, nullable=False),  # its sender's identifier, the same for all versions
    sa.Column("providers", sa.Text, nullable=False),  # names and codes of its sender, folded, one a line
    sa.Column("title", sa.Text),
    sa.Column("version", sa.Text),  # the newest that was seen
    sa.Column("created", Utc),  # when that version was made, as it says
    sa.Column("status", sa.Text, nullable=False),  # IPTC's: usable, canceled, withheld
    sa.Column("notice", sa.Text),  # hash of the file that gave the status
)
sa.Index("ix_wire_items_guid", wire_items.c.guid)

withdrawal_notices = sa.Table(
    "withdrawal_notices",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of the article that the notice came as
    sa.Column("at", Utc, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("providers", sa.Text, nullable=False),  # as in wire_items
    sa.Column("data", sa.Text, nullable=False),  # what it takes back: a withdrawals.WithdrawalNotice as JSON
    sa.Column("settled", Utc),  # when it was carried out; NULL: it waits for its article, or for an editor
)
sa.Index("ix_withdrawal_notices_at", withdrawal_notices.c.at)

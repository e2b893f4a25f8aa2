"""withdrawals: what senders say of their items, notices that take items back, and until when articles are held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("items", sa.Column("embargoed", Utc(), nullable=True))
    held = sa.column("embargoed").isnot(None)
    op.create_index("ix_items_embargoed", "items", ["embargoed"], sqlite_where=held, postgresql_where=held)
    op.create_table(
        "wire_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("providers", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("created", Utc(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wire_items")),
    )
    op.create_index("ix_wire_items_guid", "wire_items", ["guid"])
    op.create_table(
        "withdrawal_notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("providers", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("settled", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal_notices")),
    )
    op.create_index("ix_withdrawal_notices_at", "withdrawal_notices", ["at"])


def downgrade() -> None:
    """Change it back; what was withdrawn counts as dropped then, and what was held back goes on."""
    op.drop_table("withdrawal_notices")
    op.drop_table("wire_items")
    items = sa.table("items", sa.column("state"))
    op.execute(items.update().where(items.c.state == "withdrawn").values(state="dropped"))
    op.drop_index("ix_items_embargoed", "items")
    op.drop_column("items", "embargoed")

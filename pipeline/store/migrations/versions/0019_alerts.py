"""alerts: what is or was wrong, and the messages that are on their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG, Utc

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("changed", Utc(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_phase_changed", "alerts", ["phase", "changed"])
    op.create_table(
        "deliveries",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("notifier", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", Utc(), nullable=False),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_state_notifier_n", "deliveries", ["state", "notifier", "n"])


def downgrade() -> None:
    """Change it back."""
    op.drop_table("deliveries")
    op.drop_table("alerts")

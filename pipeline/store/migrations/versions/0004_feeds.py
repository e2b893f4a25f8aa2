"""feeds: their roles, the gaps in them, and how many articles came when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("feeds", sa.Column("role", sa.Text(), server_default="feed", nullable=False))
    op.create_table(
        "gaps",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.Column("until", Utc(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("filled", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_gaps")),
    )
    op.create_index("ix_gaps_until", "gaps", ["until"])
    op.create_table(
        "arrivals",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("hour", Utc(), nullable=False),
        sa.Column("named", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name=op.f("pk_arrivals")),
    )
    op.create_index("ix_arrivals_hour", "arrivals", ["hour"])


def downgrade() -> None:
    """Change it back."""
    op.drop_table("arrivals")
    op.drop_table("gaps")
    with op.batch_alter_table("feeds") as batch_op:
        batch_op.drop_column("role")

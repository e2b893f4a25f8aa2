"""voters and language_days: what texts in other languages are compared with, and whether there are other languages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "voters",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("copy_group", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Float(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("anchors", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_voters")),
    )
    op.create_index("ix_voters_copy_group", "voters", ["copy_group"])
    op.create_index("ix_voters_seen", "voters", ["seen"])
    op.create_table(
        "language_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "language", name=op.f("pk_language_days")),
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_table("language_days")
    op.drop_table("voters")

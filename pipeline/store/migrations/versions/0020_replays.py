"""replays: a stage that is done again over some articles, and those of them that would differ by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG, Utc

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "replays",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("compared", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("ended", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_replays")),
    )
    op.create_table(
        "replay_articles",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", "seq", name=op.f("pk_replay_articles")),
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_table("replay_articles")
    op.drop_table("replays")

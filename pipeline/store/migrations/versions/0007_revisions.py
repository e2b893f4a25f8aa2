"""what fetch remembers of pages and hosts, and what hubs push."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("withdrawn", "visits", "unwanted_blobs", "subscriptions", "pushes", "holds", "losses")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "visits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("due", Utc(), nullable=True),
        sa.Column("changed", Utc(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("asked", Utc(), nullable=True),
        sa.Column("gone", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_due", "visits", ["due"], unique=False)
    op.create_table(
        "withdrawn",
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawn")),
    )
    op.create_table(
        "unwanted_blobs",
        sa.Column("blob", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("blob", name=op.f("pk_unwanted_blobs")),
    )
    op.create_table(
        "holds",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_holds")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", Utc(), nullable=False),
        sa.Column("until", Utc(), nullable=True),
        sa.Column("pushed", Utc(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("token", name=op.f("uq_subscriptions_token")),
    )
    op.create_table(
        "pushes",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("received", Utc(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_pushes")),
    )
    op.create_table(
        "losses",
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "name", name=op.f("pk_losses")),
    )


def downgrade() -> None:
    """Change it back."""
    for table in _TABLES:
        op.drop_table(table)

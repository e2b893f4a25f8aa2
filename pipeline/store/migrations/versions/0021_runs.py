"""runs: the ledger knows runs, which outcomes belong to each, and how sources fared day by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OF_RUN = sa.text("run IS NOT NULL")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "runs",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("began", Utc(), nullable=False),
        sa.Column("ended", Utc(), nullable=True),
        sa.Column("figures", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_runs")),
        sa.UniqueConstraint("id", name=op.f("uq_runs_id")),
    )
    op.create_index("ix_runs_began", "runs", ["began"])
    op.create_table(
        "source_days",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_source_days")),
    )
    op.create_index("ix_source_days_day", "source_days", ["day"])
    op.add_column("outcomes", sa.Column("run", sa.Integer(), nullable=True))
    op.create_index("ix_outcomes_run", "outcomes", ["run"], sqlite_where=_OF_RUN, postgresql_where=_OF_RUN)


def downgrade() -> None:
    """Change it back."""
    op.drop_index("ix_outcomes_run", "outcomes")
    op.drop_column("outcomes", "run")
    op.drop_table("source_days")
    op.drop_table("runs")

"""regrouped: articles that cluster places again, whatever they wait for, as an editor changed their copy groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "regrouped",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("anew", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_regrouped")),
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_table("regrouped")

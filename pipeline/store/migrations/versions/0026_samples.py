"""samples: what waited and how programs fared, once a minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "samples",
        sa.Column("at", Utc(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_samples")),
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_table("samples")

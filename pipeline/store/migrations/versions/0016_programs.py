"""programs: what running programs tell of themselves; what is quarantined has an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_QUARANTINED = sa.text("state = 'quarantined'")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "programs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat", Utc(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_programs")),
    )
    op.create_index(
        "ix_items_quarantined", "items", ["stage"], sqlite_where=_QUARANTINED, postgresql_where=_QUARANTINED
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_index("ix_items_quarantined", "items")
    op.drop_table("programs")

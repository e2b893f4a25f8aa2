"""waiting: claims find what waits by an index of that alone, whatever is through, dropped or quarantined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_WAITS = sa.text("state = 'pending' AND stage IS NOT NULL")
_COLUMNS = ["stage", "seq", "due", "lease_until", "embargoed"]


def upgrade() -> None:
    """Change the schema."""
    op.create_index("ix_items_waiting", "items", _COLUMNS, sqlite_where=_WAITS, postgresql_where=_WAITS)
    op.drop_index("ix_items_stage_seq", "items")


def downgrade() -> None:
    """Change it back."""
    op.create_index("ix_items_stage_seq", "items", ["stage", "seq"])
    op.drop_index("ix_items_waiting", "items")

"""record kinds: how a copy relates to what it was taken from has a column, by which revisions are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KINDS = ("exact", "reprint", "truncated", "extended", "excerpt", "revision")


def upgrade() -> None:
    """Change the schema."""
    op.add_column("records", sa.Column("copy_kind", sa.Text(), nullable=True))
    # records are compact JSON, in which a quotation mark within a text is escaped: a damaged one is no hindrance
    records = sa.table("records", sa.column("stage"), sa.column("data"), sa.column("copy_kind"))
    kinds = sa.case(*((records.c.data.contains(f'"kind":"{kind}"'), kind) for kind in _KINDS))
    is_copy = sa.and_(records.c.stage == "dedupe", records.c.data.contains('"kind":"'))
    op.execute(records.update().where(is_copy).values(copy_kind=kinds))


def downgrade() -> None:
    """Change it back."""
    op.drop_column("records", "copy_kind")

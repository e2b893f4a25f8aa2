"""site readings: what extract read of a site's latest pages, to clean them again without a second parse."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema; pages that were read before are parsed again where they are to be cleaned again."""
    op.add_column("sites", sa.Column("token", sa.Text(), nullable=True))
    op.create_table(
        "site_readings",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_site_readings")),
    )


def downgrade() -> None:
    """Change it back."""
    op.drop_table("site_readings")
    op.drop_column("sites", "token")

"""copies: facts of groups, editors' decisions, frequencies in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "copy_pins",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("copy_group", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_copy_pins")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("published", Utc(), nullable=True))
        batch_op.add_column(sa.Column("credit", sa.Text(), nullable=True))
    op.rename_table("frequencies", "frequencies_before")
    op.create_table(
        "frequencies",
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "part", name=op.f("pk_frequencies_parts")),
    )
    op.execute("INSERT INTO frequencies SELECT stage, 0, data FROM frequencies_before")
    op.drop_table("frequencies_before")


def downgrade() -> None:
    """Change it back."""
    op.rename_table("frequencies", "frequencies_parts")
    op.create_table(
        "frequencies",
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stage", name=op.f("pk_frequencies")),
    )
    op.execute("INSERT INTO frequencies SELECT stage, data FROM frequencies_parts WHERE part = 0")
    op.drop_table("frequencies_parts")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_column("credit")
        batch_op.drop_column("published")
    op.drop_table("copy_pins")

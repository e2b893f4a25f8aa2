"""stories: cards, aliases, changes; who decides on copy groups, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "story_cards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("last", Utc(), nullable=False),
        sa.Column("given", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_cards")),
    )
    op.create_index("ix_story_cards_last", "story_cards", ["last"])
    op.create_table(
        "story_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_story_aliases")),
    )
    op.create_index("ix_story_aliases_story", "story_aliases", ["story"])
    op.create_table(
        "story_changes",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_story_changes")),
    )
    op.create_index("ix_story_changes_story", "story_changes", ["story"])
    op.create_index("ix_story_changes_other", "story_changes", ["other"])
    op.create_table(
        "story_moves",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("n", "id", name=op.f("pk_story_moves")),
    )
    op.create_index("ix_story_moves_id", "story_moves", ["id"])
    for name in ("made_by", "reason"):
        op.add_column("copy_pins", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Change it back."""
    for name in ("made_by", "reason"):
        op.drop_column("copy_pins", name)
    for name in ("story_moves", "story_changes", "story_aliases", "story_cards"):
        op.drop_table(name)

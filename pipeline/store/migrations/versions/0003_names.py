"""Names across articles: entities, how they are written, which articles name them, what editors decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "entities",
        sa.Column("n", _BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("first_seen", Utc(timezone=True), nullable=False),
        sa.Column("last_seen", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_entities")),
        sa.UniqueConstraint("id", name=op.f("uq_entities_id")),
    )
    op.create_index("ix_entities_articles", "entities", ["articles"])
    op.create_table(
        "entity_articles",
        sa.Column("entity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entity", "seq", name=op.f("pk_entity_articles")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entity_articles_seq", "entity_articles", ["seq"])
    op.create_table(
        "entity_forms",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("entity", sa.BigInteger(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("sound", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("first_seen", Utc(timezone=True), nullable=False),
        sa.Column("last_seen", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "entity", "surface", name=op.f("pk_entity_forms")),
    )
    heard = sa.text("sound IS NOT NULL")
    op.create_index("ix_entity_forms_sound", "entity_forms", ["sound"], sqlite_where=heard, postgresql_where=heard)
    op.create_index("ix_entity_forms_entity", "entity_forms", ["entity"])
    op.create_index("ix_entity_forms_last_seen", "entity_forms", ["last_seen"])
    op.create_table(
        "entity_decisions",
        sa.Column("n", _BIG, autoincrement=True, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_entity_decisions")),
    )


def downgrade() -> None:
    """Change it back."""
    for table in ("entity_decisions", "entity_forms", "entity_articles", "entities"):
        op.drop_table(table)

"""The migrations lead to the tables that the code knows."""

from __future__ import annotations

from pathlib import Path

import alembic.autogenerate
import alembic.config
import alembic.migration
import alembic.script

import pipeline.store
from pipeline.store.schema import SCHEMA, metadata

FOLDER = Path(pipeline.store.__file__).parent / "migrations"


def test_the_newest_migration_is_the_schema_that_the_code_expects():
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    assert alembic.script.ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_the_migrations_make_just_the_tables_of_the_schema(store):
    def here(thing, name, kind, _reflected, _compared):
        if kind == "index":  # the other database finds postings by their key
            return name not in {"ix_copy_terms_term", "ix_story_terms_term"} or dialect == "postgresql"
        return kind != "table" or thing.info.get("dialect", dialect) == dialect

    with store.read() as connection:
        dialect = connection.dialect.name
        context = alembic.migration.MigrationContext.configure(connection, opts={"include_object": here})
        assert alembic.autogenerate.compare_metadata(context, metadata) == []

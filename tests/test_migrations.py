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
    with store.database.read() as connection:
        context = alembic.migration.MigrationContext.configure(connection)
        assert alembic.autogenerate.compare_metadata(context, metadata) == []

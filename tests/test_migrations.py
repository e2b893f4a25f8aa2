"""The migrations lead to the tables that the code knows."""

from __future__ import annotations

from pathlib import Path

import alembic.autogenerate
import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy as sa

import pipeline.store
from pipeline.records import Copy, CopyKind, to_json
from pipeline.store.engine import Database
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


def test_copies_of_an_older_ledger_get_the_kind_that_their_records_name(store_url):
    database = Database(store_url)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    texts = {
        "a": to_json(Copy(id="a", group="a")).decode(),
        "b": to_json(Copy(id="b", group="a", copy_of="a", kind=CopyKind.REVISION)).decode(),
        "c": to_json(Copy(id="c", group="a", copy_of="a", kind=CopyKind.EXCERPT)).decode(),
        "d": '{"kind":"unheard of"',
    }
    insert = "INSERT INTO records (id, stage, version, at, made_by, data) VALUES (:id, :stage, 1, :at, '1', :data)"
    rows = [{"id": name, "stage": "dedupe", "at": "2026-11-20 12:00:00", "data": text} for name, text in texts.items()]
    rows.append({**rows[1], "id": "e", "stage": "extract"})
    with database.write() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0010")
        connection.execute(sa.text(insert), rows)
        alembic.command.upgrade(config, "head")
        kinds = connection.execute(sa.text("SELECT id, copy_kind FROM records ORDER BY id")).all()
        alembic.command.downgrade(config, "0010")
        assert connection.execute(sa.text("SELECT count(*) FROM records")).scalar() == len(rows)
    database.close()
    assert [tuple(row) for row in kinds] == [("a", None), ("b", "revision"), ("c", "excerpt"), ("d", None), ("e", None)]

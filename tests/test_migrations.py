"""The migrations lead to the tables that the code knows."""

from __future__ import annotations

import json
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
            return name != "ix_copy_terms_term" or dialect == "postgresql"
        return kind != "table" or thing.info.get("dialect", dialect) == dialect

    with store.read() as connection:
        dialect = connection.dialect.name
        context = alembic.migration.MigrationContext.configure(connection, opts={"include_object": here})
        assert alembic.autogenerate.compare_metadata(context, metadata) == []


def compact(plain):
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def test_no_password_stays_in_the_addresses_of_an_older_ledger(empty_url):
    database = Database(empty_url)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    at = "2026-11-20 12:00:00"
    secret = "http://user:secret@outlet.example"
    entry = {"id": "a", "url": f"{secret}/a", "guid": f"{secret}/g", "feed": f"{secret}/f", "title": f"of{secret}/é"}
    page = {"id": "a", "url": None, "final_url": f"{secret}/a"}
    article = {"id": "b", "canonical_url": f"{secret}/b", "image": f"{secret}/i", "text": f"see {secret}/t"}
    records = [
        ("a", "poll", compact(entry)),
        ("a", "fetch", compact(page)),
        ("b", "extract", compact(article)),
        ("c", "extract", '{"url":"http://c:d@'),
    ]
    with database.write() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0011")

        def insert(table, **values):
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), values)

        for name, stage, state in (("a", None, "pending"), ("b", "extract", "pending"), ("c", None, "pending")):
            counts = {"version": 1, "attempts": 0, "revision": 1, "indexed": 1}
            row = {"id": name, "url": f"{secret}/{name}", "first_seen": at, "due": at, "stage": stage, "state": state}
            insert("items", source="S", **row, **counts)
        for name, stage, data in records:
            insert("records", id=name, stage=stage, version=1, at=at, made_by="1", data=data)
        state = compact({"url": f"{secret}/f", "error": f"GET {secret}/f failed", "seen": "aaaa"})
        insert("feeds", url=f"{secret}/f", source="S", due=at, role="feed", state=state)
        insert("feeds", url=f"{secret}/2", source="S", due=at, role="feed", state="{}")
        insert("feeds", url="http://outlet.example/2", source="S", due=at, role="feed", state="{}")
        insert("outcomes", id=f"{secret}/f", stage="poll", at=at, outcome="retry", detail=f"{secret}/f: no answer")
        insert("gaps", feed=f"{secret}/f", source="S", since=at, until=at, missed=1, filled=0)
        hub = {
            "hub": f"{secret}/hub",
            "topic": f"{secret}/f",
            "state": "asked",
            "due": at,
            "error": f"{secret} says no",
        }
        insert("subscriptions", feed=f"{secret}/f", token="t", secret="s", **hub)
        insert("pushes", feed=f"{secret}/f", received=at, body=b"")
        insert("robots", host=secret, fetched=at, status=200, body="")
        alembic.command.upgrade(config, "head")

        tables = ("items", "feeds", "outcomes", "gaps", "subscriptions", "pushes", "robots")
        kept = {table: connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all() for table in tables}
        data = dict(connection.execute(sa.text("SELECT id || stage, data FROM records")).all())
        alembic.command.downgrade(config, "0011")
    database.close()
    assert "secret@" not in repr(kept)
    plain = "http://outlet.example"
    kept_entry = {"id": "a", "url": f"{plain}/a", "guid": f"{plain}/g", "feed": f"{plain}/f", "title": f"of{secret}/é"}
    assert data["apoll"] == compact(kept_entry)  # a text stays as it was published
    assert data["afetch"] == compact({**page, "final_url": f"{plain}/a"})
    assert data["bextract"] == compact({**article, "canonical_url": f"{plain}/b", "image": f"{plain}/i"})
    assert data["cextract"] == '{"url":"http://c:d@'  # it can't be read: it is left as it stands
    assert sorted(row["url"] for row in kept["feeds"]) == [f"{plain}/2", f"{plain}/f"]
    states = {row["url"]: row["state"] for row in kept["feeds"]}
    assert states[f"{plain}/f"] == state.replace("user:secret@", "")
    waiting = {row["id"]: (row["stage"], row["revision"]) for row in kept["items"]}
    assert waiting == {"a": ("index", 2), "b": ("extract", 2), "c": (None, 1)}


def test_copies_of_an_older_ledger_get_the_kind_that_their_records_name(empty_url):
    database = Database(empty_url)
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


def test_an_older_ledger_learns_the_hosts_of_its_articles_and_feeds_and_keeps_who_wants_to_be_left_alone(empty_url):
    database = Database(empty_url)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(FOLDER))
    at = (
        "2026-11-20 12:00:00+00:00" if database.url.get_backend_name() == "postgresql" else "2026-11-20 12:00:00.000000"
    )
    urls = ["https://Outlet.example/a", "http://outlet.example:8080/b", "http://[::1]:80/c", None, "nonsense"]
    with database.write() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0014")
        columns = "seq, id, source, url, first_seen, version, stage, state, due, attempts, revision, indexed"
        for seq, url in enumerate(urls, start=1):
            row = {"seq": seq, "id": str(seq), "url": url, "at": at}
            values = "(:seq, :id, 's', :url, :at, 1, 'fetch', 'pending', :at, 0, 0, 0)"
            connection.execute(sa.text(f"INSERT INTO items ({columns}) VALUES {values}"), row)
        feeds = "INSERT INTO feeds (url, source, due, state) VALUES (:url, 's', :at, :state)"
        for url, state in (("https://a.example/f", "{}"), ("https://b.example/f", '{"address":"https://c.example/f"}')):
            connection.execute(sa.text(feeds), {"url": url, "at": at, "state": state})
        connection.execute(sa.text("INSERT INTO holds VALUES ('held.example', :at)"), {"at": at})
        alembic.command.upgrade(config, "0015")
        hosts = connection.scalars(sa.text("SELECT host FROM items ORDER BY seq")).all()
        assert hosts == ["outlet.example", "outlet.example:8080", "[::1]", "", ""]
        assert connection.scalars(sa.text("SELECT host FROM feeds ORDER BY url")).all() == ["a.example", "c.example"]
        held = connection.execute(sa.text("SELECT host, held_until, lease_owner FROM hosts")).one()
        assert (held.host, str(held.held_until)[:19], held.lease_owner) == ("held.example", "2026-11-20 12:00:00", None)
    database.close()

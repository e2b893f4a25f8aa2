"""The log of decisions: what the version before left in three tables, and rows that can't be read."""

from __future__ import annotations

import datetime as dt
import json
import logging
import lzma
import sqlite3
import tarfile
from pathlib import Path

import alembic.command
import alembic.config
import msgspec
import pytest
import sqlalchemy as sa

import pipeline.store
from pipeline.context import Context
from pipeline.decisions import DecisionAuthor, DecisionKind, EntityDecision, Subject
from pipeline.editorial.decisions import list_decisions
from pipeline.editorial.undo import undo_decision
from pipeline.errors import StoreError, UsageError
from pipeline.records import Stage, to_json
from pipeline.settings import Settings
from pipeline.stages import run_all
from pipeline.stages.index import build_documents
from pipeline.store import Store
from tests.helpers.support import NOW, REPO, places
from tests.helpers.transactions import ask

PACKED = Path(__file__).parent / "data" / "ledger_0_1"
AT = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)


@pytest.fixture
def home(tmp_path):
    """A folder with ledger and index as version 0.1.0 left them."""
    with tarfile.open(PACKED / "home.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def before(home):
    """The tables of decisions as version 0.1.0 left them."""
    connection = sqlite3.connect(home / "ledger.db")
    tables = {
        "pins": "SELECT seq, copy_group FROM copy_pins",
        "stories": "SELECT id, m.story FROM story_moves m JOIN story_changes c ON c.n = m.n WHERE stands ORDER BY m.n",
    }
    read = {name: dict(connection.execute(query).fetchall()) for name, query in tables.items()}
    connection.close()
    return read


def migrate(url, revision, *, down=False):
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(pipeline.store.__file__).parent / "migrations"))
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (alembic.command.downgrade if down else alembic.command.upgrade)(config, revision)
    return engine


def test_decisions_of_the_version_before_are_in_one_log_and_keep_their_numbers(home, before):
    store = Store(f"sqlite:///{home}/ledger.db")
    decisions = ask(store).decisions
    assert [(d.n, d.former_n, d.kind, d.by, d.note, bool(d.undone_at)) for d in decisions.list_entity_decisions()] == [
        (11, 1, "rename", "anna", "full name", False),
        (12, 2, "hide", "ben", None, False),
        (13, 3, "merge", "ben", "a mistake", True),
        (14, 4, "merge", "anna", None, False),
        (15, 5, "split", "anna", None, False),
    ]
    split = decisions.get_decision(15)
    assert (split.surfaces, split.name, split.target) == (("ISIL",), "ISIL Province", "org:isil-province")
    (merge, undoing) = decisions.list_story_decisions("s41638c5099206c461825")
    assert (merge.n, merge.undone_by, merge.undone_at, merge.stands) == (5, "ben", undoing.at, False)
    assert (undoing.n, undoing.undoes, undoing.note, undoing.stands) == (6, 5, "not the same", False)
    with store.read() as connection:
        rows = list(store.decisions.read_log(connection, Subject.COPIES))
    assert [(d.n, d.kind, d.group, d.taken, d.by, d.note) for d in rows] == [
        (16, "merge", "94a34f0908605f499e5d", None, "cleo", "same agency text"),
        (17, "split", "b03efd1452f2df0e0294", "4e087463e2347b3a74c6", "cleo", None),
    ]
    ids = ask(store).ledger.indexed_page(0, None, limit=100)
    assert {pin.id for pin in decisions.list_copy_pins(before["pins"])} <= {row.id for row in ids}
    assert decisions.find_pinned_stories([row.id for row in ids]) == before["stories"]
    with store.read() as connection:
        assert pipeline.store.decisions.find_pinned_groups(connection, before["pins"]) == before["pins"]
    store.close()


def test_a_ledger_of_the_version_before_gives_the_documents_that_it_gave(home):
    with Context(Settings(), [], places(home), config=REPO / "config") as context:
        run_all(context, [Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX])
        articles = ask(context.store).ledger.indexed_page(0, None, limit=100)
        documents = [json.loads(to_json(document)) for document in build_documents(context, articles)]
    with lzma.open(PACKED / "export.jsonl.xz") as lines:
        expected = [json.loads(line) for line in lines]
    assert len(documents) == len(expected)
    for document, old in zip(documents, expected, strict=True):
        same = old.keys() - {"indexed"}
        assert {name: document[name] for name in same} == {name: old[name] for name in same}


def test_decisions_of_the_version_before_are_undone_by_the_numbers_by_which_editors_know_them(home):
    author = DecisionAuthor(name="dora")
    with Context(Settings(), [], places(home), config=REPO / "config") as context:
        hidden = undo_decision(context, 2, author, Subject.ENTITIES)
        assert (hidden.n, hidden.undone_by) == (12, "dora")
        with pytest.raises(UsageError, match=r"decision 12 \(was 2\) has been taken back already, at .* by dora"):
            undo_decision(context, 2, author, Subject.ENTITIES)
        story = undo_decision(context, 2, author, Subject.STORIES)
        assert (story.kind, story.counterpart) == ("merge", "sbdc39eba51b503f1c57e")
        copies = undo_decision(context, 17, author)
        assert copies.undone_by == "dora"
        run_all(context, [Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX])
        # where articles were before isn't known: dedupe has decided on them again
        row = ask(context.store).ledger.find_article("4e087463e2347b3a74c6")
        assert (row.copy_group, row.stage) == ("b03efd1452f2df0e0294", None)


ENTITY = {"kind": "merge", "entity": "person:a", "at": "2026-11-20T08:00:00Z", "n": 0, "target": "person:b"}
ENTITY |= {"surfaces": [], "name": None, "by": "ana", "note": "one person", "undone": None}
OLD = {
    "items": [
        {"id": f"a{n}", "source": "Daily", "first_seen": AT, "version": 1, "state": "pending", "due": AT}
        | {"attempts": 0, "revision": 1, "indexed": 1}
        for n in (1, 2, 3)
    ],
    "entity_decisions": [
        {"n": 1, "data": json.dumps(ENTITY)},
        {"n": 2, "data": '{"kind": "eat", "entity": "person:a"}'},
        {"n": 4, "data": json.dumps(ENTITY | {"undone": "2026-11-20T09:00:00Z"})},
    ],
    "story_changes": [
        {"n": 3, "at": AT, "made_by": "ana", "kind": "merge", "story": "sa1", "other": "sa2", "reason": "one"}
        | {"before": "T", "undoes": None, "undone": True, "stands": False},
        {"n": 5, "at": AT, "made_by": "bo", "kind": "split", "story": "sa1", "other": "sa2", "reason": None}
        | {"before": None, "undoes": 3, "undone": False, "stands": True},
    ],
    "story_moves": [
        {"n": 3, "id": "a1", "story": "sa1", "moved": False},
        {"n": 3, "id": "a2", "story": "sa1", "moved": True},
        {"n": 5, "id": "a1", "story": "sa1", "moved": False},
        {"n": 5, "id": "a2", "story": "sa2", "moved": True},
    ],
    "copy_pins": [
        {"seq": 1, "copy_group": "a1", "at": AT, "made_by": "ana", "reason": None},
        {"seq": 2, "copy_group": "a1", "at": AT, "made_by": "ana", "reason": None},
        {"seq": 3, "copy_group": "a3", "at": AT, "made_by": None, "reason": "old"},
    ],
}  # fmt: skip


def stored(row, dialect):
    """Return a row as a table that is read from the database takes it: SQLite's have no zones."""
    if dialect == "postgresql":
        return row
    return {
        name: value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value for name, value in row.items()
    }


def read_old(engine):
    """Return what stands in the tables of the version before, as comparable values."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    read = {}
    with engine.connect() as connection:
        for name in OLD.keys() - {"items"}:
            rows = [dict(row) for row in connection.execute(sa.select(metadata.tables[name])).mappings()]
            for row in rows:
                if "at" in row and row["at"].tzinfo is None:
                    row["at"] = row["at"].replace(tzinfo=dt.UTC)
                if "data" in row:
                    row["data"] = json.loads(row["data"]) | {"n": None}
            read[name] = sorted(rows, key=str)
    return read


def test_the_migration_leads_there_and_back_on_both_databases(empty_url, caplog):
    engine = migrate(empty_url, "0009")
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for name, rows in OLD.items():
            connection.execute(metadata.tables[name].insert(), [stored(row, engine.dialect.name) for row in rows])
    old = read_old(engine)
    engine.dispose()
    store = Store(empty_url)
    assert "decision 12 on entities can't be read, it is kept as it stands: unknown kind 'eat'" in caplog.text
    with store.read() as connection:
        log = list(store.decisions.read_log(connection))
    assert log[3].fault == "couldn't be read when it was taken over from 0.1: unknown kind 'eat'"
    with pytest.raises(StoreError, match=r"decision 12 \(was 2\) can't be read"):
        ask(store).decisions.get_decision(2, Subject.ENTITIES)
    assert [(row.n, getattr(row, "former_n", "broken")) for row in log] == [
        (3, None), (5, None), (11, 1), (12, "broken"), (14, 4), (15, None), (16, None),
    ]  # fmt: skip
    moves = ask(store).decisions.list_moves(5)
    assert [(move.seq, move.target, move.origin, move.moved) for move in moves] == [
        (1, "sa1", "sa1", False),
        (2, "sa2", "sa1", True),
    ]
    new = EntityDecision(kind=DecisionKind.HIDE, at=AT, entity="person:c")
    assert ask(store).decisions.add_decision(new).n == 17
    store.close()
    engine = migrate(empty_url, "0009", down=True)
    back = read_old(engine)
    (hidden,) = [row for row in back["entity_decisions"] if row["n"] == 17]
    back["entity_decisions"].remove(hidden)
    assert (hidden["data"]["kind"], hidden["data"]["entity"]) == ("hide", "person:c")
    assert back == old
    engine.dispose()


ODD_ENTITY_ROWS = [
    ({"by": ["x"]}, 'by is no text: ["x"]'),
    ({"note": 7}, "note is no text: 7"),
    ({"target": {"a": 1}}, 'target is no text: {"a": 1}'),
    ({"entity": None}, "entity is no text: null"),
    ({"kind": []}, "kind is no text: []"),
    ({"name": True}, "name is no text: true"),
    ({"surfaces": "ISIL"}, 'surfaces is no list: "ISIL"'),
    ({"surfaces": ["ISIL", 3]}, "surfaces is no text: 3"),
    ({"by": "\ud800"}, "surrogates not allowed"),
    ({"note": "a\0b"}, "note holds a NUL character"),
    ({"at": "yesterday"}, "Invalid isoformat string"),
    ({"at": 5}, "at is no text: 5"),
    ({"at": "0001-01-01T00:00:00+05:00"}, "date value out of range"),
    ({"undone": "9999-12-31T23:00:00-05:00"}, "date value out of range"),
    ({"undone": True}, "undone is no text: true"),
]
ODD_ENTITY_TEXTS = [("nonsense", "Expecting value"), ("[1]", "no JSON object"), ("[" * 100_000, "while decoding")]
ODD_ENTITIES = [(json.dumps(ENTITY | odd), fault) for odd, fault in ODD_ENTITY_ROWS] + ODD_ENTITY_TEXTS


def test_odd_rows_of_the_version_before_are_kept_and_named_for_good(empty_url):
    engine = migrate(empty_url, "0009")
    metadata = sa.MetaData()
    metadata.reflect(engine)
    rows = [{"n": n, "data": data} for n, (data, _) in enumerate([*ODD_ENTITIES, (json.dumps(ENTITY), "")], 1)]
    with engine.begin() as connection:
        connection.execute(metadata.tables["entity_decisions"].insert(), rows)
    engine.dispose()
    store = Store(empty_url)
    with store.read() as connection:
        *odd, whole = store.decisions.read_log(connection)
    store.close()
    for row, (_, fault) in zip(odd, ODD_ENTITIES, strict=True):
        assert row.fault.startswith("couldn't be read when it was taken over from 0.1: "), row
        assert fault in row.fault, row
    assert (whole.by, whole.at, whole.target) == ("ana", AT, "person:b")
    engine = migrate(empty_url, "0009", down=True)
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT data FROM entity_decisions ORDER BY n")).scalars().all()
    assert kept[:-1] == [data for data, _ in ODD_ENTITIES]
    engine.dispose()


def test_times_of_the_first_years_and_without_a_zone_are_taken_over(empty_url):
    engine = migrate(empty_url, "0009")
    with engine.begin() as connection:
        for n, at in enumerate(("0001-01-01T00:00:00Z", "2026-11-20T08:00:00"), 1):
            data = {"n": n, "data": json.dumps(ENTITY | {"at": at})}
            connection.execute(sa.text("INSERT INTO entity_decisions (n, data) VALUES (:n, :data)"), data)
    engine.dispose()
    store = Store(empty_url)
    assert [d.at for d in ask(store).decisions.list_entity_decisions()] == [dt.datetime(1, 1, 1, tzinfo=dt.UTC), AT]
    store.close()


DAMAGES = [
    ("data = '{\"surfaces\": 3}'", "Expected `array`, got `int`"),
    ("data = 'nonsense'", "JSON is malformed"),
    ("kind = 'eat'", "Invalid enum value 'eat'"),
    ("subject = 'weather'", "'weather' is not a valid Subject"),
    ("target = NULL", "Expected `str`, got `null`"),
]


@pytest.mark.parametrize(("damage", "fault"), DAMAGES)
def test_a_row_that_cannot_be_read_is_named_and_the_others_hold(context, caplog, damage, fault):
    for name in ("person:a", "person:b"):
        decision = EntityDecision(kind=DecisionKind.HIDE, at=AT, entity=name, by="ana")
        ask(context.store).decisions.add_decision(decision)
    with context.store.write() as connection:
        connection.execute(sa.text(f"UPDATE decisions SET {damage} WHERE n = 1"))
        rows = connection.execute(sa.text("SELECT * FROM decisions")).all()
    decisions, unreadable = list_decisions(context)
    assert [decision.n for decision in decisions] == [2]
    assert [(row.n, fault in row.fault) for row in unreadable] == [(1, True)]
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert [d.entity for d in ask(context.store).decisions.list_entity_decisions()] == ["person:b"]
    if "subject" not in damage:
        assert caplog.text.count("decision 1 can't be read, it is left out and the others hold: ") == 1
        with pytest.raises(StoreError, match="decision 1 can't be read, it is left as it stands"):
            undo_decision(context, 1, DecisionAuthor(name="bo"))
    with context.store.read() as connection:
        assert connection.execute(sa.text("SELECT * FROM decisions")).all() == rows


def test_a_damaged_time_damages_no_other_row(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    for name in ("person:a", "person:b"):
        ask(store).decisions.add_decision(EntityDecision(kind=DecisionKind.HIDE, at=NOW, entity=name))
    with store.write() as connection:
        connection.execute(sa.text("UPDATE decisions SET at = 'yesterday' WHERE n = 1"))
    with store.read() as connection:
        broken, whole = store.decisions.read_log(connection)
    assert "yesterday" in broken.fault
    assert msgspec.structs.replace(whole, n=0) == EntityDecision(kind=DecisionKind.HIDE, at=NOW, entity="person:b")
    store.close()

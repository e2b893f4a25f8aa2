"""An audit finds each way in which ledger, archive and index may disagree, says nothing of what agrees, and changes
nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from pipeline.audit import CHECK_NAMES, Depth, run_audit
from pipeline.audit.blobs import iter_stray_files
from pipeline.audit.sampling import draw_sample
from pipeline.cli import cli
from pipeline.editorial.takedown import take_down
from pipeline.errors import StoreError
from pipeline.maintenance import remove_stray_pages
from pipeline.records import Copy, Page, Stage, to_json
from pipeline.settings import EntitySettings, Environment, IndexSettings, Settings
from pipeline.stages import Context
from pipeline.store import LEDGER_CHECKS, Store
from pipeline.store.schema import articles, bookkeeping, copies, entities, feeds, outbox, stories
from tests.helpers.arriving import NOW, SOURCES, arrive, change, look, through
from tests.helpers.support import REPO, drop_postgres, elasticsearch_alias, make_postgres, places

TEXT = (
    "The harbour board of Lagos approved the ferry terminal on Monday after a debate that lasted until midnight.\n"
    "Ada Brook, who speaks for the board, said that the terminal would cost forty million by the end of the year.\n"
    "Residents had collected nine thousand signatures against the plan since the spring, and many came to listen."
)
OTHER = (
    "A storm closed the airport of Osaka for three hours, and two hundred passengers spent the night in its halls.\n"
    "The airline offered blankets and tea; a school choir that was stranded sang until the first bus came at dawn."
)
WITH_LISTS = Settings(entities=EntitySettings(model="lists"))


def fill(context):
    """Let three articles pass all stages, one of them a copy of another, and keep a page of each."""
    for name, text, source in (("one", TEXT, "Daily"), ("two", TEXT, "Evening"), ("three", OTHER, "Daily")):
        arrive(context, name, text, source=source, seen=len(name), published=len(name))
        keep_page(context, name, text.encode())
    through(context)


def ticking():
    """Return a clock that shows another time each time: no two transactions are of one microsecond."""
    ticks = itertools.count()
    return lambda: NOW + dt.timedelta(microseconds=next(ticks))


def keep_page(context, name, data):
    page = Page(id=name, url=None, final_url=None, blob=context.archive.put(data), size=len(data), fetched=NOW)
    with context.store.write() as connection:
        context.store.ledger.save_records(connection, [(name, 1, page)], NOW)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def sound(request, tmp_path_factory):
    """A ledger with articles that are through, an archive and an index: all agree. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("sound")
    url = make_postgres() if request.param == "postgresql" else None
    with Context(WITH_LISTS, SOURCES, places(folder, url), config=REPO / "config", clock=lambda: NOW) as context:
        fill(context)
        yield context
    if url:
        drop_postgres(url)


def faults_after(context, check, *statements):
    """Return what a check says within a transaction in which these statements were carried out; it is taken back."""
    with context.store.engine.connect() as connection, connection.begin() as transaction:
        for statement in statements:
            assert connection.execute(statement).rowcount, "it changes nothing"
        said = [fault.what for fault in LEDGER_CHECKS[check](connection, NOW)]
        transaction.rollback()
    return said


@pytest.mark.parametrize("check", LEDGER_CHECKS)
def test_of_a_sound_ledger_no_check_says_anything(sound, check):
    with sound.store.snapshot() as connection:
        assert list(LEDGER_CHECKS[check](connection, NOW)) == []


def set_row(name, **values):
    return articles.items.update().where(articles.items.c.id == name).values(**values)


def of(table, column, value):
    return table.c[column] == value


ITEMS, RECORDS, OUTCOMES = articles.items, articles.records, articles.outcomes
STRANGER = {"lease_owner": "elsewhere/1/x", "lease_until": NOW - dt.timedelta(seconds=1)}
DEAD = subprocess.run([sys.executable, "-c", "import os, socket; print(f'{socket.gethostname()}/{os.getpid()}/x')"],
                      capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
LATER = NOW + dt.timedelta(hours=1)


def delete_record(name, stage):
    return RECORDS.delete().where(RECORDS.c.id == name, RECORDS.c.stage == stage)


def set_copy(name, **fields):
    """Return the statement that puts another record of dedupe in place."""
    record = Copy(**{"id": name, "group": "one", **fields})
    which = [RECORDS.c.id == name, RECORDS.c.stage == Stage.DEDUPE]
    return RECORDS.update().where(*which).values(data=to_json(record).decode())


def log(name, outcome, reason=None, stage="index"):
    return OUTCOMES.insert().values(id=name, stage=stage, at=LATER, outcome=outcome, reason=reason)


FAULTS = {
    "no state": ("standing", [set_row("one", state="lost")], "one is in the state 'lost'"),
    "no stage": ("standing", [set_row("one", stage="print")], "one waits for 'print'"),
    "given up at no stage": ("standing", [set_row("one", state="dropped")], "one is dropped, at no stage"),
    "withdrawn, and waits": ("standing", [set_row("one", state="withdrawn", stage="index")], "waits for index"),
    "a document of another revision": ("standing", [set_row("one", indexed=0)], "of which the index has 0"),
    "removed, in a group": ("standing", [set_row("one", state="removed")], "in the copy group one"),
    "a missing article": ("records", [delete_record("one", "extract")], "without what extract makes"),
    "missing names": ("records", [delete_record("one", "enrich")], "without what enrich makes"),
    "a missing page": ("records", [delete_record("one", "fetch"), set_row("one", stage="extract")], "what fetch makes"),
    "of the future": ("records", [RECORDS.update().where(RECORDS.c.id == "one").values(version=3)], "of version 3"),
    "left of one removed": ("records", [set_row("one", state="removed")], "one was taken down"),
    "records of nobody": ("rows", [RECORDS.update().where(RECORDS.c.id == "one").values(id="four")], "article four"),
    "sketches of nobody": ("rows", [copies.copy_sketches.update().values(seq=copies.copy_sketches.c.seq + 70)], "71"),
    "two outcomes": (
        "outcomes",
        [
            OUTCOMES.insert().from_select(
                ["id", "stage", "at", "outcome"],
                sa.select(OUTCOMES.c.id, OUTCOMES.c.stage, OUTCOMES.c.at, OUTCOMES.c.outcome).where(
                    OUTCOMES.c.id == "one", OUTCOMES.c.stage == "dedupe"
                ),
            )
        ],
        "one has two outcomes of dedupe",
    ),
    "no outcome": ("outcomes", [OUTCOMES.delete().where(OUTCOMES.c.id == "one")], "one has no outcome at all"),
    "not indexed": (
        "outcomes",
        [OUTCOMES.delete().where(OUTCOMES.c.id == "one", OUTCOMES.c.stage == "index")],
        "no outcome says that it was indexed",
    ),
    "dropped by nobody": ("outcomes", [set_row("one", state="dropped", stage="index")], "its latest outcome is done"),
    "withdrawn by nobody": ("outcomes", [set_row("one", state="withdrawn")], "no outcome says why"),
    "history of nobody": ("outcomes", [log("four", "done")], "four has a history"),
    "a lease that is over": ("leases", [set_row("one", stage="index", **STRANGER)], "which is over"),
    "a lease of a dead process": (
        "leases",
        [set_row("one", stage="index", lease_owner=DEAD, lease_until=LATER)],
        "no longer runs",
    ),
    "a lease of what is through": (
        "leases",
        [set_row("one", lease_owner="elsewhere/1/x", lease_until=LATER)],
        "waits for no stage",
    ),
    "a lock of a dead process": (
        "leases",
        [bookkeeping.locks.insert().values(name="dedupe", owner=DEAD, until=LATER)],
        "lock dedupe",
    ),
    "a feed of a dead process": (
        "leases",
        [
            feeds.feeds.insert().values(
                url="https://a.example/feed", source="A", due=NOW, role="feed", state="{}", lease_owner=DEAD
            )
        ],
        "feed https://a.example/feed",
    ),
    "an address of nobody": ("addresses", [articles.addresses.insert().values(key="a.example/1", id="four")], "four"),
    "one address of two": (
        "addresses",
        [set_row("three", url="https://daily.example/one")],
        "three has the address of",
    ),
    "a feed that can't be read": (
        "feeds",
        [feeds.feeds.insert().values(url="https://a.example/feed", source="A", due=NOW, role="feed", state="{")],
        "can't be read",
    ),
    "another feed's state": (
        "feeds",
        [
            feeds.feeds.insert().values(
                url="https://a.example/feed",
                source="A",
                due=NOW,
                role="feed",
                state=json.dumps({"url": "https://b.example/feed", "source": "B", "due": "2026-11-20T12:00:00Z"}),
            )
        ],
        "what was learnt of https://b.example/feed",
    ),
    "an unknown document to remove": ("outbox", [outbox.withdrawn.insert().values(id="four")], "article four"),
    "a document to remove that is shown": ("outbox", [outbox.withdrawn.insert().values(id="one")], "one is through"),
    "no primary": ("copies", [set_copy("one", copy_of="two")], "has as primary: none"),
    "two primaries": ("copies", [set_copy("two")], "has as primary: one, two"),
    "another group": ("copies", [set_copy("two", group="three", copy_of="one")], "its record says three"),
    "a copy of a stranger": ("copies", [set_copy("two", copy_of="three")], "two copies three"),
    "a group without a record": ("copies", [delete_record("two", "dedupe")], "dedupe made nothing of it"),
    "a sketch of another group": ("sketches", [set_row("three", copy_group="one")], "its sketch is three's, in three"),
    "a sketch of one withdrawn": (
        "sketches",
        [set_row("three", state="withdrawn", copy_group=None)],
        "its sketch is still remembered",
    ),
    "an unreadable sketch": ("sketches", [copies.copy_sketches.update().values(data=b"\xc1")], "can't be read"),
    "lost postings": (
        "sketches",
        [copies.copy_sketches.update().values(terms=sa.literal(b"\0\0\0\0" * 60, sa.LargeBinary))],
        "has 60 terms",
    ),
    "postings to nothing": ("sketches", [copies.copy_sketches.delete()], "under which nothing is"),
    "an unknown story": ("stories", [set_row("one", story="s-lost")], "s-lost, of which nothing is known"),
    "a story without articles": ("stories", [ITEMS.update().values(story=None)], "has no article"),
    "a stranger's title": (
        "stories",
        [set_row("one", story=sa.select(ITEMS.c.story).where(ITEMS.c.id == "three").scalar_subquery())],
        "has titles of articles that are not in it: one",
    ),
    "an alias of nothing": (
        "stories",
        [stories.story_aliases.insert().values(alias="s1", story="s2")],
        "s1 leads to s2",
    ),
    "an unreadable summary": ("stories", [stories.story_cards.update().values(data=b"\xc1")], "can't be read"),
    "a centroid of no story": ("story memory", [stories.story_cards.delete()], "no story should be"),
    "a group in another story": (
        "story memory",
        [stories.story_groups.update().values(story="s-other")],
        "its copy group one in s-other",
    ),
    "postings to no story": ("story memory", [stories.stories.delete()], "under which nothing is"),
    "a wrong count": ("entities", [entities.entities.update().values(articles=7)], "counts 7 articles"),
    "articles of no entity": ("entities", [entities.entities.delete()], "which isn't known"),
    "counted though withdrawn": ("entities", [set_row("one", state="withdrawn")], "entities still count it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_in_the_ledger_is_found(sound, fault):
    check, statements, sentence = FAULTS[fault]
    assert any(sentence in what for what in faults_after(sound, check, *statements)), fault


def test_each_check_of_the_ledger_has_a_fault_that_it_finds():
    assert {check for check, _, _ in FAULTS.values()} == set(LEDGER_CHECKS)


def test_history_that_was_forgotten_is_not_missed(sound):
    forgotten = [OUTCOMES.delete(), RECORDS.update().values(at=NOW - dt.timedelta(days=100))]
    assert faults_after(sound, "outcomes", *forgotten) == []
    assert faults_after(sound, "outcomes", *forgotten, log("two", "done")) == []


def test_a_group_that_waits_to_be_settled_is_no_fault(sound):
    lost = outbox.losses.insert().values(stage="dedupe", name="one")
    assert faults_after(sound, "copies", lost, set_copy("two")) == []


# archive, index and documents -----------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.servers)])
def filled(request, tmp_path):
    """A sound system that a test may damage, on both indices."""
    environment, settings = places(tmp_path), WITH_LISTS
    if request.param == "sqlite":
        with Context(settings, SOURCES, environment, config=REPO / "config", clock=ticking()) as context:
            fill(context)
            yield context
        return
    with elasticsearch_alias() as alias:
        environment = Environment(
            home=tmp_path,
            store_url=environment.store_url,
            archive_url=environment.archive_url,
            index_url=os.environ["NEWSWIRE_TEST_ELASTICSEARCH"],
        )
        settings = Settings(entities=EntitySettings(model="lists"), index=IndexSettings(alias=alias))
        with Context(settings, SOURCES, environment, config=REPO / "config", clock=ticking()) as context:
            fill(context)
            context.index.refresh()
            yield context


def audit(context, *names, **options):
    """Return check → what it says, of those that find anything."""
    options = {"archive": Depth.ALL, "documents": Depth.ALL, "pause_seconds": 0.0, **options}
    context.index.refresh()
    return {r.name: r.examples for r in run_audit(context, names or CHECK_NAMES, **options) if r.faults}


def test_a_sound_system_has_no_fault(filled):
    assert audit(filled) == {}


def test_what_changed_copied_and_went_is_sound_too(filled):
    change(filled, "three", OTHER + "\nThe airport opened again at seven, and all flights of the day left in time.")
    look(filled, "one", outcome="dropped", reason="not modified")
    with filled.store.read() as connection:
        row = filled.store.ledger.find_article(connection, "one")
    take_down(filled, row)
    through(filled)
    assert audit(filled, *(set(CHECK_NAMES) - {"archive"})) == {}


def blob_path(context, text):
    name = hashlib.sha256(text.encode()).hexdigest()
    return Path(context.archive.url) / name[:2] / name[2:4] / f"{name}.zst"


@pytest.mark.parametrize("depth", [Depth.ALL, Depth.SAMPLE])
def test_a_page_that_is_gone_or_damaged_is_found(filled, depth):
    blob_path(filled, OTHER).unlink()
    blob_path(filled, TEXT).write_bytes(b"no page")
    (said,) = audit(filled, "archive", archive=depth).values()
    assert sum("damaged" in sentence for sentence in said) == 1
    assert sum("three can't be read" in sentence and "is not there" in sentence for sentence in said) == 1


def test_a_page_with_another_hash_is_found(filled):
    path = blob_path(filled, OTHER)
    path.write_bytes(blob_path(filled, TEXT).read_bytes())
    (said,) = audit(filled, "archive").values()
    assert "three isn't what was fetched" in said[0]


def test_a_page_of_no_article_is_found_when_it_is_old(filled):
    stray = filled.archive.put(b"a page that was fetched, and its process killed")
    part = blob_path(filled, OTHER).with_suffix(".zst.00000000.part")
    part.write_bytes(b"half")
    assert audit(filled, "archive") == {}, "it may be of a page that is just being fetched"
    old = (NOW - dt.timedelta(days=2)).timestamp()
    for path in Path(filled.archive.url).rglob("*.*"):
        os.utime(path, (old, old))
    (said,) = audit(filled, "archive").values()
    assert sorted("half-written" in sentence for sentence in said) == [False, True]
    assert {file.name for file in iter_stray_files(filled)} == {stray, None}
    with filled.store.write() as connection:
        filled.store.pending_removals.add_blobs(connection, [stray])
    assert "half-written" in audit(filled, "archive")["archive"][0]


def test_old_pages_of_no_article_are_removed_unless_they_are_stored_again(filled):
    strays = [filled.archive.put(data) for data in (b"of a killed run", b"of another one")]
    old = (NOW - dt.timedelta(days=2)).timestamp()
    for path in Path(filled.archive.url).rglob("*.zst"):
        os.utime(path, (old, old))
    listed = list(iter_stray_files(filled))
    assert {file.name for file in listed} == set(strays)
    filled.archive.put(b"of another one")
    assert sum(filled.archive.delete_file(file) for file in listed) == 1
    assert filled.archive.get(strays[1]) == b"of another one"
    assert audit(filled, "archive") == {}
    assert remove_stray_pages(filled) == 0


def test_a_document_that_is_missing_left_over_or_of_another_revision_is_found(filled):
    documents = {name: filled.index.get(name) for name in ("one", "two", "three")}
    filled.index.delete(["one"])
    assert audit(filled, "index") == {"index": ("one is through, and the index has no document of it",)}
    filled.index.upsert([documents["one"]])
    assert audit(filled, "index") == {}
    with filled.store.write() as connection:
        connection.execute(set_row("two", revision=ITEMS.c.revision + 1, indexed=ITEMS.c.indexed + 1))
        connection.execute(set_row("three", state="withdrawn"))
    said = audit(filled, "index")["index"]
    assert len(said) == 2
    assert "three is withdrawn, and the index has its document" in said
    assert any("two is through with revision" in sentence for sentence in said)


def test_a_document_of_an_unknown_article_is_found(filled):
    from msgspec.structs import replace

    filled.index.upsert([replace(filled.index.get("one"), id="four")])
    assert audit(filled, "index")["index"] == ("the index has a document of four, which isn't known",)


def test_a_document_that_says_something_else_is_found(filled):
    from msgspec.structs import replace

    document = filled.index.get("one")
    filled.index.upsert([replace(document, story_size=9, title="Another")])
    assert "story_size, title" in audit(filled, "documents")["documents"][0]


def test_another_index_is_told_once(filled):
    filled.index.wipe()
    assert audit(filled, "index") == {
        "index": ("the index isn't the one into which documents were written; newswire run fills it",)
    }


def test_what_only_one_look_finds_is_no_fault(filled, monkeypatch):
    document = filled.index.get("one")
    filled.index.delete(["one"])
    filled.index.refresh()

    def catch_up(_):
        filled.index.upsert([document])
        filled.index.refresh()

    monkeypatch.setattr("pipeline.audit.time.sleep", catch_up)
    (result,) = run_audit(filled, ["index"])
    assert result.faults == 0


def test_a_sample_is_the_same_twice_and_of_few_all():
    assert draw_sample(range(5), 9) == [0, 1, 2, 3, 4]
    sample = draw_sample(range(1000), 10)
    assert sample == draw_sample(range(1000), 10)
    assert len(set(sample)) == 10
    assert max(sample) >= 10


# the command ----------------------------------------------------------------------------------------------------------


def call(tmp_path, monkeypatch, *arguments):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(REPO / "config"))
    for name in ("NEWSWIRE_STORE_URL", "NEWSWIRE_INDEX_URL", "NEWSWIRE_ARCHIVE_URL"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner().invoke(cli, ["audit", *arguments])


@pytest.fixture
def home(tmp_path):
    with Context(WITH_LISTS, SOURCES, places(tmp_path), config=REPO / "config") as context:
        fill(context)
    return tmp_path


def test_the_command_says_that_all_agrees_and_changes_nothing(home, monkeypatch):
    with Store(f"sqlite:///{home}/ledger.db").write() as connection:
        connection.execute(set_row("one", lease_owner=DEAD, lease_until=LATER, stage="index", revision=9))
    before = dump(home / "ledger.db"), dump(home / "index.db")
    done = call(home, monkeypatch)
    assert done.exit_code == 1
    assert "leases: 1 faults" in done.output
    assert (dump(home / "ledger.db"), dump(home / "index.db")) == before


def dump(path):
    with sqlite3.connect(path) as connection:
        return [
            connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            if name != "searched"
        ]


def test_the_command_ends_with_0_where_all_agrees(home, monkeypatch):
    done = call(home, monkeypatch, "--json")
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 0, done.output
    assert [line["name"] for line in lines] == list(CHECK_NAMES)


def test_the_command_names_so_many_faults_and_what_mends_them(home, monkeypatch):
    with Store(f"sqlite:///{home}/ledger.db").write() as connection:
        connection.execute(RECORDS.delete().where(RECORDS.c.stage == "enrich"))
    done = call(home, monkeypatch, "--check", "records", "--examples", "2")
    assert done.exit_code == 1
    assert "records: 3 faults" in done.output
    assert done.output.count("without what enrich makes") == 2
    assert "newswire redo" in done.output


def test_without_a_ledger_the_command_says_so_and_makes_none(tmp_path, monkeypatch):
    done = call(tmp_path, monkeypatch)
    assert isinstance(done.exception, StoreError)
    assert "newswire run makes it" in str(done.exception)
    assert not (tmp_path / "ledger.db").exists()


def test_a_ledger_of_another_version_is_left_as_it_is(home, monkeypatch):
    with sqlite3.connect(home / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    done = call(home, monkeypatch)
    assert "its schema is '0001'" in str(done.exception)


def test_a_read_only_ledger_refuses_changes(home):
    store = Store(f"sqlite:///{home}/ledger.db", read_only=True)
    with pytest.raises(StoreError), store.write() as connection:
        connection.execute(set_row("one", stage="index"))
    store.close()

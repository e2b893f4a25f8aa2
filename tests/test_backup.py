"""A backup brings the same ledger, archive and index back, into either engine, whoever is killed meanwhile."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from elasticsearch import Elasticsearch

from pipeline.archive import Archive
from pipeline.audit import CHECK_NAMES, Depth, run_audit
from pipeline.audit.documents import list_suspects
from pipeline.backup import BackupPlace, check_backup, list_backups, make_backup, restore_backup
from pipeline.backup.manifest import choose_superfluous
from pipeline.backup.pages import iter_names, pack_names
from pipeline.change_feed import ChangeReader, FeedPlace
from pipeline.editorial.takedown import take_down
from pipeline.errors import (
    ArchiveError,
    BackupError,
    BusyError,
    ExpiredError,
    RestoreRefusedError,
    StoreError,
    StoreVersionError,
)
from pipeline.maintenance import refuse_filled_index, restore_snapshot, save_backup, settle_documents
from pipeline.records import Stage
from pipeline.settings import BackupSettings, Environment, IndexSettings
from pipeline.stages import Context, run_one
from pipeline.store import LedgerRestore, NewArticle, Store, TableLayout, list_tables, read_table
from pipeline.store.changes import CHANGE_FEED
from pipeline.store.schema import SCHEMA, metadata
from tests.helpers.arriving import SOURCES
from tests.helpers.object_store import BUCKET, object_store
from tests.helpers.support import NOW, REPO, documents, drop_postgres, elasticsearch_alias, make_postgres, places
from tests.test_audit import WITH_LISTS, fill, ticking

NOT_COPIED = {"locks", "programs"}
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.servers)


@pytest.fixture
def make_home(tmp_path):
    """Return a function that makes the addresses of an empty system, on one of the databases."""
    made = []

    def make(name: str, engine: str = "sqlite") -> Environment:
        (tmp_path / name).mkdir()
        url = make_postgres() if engine == "postgresql" else None
        if url:
            made.append(url)
        return places(tmp_path / name, url)

    yield make
    for url in made:
        drop_postgres(url)


@contextlib.contextmanager
def opened(environment: Environment, clock=None):
    clock = clock or ticking()
    with Context(WITH_LISTS, SOURCES, environment, config=REPO / "config", clock=clock) as context:
        yield context


def quiet(_: str) -> None:
    pass


def back_up(context, target, keep=7):
    """Make a backup, a second after the last one."""
    clock = context.clock
    context.clock = lambda: clock() + dt.timedelta(seconds=1)
    return make_backup(context, str(target), keep=keep, tell=quiet)


def restore(environment, source, **options):
    return restore_backup(
        environment,
        str(source),
        check_index=lambda: refuse_filled_index(environment, WITH_LISTS.index),
        tell=quiet,
        **options,
    )


def rows_of(context):
    """Return table → its rows, sorted, without the leases of whoever worked."""
    with context.store.snapshot() as connection:
        return {
            layout.table: sorted(
                map(
                    repr,
                    itertools.chain.from_iterable(
                        zip(*columns, strict=True) for columns in read_table(connection, layout.table)
                    ),
                )
            )
            for layout in list_tables()
        }


def audit(context):
    context.index.refresh()
    results = run_audit(context, CHECK_NAMES, archive=Depth.ALL, documents=Depth.ALL, pause_seconds=0.0)
    return {result.name: result.examples for result in results if result.faults}


def wait_for_index(environment):
    with opened(environment) as context:
        run_one(context, Stage.INDEX)
        return documents(context.index), audit(context)


@pytest.mark.parametrize("engine", ["sqlite", POSTGRESQL])
@pytest.mark.parametrize("other", ["sqlite", POSTGRESQL])
def test_ledger_archive_and_index_come_back_into_an_empty_system(make_home, tmp_path, engine, other):
    before, after = make_home("before", engine), make_home("after", other)
    with opened(before) as context:
        fill(context)
        cursor = ChangeReader(context).read_batch(FeedPlace(0))[0].cursor
        made = back_up(context, tmp_path / "backups")
        rows, shown = rows_of(context), documents(context.index)
        pages = {file.name for file in context.archive.iter_files()}
    assert made.faults == {}
    assert made.pages == made.new_pages == len(pages) > 0
    done = restore(after, tmp_path / "backups")
    assert done.rows == made.rows == sum(map(len, rows.values()))
    with opened(after) as context:
        rows["meta"] = [row for row in rows["meta"] if CHANGE_FEED not in row]
        assert rows_of(context) == rows
        with pytest.raises(ExpiredError):  # the ledger that was saved may have gone on behind it
            ChangeReader(context).place(cursor)
        assert {file.name for file in context.archive.iter_files()} == pages
    assert wait_for_index(after) == (shown, {})


def test_a_backup_holds_every_table_but_those_of_running_programs():
    named = {layout.table for layout in list_tables()}
    assert {table.name for table in metadata.sorted_tables} - named == NOT_COPIED | {"copy_terms_new"}


def test_only_new_pages_travel_and_the_oldest_backups_go_with_their_pages(make_home, tmp_path):
    clock, target = ticking(), tmp_path / "backups"
    with opened(make_home("home"), clock) as context:
        fill(context)
        first = back_up(context, target, keep=2)
        second = back_up(context, target, keep=2)
        assert (first.new_pages, second.new_pages) == (first.pages, 0)
        with context.store.read() as connection:
            row = context.store.ledger.find_article(connection, "three")
        take_down(context, row)
        run_one(context, Stage.INDEX)
        third = back_up(context, target, keep=2)
        assert third.pages == first.pages - 1
        assert third.removed == (first.name,)
        place = BackupPlace(str(target))
        assert [manifest.name for manifest in list_backups(place)] == [second.name, third.name]
        assert len(list(place.archive.iter_files())) == second.pages
        fourth = back_up(context, target, keep=2)
        assert fourth.removed == (second.name,)
        assert len(list(place.archive.iter_files())) == fourth.pages
        assert list(check_backup(place, list_backups(place)[-1])) == []


def test_what_is_damaged_in_the_archive_or_the_backup_is_named_and_no_older_backup_goes(make_home, tmp_path):
    target, other = tmp_path / "backups", tmp_path / "other"
    with opened(make_home("home")) as context:
        back_up(context, other, keep=1)
        fill(context)
        first = back_up(context, target)
        damaged, lost = sorted(Path(context.archive.url).rglob("*.zst"))[:2]
        damaged.write_bytes(b"not a page")
        lost.unlink()
        lacking = back_up(context, other, keep=1)
        assert set(lacking.faults) == {damaged.stem, lost.stem}
        assert (lacking.pages, lacking.removed) == (first.pages - 2, ())
        second = back_up(context, target)
        assert (second.faults, second.pages) == ({}, first.pages)  # the earlier backup has them
    place = BackupPlace(str(target))
    page = next(Path(place.archive.url).rglob("*.zst"))
    page.write_bytes(b"not a page")
    (fault,) = check_backup(place, place.read_manifest(first.name))
    assert fault.startswith(f"page {page.stem}: ")
    after = make_home("after")
    done = restore(after, target, name=first.name)
    assert set(done.faults) == {page.stem}


def test_a_damaged_table_is_refused_before_anything_is_written(make_home, tmp_path):
    target, after = tmp_path / "backups", make_home("after")
    with opened(make_home("home")) as context:
        fill(context)
        name = back_up(context, target).name
    file = target / "backups" / name / "ledger" / "records.zst"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(RestoreRefusedError, match=r"ledger/records\.zst of .* isn't what was written"):
        restore(after, target)
    assert not Path(after.archive_url).exists()


def test_a_backup_is_restored_into_an_empty_system_alone(make_home, tmp_path):
    target = tmp_path / "backups"
    with opened(make_home("home")) as context:
        fill(context)
        back_up(context, target)
        with pytest.raises(RestoreRefusedError, match="the index isn't empty"):
            restore(context.environment, target)
        context.index.wipe()
        with pytest.raises(RestoreRefusedError, match=r"ledger .* isn't empty"):
            restore(context.environment, target)
    after = make_home("after")
    Archive(after.archive_url).put(b"somebody's page")
    with pytest.raises(RestoreRefusedError, match=r"archive .* isn't empty"):
        restore(after, target)
    looked_at = make_home("looked at")
    Store(looked_at.store_url).close()  # newswire status makes it
    assert restore(looked_at, target).faults == {}


def test_a_place_holds_the_backups_of_one_ledger(make_home, tmp_path):
    target = tmp_path / "backups"
    with pytest.raises(RestoreRefusedError, match="there are no backups at"):
        restore(make_home("none"), target)
    with opened(make_home("one")) as context:
        back_up(context, target)
    with opened(make_home("two")) as context, pytest.raises(BackupError, match="of another ledger"):
        back_up(context, target)
    other = make_home("other")
    with opened(other) as context, pytest.raises(BackupError, match="isn't empty, and no place of backups"):
        back_up(context, other.home)
    again = make_home("again")
    restore(again, target)
    with opened(again, clock=ticking_later) as context:  # a restored ledger is the one that it was
        assert back_up(context, target).name
    assert target.stat().st_mode & 0o077 == 0


def ticking_later():
    return dt.datetime.now(dt.UTC)


def test_a_backup_of_a_newer_newswire_is_refused(make_home, tmp_path):
    target, newer = tmp_path / "backups", make_home("newer")
    with opened(make_home("home")) as context:
        name = back_up(context, target).name
    path = target / "backups" / name / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": "9999"}))
    with pytest.raises(StoreVersionError, match="newer newswire"):
        restore(newer, target)


OLD_COLUMNS = (
    "seq int, id text, source text, first_seen time, version int, state text, due time, attempts int, revision int, "
    "indexed int"
)
OLD_ITEMS = TableLayout("items", tuple(tuple(column.split()) for column in OLD_COLUMNS.split(", ")))


def test_what_an_older_newswire_saved_is_restored_and_brought_up_to_date(store_url):
    with contextlib.closing(LedgerRestore(store_url)) as ledger:
        ledger.begin("old", "0014")
        assert ledger.backup_under_way() == "old"
        ledger.add_batch(OLD_ITEMS, 0, [[7], ["a"], ["Daily"], [NOW], [1], ["dropped"], [NOW], [0], [3], [0]])
        with pytest.raises(StoreError, match="another program restores it"):
            ledger.add_batch(OLD_ITEMS, 2, [[], [], [], [], [], [], [], [], [], []])
        ledger.finish("0014")
        assert ledger.backup_under_way() is None
    with contextlib.closing(Store(store_url)) as store, store.write() as connection:
        row = store.ledger.find_article(connection, "a")
        assert (row.first_seen, row.state, row.revision) == (NOW, "dropped", 3)
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == SCHEMA
        new = NewArticle(id="b", source="Daily", first_seen=NOW, url="https://daily.example/b")
        store.ledger.insert_articles(connection, [new], NOW)
        assert store.ledger.find_article(connection, "b").seq == 8  # numbers go on behind those that were given


def test_one_backup_at_a_time_is_made(make_home, tmp_path):
    home = make_home("home")
    with opened(home) as context, contextlib.closing(Store(home.store_url)) as other:
        assert other.keep_lock("backup", context.clock(), 600) is None
        with pytest.raises(BusyError, match="another backup of this ledger is being made"):
            back_up(context, tmp_path / "backups")
        with other.write() as connection:
            other.release_lock(connection, "backup")
        assert back_up(context, tmp_path / "backups").name


def test_an_archive_that_is_away_fails_the_backup(make_home, tmp_path, monkeypatch):
    with opened(make_home("home")) as context:
        fill(context)

        def away(_self, _name):
            raise ArchiveError("archive: it does not answer")

        monkeypatch.setattr(Archive, "get_packed", away)
        with pytest.raises(ArchiveError, match="does not answer"):
            back_up(context, tmp_path / "backups")
        assert BackupPlace(str(tmp_path / "backups")).list_names()[0] == []


def test_names_of_pages_are_packed_sorted_and_each_once():
    names = [hashlib.sha256(bytes([n])).hexdigest() for n in range(50)] + ["00" * 32, "ff" * 31 + "00"]
    file = io.BytesIO(pack_names([*names, *names, "none"]))
    assert list(iter_names(file)) == sorted(names)


def test_the_newest_backups_are_kept():
    assert choose_superfluous(["b", "a", "c"], 2) == ["a"]
    assert choose_superfluous(["a"], 2) == []


KILLED = """
import os, sys
from pathlib import Path
import pipeline.{module} as module
count, limit = 0, int(sys.argv[1])
def counting(real):
    def call(*args, **options):
        global count
        count += 1
        if count > limit:
            os.kill(os.getpid(), 9)
        return real(*args, **options)
    return call
{patch}
from tests.test_backup import back_up, opened, restore
from tests.helpers.support import places
import msgspec
environment = msgspec.structs.replace(places(Path(sys.argv[2])), store_url=sys.argv[3])
{act}
print("whole")
"""


def killed(home, steps, *, module, patch, act):
    """Run something in a process that kills itself after so many steps; return whether it came to its end."""
    code = KILLED.format(module=module, patch=patch, act=act)
    command = [sys.executable, "-c", code, str(steps), str(home.home), home.store_url]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return "whole" in done.stdout


@pytest.mark.slow
def test_a_backup_that_is_killed_anywhere_counts_for_nothing_and_the_next_one_is_whole(make_home, tmp_path):
    home, target = make_home("home"), tmp_path / "backups"
    with opened(home) as context:
        fill(context)
        rows = rows_of(context)
    patch = "from pipeline.archive import Archive\n"
    patch += "Archive.put_packed = counting(Archive.put_packed)\nmodule.write_table = counting(module.write_table)\n"
    patch += "from pipeline.backup.place import BackupPlace\nBackupPlace.verify = counting(BackupPlace.verify)"
    act = f"with opened(environment) as context: back_up(context, {str(target)!r})"
    for steps in (0, 5, 40, 45):
        assert not killed(home, steps, module="backup.making", patch=patch, act=act)
        if BackupPlace(str(target)).archive.url and (target / "newswire-backups.json").exists():
            assert BackupPlace(str(target)).list_names()[0] == []
    assert killed(home, 10_000, module="backup.making", patch=patch, act=act)
    whole, cut_off = BackupPlace(str(target)).list_names()
    assert (len(whole), cut_off) == (1, [])
    after = make_home("after")
    restore(after, target)
    with opened(after) as context:
        restored = rows_of(context)
    assert {name: rows[name] for name in rows if name != "meta"} == {n: restored[n] for n in restored if n != "meta"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", POSTGRESQL])
def test_a_restore_that_is_killed_goes_on_and_nothing_else_works_with_half_a_ledger(make_home, tmp_path, engine):
    home, after, target = make_home("home"), make_home("after", engine), tmp_path / "backups"
    with opened(home) as context:
        fill(context)
        back_up(context, target)
        rows = rows_of(context)
    patch = "from pipeline.store import LedgerRestore\nfrom pipeline.archive import Archive\n"
    patch += "for name in ('begin', 'add_batch', 'finish'):\n"
    patch += "    setattr(LedgerRestore, name, counting(getattr(LedgerRestore, name)))\n"
    patch += "Archive.put_packed = counting(Archive.put_packed)"
    act = f"restore(environment, {str(target)!r})"
    for steps in (0, 1, 3, 12):
        assert not killed(after, steps, module="backup.restoring", patch=patch, act=act)
        if steps:
            with pytest.raises(StoreError, match="is being restored from a backup; newswire restore finishes it"):
                Store(after.store_url)
    assert killed(after, 10_000, module="backup.restoring", patch=patch, act=act)
    with opened(after) as context:
        assert rows_of(context) == rows
    assert wait_for_index(after)[1] == {}


@pytest.mark.slow
def test_a_backup_on_an_object_store_is_restored_into_an_archive_on_one(make_home, tmp_path):
    with object_store():
        home = make_home("home")
        with opened(home) as context:
            fill(context)
            made = back_up(context, f"s3://{BUCKET}/backups", keep=1)
            again = back_up(context, f"s3://{BUCKET}/backups", keep=1)
            rows = rows_of(context)
        assert (again.new_pages, again.removed) == (0, (made.name,))
        after = msgspec.structs.replace(make_home("after"), archive_url=f"s3://{BUCKET}/archive")
        assert restore(after, f"s3://{BUCKET}/backups").faults == {}
        with opened(after) as context:
            assert rows_of(context)["items"] == rows["items"]
        assert wait_for_index(after)[1] == {}


@pytest.mark.servers
def test_a_snapshot_of_the_index_goes_with_a_backup_and_what_differs_is_written_again(make_home, tmp_path, monkeypatch):
    with elasticsearch_alias() as alias, elasticsearch_alias() as repository:
        settings = msgspec.structs.replace(
            WITH_LISTS, index=IndexSettings(alias=alias), backup=BackupSettings(keep=1, repository=repository)
        )
        monkeypatch.setattr("tests.test_backup.WITH_LISTS", settings)
        url = os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]
        home, after = (msgspec.structs.replace(make_home(name), index_url=url) for name in ("home", "after"))
        client = Elasticsearch(url)
        with opened(home) as context:
            fill(context)
            clock = context.clock
            first = save_backup(context, str(tmp_path / "backups"))
            context.clock = lambda: clock() + dt.timedelta(seconds=1)
            made = save_backup(context, str(tmp_path / "backups"), tell=quiet)
            assert made.removed == (first.name,)
            shown, identity = documents(context.index), context.index.identity()
        names = [s["snapshot"] for s in client.snapshot.get(repository=repository, snapshot="*")["snapshots"]]
        assert names == [f"newswire-{made.name}".lower()]
        with pytest.raises(RestoreRefusedError, match="the index isn't empty"):
            restore(after, tmp_path / "backups")
        for name in client.indices.get(index=f"{alias}-*"):  # some clusters delete by name alone
            client.indices.delete(index=name)
        done = restore(after, tmp_path / "backups")
        with opened(after) as context:
            assert restore_snapshot(context, done.manifest.snapshot)
            assert context.index.identity() == identity
            assert run_one(context, Stage.INDEX).taken == 0  # all of it is there
            assert (documents(context.index), audit(context)) == (shown, {})
            context.index.delete(["one"])  # as if it had been written after the snapshot was taken
            context.index.refresh()
            assert list_suspects(context) == {"one"}
            assert settle_documents(context) == 1
            assert run_one(context, Stage.INDEX).taken == 1
            assert (documents(context.index), audit(context)) == (shown, {})
            assert not restore_snapshot(context, "newswire-none")
        client.snapshot.delete_repository(name=repository)
        client.close()


def test_the_commands_make_list_check_and_restore_a_backup(make_home, tmp_path, monkeypatch):
    home = make_home("home")
    with opened(home) as context:
        fill(context)
    backups = str(tmp_path / "backups")

    def newswire(*words, home):
        environ = {k: v for k, v in os.environ.items() if not k.startswith("NEWSWIRE_")}
        environ |= {"NEWSWIRE_HOME": str(home), "NEWSWIRE_BACKUP_URL": backups}
        command = [str(Path(sys.executable).parent / "newswire"), *words]
        return subprocess.run(command, cwd=REPO, env=environ, capture_output=True, text=True, check=False)

    made = newswire("backup", "--json", home=home.home)
    assert made.returncode == 0, made.stderr
    name = json.loads(made.stdout)["name"]
    assert name in newswire("backup", "--list", home=home.home).stdout
    assert "are as they were written" in newswire("backup", "--check", home=home.home).stdout
    refused = newswire("restore", home=home.home)
    assert refused.returncode == 1
    assert refused.stderr.count("isn't empty") == 1
    restored = newswire("restore", "--backup", name, "--json", home=tmp_path / "after")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["documents"] > 0
    assert newswire("audit", "--archive", "all", home=tmp_path / "after").returncode == 0
    unnamed = newswire("restore", "--backup", "none", home=tmp_path / "other")
    assert f"no backup none at {backups}: there are {name}" in unnamed.stderr

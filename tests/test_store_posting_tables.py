"""Postings and the things that they lead to are found wherever they lie, and go with their day."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import alembic.command
import alembic.config
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import pipeline.store
from pipeline.store import Store, posting_tables
from pipeline.store.engine import Database
from pipeline.store.inverted_index import InvertedIndex
from pipeline.store.posting_tables import COPIES, IndexedBlob
from pipeline.store.schema import metadata
from pipeline.store.schema.stories import stories
from pipeline.store.story_postings import pack_postings, select_lists, unpack_postings, write_lists

TOP = 2**32 - 1
DAY = 20_533  # 2026-03-21
TERMS = st.sampled_from([1, 2, 3, 2**31 - 1, 2**31, TOP])
SEQS, DAYS = st.integers(1, 4), st.integers(DAY, DAY + 2)
CHANGES = st.one_of(
    st.tuples(st.just("put"), SEQS, DAYS, st.sets(TERMS, max_size=4)),
    st.tuples(st.just("drop"), SEQS, TERMS),
    st.tuples(st.just("remove"), SEQS),
)


def found(connection, tables, terms, since=0):
    """All postings of ``terms``: term → {seq: day}."""
    led = {}
    for term, days in posting_tables.select_postings(connection, tables, terms, since):
        led.setdefault(term, {}).update(days)
    return led


def counted(connection, *tables):
    return sum(connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables)


def forget(connection, first_day):
    postings = posting_tables.tables_with_postings(connection, COPIES)
    return posting_tables.delete_days_before(connection, COPIES.blobs, postings, first_day)


def changed(postings, change):
    """Make a change as cluster does: after reading what it is about."""
    kind, seq, *more = change
    postings.load_blobs([seq])
    if kind == "put":
        day, terms = more
        postings.set_blob(seq, day, b"%d" % day)
        postings.add_postings(sorted(terms), seq, day)
    elif kind == "drop":
        postings.drop_posting(*more, seq)
    else:
        postings.remove(seq)


def told(led, days, change):
    """Make the same change to what is expected: ``led`` term → {seq: day}, ``days`` seq → day."""
    kind, seq, *more = change
    if kind == "put":
        days[seq], terms = more
        for term in terms:
            led.setdefault(term, {})[seq] = days[seq]
    elif kind == "drop":
        led.get(more[0], {}).pop(seq, None)
    else:
        days.pop(seq, None)
        for one in led.values():
            one.pop(seq, None)


@given(st.lists(st.lists(CHANGES, max_size=6), max_size=6))
def test_after_any_batches_that_is_found_which_was_put_and_not_dropped(batches):
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    led, days = {}, {}
    for batch in batches:
        postings = InvertedIndex(engine.connect, COPIES)
        postings.load_postings([1, 2, 3, 2**31 - 1, 2**31, TOP], 0)
        removed = set()
        for change in batch:
            if change[1] not in removed:  # what was forgotten in a batch comes back in a later one
                changed(postings, change)
                told(led, days, change)
            if change[0] == "remove":
                removed.add(change[1])
        with engine.begin() as connection:
            postings.flush(connection)
    with engine.connect() as connection:
        assert found(connection, COPIES, led) == {term: seqs for term, seqs in led.items() if seqs}
        assert {one.seq: one.day for one in posting_tables.select_blobs(connection, COPIES.blobs, range(9))} == days
        assert counted(connection, *posting_tables.tables_with_postings(connection, COPIES)) == sum(
            map(len, led.values())
        )
        assert counted(connection, COPIES.blobs) == len(days)


@pytest.mark.parametrize("each", [4, 64, 200])
def test_postings_move_on_to_where_they_stay_whatever_the_size_of_batches(tmp_path, monkeypatch, each):
    monkeypatch.setattr(posting_tables, "_MOVES_AFTER", 64)
    store, batches = Store(f"sqlite:///{tmp_path}/ledger.db"), 4 * posting_tables.SLICES * 64 // min(each, 64)
    for batch in range(batches):
        rows = [((batch * each + n) * 2_654_435_761 % 2**32, batch * each + n, DAY) for n in range(each)]
        with store.write() as connection:
            posting_tables.write_postings(connection, COPIES, rows)
    with store.read() as connection:
        waiting, stay = counted(connection, COPIES.waiting), counted(connection, COPIES.postings)
    store.close()
    assert waiting + stay == batches * each
    assert 0 < waiting < 2 * posting_tables.SLICES * max(each, 64)


def test_days_are_forgotten_as_wholes(store):
    things = [IndexedBlob(seq, DAY + seq, posting_tables.pack_terms([7, seq]), b"x") for seq in range(5)]
    postings = [(term, one.seq, one.day) for one in things for term in posting_tables.unpack_terms(one.terms)]
    with store.write() as connection:
        posting_tables.write_blobs(connection, COPIES.blobs, things)
        posting_tables.write_postings(connection, COPIES, postings)
        assert forget(connection, DAY + 2) == 2
    with store.read() as connection:
        assert found(connection, COPIES, [7, 1, 3]) == {7: {n: DAY + n for n in (2, 3, 4)}, 3: {3: DAY + 3}}
        assert [one.seq for one in posting_tables.select_blobs(connection, COPIES.blobs, range(5))] == [2, 3, 4]


@pytest.mark.servers
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_on_postgresql_each_day_is_a_partition(store):
    def names():
        return [posting_tables.list_partitions(connection, table.name) for table in (COPIES.blobs, COPIES.postings)]

    with store.write() as connection:
        for seq in (0, 2, 2):
            posting_tables.write_blobs(connection, COPIES.blobs, [IndexedBlob(seq, DAY + seq, b"", b"x")])
            posting_tables.write_postings(connection, COPIES, [(seq, seq, DAY + seq)])
        assert names() == [[f"{table}_20260321", f"{table}_20260323"] for table in ("copy_sketches", "copy_terms")]
        forget(connection, DAY + 1)
        assert names() == [["copy_sketches_20260323"], ["copy_terms_20260323"]]


@pytest.mark.servers
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_forgetting_a_day_waits_for_a_batch_and_the_batch_never_for_it(store):
    def waiting():
        with store.read() as connection:
            return connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    def forget_a_day():
        with store.write() as connection:
            return forget(connection, DAY + 1)

    with store.write() as connection:
        for seq in (1, 2):
            blob = IndexedBlob(seq, DAY + seq, posting_tables.pack_terms([7]), b"x")
            posting_tables.write_blobs(connection, COPIES.blobs, [blob])
            posting_tables.write_postings(connection, COPIES, [(7, seq, DAY + seq)])
    postings = InvertedIndex(store.read, COPIES)
    postings.load_blobs([2])
    postings.drop_posting(7, 2)
    postings.set_blob(2, DAY + 2, b"y")
    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            posting_tables.lock_tables(connection, (COPIES.postings, COPIES.blobs))
            forgotten = pool.submit(forget_a_day)
            while not waiting():
                time.sleep(0.01)
            postings.flush(connection)
        assert forgotten.result() == 0
    with store.read() as connection:
        assert [one.data for one in posting_tables.select_blobs(connection, COPIES.blobs, [1, 2])] == [b"x", b"y"]


@pytest.mark.parametrize("older", ["0007", "0022"])
def test_what_an_older_ledger_holds_stays(empty_url, older):
    database = Database(empty_url)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(pipeline.store.__file__).parent / "migrations"))
    postings = {(1, 5, DAY), (2**31, 5, DAY), (TOP, 6, DAY + 1), (TOP, 7, DAY)}
    with database.write() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0007")
        for term, seq, day in postings:
            connection.exec_driver_sql(f"INSERT INTO story_terms (term, seq, day) VALUES ({term}, {seq}, {day})")
            connection.exec_driver_sql(f"INSERT INTO copy_terms (term, seq, day) VALUES ({term}, {seq}, {day})")
        for seq, day in ((5, DAY), (6, DAY + 1), (7, DAY)):
            sql = f"INSERT INTO stories (seq, day, terms, data) VALUES ({seq}, {day}, '', 'told')"
            connection.exec_driver_sql(sql)
        alembic.command.upgrade(config, older)
        if older != "0007" and connection.dialect.name == "sqlite":  # some wait there, some of them twice
            connection.exec_driver_sql("INSERT INTO story_terms_new (term, seq, day) VALUES (9, 5, 1), (1, 5, 20533)")
            postings.add((9, 5, 1))
        alembic.command.upgrade(config, "head")
        copies = {(term, seq, day) for term, seq, day in postings if term != 9}
        assert found(connection, COPIES, [1, 2**31, TOP, 9]) == by_term(copies)
        lists = select_lists(connection, [1, 2**31, TOP, 9, 8])
        unpacked = {term: {seq: day for day, seq in unpack_postings(packed)} for term, packed in lists.items()}
        assert unpacked == by_term(postings)
        assert sorted((blob.seq, blob.day) for blob in posting_tables.select_blobs(connection, stories, [5, 6, 7])) == [
            (5, DAY),
            (6, DAY + 1),
            (7, DAY),
        ]
        write_lists(connection, {3: pack_postings([(DAY + 1, 6), (DAY + 2, 7)])})
        alembic.command.downgrade(config, older)
        rows = connection.exec_driver_sql("SELECT term, seq, day FROM story_terms").all()
        signed = {(term if older == "0007" else (term + 2**31) % 2**32 - 2**31, *more) for term, *more in postings}
        assert {tuple(row) for row in rows} == signed | {(3, 6, DAY + 1), (3, 7, DAY + 2)}
        assert connection.exec_driver_sql("SELECT count(*) FROM stories").scalar() == 3
        alembic.command.upgrade(config, "head")
        assert len(select_lists(connection, [1, 2**31, TOP, 3])) == 4
    database.close()


def by_term(postings):
    terms = {}
    for term, seq, day in postings:
        terms.setdefault(term, {})[seq] = day
    return terms

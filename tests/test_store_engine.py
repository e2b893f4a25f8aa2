"""How the ledger's database is read and written by many threads at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.store import engine
from pipeline.store.engine import Database


@pytest.fixture
def database(tmp_path):
    opened = Database(f"sqlite:///{tmp_path}/ledger.db")
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER, filling TEXT)")
    yield opened
    opened.close()


def put(database, filling=""):
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO t SELECT count(*), ? FROM t", (filling,))


def test_threads_that_write_follow_one_another_and_lose_nothing(database):
    threads = [threading.Thread(target=lambda: [put(database) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalars(sa.text("SELECT n FROM t ORDER BY n")).all() == list(range(200))


def test_a_reader_waits_for_no_writer_and_sees_what_was_committed(database):
    with database.write() as writing:
        writing.exec_driver_sql("INSERT INTO t VALUES (1, '')")
        with database.read() as reading:
            assert reading.scalar(sa.text("SELECT count(*) FROM t")) == 0
    with database.read() as reading:
        assert reading.scalar(sa.text("SELECT count(*) FROM t")) == 1


def test_the_log_does_not_grow_without_end_under_readers_that_come_and_go(database, monkeypatch):
    monkeypatch.setattr(engine, "_LOG_BYTES", 1 << 20)
    database._longest_log = 1 << 20
    ended = threading.Event()

    def read():
        while not ended.is_set():
            with database.read() as reading:
                reading.scalar(sa.text("SELECT count(*) FROM t"))
                ended.wait(0.01)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(40):
            put(database, "x" * (256 << 10))
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert Path(f"{database.url.database}-wal").stat().st_size < 5 << 20  # of ten that were written


def test_somebody_who_reads_for_long_is_not_waited_for_with_each_transaction(database, monkeypatch):
    monkeypatch.setattr(engine, "_LOG_BYTES", 1 << 20)
    monkeypatch.setattr(engine, "_LOG_SECONDS", 0.01)
    database._longest_log = 1 << 20
    with database.read() as reading:
        reading.scalar(sa.text("SELECT count(*) FROM t"))
        put(database, "x" * (2 << 20))
        size = Path(f"{database.url.database}-wal").stat().st_size
        assert database._longest_log == 2 * size


def test_a_failed_transaction_gives_the_turn_back(database):
    def fail():
        with database.write():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    put(database)


def test_a_writer_that_waits_for_another_program_says_so_once_and_goes_on_when_it_has_ended(
    database, monkeypatch, caplog
):
    monkeypatch.setattr(engine, "_TELL_SECONDS", 0.05)
    waiting = Database(str(database.url))
    with database.write() as other:
        other.exec_driver_sql("INSERT INTO t VALUES (1, '')")
        thread = threading.Thread(target=put, args=(waiting,))
        thread.start()
        thread.join(1.0)
        assert thread.is_alive()
    thread.join()
    waiting.close()
    (line,) = [record.getMessage() for record in caplog.records]
    assert "another program keeps it locked" in line
    with database.read() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 2


def test_a_ledger_that_another_program_keeps_locked_for_very_long_is_an_error(database, monkeypatch):
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0.05)
    waiting = Database(str(database.url))
    with database.write(), pytest.raises(StoreError, match="locked"):
        put(waiting)
    waiting.close()

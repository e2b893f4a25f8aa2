"""A ledger that has no room or is locked says so in one line, keeps what it has, and goes on when it can."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.store import LEDGER_CHECKS, NewArticle, Store
from tests.helpers.support import NOW


def arrive(store, numbers):
    """Let articles arrive, in one transaction."""
    new = [
        NewArticle(id=f"a{n}", source="Daily", first_seen=NOW, url=f"https://daily.example/{n}/{'x' * 500}")
        for n in numbers
    ]
    with store.write() as connection:
        return store.ledger.insert_articles(connection, new, NOW)


def limit_pages(store, pages):
    """Let the file have so many pages at most, as on a disk that is full."""
    for engine in {value for value in vars(store._database).values() if isinstance(value, sa.Engine)}:
        engine.dispose()
        sa.event.listen(engine, "connect", lambda made, _: made.execute(f"PRAGMA max_page_count = {pages}"))


def faults(store):
    with store.snapshot() as connection:
        checks = {name: check for name, check in LEDGER_CHECKS.items() if name != "records"}  # no entry came along
        return [fault.what for check in checks.values() for fault in check(connection, NOW)]


def test_on_a_full_disk_what_was_saved_stays_and_nothing_is_there_by_half(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    arrive(store, range(10))
    with store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limit_pages(store, pages + 20)
    with pytest.raises(StoreError, match=r"ledger .*: database or disk is full"):
        arrive(store, range(10, 400))
    assert faults(store) == []
    with store.read() as connection:
        assert store.ledger.get_articles(connection, ["a9", "a10"]).keys() == {"a9"}
    limit_pages(store, 1_000_000)
    assert len(arrive(store, range(400))) == 390
    assert faults(store) == []
    store.close()


def test_a_ledger_that_another_program_keeps_locked_is_named_and_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.store.engine._BUSY_SECONDS", 0.05)
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    arrive(store, range(3))
    with sqlite3.connect(tmp_path / "ledger.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"ledger .*: database is locked"):
            arrive(store, range(3, 6))
        with store.snapshot() as connection:  # readers go on
            assert len(store.ledger.get_articles(connection, ["a0", "a1", "a2", "a3"])) == 3
        other.execute("ROLLBACK")
    assert len(arrive(store, range(6))) == 3
    assert faults(store) == []
    store.close()


def test_one_that_only_reads_sees_one_state_until_it_ends(store):
    arrive(store, range(2))
    with store.snapshot() as connection:
        assert len(store.ledger.get_articles(connection, [f"a{n}" for n in range(9)])) == 2
        arrive(store, range(2, 9))
        assert len(store.ledger.get_articles(connection, [f"a{n}" for n in range(9)])) == 2
    with store.snapshot() as connection:
        assert len(store.ledger.get_articles(connection, [f"a{n}" for n in range(9)])) == 9

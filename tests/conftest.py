"""Fixtures that several test modules use: a ledger on SQLite or PostgreSQL, and a clock that stands still."""

from __future__ import annotations

import pytest

from pipeline.settings import Addresses, Settings
from pipeline.stages import Context
from pipeline.store import Store
from tests.arriving import NOW as LATER
from tests.arriving import SOURCES
from tests.support import NOW, REPO, drop_postgres, make_postgres


@pytest.fixture
def now():
    return NOW


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def store_url(request, tmp_path):
    """The address of an empty ledger, on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    url = make_postgres()
    yield url
    drop_postgres(url)


@pytest.fixture
def store(store_url):
    made = Store(store_url)
    yield made
    made.close()


@pytest.fixture
def context(tmp_path, store_url):
    """Everything that a run needs, over an empty ledger on both databases and an index in a file."""
    addresses = Addresses(
        home=tmp_path, store_url=store_url, index_url=f"sqlite:///{tmp_path}/index.db", archive_url=str(tmp_path)
    )
    with Context(Settings(), SOURCES, addresses, config=REPO / "config", clock=lambda: LATER) as made:
        yield made

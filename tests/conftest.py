"""Fixtures that several test modules use: a ledger on SQLite or PostgreSQL, and a clock that stands still."""

from __future__ import annotations

import pytest

from pipeline.store import Store
from tests.support import NOW, drop_postgres, make_postgres


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

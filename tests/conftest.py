"""Fixtures that several test modules use: a ledger on SQLite or PostgreSQL, and a clock that stands still."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from pipeline.settings import Settings
from pipeline.stages import Context, preload_workers
from pipeline.store import Store
from pipeline.store.engine import Database
from tests.helpers.arriving import NOW as LATER
from tests.helpers.arriving import SOURCES
from tests.helpers.ledger_templates import copy_or_migrate, postgres_template
from tests.helpers.support import NOW, REPO, drop_postgres, make_postgres, places
from tests.helpers.web import serve

TESTS = Path(__file__).parent

# A busy machine is slow, and no test may fail for that. Continuous integration judges the same examples each time: its
# word depends on the change alone; runs by hand look for new ones.
hypothesis.settings.register_profile(
    "newswire",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else hypothesis.settings.default.database,
)
hypothesis.settings.load_profile("newswire")
preload_workers()  # whichever test is the first to start a worker


def pytest_collection_modifyitems(items):
    """Let files begin that hold what takes long: a file goes to one core, and the last ones are waited for."""
    long_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent == TESTS, item.path not in long_files))


@pytest.fixture
def now():
    return NOW


@pytest.fixture(autouse=True, scope="session")
def _quick_ledgers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "migrate", copy_or_migrate(Database.migrate))
        yield


BOTH_DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]


@pytest.fixture(params=BOTH_DATABASES)
def empty_url(request, tmp_path):
    """The address of a database without tables, of both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    url = make_postgres()
    yield url
    drop_postgres(url)


@pytest.fixture(params=BOTH_DATABASES)
def store_url(request, tmp_path):
    """The address of an empty ledger, on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    url = make_postgres(postgres_template())
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
    with Context(Settings(), SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: LATER) as made:
        yield made


@pytest.fixture
def site():
    """A web server on loopback, a new one for each test."""
    with serve() as made:
        yield made


def pytest_make_parametrize_id(val, argname):
    """Name bytes by their argument: packed ones may hold the time, and all processes must collect the same ids."""
    return argname if isinstance(val, bytes) else None

"""What tests share: databases, settings folders, documents, and the moment at which most tests happen."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from elasticsearch import Elasticsearch

from pipeline.demo.newsroom import feeds_toml
from pipeline.documents import ArticleRecords, build_document
from pipeline.index import Index
from pipeline.records import Article, Copy, Document, Placement, to_plain
from pipeline.settings import Environment, Source

REPO = Path(__file__).parent.parent.parent
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
INDEXED = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def make_postgres(template: str = "template1") -> str:
    """Make a database on the server that scripts/services started, as ``template`` is; return its address."""
    server = os.environ.get("NEWSWIRE_TEST_POSTGRES")
    if not server:
        pytest.fail("NEWSWIRE_TEST_POSTGRES is not set: run `eval $(scripts/services start)` first")
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_postgres(url: str) -> None:
    server = sa.create_engine(os.environ["NEWSWIRE_TEST_POSTGRES"], isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")
    server.dispose()


def places(folder: Path, store_url: str | None = None) -> Environment:
    """Return addresses within ``folder``: of the ledger, unless ``store_url`` is given, the index and the archive."""
    return Environment(
        home=folder,
        store_url=store_url or f"sqlite:///{folder}/ledger.db",
        index_url=f"sqlite:///{folder}/index.db",
        archive_url=str(folder / "archive"),
    )


def write_config(folder: Path, sources: Sequence[Source]) -> Path:
    """Write a settings folder for ``sources`` on loopback; return it."""
    shutil.copytree(REPO / "config", folder, dirs_exist_ok=True)
    (folder / "feeds.toml").write_text(feeds_toml(sources), encoding="utf-8")
    (folder / "newswire.toml").write_text(
        '[fetch]\nallow_addresses = ["127.0.0.0/8"]\nper_host_delay_seconds = 0.01\n'
        "[run]\nbatch = 20\nordered_batch = 20\n",
        encoding="utf-8",
    )
    return folder


def document(article: Article, *, group: str | None = None, at: dt.datetime = INDEXED, size: int = 1) -> Document:
    """Return the document of an article that is alone in its group and no name of which is known."""
    records = ArticleRecords(
        id=article.id,
        revision=1,
        version=1,
        first_seen=at,
        article=article,
        copy=Copy(id=article.id, group=group or article.id),
        placement=Placement(id=article.id, story="s1"),
        story_size=size,
        stages={"extract": "1"},
    )
    built = build_document(records, INDEXED)
    assert built is not None
    return built


def documents(index: Index) -> dict[str, dict[str, Any]]:
    """Return id → document of all that is in an index, without what differs between two runs alike."""
    index.refresh()
    made = {}
    for name, _ in index.revisions():
        plain = to_plain(index.get(name))
        # when it happened, and how often the document was written on the way
        for key in ("first_seen", "indexed", "revision"):
            del plain[key]
        if plain["published"] is None:  # its story has the time of its first sight
            del plain["story_first"], plain["story_last"]
        made[name] = plain
    return made


@contextlib.contextmanager
def elasticsearch_alias() -> Iterator[str]:
    """A name for the alias of an index of one test; its indices are removed afterwards."""
    address = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH")
    if not address:
        pytest.fail("NEWSWIRE_TEST_ELASTICSEARCH is not set: run `eval $(scripts/services start)` first")
    alias = f"test-{secrets.token_hex(6)}"
    yield alias
    client = Elasticsearch(address)
    for name in client.indices.get(index=f"{alias}-*"):
        client.indices.delete(index=name)
    client.close()

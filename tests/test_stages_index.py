"""An index that was lost is filled again from the ledger; beside one of another version of newswire a new one is."""

from __future__ import annotations

import sqlite3

import pytest

from pipeline.context import Context
from pipeline.errors import IndexVersionError
from pipeline.index import Query
from pipeline.records import Article, Stage
from pipeline.settings import Settings
from pipeline.stages import run_one
from pipeline.store import NewArticle
from tests.helpers.support import NOW, REPO, places

# The tables of version 7, which newswire 0.1 made, with the fields that matter here.
VERSION_7 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, seen_at REAL NOT NULL,
    is_primary INTEGER NOT NULL, copy_group TEXT NOT NULL, json TEXT NOT NULL
);
CREATE INDEX document_seen_at ON document (seen_at);
CREATE VIRTUAL TABLE words USING fts5(title, text, every, tokenize = "porter unicode61 remove_diacritics 2");
CREATE TABLE value (number INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (field, value));
CREATE TABLE facet (
    document INTEGER NOT NULL, field INTEGER NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (document, field, value)
) WITHOUT ROWID;
CREATE INDEX facet_value ON facet (value, document);
INSERT INTO meta VALUES ('identity', 'b9a2');
INSERT INTO document VALUES (1, 'a0', 3, 1.0, 1, 'a0', '{}');
INSERT INTO words (rowid, title, text, every) VALUES (1, 'Old', 'An old text.', '1');
PRAGMA application_id = 1314343256;
PRAGMA user_version = 7;
PRAGMA journal_mode = WAL;
"""


@pytest.fixture
def context(tmp_path):
    articles = [
        NewArticle(
            id=f"a{number}", source="Herald", first_seen=NOW, url=None, stage=Stage.DEDUPE,
            records=(Article(id=f"a{number}", title=f"Dam {number}", text="The dam broke."),),
        )
        for number in range(3)
    ]  # fmt: skip
    with Context(Settings(), [], places(tmp_path), config=REPO / "config", clock=lambda: NOW) as opened:
        with opened.store.write() as connection:
            opened.store.ledger.insert_articles(connection, articles, NOW)
        for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER):
            run_one(opened, stage)
        yield opened


def test_beside_an_index_of_the_version_before_one_is_made_with_every_document(context, tmp_path, caplog):
    run_one(context, Stage.INDEX)
    context.index.close()
    for file in tmp_path.glob("index.db*"):
        file.unlink()
    old = sqlite3.connect(tmp_path / "index.db")
    old.executescript(VERSION_7)
    with pytest.raises(IndexVersionError, match="another version of newswire"):
        context.index.search(Query())
    run_one(context, Stage.INDEX)
    assert context.index.search(Query(text="title:dam")).total == context.index.count() == 3
    assert "another version of newswire" in caplog.text
    assert [row[0] for row in old.execute("SELECT id FROM document")] == ["a0"]  # nobody's searches lose anything
    old.close()
    assert [one.is_of_this_version for one in context.index.list_generations()] == [False, True]
    assert run_one(context, Stage.INDEX).to_plain()["in"] == 0


def test_an_index_that_another_process_makes_anew_is_noticed_by_those_that_have_it_open(context, tmp_path):
    run_one(context, Stage.INDEX)
    assert context.index.count() == 3
    other = sqlite3.connect(tmp_path / "index.db")
    other.execute("PRAGMA user_version = 8")
    other.close()
    with pytest.raises(IndexVersionError, match="another version of newswire"):
        context.index.count()

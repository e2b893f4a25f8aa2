"""A story's documents are written again when it says something else, and only then."""

from __future__ import annotations

import pytest

from pipeline.context import Context
from pipeline.records import Stage
from pipeline.settings import EntitySettings, Settings
from pipeline.store import article_state
from pipeline.store.schema.articles import items
from tests.helpers.arriving import NOW, SOURCES, arrive, through
from tests.helpers.copies import invented
from tests.helpers.support import REPO, places


@pytest.fixture
def context(tmp_path):
    settings = Settings(entities=EntitySettings(model="lists"))
    with Context(settings, SOURCES, places(tmp_path), config=REPO / "config", clock=lambda: NOW) as opened:
        for name in ("first", "second"):
            arrive(opened, name, invented(1))
        through(opened)
        yield opened


def revisions(context):
    return dict(context.index.revisions())


def test_an_article_that_joins_changes_the_documents_of_the_others(context):
    before = revisions(context)
    arrive(context, "third", invented(1))
    documents = through(context)
    assert {document.story_size for document in documents.values()} == {3}
    assert all(revisions(context)[name] > revision for name, revision in before.items())


def test_an_article_that_is_placed_where_it_was_changes_no_other_document(context):
    before = revisions(context)
    with context.store.write() as connection:
        article_state.send_back(connection, [items.c.id == "first"], Stage.CLUSTER, NOW)
    through(context)
    assert revisions(context) == before

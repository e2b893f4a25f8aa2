from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from pipeline.index import open_index
from pipeline.records import Article
from pipeline.settings import IndexSettings
from pipeline.web.stories_now import load_stories_now, rank_growing
from tests.helpers import support

NOW = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def document(story, hours_ago, *, begun, **fields):
    name = f"{story}-{hours_ago}-{fields.get('source', '')}"
    published = NOW - dt.timedelta(hours=hours_ago)
    article = Article(id=name, title=name, text="A text.", published=published, language="en")
    story_first = NOW - dt.timedelta(hours=begun)
    return msgspec.structs.replace(support.document(article), story=story, story_first=story_first, **fields)


NEWS = [
    # began a week ago, and goes on as ever
    *(document("old", hours, begun=160, source="Daily") for hours in (8, 14, 20, 40, 90, 150)),
    # began four hours ago, in Portuguese
    document("new", 1, begun=4, source="Diário", language="pt", places=("Lisbon",)),
    document("new", 4, begun=4, source="Daily", places=("Lisbon",)),
    # began two days ago, and grows
    *(document("grows", hours, begun=48, source="Evening") for hours in (2, 3, 5, 22, 47)),
    # a text and its copies
    document("copied", 30, begun=30, source="Agency", copies=2),
    *(
        document("copied", 29, begun=30, source=name, copy_group="copied-30-Agency", is_primary=False)
        for name in ("Paper", "Gazette")
    ),
    document("single", 0, begun=0),
]


@pytest.fixture
def index(tmp_path):
    opened = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    opened.prepare()
    assert opened.upsert(NEWS) == []
    yield opened
    opened.close()


def names(lines):
    return [line.document.story for line in lines]


def test_stories_are_new_growing_or_large(index):
    stories = load_stories_now(index, {}, NOW + dt.timedelta(days=400))
    assert stories.at - NOW < dt.timedelta(seconds=1)
    assert names(stories.new) == ["new"]
    assert names(stories.growing) == ["grows", "new"]
    assert names(stories.large) == ["old", "grows", "copied", "new"]
    copied = stories.large[2]
    assert (copied.originals, copied.articles, copied.outlets) == (1, 3, 3)
    assert (stories.growing[0].lately, stories.growing[0].today) == (3, 4)
    assert dict(stories.choices["language"])["pt"] == 1


def test_stories_are_narrowed_by_language_and_place(index):
    assert names(load_stories_now(index, {"places": ("Lisbon",)}, NOW).large) == ["new"]
    assert names(load_stories_now(index, {"language": ("pt",)}, NOW).growing) == []
    assert load_stories_now(index, {"language": ("xx",)}, NOW) is None


def test_a_story_grows_where_the_last_six_hours_had_more_than_usual():
    lately, today = {"steady": 2, "up": 3, "few": 1, "down": 2}, {"steady": 8, "up": 3, "few": 1, "down": 20}
    assert rank_growing(lately, today) == ["up"]

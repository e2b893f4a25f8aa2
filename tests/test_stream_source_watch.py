"""A run that follows takes sources over when config/feeds.toml changes."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.context import Context
from pipeline.fetch import SourceTerms
from pipeline.records import Stage
from pipeline.settings import Source, load_sources
from pipeline.stream.coordinator import CoordinatorPlan, StreamCoordinator
from pipeline.stream.queues import StageQueues
from pipeline.stream.source_watch import SourceWatch, describe_changes
from tests.helpers.newsstand import SETTINGS
from tests.helpers.support import places

TIMES = '[[source]]\nname = "Times"\nfeeds = ["http://times.example/feed"]\n'
POST = '[[source]]\nname = "Post"\nfeeds = ["http://post.example/feed"]\n'
LOGIN = 'credentials = "NOWHERE_SET"\n'


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "feeds.toml").write_text(TIMES)
    return folder


@pytest.fixture
def context(tmp_path, config):
    with Context(SETTINGS, load_sources(config), places(tmp_path), config=config) as opened:
        yield opened


def watch(context, *scenes, looks=2):
    """Play scenes, each followed by so many looks; return what was told, and the addresses that the ledger knows."""
    told = []

    async def play():
        plan = CoordinatorPlan(stages=frozenset(Stage), follows=True)
        queues = StageQueues(articles=100, size=100)
        coordinator = StreamCoordinator(plan, queues, context.clock, None, told.append)
        watching = SourceWatch(context, coordinator, SourceTerms(context.sources.values()))
        for scene in scenes:
            scene()
            for _ in range(looks):
                await watching.look()

    asyncio.run(play())
    with context.store.read() as connection:
        return told, {state.url for state in context.store.feeds.list_states(connection)}


def writes(config, text):
    return lambda: (config / "feeds.toml").write_text(text)


def test_a_new_source_is_polled_and_told(context, config):
    told, feeds = watch(context, writes(config, TIMES + POST))
    assert feeds == {"http://times.example/feed", "http://post.example/feed"}
    assert list(context.sources) == ["Times", "Post"]
    assert told == [f"{config / 'feeds.toml'} has changed: new: Post"]


def test_a_file_that_stays_as_it_was_is_not_read(context):
    assert watch(context, lambda: None) == ([], set())


def test_a_file_that_is_being_written_is_left_alone(context, config):
    told, feeds = watch(context, writes(config, ""), writes(config, TIMES + POST), looks=1)
    assert (told, feeds) == ([], set())
    assert list(context.sources) == ["Times"]


def test_a_file_that_is_gone_takes_no_source_away(context, config):
    assert watch(context, (config / "feeds.toml").unlink) == ([], set())
    assert list(context.sources) == ["Times"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[source]\n", "feeds.toml"),
        (TIMES + TIMES, "two sources are called 'Times'"),
        (TIMES + POST + LOGIN, "NEWSWIRE_CREDENTIALS_NOWHERE_SET"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_once_and_taken_when_it_is_mended(context, config, text, said):
    told, feeds = watch(context, writes(config, text), lambda: None, writes(config, TIMES + POST))
    assert said in told[0]
    assert told[0].endswith("until that is mended the sources stay as they were")
    assert told[1:] == [f"{config / 'feeds.toml'} has changed: new: Post"]
    assert len(feeds) == 2


def test_a_file_that_is_mended_to_what_it_was_is_told(context, config):
    told, _ = watch(context, writes(config, TIMES + TIMES), writes(config, TIMES), writes(config, TIMES + "\n"))
    assert told[1:] == [f"{config / 'feeds.toml'} has changed: the sources are as before"]


def test_changes_are_told_by_kind_and_many_are_counted():
    times, changed = Source(name="Times"), Source(name="Times", country="GB")
    post = Source(name="Post")
    assert describe_changes({"Times": times, "Post": post}, {"Times": changed}) == "gone: Post; changed: Times"
    assert describe_changes({"Times": times}, {"Times": times}) == ""
    many = {f"n{number}": Source(name=f"n{number}") for number in range(7)}
    assert describe_changes({}, many) == "new: n0, n1, n2, n3, n4 and 2 more"

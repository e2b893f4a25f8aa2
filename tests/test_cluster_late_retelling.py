"""Which stories tell the same in different languages, once all their articles are there."""

from __future__ import annotations

import pytest

from pipeline.cluster.late_retelling import StoryVoters, find_late_retelling
from pipeline.cluster.repair import ProposedMerger
from pipeline.cluster.retelling import Voter, fill_window
from pipeline.settings import ClusterSettings
from tests.test_cluster_retelling import vector, voter

SETTINGS = ClusterSettings()
QUAKE, MATCH = 1, 2


def stories(**told: list[Voter]) -> StoryVoters:
    """Return the voters of these stories."""
    window = fill_window(voter for voters in told.values() for voter in voters)
    return StoryVoters(window, {voter.group: story for story, voters in told.items() for voter in voters})


def find(story: str, voters: StoryVoters, **pins: set[str]) -> tuple[str, str] | None:
    merger = find_late_retelling(story, voters, lambda name: pins.get(name, set()), SETTINGS)
    return (merger.target, merger.absorbed) if merger else None


def like(number: int, language: str, event: int, share: float = 0.9, day: float = 20_000.0) -> Voter:
    """Return a voter that tells of an event."""
    return voter(str(number), language, vector(number + 100, event, share), day=day)


def test_two_stories_in_different_languages_are_one_where_later_articles_link_them():
    english = [like(1, "en", QUAKE, 0.3), like(2, "en", QUAKE)]
    german = [like(3, "de", QUAKE, 0.6), like(4, "de", QUAKE), like(5, "de", QUAKE)]
    voters = stories(s1=english, s3=german, s6=[like(6, "de", MATCH)], s7=[like(7, "en", MATCH + 1)])
    assert find("s1", voters) == find("s3", voters) == ("s3", "s1")
    assert find("s6", voters) is find("s7", voters) is None


def test_of_two_stories_that_are_as_near_neither_is_taken():
    voters = stories(s1=[like(1, "en", QUAKE)], s2=[like(2, "de", QUAKE)], s3=[like(3, "fr", QUAKE)])
    assert [find(story, voters) for story in ("s1", "s2", "s3")] == [None] * 3


def test_stories_that_share_a_language_are_left_to_their_words():
    assert find("s1", stories(s1=[like(1, "en", QUAKE), like(2, "de", QUAKE)], s3=[like(3, "de", QUAKE)])) is None


def test_stories_most_of_whose_articles_are_unlike_are_two():
    others = [like(number, "de", MATCH) for number in (4, 5)]
    voters = stories(s1=[like(1, "en", QUAKE), like(2, "en", QUAKE)], s3=[like(3, "de", QUAKE), *others])
    assert find("s1", voters) is None


def test_stories_of_different_weeks_are_two():
    assert find("s1", stories(s1=[like(1, "en", QUAKE)], s2=[like(2, "de", QUAKE, day=20_008.0)])) is None


def test_what_was_merged_is_looked_at_as_one_story():
    voters = stories(s1=[like(1, "en", QUAKE)], s2=[like(2, "de", QUAKE)], s3=[like(3, "fr", QUAKE)])
    voters.merge(ProposedMerger(target="s2", absorbed="s3", score=0.9))
    assert find("s1", voters) == ("s2", "s1")


@pytest.mark.parametrize(
    ("pins", "merged"),
    [
        ({}, ("s1", "s3")),
        ({"s3": {"s3"}}, ("s3", "s1")),  # an editor put something there: its id stays
        ({"s1": {"s1"}, "s3": {"s3"}}, None),  # an editor keeps the two apart
    ],
)
def test_editors_are_obeyed(pins, merged):
    voters = stories(s1=[like(1, "en", QUAKE), like(2, "en", QUAKE)], s3=[like(3, "de", QUAKE)])
    assert find("s1", voters, **pins) == merged

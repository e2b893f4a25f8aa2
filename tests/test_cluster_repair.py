"""Which stories of a window are one, and which are several."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.cluster import repair
from pipeline.cluster.assignment import StoryCluster
from pipeline.cluster.vector import pack_vector
from pipeline.settings import ClusterSettings

SETTINGS = ClusterSettings()


def unit(*terms):
    """Return a unit vector with these terms, as the whole text and as its beginning."""
    one = np.array(sorted(terms), dtype=np.uint32), np.full(len(terms), len(terms) ** -0.5, dtype=np.float32)
    return one, one


def story(name, *terms, votes=1, day=100.0):
    vectors = tuple(pack_vector(one) for one in unit(*terms))
    return StoryCluster(
        id=name, votes=votes, mean_similarity=0.0, day=day, dated=True, vectors=vectors, terms=tuple(terms)
    )


def test_two_stories_as_like_as_what_joins_are_one_and_the_larger_one_stays():
    small, large = story("s1", 1, 2, 3, 4), story("s2", 3, 4, 5, 6, votes=7)
    found = repair.find_merger(small, [small, large, story("s3", 9)], {}, SETTINGS)
    assert (found.target, found.absorbed, found.score) == ("s2", "s1", 0.5)


def test_stories_of_different_times_or_words_are_two():
    assert repair.find_merger(story("s1", 1, 2), [story("s2", 1, 2, day=110.0)], {}, SETTINGS) is None
    assert repair.find_merger(story("s1", 1, 2), [story("s2", 3, 4)], {}, SETTINGS) is None


@pytest.mark.parametrize(
    ("pinned", "kept"),
    [
        ({"s1": {"s1"}}, "s1"),  # an editor put something there: its id stays
        ({"s1": {"s1"}, "s2": {"s2"}}, None),  # an editor keeps the two apart
    ],
)
def test_editors_are_obeyed_in_mergers(pinned, kept):
    found = repair.find_merger(story("s1", 1, 2), [story("s2", 1, 2, votes=9)], pinned, SETTINGS)
    assert (found.target if found else None) == kept


TWO = [unit(1, 2, n) for n in (10, 11, 12)] + [unit(5, 6, n) for n in (20, 21)]


def test_a_story_of_two_kinds_of_articles_is_two():
    assert repair.split_members(TWO, [None] * 5, SETTINGS) == [[0, 1, 2], [3, 4]]


def test_a_story_that_hangs_together_is_one():
    assert repair.split_members([unit(1, 2, n) for n in range(10, 20)], [None] * 10, SETTINGS) == [list(range(10))]


def test_a_small_story_is_left_alone():
    assert repair.split_members([unit(1), unit(2), unit(3)], [None] * 3, SETTINGS) == [[0, 1, 2]]


def test_what_an_editor_put_into_one_story_stays_together():
    assert repair.split_members(TWO, ["s1", None, None, "s1", "s1"], SETTINGS) == [[0, 1, 2, 3, 4]]

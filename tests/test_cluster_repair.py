"""Which stories of a window are one, and which are several."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.cluster import repair
from pipeline.cluster.placing import Story
from pipeline.cluster.vector import pack
from pipeline.settings import Cluster

SETTINGS = Cluster()


def unit(*terms):
    """Return a unit vector with these terms, as the whole text and as its beginning."""
    one = np.array(sorted(terms), dtype=np.uint32), np.full(len(terms), len(terms) ** -0.5, dtype=np.float32)
    return one, one


def story(name, *terms, votes=1, day=100.0):
    vectors = tuple(pack(one) for one in unit(*terms))
    return Story(id=name, votes=votes, likeness=0.0, day=day, dated=True, vectors=vectors, terms=tuple(terms))


def test_two_stories_as_like_as_what_joins_are_one_and_the_larger_one_stays():
    small, large = story("s1", 1, 2, 3, 4), story("s2", 3, 4, 5, 6, votes=7)
    found = repair.merges(small, [small, large, story("s3", 9)], {}, SETTINGS)
    assert (found.kept, found.gone, found.score) == ("s2", "s1", 0.5)


def test_stories_of_different_times_or_words_are_two():
    assert repair.merges(story("s1", 1, 2), [story("s2", 1, 2, day=110.0)], {}, SETTINGS) is None
    assert repair.merges(story("s1", 1, 2), [story("s2", 3, 4)], {}, SETTINGS) is None


@pytest.mark.parametrize(
    ("pinned", "kept"),
    [
        ({"s1": {"s1"}}, "s1"),  # an editor put something there: its id stays
        ({"s1": {"s1"}, "s2": {"s2"}}, None),  # an editor keeps the two apart
    ],
)
def test_editors_are_obeyed_in_mergers(pinned, kept):
    found = repair.merges(story("s1", 1, 2), [story("s2", 1, 2, votes=9)], pinned, SETTINGS)
    assert (found.kept if found else None) == kept


TWO = [unit(1, 2, n) for n in (10, 11, 12)] + [unit(5, 6, n) for n in (20, 21)]


def test_a_story_of_two_kinds_of_articles_is_two():
    assert repair.parts(TWO, [None] * 5, SETTINGS) == [[0, 1, 2], [3, 4]]


def test_a_story_that_hangs_together_is_one():
    assert repair.parts([unit(1, 2, n) for n in range(10, 20)], [None] * 10, SETTINGS) == [list(range(10))]


def test_a_small_story_is_left_alone():
    assert repair.parts([unit(1), unit(2), unit(3)], [None] * 3, SETTINGS) == [[0, 1, 2]]


def test_what_an_editor_put_into_one_story_stays_together():
    assert repair.parts(TWO, ["s1", None, None, "s1", "s1"], SETTINGS) == [[0, 1, 2, 3, 4]]

"""How provenance is said in words."""

from __future__ import annotations

import pytest

from pipeline.cli.copy_text import describe_copy, describe_delay, describe_document
from pipeline.records import Copy, CopyKind
from tests.test_documents import document


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "at the same time"),
        (12, "12 min later"),
        (-90, "1 h 30 min earlier"),
        (1441, "1 d 1 min later"),
        (24 * 60 * 3 + 60 * 5 + 7, "3 d 5 h later"),
    ],
)
def test_a_distance_in_time_is_said_in_two_units(minutes, said):
    assert describe_delay(minutes) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(600, "at about the same time"), (-5000, "about 3 d earlier"), (24 * 60 * 7, "about 7 d later")],
)
def test_where_only_a_day_is_known_a_distance_is_said_in_days(minutes, said):
    assert describe_delay(minutes, exact=False) == said


def test_a_copy_says_what_it_is_of_how_much_is_its_own_and_how_much_later():
    copy = Copy(id="a1", group="a0", copy_of="a0", kind=CopyKind.EXTENDED, taken=0.7, behind=95)
    assert describe_copy(copy) == "extended of a0, 30% its own, 1 h 35 min later"
    made = document(copy=copy, group=None, group_size=1)
    assert describe_document(made) == ["extended copy of a0", "30% its own", "1 h 35 min later"]


def test_an_article_that_was_copied_says_how_often():
    assert describe_document(document(group_size=2)) == ["1 copy"]
    assert describe_document(document(group_size=4)) == ["3 copies"]


def test_an_article_on_its_own_says_nothing():
    assert describe_document(document(group_size=1)) == []
    assert describe_copy(Copy(id="a1", group="a1")) == "copies nothing"

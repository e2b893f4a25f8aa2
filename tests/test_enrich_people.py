from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.coreference.people import is_beginning, is_ending, same_person


def same(one: str, other: str) -> bool:
    short, long = sorted((tuple(one.lower().split()), tuple(other.lower().split())), key=len)
    return same_person(short, long)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Larry Lessig", "Lawrence Lessig"),
        ("Bill Clinton", "William Jefferson Clinton"),
        ("J Harker", "John Harker"),
        ("John Harker", "John R Harker"),
        ("Otto Jespersen", "Jens Otto Harry Jespersen"),
        ("Abe Shinzo", "Shinzo Abe"),
        ("Hillary Clinton", "Hillary Rodham Clinton"),
    ],
)
def test_names_of_one_person_agree(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bill Clinton", "Hillary Clinton"),
        ("George W", "George H W"),
        ("George W Bush", "George H W Bush"),
        ("John Harker", "John Parker"),
        ("Harry Otto", "Otto Jespersen"),
        ("Ted Harker", "Tom Harker"),
    ],
)
def test_names_of_two_people_do_not_agree(one, other):
    assert not same(one, other)


def test_a_name_is_the_beginning_or_the_end_of_a_longer_one():
    assert is_beginning(("kim", "jong"), ("kim", "jong", "un"))
    assert not is_beginning(("george", "w"), ("george", "w", "bush"))
    assert is_ending(("bin", "salman"), ("mohammed", "bin", "salman"))


@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=2, max_size=5))
def test_no_name_is_another_one_of_the_same_person_as_itself(words):
    assert not same_person(tuple(words), tuple(words))

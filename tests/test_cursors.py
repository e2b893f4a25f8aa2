"""Facts about cursors: whole, they lead back; otherwise they are refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cursors import read_cursor, write_cursor
from pipeline.errors import ExpiredError, UsageError


class Place(msgspec.Struct, frozen=True):
    key: list[str | int | float | bool]
    of: str = ""


class Other(msgspec.Struct, frozen=True):
    key: list[str | int | float | bool]
    of: str = ""


keys = st.lists(st.text() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.booleans(), max_size=4)


@given(keys, st.text())
def test_a_cursor_leads_back_to_its_place(key, name):
    cursor = write_cursor(Place(key, name), "secret")
    assert cursor.isascii()
    assert read_cursor(cursor, Place, "secret") == Place(key, name)


@given(st.text() | st.binary().map(lambda data: data.hex()))
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(UsageError, match=r"^cursor: "):
        read_cursor(text, Place, "secret")


@given(st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(data):
    cursor = write_cursor(Place([1.5, "a"]), "secret")
    at = data.draw(st.integers(0, len(cursor) - 2))  # the last letter has bits that mean nothing
    letter = data.draw(st.sampled_from("AQgw09_-").filter(lambda new: new != cursor[at]))
    with pytest.raises(UsageError):
        read_cursor(cursor[:at] + letter + cursor[at + 1 :], Place, "secret")


def test_a_cursor_of_another_source_has_expired_and_one_of_another_kind_is_none():
    cursor = write_cursor(Place(["a"]), "secret")
    with pytest.raises(ExpiredError):
        read_cursor(cursor, Place, "another secret")
    with pytest.raises(UsageError, match="none that was handed out"):
        read_cursor(cursor, Other, "secret")

"""Documents that changed wait for further changes, the longer the more there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.index_loop import seconds_between_changes


def test_changes_are_written_for_a_fiftieth_of_the_time():
    assert seconds_between_changes(3.0, 0.5) == 25.0


@given(st.floats(0, 3600), st.floats(0, 3600))
def test_changes_wait_as_long_as_is_set_and_else_a_minute_at_most(least, took):
    assert least <= seconds_between_changes(least, took) <= max(least, 60.0)

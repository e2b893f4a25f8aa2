from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.moments import parse_moment

NONE = """
0 -1 0000-01-01 10000-01-01 2026-13-45 2026-02-30 now 24h yesterday 2026 2026-11 2026-W47 2026-W47-3 99999999 1e9
9999999999999999999999 0001-01-01T00:00+14:00 9999-12-31T23:59:59-14:00 2026-11-20T25:00 2026-11-20T12:00+99:00
+2026-11-20 2026-11-20x 20261120123456789 ٢٠٢٦-١١-٢٠ NaN inf - 2026/11/20 2026-11-20T
""".split()


@pytest.mark.parametrize("text", ["", " ", "\x00", "2026-11-20\x00", "a" * 5000, *NONE])
@pytest.mark.parametrize("end", [False, True])
def test_what_is_no_time_is_said_to_be_none(text, end):
    with pytest.raises(UsageError, match=r"since: .* is not a day or time such as 2026-11-20"):
        parse_moment("since", text, end=end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", "2026-11-20T00:00+00:00"),
        ("20261120", "2026-11-20T00:00+00:00"),
        ("2026-11-20T15:30Z", "2026-11-20T15:30+00:00"),
        ("2026-11-20T15:30", "2026-11-20T15:30+00:00"),
        ("2026-11-20 15:30+13:00", "2026-11-20T02:30+00:00"),
        ("0001-01-01", "0001-01-01T00:00+00:00"),
        ("9999-12-31", "9999-12-31T00:00+00:00"),
        ("0001-01-01T00:00-14:00", "0001-01-01T14:00+00:00"),
    ],
)
def test_days_and_times_are_read_in_utc(text, expected):
    assert parse_moment("since", text) == dt.datetime.fromisoformat(expected)
    assert parse_moment("since", text).utcoffset() == dt.timedelta(0)


def test_the_end_of_a_day_is_the_start_of_the_next():
    assert parse_moment("until", "2026-12-31", end=True) == dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    assert parse_moment("until", "2026-12-31T10:00", end=True) == dt.datetime(2026, 12, 31, 10, tzinfo=dt.UTC)
    with pytest.raises(UsageError):
        parse_moment("until", "9999-12-31", end=True)


@given(
    st.text(max_size=30)
    | st.from_regex(r"\d{1,5}-\d\d?-\d\d?([T ]\d\d:\d\d(:\d\d)?([+-]\d\d:\d\d|Z)?)?", fullmatch=True)
)
def test_any_text_is_a_time_in_utc_or_refused(text):
    time = None
    with contextlib.suppress(UsageError):
        time = parse_moment("since", text, end=True)
    assert time is None or time.utcoffset() == dt.timedelta(0)

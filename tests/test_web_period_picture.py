from __future__ import annotations

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.period_picture import HEIGHT, WIDTH, PeriodCount, draw_periods, split_time

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
TIMES = st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))


def test_a_period_is_a_day_or_says_its_first_and_last_day():
    assert PeriodCount(START, START + DAY, 1).label == "9 Mar 2026"
    assert PeriodCount(START, START + 7 * DAY, 1).label == "9 Mar to 15 Mar 2026"
    assert PeriodCount(START.replace(month=12, day=29), START.replace(year=2027, month=1, day=5), 1).label == (
        "29 Dec 2026 to 4 Jan 2027"
    )


def test_the_highest_bar_is_as_high_as_the_picture_and_one_article_is_seen():
    counts = [PeriodCount(START + n * DAY, START + (n + 1) * DAY, count) for n, count in enumerate((0, 1, 1000))]
    bars = draw_periods(counts)
    assert [bar.height for bar in bars] == [0, 2, HEIGHT]
    assert bars[1].label == "10 Mar 2026: 1 article"
    assert bars[2].label == "11 Mar 2026: 1,000 articles"
    assert bars[2].x + bars[2].width <= WIDTH
    assert draw_periods([]) == []


@given(TIMES, TIMES)
def test_periods_follow_each_other_and_end_with_the_last_day(one, other):
    first, last = sorted((one, other))
    periods = split_time(first, last)
    assert 1 <= len(periods) <= 31
    assert all(before[1] == after[0] for before, after in itertools.pairwise(periods))
    assert periods[-1][0] <= last < periods[-1][1] <= last + DAY
    if (last - first).days < 30 * 365:
        assert periods[0][0] <= first

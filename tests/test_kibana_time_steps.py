"""Charts over time have the steps that Kibana chooses."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.kibana.time_steps import TimeRange, auto_interval, name_interval, stated_interval

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def last(**length):
    return TimeRange(NOON - dt.timedelta(**length), NOON)


@pytest.mark.parametrize(
    ("time", "step"),
    [
        (last(minutes=15), {"fixed_interval": "30s"}),
        (last(hours=1), {"fixed_interval": "5m"}),
        (last(hours=24), {"fixed_interval": "30m"}),
        (last(days=7), {"fixed_interval": "12h"}),
        (last(days=30), {"calendar_interval": "1d"}),
        (last(days=90), {"calendar_interval": "1w"}),
        (last(days=365), {"calendar_interval": "1M"}),
    ],
)
def test_the_ranges_that_kibana_offers_have_the_steps_that_its_sources_give_them(time, step):
    assert auto_interval(time) == step


def test_a_step_of_the_calendar_is_named_by_it():
    assert name_interval(86_400_000) == {"calendar_interval": "1d"}
    assert name_interval(7_200_000) == {"fixed_interval": "2h"}
    assert stated_interval("1d", last(days=1)) == {"calendar_interval": "1d"}
    assert stated_interval("30m", last(days=1)) == {"fixed_interval": "30m"}


def test_the_last_part_of_a_time_ends_with_it():
    assert last(days=7).last("1d") == last(days=1)

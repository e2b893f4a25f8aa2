from __future__ import annotations

import datetime as dt
import zoneinfo
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.dates import EARLIEST, read_date

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Fri, 20 Nov 2026 10:00:00 GMT", "2026-11-20T10:00"),
        ("Fri, 20 Nov 2026 10:00:00 -0500", "2026-11-20T15:00"),
        ("Fri, 20 Nov 2026 10:00:00 GMT-05:00", "2026-11-20T15:00"),
        ("Fri, 20 Nov 2026 10:00:00 EST", "2026-11-20T15:00"),
        ("Fri, 20 Nov 2026 10:00:00 CET", "2026-11-20T09:00"),
        ("Fri, 20 Nov 2026 10:00:00 IST", "2026-11-20T04:30"),
        ("20 Nov 26 10:00 Z", "2026-11-20T10:00"),
        ("Fri Nov 20 10:00:00 2026", "2026-11-20T10:00"),
        ("Fri Nov 20 10:00:00 EST 2026", "2026-11-20T15:00"),
        ("20-Nov-2026 10:00", "2026-11-20T10:00"),
        ("November 20, 2026 10:00 PM", "2026-11-20T22:00"),
        ("Nov. 20, 2026, 12:05 a.m. EST", "2026-11-20T05:05"),
        ("Sept 5, 2026", "2026-09-05T00:00"),
        ("ven., 20 novembre 2026 10:00:00 +0100", "2026-11-20T09:00"),
        ("mar, 17 nov 2026 10:00:00 +0100", "2026-11-17T09:00"),
        ("Fr, 20. März 2026 10:00 +0100", "2026-03-20T09:00"),
        ("пт, 20 ноября 2026 10:00:00 +0300", "2026-11-20T07:00"),
        ("2026-11-20", "2026-11-20T00:00"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00"),
        ("2026-11-20T10:00:00.123456+01:00", "2026-11-20T09:00"),
        ("2026-11-20 10:00:00 +0100", "2026-11-20T09:00"),
        ("20261120T100000Z", "2026-11-20T10:00"),
        ("20/11/2026 10:00", "2026-11-20T10:00"),
        ("11/20/2026", "2026-11-20T00:00"),
        ("05.06.2026", "2026-06-05T00:00"),
        ("1763632800", "2025-11-20T10:00"),
        ("1763632800000", "2025-11-20T10:00"),
        ("Thu, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59"),
        ("2026-11-19T24:00:00Z", "2026-11-20T00:00"),
        ("  Fri,\n 20 Nov 2026   10:00:00 GMT ", "2026-11-20T10:00"),
    ],
)
def test_what_feeds_write_is_read(raw, expected):
    assert read_date(raw, NOW) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "raw",
    [
        None, "", "today", "2024-13-45", "Fri, 20 Nov 2026 25:00:00 GMT", "Fri, 31 Feb 2025 10:00:00 GMT", "05/06/2026",
        "Mon, 01 Jan 0001 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 GMT", "2099-01-01", "2026-11-23T12:00:00Z", "0",
        "99999999999999999999", "Nov 20, 2026 13:00 PM", "2026-11-20T10:00:00+99:99", "Nov " * 1000, "12", "-1",
    ],
)  # fmt: skip
def test_what_is_ambiguous_impossible_or_out_of_range_is_unknown(raw):
    assert read_date(raw, NOW) is None


@pytest.mark.parametrize("raw", ["Fri, 20 Nov 2026 10:00:00", "2026-11-20T10:00:00", "20.11.2026 10:00"])
def test_a_time_without_a_zone_is_in_the_outlets_zone(raw):
    assert read_date(raw, NOW, BERLIN) == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert read_date(raw, NOW) == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_a_clock_that_is_a_little_fast_is_forgiven():
    assert read_date("2026-11-22T11:00:00Z", NOW) is not None


zones = st.timezones() | st.just(dt.UTC)


@given(st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2026, 11, 20), timezones=zones, allow_imaginary=False))
def test_the_standard_forms_are_read_exactly(when):
    when = when.replace(microsecond=0)
    offset = when.utcoffset()
    if offset % dt.timedelta(minutes=1):  # local mean times of cities have seconds, which neither form can say
        return
    assert read_date(when.isoformat(), NOW) == when.astimezone(dt.UTC)
    assert read_date(format_datetime(when), NOW) == when.astimezone(dt.UTC)


@given(
    st.text(max_size=60) | st.from_regex(r"\A[0-9:./ +-]{0,40}\Z") | st.from_regex(r"\A\w{3}, \d+ \w{3} \d+ \d+:\d+\Z")
)
def test_any_text_is_a_time_in_range_or_none(raw):
    when = read_date(raw, NOW)
    assert when is None or EARLIEST <= when <= NOW + dt.timedelta(days=1)

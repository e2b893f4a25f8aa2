from __future__ import annotations

import datetime as dt
import zoneinfo
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates import EARLIEST, parse, parse_instant

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
    assert parse_instant(raw, NOW) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "raw",
    [
        None, "", "today", "2024-13-45", "Fri, 20 Nov 2026 25:00:00 GMT", "Fri, 31 Feb 2025 10:00:00 GMT", "05/06/2026",
        "Mon, 01 Jan 0001 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 GMT", "2099-01-01", "2026-11-23T12:00:00Z", "0",
        "99999999999999999999", "Nov 20, 2026 13:00 PM", "2026-11-20T10:00:00+99:99", "Nov " * 1000, "12", "-1",
    ],
)  # fmt: skip
def test_what_is_ambiguous_impossible_or_out_of_range_is_unknown(raw):
    assert parse_instant(raw, NOW) is None


@pytest.mark.parametrize("raw", ["Fri, 20 Nov 2026 10:00:00", "2026-11-20T10:00:00", "20.11.2026 10:00"])
def test_a_time_without_a_zone_is_in_the_outlets_zone(raw):
    assert parse_instant(raw, NOW, BERLIN) == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert parse_instant(raw, NOW) == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_a_clock_that_is_a_little_fast_is_forgiven():
    assert parse_instant("2026-11-22T11:00:00Z", NOW) is not None


zones = st.timezones() | st.just(dt.UTC)


@given(st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2026, 11, 20), timezones=zones, allow_imaginary=False))
def test_the_standard_forms_are_read_exactly(when):
    when = when.replace(microsecond=0)
    offset = when.utcoffset()
    if offset % dt.timedelta(minutes=1):  # local mean times of cities have seconds, which neither form can say
        return
    assert parse_instant(when.isoformat(), NOW) == when.astimezone(dt.UTC)
    assert parse_instant(format_datetime(when), NOW) == when.astimezone(dt.UTC)


@given(
    st.text(max_size=60) | st.from_regex(r"\A[0-9:./ +-]{0,40}\Z") | st.from_regex(r"\A\w{3}, \d+ \w{3} \d+ \d+:\d+\Z")
)
def test_any_text_is_a_time_in_range_or_none(raw):
    when = parse_instant(raw, NOW)
    assert when is None or EARLIEST <= when <= NOW + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2031-03-04T09:30:00+01:00", "2031-03-04T09:30:00+01:00"),
        ("2031-03-04T09:30:00.123Z", "2031-03-04T09:30:00+00:00"),
        ("2031-03-04 09:30:00 CET", "2031-03-04T09:30:00+01:00"),
        ("20310304T093000Z", "2031-03-04T09:30:00+00:00"),
        ("Tue, 04 Mar 2031 09:30:00 +0100", "2031-03-04T09:30:00+01:00"),
        ("Tue Mar 04 09:30:00 CET 2031", "2031-03-04T09:30:00+01:00"),
        ("March 4, 2031 9:30 AM EST", "2031-03-04T09:30:00-05:00"),
        ("1930296600", "2031-03-03T09:30:00+00:00"),
        ("4.3.2031, 09:30 Uhr", "2031-03-04T09:30:00"),
        ("2031-03-04", "2031-03-04T00:00:00"),
        ("03/04/2031", None),
        ("yesterday", None),
        ("2031-13-45", None),
    ],
)
def test_times_are_read_in_the_forms_that_pages_use(text, time):
    stated = parse(text)
    assert (stated and stated.time.isoformat()) == time


@given(st.text(max_size=60) | st.from_regex(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}.{0,20}"))
def test_no_text_breaks_the_reader_of_times(text):
    parse(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Published on Friday, Nov. 20th, 2026 at 3:30 p.m. ET", "2026-11-20T15:30:00-05:00"),
        ("3 pm GMT, 20 November 2026", "2026-11-20T15:00:00+00:00"),
        ("Veröffentlicht am 20. November 2026 um 15.30 Uhr MEZ", "2026-11-20T15:30:00+01:00"),
        ("Freitag, 20.11.2026, 15 Uhr", "2026-11-20T15:00:00"),
        ("Publié le 1er mai 2026 à 15h30", "2026-05-01T15:30:00"),
        ("mar. 17 nov. 2026", "2026-11-17T00:00:00"),
        ("20 de noviembre de 2026 | 15:30 CET", "2026-11-20T15:30:00+01:00"),
        ("Pubblicato il 20 novembre 2026 alle 15.30", "2026-11-20T15:30:00"),
        ("20 de novembro de 2026 às 15h", "2026-11-20T15:00:00"),
        ("vrijdag 20 november 2026, 15:30", "2026-11-20T15:30:00"),
        ("20 listopada 2026 r., 15:30", "2026-11-20T15:30:00"),
        ("Опубликовано 20 ноября 2026 г. в 15:30 (МСК)", "2026-11-20T15:30:00+03:00"),
        ("20 KASIM 2026 Cuma 15:30", "2026-11-20T15:30:00"),
        ("20 HAZİRAN 2026", "2026-06-20T00:00:00"),
        ("20. desember 2026", "2026-12-20T00:00:00"),
        ("2026/11/20 15:30", "2026-11-20T15:30:00"),
        ("2026-11-20 03:30 PM", "2026-11-20T15:30:00"),
        ("2026-11-20T15:30:00+01:00[Europe/Paris]", "2026-11-20T15:30:00+01:00"),
        ("20 nov. 2026 à 15:30 - Temps de lecture 3 min", "2026-11-20T15:30:00"),
        ("Published Oct 30, 2026 Updated Nov 2, 2026 3 pm", "2026-10-30T00:00:00"),
        ("Published: 15:30 GMT, 20 November 2026 | Updated: 16:30 GMT, 21 November 2026", "2026-11-20T15:30:00+00:00"),
        ("20 November 2026 | Updated: 16:30 GMT, 21 November 2026", "2026-11-20T00:00:00"),
        ("Le 20 novembre 2026 à 7 h 05", "2026-11-20T07:05:00"),
        ("Fri Nov 20 2026 10:00:00 GMT+0100 (Central European Standard Time)", "2026-11-20T10:00:00+01:00"),
        ("26-FEB-1987 15:01:01.79", "1987-02-26T15:01:01"),
    ],
)
def test_dates_are_read_in_the_languages_and_forms_of_pages(text, time):
    assert parse(text).time.isoformat() == time


@pytest.mark.parametrize(
    "text",
    [
        "5 days ago", "hace 3 días", "vor 10 Stunden", "il y a 5 minutes", "2 ago", "November 2026", "20 November",
        "4:11", "18.47", "PT2M53S", "00:00-YY-DD-MM", "May 20", "20 mai, 10 Uhr", "Nov 20 15:30", "March for 2026",
    ],
)  # fmt: skip
def test_ages_durations_and_parts_of_dates_are_none(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("2026-11-20", False),
        ("2026-11-20T00:00:00", False),
        ("2026-11-20T00:00:00Z", True),
        ("2026-11-20T15:30", True),
        ("20 November 2026", False),
        ("20 novembre 2026, 15:30", True),
    ],
)
def test_a_day_and_midnight_without_a_zone_are_not_exact(text, exact):
    assert parse(text).exact is exact


@pytest.mark.parametrize("words", ["at work", "met friends", "AT LARGE IN PARIS"])
def test_a_word_after_a_time_is_no_zone(words):
    assert parse(f"20 November 2026 15:30 {words}") == parse("20 November 2026 15:30")

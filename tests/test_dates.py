from __future__ import annotations

import datetime as dt
import zoneinfo
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates import EARLIEST, DateHabits, is_believable, parse, parse_instant, shows_day_first
from pipeline.dates.ages import day_of_age, parse_age
from pipeline.dates.calendars import to_date

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
        ("2026-11-20 10:00:00 Europe/Berlin", "2026-11-20T09:00"),
        ("20 Nov 2026 10:00 America/Argentina/Buenos_Aires", "2026-11-20T13:00"),
        ("2026-11-20 10:00 Europe/Nowhere", "2026-11-20T10:00"),
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


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("٢٠ نوفمبر ٢٠٢٦", "2026-11-20T00:00:00"), ("20 تشرين الثاني 2026 - 15:07", "2026-11-20T15:07:00"),
        ("الجمعة 20 نوفمبر 2026 - 03:07 م", "2026-11-20T15:07:00"), ("२० नवंबर 2026", "2026-11-20T00:00:00"),
        ("২০ নভেম্বর ২০২৬, ১৫:০৭", "2026-11-20T15:07:00"), ("20 நவம்பர் 2026", "2026-11-20T00:00:00"),
        ("20 พ.ย. 2569 15:07 น.", "2026-11-20T15:07:00"), ("2569-11-20T15:07:41+07:00", "2026-11-20T15:07:41+07:00"),
        ("2026年11月20日 15時07分", "2026-11-20T15:07:00"), ("2026年11月20日 星期五 下午3:07", "2026-11-20T15:07:00"),
        ("令和8年11月20日", "2026-11-20T00:00:00"), ("民國115年11月20日", "2026-11-20T00:00:00"),
        ("2026년 11월 20일 오후 3시 7분", "2026-11-20T15:07:00"), ("۱۴۰۵/۰۸/۲۹ - ۱۵:۰۷", "2026-11-20T15:07:00"),
        ("جمعه ۲۹ آبان ۱۴۰۵، ساعت ۱۵:۰۷", "2026-11-20T15:07:00"), ("20 בנובמבר 2026, 15:07", "2026-11-20T15:07:00"),
        ("ngày 20 tháng 11 năm 2026", "2026-11-20T00:00:00"), ("20. listopadu 2026 15:07", "2026-11-20T15:07:00"),
        ("2026. november 20. 15:07", "2026-11-20T15:07:00"), ("20. marraskuuta 2026 klo 15.07", "2026-11-20T15:07:00"),
        ("20 Νοεμβρίου 2026, 3:07 μ.μ.", "2026-11-20T15:07:00"), ("20 листопада 2026, 15:07", "2026-11-20T15:07:00"),
        ("20 ноември 2026 г., 15:07 ч.", "2026-11-20T15:07:00"), ("2026 m. lapkričio 20 d.", "2026-11-20T00:00:00"),
        ("2026. gada 20. novembrī", "2026-11-20T00:00:00"), ("2026 оны 11 сарын 20", "2026-11-20T00:00:00"),
        ("20 ნოემბერი 2026", "2026-11-20T00:00:00"), ("20 նոյեմբերի 2026", "2026-11-20T00:00:00"),
        ("2026/11/5 5:07", "2026-11-05T05:07:00"), ("20 Nov 2026 3.15 pm", "2026-11-20T15:15:00"),
        ("Nov 20, 2026 at noon", "2026-11-20T12:00:00"), ("vrijdag 20 november 2026 om 15u07", "2026-11-20T15:07:00"),
        ("2026-W47-5", "2026-11-20T00:00:00"), ("Fri 20 Nov 15:07:41 GMT 2026", "2026-11-20T15:07:41+00:00"),
        ("1795187261.25", "2026-11-20T15:07:41+00:00"), ("1795187261000000", "2026-11-20T15:07:41+00:00"),
    ],
)  # fmt: skip
def test_dates_are_read_in_other_scripts_and_calendars(text, time):
    assert parse(text).time.isoformat() == time


@pytest.mark.parametrize(
    ("habits", "day"),
    [
        (DateHabits(), None), (DateHabits("en"), None), (DateHabits("en", "US"), "2026-11-05"),
        (DateHabits("en", "IN"), "2026-05-11"), (DateHabits("pt"), "2026-05-11"), (DateHabits("es", "US"), None),
        (DateHabits("zh"), None), (DateHabits("en", "US", day_first=True), "2026-05-11"),
    ],
)  # fmt: skip
def test_who_writes_it_decides_what_an_ambiguous_date_means(habits, day):
    stated = parse("11/05/2026", habits=habits)
    assert (stated and stated.time.date().isoformat()) == day


def test_a_name_of_two_months_means_that_of_its_language():
    assert parse("20 listopada 2026", habits=DateHabits("hr")).time.month == 10
    assert parse("20 listopada 2026", habits=DateHabits("pl")).time.month == 11
    assert parse("20 srpna 2026", habits=DateHabits("cs")).time.month == 8


def test_the_weekday_decides_and_what_is_out_of_range_does_not_count():
    assert parse("Thu, 11/05/2026").time.date() == dt.date(2026, 11, 5)
    assert parse("Mon, 11/05/2026").time.date() == dt.date(2026, 5, 11)
    assert parse("11/05/2026", now=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)).time.date() == dt.date(2026, 5, 11)


def test_a_document_shows_the_order_of_its_dates():
    assert shows_day_first(["05/06/2026", "20/11/2026"]) is True
    assert shows_day_first(["05/06/2026", "11/20/2026"]) is False
    assert shows_day_first(["20/11/2026", "11/20/2026"]) is None
    assert shows_day_first(["05/06/2026", "20.11.2026", "x" * 200]) is None


@pytest.mark.parametrize(
    ("day", "ours"),
    [
        ((1403, 1, 1), (2024, 3, 20)), ((1404, 1, 1), (2025, 3, 21)), ((1399, 12, 30), (2021, 3, 20)),
        ((1405, 8, 29), (2026, 11, 20)), ((1370, 1, 1), (1991, 3, 21)), ((1408, 1, 1), (2029, 3, 20)),
    ],
)  # fmt: skip
def test_days_of_the_persian_calendar_are_converted(day, ours):
    assert to_date(*day) == dt.date(*ours)


@given(st.integers(1370, 1420), st.integers(1, 12), st.integers(1, 29))
def test_days_of_the_persian_calendar_follow_one_another(year, month, day):
    assert to_date(year, month, day + 1 if day < 29 else day) - to_date(year, month, 1) == dt.timedelta(
        days=day if day < 29 else 28
    )


@pytest.mark.parametrize(
    ("time", "web", "printed"),
    [
        ("2026-11-22T11:00", True, True), ("2026-11-22T13:00", False, False), ("9999-12-31", False, False),
        ("1989-12-31", False, True), ("1605-01-01", False, True), ("1604-12-31", False, False),
        ("1970-01-01", False, False), ("1969-12-31T19:00", False, False), ("0001-01-01", False, False),
    ],
)  # fmt: skip
def test_times_when_there_was_no_news_are_not_believed(time, web, printed):
    when = dt.datetime.fromisoformat(time)
    assert is_believable(when, NOW) is web
    assert is_believable(when, NOW, printed=True) is printed


@pytest.mark.parametrize(
    "text",
    [
        "2 hours ago", "2 hrs ago", "2h ago", "vor 2 Stunden", "vor 2 Std.", "il y a 2 heures", "hace 2 horas",
        "há 2 horas", "2 ore fa", "2 uur geleden", "for 2 timer siden", "för 2 timmar sedan", "2 tuntia sitten",
        "2 godziny temu", "před 2 hodinami", "2 órája", "acum 2 ore", "2 часа назад", "2 години тому",
        "πριν από 2 ώρες", "2 saat önce", "قبل ٢ ساعات", "منذ 2 ساعات", "۲ ساعت پیش", "לפני 2 שעות", "2 घंटे पहले",
        "२ घंटे पहले", "2 ชั่วโมงที่แล้ว", "2 giờ trước", "2 jam yang lalu", "2小时前", "2 小時前", "2時間前", "2시간 전",
        "prieš 2 valandas",
    ],
)  # fmt: skip
def test_how_long_ago_is_read_in_many_languages(text):
    assert parse_age(text) == (dt.timedelta(hours=1.5), dt.timedelta(hours=3))


@pytest.mark.parametrize("text", ["an hour ago", "vor einer Stunde", "il y a une heure", "hace una hora", "un’ora fa"])
def test_one_may_be_said_in_a_word(text):
    assert parse_age(text) == (dt.timedelta(hours=0.5), dt.timedelta(hours=2))


@pytest.mark.parametrize(
    "text",
    [
        "2 years ago",
        "2 hours",
        "2 hours later",
        "in 2 hours",
        "200 hours ago",
        "ago",
        "2",
        "",
        "4 min read",
    ],
)
def test_what_is_no_age_is_none(text):
    assert parse_age(text) is None


@given(st.text(max_size=50))
def test_no_text_breaks_the_reader_of_ages(text):
    age = parse_age(text)
    assert age is None or dt.timedelta(0) <= age[0] < age[1]


def test_an_age_is_of_one_day_or_none():
    two_hours = (dt.timedelta(hours=1.5), dt.timedelta(hours=3))
    assert day_of_age(two_hours, NOW, dt.UTC) == dt.date(2026, 11, 21)
    assert day_of_age(two_hours, NOW.replace(hour=2), dt.UTC) is None
    assert day_of_age(two_hours, NOW.replace(hour=1), dt.UTC) == dt.date(2026, 11, 20)
    assert day_of_age(two_hours, NOW.replace(hour=1), BERLIN) is None
    assert day_of_age(parse_age("1 day ago"), NOW, dt.UTC) is None

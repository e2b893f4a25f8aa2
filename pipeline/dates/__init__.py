"""Parse the dates that feeds, pages and wire files state, in the forms and languages that they use.

Nothing is guessed: a date that is ambiguous (03/04/2026), impossible or incomplete is None.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable
from typing import NamedTuple

import dateutil.parser

from pipeline.dates import calendars, names
from pipeline.dates.spelling import standardise as standardise

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)  # the web's first year: no article has an earlier address
_FIRST_NEWSPAPER = dt.datetime(1605, 1, 1, tzinfo=dt.UTC)  # the Relation of Strasbourg
_END_OF_TIME = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # where the time now isn't known
# Days that stand for no time: the first of Unix, as it is in any zone, and that of the calendar.
_ZERO_DAYS = frozenset({dt.date(1970, 1, 1), dt.date(1969, 12, 31), dt.date(1, 1, 1)})
_TOLERANCE = dt.timedelta(days=1)  # servers' clocks and zones are wrong by that much
_MAX_CHARACTERS = 100  # characters; the longest date written out in words has about 60, longer texts are no date
_LAST_MONTH, _LAST_DAY = 12, 31
_NOON = 12

_EPOCH = re.compile(r"(1\d{9})(?:\d{3}|\d{6})?(?:\.\d+)?")  # seconds, milliseconds or microseconds, 2001 to 2033
_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:(?:T|[\s,]+)(?P<hour>\d\d?):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b)?)?(?!\d)",
    re.IGNORECASE,
)
_WEEK_DATE = re.compile(r"(?<!\d)(\d{4})-W(\d\d)-([1-7])(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>\d{4})\s?([./-])\s?(?P<month>\d\d?)\s?\2\s?(?P<day>\d\d?)(?!\d)")
_NUMERIC = re.compile(
    r"(?<![\d./-])(?P<day>\d\d?)\s?(?P<mark>[./-])\s?(?P<month>\d\d?)\s?(?P=mark)\s?(?P<year>\d{4})(?!\d)"
)
_SIX_DIGITS = re.compile(r"(?:\d\D*){6}")  # as many as a day, a month and a year have
_SHORT_YEAR = re.compile(
    r"(?<![\d./-])(?P<day>\d\d?)(?P<mark>[./])\s?(?P<month>\d\d?)(?P=mark)\s?(?P<year>\d\d)(?![\d./-])"
)

# What may stand between the parts of a date, and the parts; months are marked.
_OF = r"[\s,./-]*(?:(?:de|del|do|of|di|din|ta'|tháng|เดือน)\s+)?"
_DAY = r"(?<![\d:.])(?P<day>\d\d?)(?![\d:])"
_MONTH = rf"(?P<month>{names.month_pattern()})"
_CLOCK = r"\d\d?:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?(?:\s+[^\W\d_]{1,5}|\s+[+-]\d{4})?"
_MONTH_DATES = (
    # 20 November 2026, 20. Nov 26, 1er mai 2026, 20 de noviembre de 2026
    re.compile(
        rf"{_DAY}(?:st|nd|rd|th|er|ère|:?e|[º°ª])?{_OF}{_MONTH}{_OF}(?P<year>\d{{4}}|['’]\d\d|\d\d(?=\s*$|,?\s+\d\d?:\d\d))(?!\d)",
        re.IGNORECASE,
    ),
    # 20 Nov 10:00:00 GMT 2026
    re.compile(rf"{_DAY}{_OF}{_MONTH},?\s+(?P<clock>{_CLOCK})\s+(?P<year>\d{{4}})(?!\d)", re.IGNORECASE),
    # November 20, 2026 and Nov 20 10:00:00 EST 2026
    re.compile(
        rf"{_MONTH}[\s.-]*{_DAY}(?:st|nd|rd|th)?(?:,?\s+(?P<clock>{_CLOCK}))?{_OF}(?P<year>\d{{4}})(?!\d)",
        re.IGNORECASE,
    ),
    # 2026 November 20, 2026. november 20.
    re.compile(rf"(?<!\d)(?P<year>\d{{4}})[\s,.-]*{_MONTH}[\s,.-]*{_DAY}"),
    # 2026. gada 20. novembris, 2026 жылғы 20 қараша
    re.compile(rf"(?<!\d)(?P<year>\d{{4}})(?:\.\s*gada|[\s-]жыл(?:ғы|дын))\s+{_DAY}[\s,.-]*{_MONTH}"),
)
# 15:30, 3:30 p.m., 15.30, 15h30, 15 h 30, 15u30, 3 pm, 15 Uhr
_TIME = re.compile(
    r"(?<![\d.:/-])(?:(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"|(?P<hour2>[01]?\d|2[0-3])(?:\.|\s?h\s?|u)(?P<minute2>[0-5]\d)(?![\d.%])"
    r"|(?P<hour3>[01]?\d|2[0-3])(?=\s?(?:[ap]\.?\s?m|h|uhr)\b))"
    r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d+−-])(?:19|20)\d\d(?!\d)")  # of another date, to which a time beside it belongs
_GAP, _SHORT_GAP = 25, 12  # characters between a date and its time of day, and where the time has no colon
_OFFSET = re.compile(
    r"[\s,(\[]*(?:(?:GMT|UTC)\s*(?=[+−-]\d)|(?:[^\W\d_]+\.?\s*)?(?=[+−-]\d\d))([+−-])(\d\d?):?(\d\d)?\b", re.IGNORECASE
)
_ZONE = re.compile(r"[\s,(\[]*(?:(?:uhr|hrs?|h)\b[\s,(\[]*)?([^\W\d_]{1,5})\b", re.IGNORECASE)
# The name of a zone in the time zone database: Europe/Berlin, America/Argentina/Buenos_Aires
_ZONE_CITY = re.compile(
    r"[\s(\[]*((?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/[A-Z][\w-]+){1,2})"
)
_DIGIT = re.compile(r"\d")
# Where the month comes first; where both orders are usual; and languages that are written in such countries too, or
# that write the year first.
_MONTH_FIRST_COUNTRIES = frozenset({"US", "PH", "PR", "GU", "FM", "MH", "PW"})
_MIXED_COUNTRIES = frozenset({"CA", "CN", "TW", "HK", "JP", "KR", "KP", "IR", "HU", "LT", "MN", "ZA"})
_LANGUAGES_OF_ANY_ORDER = frozenset({"en", "fil", "tl", "zh", "ja", "ko", "fa", "hu", "lt", "mn", "eu"})
# Zone names that are words too: believed where nothing follows.
_ZONE_WORDS = frozenset("art at cat eat met".split())


class StatedTime(NamedTuple):
    """A time as it is stated: aware, or naive where no zone is given; ``exact`` where it has a time of day."""

    time: dt.datetime
    exact: bool

    @property
    def rank(self) -> int:
        """Return 2 for an instant, 1 for a local time, 0 for a day."""
        return (2 if self.time.tzinfo else 1) if self.exact else 0


class DateHabits(NamedTuple):
    """What decides between the readings of a date: who writes it, and in which order their other dates stand."""

    language: str | None = None  # ISO 639-1
    country: str | None = None  # ISO 3166-1, upper case
    day_first: bool | None = None  # the order that other dates of the same document show

    @property
    def is_day_first(self) -> bool | None:
        """Return whether 05/11/2026 is the 5th of November here; None where it can't be known."""
        if self.day_first is not None:
            return self.day_first
        if self.country in _MONTH_FIRST_COUNTRIES:
            return False if self.language in {None, "en"} else None
        if self.country and self.country not in _MIXED_COUNTRIES:
            return True
        return True if self.language and self.language not in _LANGUAGES_OF_ANY_ORDER else None


def is_believable(time: dt.datetime, now: dt.datetime | None, *, printed: bool = False) -> bool:
    """Tell whether an article may have been published then: not after tomorrow, nor before there was news.

    The web's articles are from 1990 or later. What comes in files may have been ``printed`` before, since 1605, but not
    on the first day of 1970, which is what systems write that know no time.

    Args:
        time: a time; one without a zone is taken as UTC.
        now: the time now; None where it isn't known, then nothing after 2200 is believed.
        printed: whether the article may be older than the web.
    """
    if time.date() in _ZERO_DAYS:
        return False
    aware = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    earliest = _FIRST_NEWSPAPER if printed else EARLIEST
    return earliest <= aware <= (_END_OF_TIME if now is None else now + _TOLERANCE)


def parse(
    text: str | None,
    *,
    now: dt.datetime | None = None,
    zone: dt.tzinfo | None = None,
    habits: DateHabits = DateHabits(),  # noqa: B008 - a frozen tuple
) -> StatedTime | None:
    """Return the date that ``text`` states, with its time of day; None where it states none, or one of two.

    Args:
        text: what stands where a date belongs, at most 100 characters.
        now: where given, dates before 1990 and those more than a day after ``now`` are None.
        zone: the zone of times that name none; without it these stay naive.
        habits: what decides whether 05/11/2026 is a day of May or of November.
    """
    stated = list_readings(text, habits)
    if zone:
        stated = [time if time.time.tzinfo else time._replace(time=time.time.replace(tzinfo=zone)) for time in stated]
    if now:
        stated = [time for time in stated if is_believable(time.time, now)]
    return stated[0] if len(stated) == 1 else None


def list_readings(text: str | None, habits: DateHabits = DateHabits()) -> list[StatedTime]:  # noqa: B008
    """Return the date that ``text`` states; two where day and month could be either, none where it states none.

    A weekday beside the date decides, else ``habits``.
    """
    if not text or len(text) > _MAX_CHARACTERS:
        return []
    standard = standardise(text)
    if not _DIGIT.search(standard):
        return []
    try:
        stated = _parse(standard, habits)
    except (ValueError, OverflowError):
        return []
    if len(stated) > 1:
        days = {names.weekday_of(word) for word in names.list_words(standard)} - {None}
        stated = [time for time in stated if time.time.weekday() in days] or stated
    return stated


def shows_day_first(texts: Iterable[str]) -> bool | None:
    """Return whether the dates of a document have the day before the month; None where they don't tell, or differ."""
    orders: set[bool] = set()
    for text in texts:
        may_be_date = len(text) <= _MAX_CHARACTERS and _SIX_DIGITS.search(text)
        match = _NUMERIC.search(standardise(text)) if may_be_date else None
        if match and match["mark"] != ".":
            first, second = int(match["day"]), int(match["month"])
            if _LAST_MONTH < max(first, second) <= _LAST_DAY and min(first, second) <= _LAST_MONTH:
                orders.add(first > _LAST_MONTH)
    return orders.pop() if len(orders) == 1 else None


def parse_instant(
    text: str | None,
    now: dt.datetime,
    zone: dt.tzinfo = dt.UTC,
    habits: DateHabits = DateHabits(),  # noqa: B008 - a frozen tuple
) -> dt.datetime | None:
    """Return the date that ``text`` states, in UTC; None where it states none, or one before 1990 or after tomorrow.

    A time without a zone is one of ``zone``; ``habits`` decide as in ``parse``.
    """
    stated = parse(text, now=now, zone=zone, habits=habits)
    return stated.time.astimezone(dt.UTC) if stated else None


def parse_iso(text: str, zone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the ISO 8601 time that ``text`` is as a whole; where it names no zone one of ``zone``, else naive.

    Raises:
        ValueError: It is none.
    """
    time = dateutil.parser.isoparse(text)
    return time if time.tzinfo else time.replace(tzinfo=zone)


def _parse(text: str, habits: DateHabits) -> list[StatedTime]:
    """Return the readings of the first date in ``text``, which is in Western forms.

    Raises:
        ValueError: There is no such day or time.
    """
    if epoch := _EPOCH.fullmatch(text):
        return [StatedTime(dt.datetime.fromtimestamp(int(epoch[1]), dt.UTC), exact=True)]
    if match := _ISO.search(text):
        return [_from_iso(text, match)]
    if match := _YEAR_FIRST.search(text) or _WEEK_DATE.search(text):
        return [_with_time(text, match, _day_of(match))]
    if match := _NUMERIC.search(text):
        return _from_numbers(text, match, habits)
    return _from_month_name(text, habits)


def _day_of(match: re.Match[str]) -> dt.date:
    """Return the day of a date that begins with its year.

    Raises:
        ValueError: There is no such day.
    """
    if match.re is _WEEK_DATE:
        return dt.date.fromisocalendar(int(match[1]), int(match[2]), int(match[3]))
    return _date(match["year"], match["month"], match["day"])


def _from_month_name(text: str, habits: DateHabits) -> list[StatedTime]:
    """Return the date with the name of a month, else one such as 20.11.26 where it is known in which order it stands.

    Raises:
        ValueError: There is no such day or time.
    """
    marked = names.mark_months(text, habits.language)
    matches = [match for pattern in _MONTH_DATES if (match := pattern.search(marked))]
    if matches:
        first = min(matches, key=lambda match: match.start())
        month, solar_hijri = names.month_of_token(first["month"])
        day = _date(_full_year(first["year"]), month, first["day"], solar_hijri=solar_hijri)
        return [_with_time(marked, first, day)]
    match = _SHORT_YEAR.search(text) if habits.is_day_first is not None else None
    return _from_numbers(text, match, habits) if match else []


def _from_iso(text: str, match: re.Match[str]) -> StatedTime:
    day = _date(match["year"], match["month"], match["day"])
    if match["hour"] is None:  # "2026-11-20", or "2026-11-20 15.07"
        return _with_time(text, match, day)
    clock = _clock(match["hour"], match["minute"], match["second"], match["half"])
    zone = _zone(text[match.end() :])
    # systems that know the day alone write midnight
    return StatedTime(_combine(day, clock, zone), exact=zone is not None or any(clock))


def _from_numbers(text: str, match: re.Match[str], habits: DateHabits) -> list[StatedTime]:
    """Return the readings of a date such as 20/11/2026: both where day and month could be either.

    Raises:
        ValueError: There is no such day or time.
    """
    first, second, year = int(match["day"]), int(match["month"]), _full_year(match["year"])
    orders = [(first, second), (second, first)]
    if first == second or match["mark"] == "." or second > _LAST_MONTH or first > _LAST_MONTH:
        orders = orders[1:] if second > _LAST_MONTH >= first else orders[:1]  # with dots the day comes first
    elif habits.is_day_first is not None:
        orders = orders[:1] if habits.is_day_first else orders[1:]
    return [_with_time(text, match, _date(year, month, day)) for day, month in orders]


def _with_time(text: str, date: re.Match[str], day: dt.date) -> StatedTime:
    """Return ``day`` with the time of day that stands inside its date, after it or before it."""
    clock, zone_text = _time_of_day(text, date)
    if clock is None:
        return StatedTime(_combine(day, (0, 0, 0), None), exact=False)
    return StatedTime(_combine(day, _clock_of(clock), _zone(zone_text)), exact=True)


def _time_of_day(text: str, date: re.Match[str]) -> tuple[re.Match[str] | None, str]:
    """Return the time of day that belongs to a date, and the text after it, which may name its zone."""
    if "clock" in date.re.groupindex and date["clock"]:
        inside = _TIME.search(text, *date.span("clock"))
        return inside, text[inside.end() : date.end("clock")] if inside else ""
    candidates: list[tuple[int, re.Match[str], str]] = []
    if (later := _TIME.search(text, date.end())) and not _YEAR.search(text, later.end()):
        gap = text[date.end() : later.start()]
        if _is_beside(later, gap):
            candidates.append((len(gap), later, text[later.end() :]))
    for earlier in list(_TIME.finditer(text, 0, date.start()))[-1:]:
        gap = text[earlier.end() : date.start()]
        if _is_beside(earlier, gap) and not _YEAR.search(text, 0, earlier.start()):
            candidates.append((len(gap), earlier, gap))
    if not candidates:
        return None, ""
    _, clock, zone_text = min(candidates, key=lambda candidate: candidate[0])
    return clock, zone_text


def _is_beside(clock: re.Match[str], gap: str) -> bool:
    """Tell whether a time of day may be that of a date from which ``gap`` separates it."""
    return len(gap) <= (_GAP if clock["hour"] else _SHORT_GAP) and not any(character.isdigit() for character in gap)


def _clock_of(match: re.Match[str]) -> tuple[int, int, int]:
    hour = match["hour"] or match["hour2"] or match["hour3"]
    return _clock(hour, match["minute"] or match["minute2"], match["second"], match["half"])


def _clock(hour: str, minute: str | None, second: str | None, half: str | None) -> tuple[int, int, int]:
    """Return hour, minute and second; ``half`` is the "a" or "p" of a.m. and p.m.

    Raises:
        ValueError: The hour is none of a clock with twelve hours.
    """
    hours = int(hour)
    if half:
        if not 1 <= hours <= _NOON:
            raise ValueError(hour)
        hours = hours % _NOON + (_NOON if half.lower() == "p" else 0)
    return hours, int(minute or 0), int(second or 0)


def _full_year(year: str) -> int:
    """Return the year that two digits mean, as feedparser reads RFC 822: none is before 1990."""
    digits = year.lstrip("'’")
    if len(digits) > len("26"):
        return int(digits)
    return int(digits) + (1900 if int(digits) >= EARLIEST.year % 100 else 2000)


def _date(year: str | int, month: str | int, day: str | int, *, solar_hijri: bool = False) -> dt.date:
    """Return the day of our calendar.

    Raises:
        ValueError: There is none, or month and year are of two calendars.
    """
    if solar_hijri and int(year) not in calendars.SOLAR_HIJRI_YEARS:
        raise ValueError(year)
    return calendars.to_date(int(year), int(month), int(day))


def _zone(text: str) -> dt.tzinfo | None:
    """Return the zone that stands right after a time of day.

    Raises:
        ValueError: It is an offset of a day or more.
    """
    if match := _OFFSET.match(text):
        size = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return dt.timezone(size if match[1] == "+" else -size)
    if match := _ZONE_CITY.match(text):
        try:
            return zoneinfo.ZoneInfo(match[1])
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return None
    match = _ZONE.match(text)
    hours = names.ZONES.get(match[1].lower()) if match else None
    if match is None or hours is None:
        return None
    last = not text[match.end() :].strip(" )].,")
    believed = last or (match[1].isupper() and match[1].lower() not in _ZONE_WORDS)
    return dt.timezone(dt.timedelta(hours=hours)) if believed else None


def _combine(day: dt.date, clock: tuple[int, int, int], zone: dt.tzinfo | None) -> dt.datetime:
    hour, minute, second = clock
    later = dt.timedelta(days=1) if clock == (24, 0, 0) else dt.timedelta()  # ISO 8601's midnight
    hour = 0 if later else hour
    return dt.datetime.combine(day, dt.time(hour, minute, min(second, 59)), zone) + later  # leap seconds are real

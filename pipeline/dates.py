"""Parse the dates that feeds, pages and wire files state, in the forms and languages that they use.

Nothing is guessed: a date that is ambiguous (03/04/2026), impossible or incomplete is None.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

import dateutil.parser

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)  # the web's first year: no article has an earlier address
_TOLERANCE = dt.timedelta(days=1)  # servers' clocks and zones are wrong by that much
_MAX_CHARACTERS = 100  # characters; the longest date written out in words has about 60, longer texts are no date
_LAST_MONTH = 12
_NOON = 12

# Names in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian and Turkish, by month; Danish,
# Norwegian and Swedish where theirs are other ones.
_MONTH_NAMES = """
    jan january januar jänner janvier janv enero ene gennaio gen janeiro januari styczeń stycznia sty января янв
    ocak /
    feb february februar febr février fevrier févr fév fevr febrero febbraio fevereiro fev februari luty lutego
    lut февраля фев şubat /
    mar march märz maerz mär mars marzo março marco maart mrt marzec marca марта мар mart marts /
    apr april avril avr abril abr aprile kwiecień kwietnia kwi апреля апр nisan /
    may mai mayo maggio mag maio mei maj maja мая май mayıs /
    jun june juni juin junio giugno giu junho czerwiec czerwca cze июня июн haziran /
    jul july juli juillet juil julio luglio lug julho lipiec lipca lip июля июл temmuz /
    aug august août aout agosto ago augustus augusti sierpień sierpnia sie августа авг ağustos /
    sep sept september septembre septiembre setiembre settembre set setembro wrzesień września wrz сентября сен
    сент eylül /
    oct okt october oktober octobre octubre ottobre ott outubro out październik października paź октября окт ekim
    /
    nov november novembre noviembre novembro listopad listopada lis ноября ноя нояб kasım /
    dec dez december dezember décembre decembre déc diciembre dic dicembre dezembro grudzień grudnia gru декабря
    дек aralık desember
"""
# Hours east of Greenwich. Ambiguous ones in the sense in which news uses them (BST British, CST American, IST Indian).
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2,
    "mest": 2, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "мск": 3, "sast": 2, "cat": 2, "wat": 1, "eat": 3,
    "ist": 5.5, "pkt": 5, "wib": 7, "ict": 7, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5,
    "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "nst": -3.5, "ndt": -2.5, "adt": -3, "ast": -4, "at": -4,
    "edt": -4, "est": -5, "et": -5, "cdt": -5, "cst": -6, "ct": -6, "mdt": -6, "mst": -7, "mt": -7, "pdt": -7,
    "pst": -8, "pt": -8, "akdt": -8, "akst": -9, "hst": -10, "brt": -3, "art": -3, "clt": -4,
}  # fmt: skip


def _lower(text: str) -> str:
    """Return ``text`` in lower case, each character in its place; the Turkish i is one letter, dotted or not."""
    return text.lower().replace("i\u0307", "i").replace("ı", "i")


_MONTHS = {
    _lower(name): number for number, names in enumerate(_MONTH_NAMES.split("/"), start=1) for name in names.split()
}

_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")  # seconds or milliseconds, 2001 to 2033
_ISO = re.compile(
    r"(?<!\d)(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:(?:T|[\s,]+)(?P<hour>\d\d?):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b)?)?(?!\d)",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(?<!\d)(?P<year>\d{4})([./])\s?(?P<month>\d\d?)\2\s?(?P<day>\d\d?)(?!\d)")
_NUMERIC = re.compile(r"(?<![\d./-])(?P<day>\d\d?)(?P<mark>[./-])\s?(?P<month>\d\d?)(?P=mark)\s?(?P<year>\d{4})(?!\d)")

# In lower case. What may stand between the parts of a date, and the parts.
_OF = r"[\s,./-]*(?:(?:de|del|do|of)\s+)?"
_DAY = r"(?<![\d:.])(?P<day>\d\d?)(?![\d:])"
_MONTH = rf"(?<![^\W\d_])(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})(?![^\W\d_])"
_CLOCK = r"\d\d?:\d\d(?::\d\d)?(?:\s*[ap]\.?m\.?)?(?:\s+[^\W\d_]{1,5}|\s+[+-]\d{4})?"
_MONTH_DATES = (
    # 20 November 2026, 20. Nov 26, 1er mai 2026, 20 de noviembre de 2026
    re.compile(
        rf"{_DAY}(?:st|nd|rd|th|er|[º°])?{_OF}{_MONTH}{_OF}(?P<year>\d{{4}}|['’]\d\d|\d\d(?=\s*$|,?\s+\d\d?:\d\d))(?!\d)"
    ),
    # November 20, 2026 and Nov 20 10:00:00 EST 2026
    re.compile(rf"{_MONTH}[\s.-]*{_DAY}(?:st|nd|rd|th)?(?:,?\s+(?P<clock>{_CLOCK}))?{_OF}(?P<year>\d{{4}})(?!\d)"),
    # 2026 November 20
    re.compile(rf"(?<!\d)(?P<year>\d{{4}})[\s,.-]*{_MONTH}[\s,.-]*{_DAY}"),
)
# 15:30, 3:30 p.m., 15.30, 15h30, 15 h 30, 3 pm, 15 Uhr
_TIME = re.compile(
    r"(?<![\d.:/-])(?:(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"|(?P<hour2>[01]?\d|2[0-3])(?:\.|\s?h\s?)(?P<minute2>[0-5]\d)(?![\d.%])"
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


def parse(text: str | None, *, now: dt.datetime | None = None, zone: dt.tzinfo | None = None) -> StatedTime | None:
    """Return the date that ``text`` states, with its time of day; None where it states none.

    Args:
        text: what stands where a date belongs, at most 100 characters.
        now: where given, dates before 1990 and those more than a day after ``now`` are None.
        zone: the zone of times that name none; without it these stay naive.
    """
    if not text or len(text) > _MAX_CHARACTERS:
        return None
    try:
        stated = _parse(" ".join(text.split()))
        if stated and zone and stated.time.tzinfo is None:
            stated = stated._replace(time=stated.time.replace(tzinfo=zone))
        if stated and now:
            instant = stated.time if stated.time.tzinfo else stated.time.replace(tzinfo=dt.UTC)
            return stated if EARLIEST <= instant <= now + _TOLERANCE else None
    except (ValueError, OverflowError):
        return None
    return stated


def parse_instant(text: str | None, now: dt.datetime, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """Return the date that ``text`` states, in UTC; None where it states none, or one before 1990 or after tomorrow.

    A time without a zone is one of ``zone``.
    """
    stated = parse(text, now=now, zone=zone)
    return stated.time.astimezone(dt.UTC) if stated else None


def parse_iso(text: str, zone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the ISO 8601 time that ``text`` is as a whole; where it names no zone one of ``zone``, else naive.

    Raises:
        ValueError: It is none.
    """
    time = dateutil.parser.isoparse(text)
    return time if time.tzinfo else time.replace(tzinfo=zone)


def _parse(text: str) -> StatedTime | None:
    if _EPOCH.fullmatch(text):
        return StatedTime(dt.datetime.fromtimestamp(int(text[:10]), dt.UTC), exact=True)
    if match := _ISO.search(text):
        return _from_iso(text, match)
    if match := _YEAR_FIRST.search(text):
        return _with_time(text, match, _date(match["year"], match["month"], match["day"]))
    if match := _NUMERIC.search(text):
        return _from_numbers(text, match)
    lower = _lower(text)
    matches = [match for pattern in _MONTH_DATES if (match := pattern.search(lower))]
    if not matches:
        return None
    first = min(matches, key=lambda match: match.start())
    return _with_time(text, first, _date(_full_year(first["year"]), _MONTHS[first["month"]], first["day"]))


def _from_iso(text: str, match: re.Match[str]) -> StatedTime:
    day = _date(match["year"], match["month"], match["day"])
    if match["hour"] is None:
        return StatedTime(_combine(day, (0, 0, 0), None), exact=False)
    clock = _clock(match["hour"], match["minute"], match["second"], match["half"])
    zone = _zone(text[match.end() :])
    # systems that know the day alone write midnight
    return StatedTime(_combine(day, clock, zone), exact=zone is not None or any(clock))


def _from_numbers(text: str, match: re.Match[str]) -> StatedTime | None:
    """Return a date such as 20/11/2026; None where day and month could be either."""
    first, second = int(match["day"]), int(match["month"])
    dotted = match["mark"] == "."  # with dots the day comes first
    if second > _LAST_MONTH >= first:
        first, second = second, first
    elif first <= _LAST_MONTH and first != second and not dotted:
        return None
    return _with_time(text, match, _date(match["year"], second, first))


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


def _date(year: str | int, month: str | int, day: str | int) -> dt.date:
    return dt.date(int(year), int(month), int(day))


def _zone(text: str) -> dt.tzinfo | None:
    """Return the zone that stands right after a time of day.

    Raises:
        ValueError: It is an offset of a day or more.
    """
    if match := _OFFSET.match(text):
        size = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return dt.timezone(size if match[1] == "+" else -size)
    match = _ZONE.match(text)
    hours = _ZONES.get(match[1].lower()) if match else None
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

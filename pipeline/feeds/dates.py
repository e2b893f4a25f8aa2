"""When does a feed say that something was published? Repairs and judges what feeds write.

Feeds write RFC 822 and ISO 8601 dates, epochs, and what their authors' languages suggest. Nothing is guessed: what is
ambiguous or impossible is None, and so is a date before the web or in the future.
"""

from __future__ import annotations

import datetime as dt
import re

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)  # the web's first year: no article has an earlier address
_TOLERANCE = dt.timedelta(days=1)  # servers' clocks and zones are wrong by that much
_LAST_MONTH = 12
_NOON = 12
_LONGEST = 100  # characters; the longest date written out in words has about 60

# Names in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian and Turkish, by month.
_MONTH_NAMES = """
    jan january januar jänner janvier janv enero ene gennaio gen janeiro januari styczeń stycznia sty января янв
    ocak /
    feb february februar febr février fevrier févr fév fevr febrero febbraio fevereiro fev februari luty lutego
    lut февраля фев şubat /
    mar march märz maerz mär mars marzo março marco maart mrt marzec marca марта мар mart /
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
    дек aralık
"""
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split("/"), start=1) for name in names.split()}
# Hours east of Greenwich. Ambiguous ones in the sense in which news feeds use them (BST British, IST Indian).
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2,
    "mest": 2, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "sast": 2, "cat": 2, "wat": 1, "eat": 3, "ist": 5.5,
    "pkt": 5, "wib": 7, "ict": 7, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "aest": 10,
    "aedt": 11, "nzst": 12, "nzdt": 13, "nst": -3.5, "ndt": -2.5, "adt": -3, "ast": -4, "at": -4, "edt": -4, "est": -5,
    "et": -5, "cdt": -5, "cst": -6, "ct": -6, "mdt": -6, "mst": -7, "mt": -7, "pdt": -7, "pst": -8, "pt": -8,
    "akdt": -8, "akst": -9, "hst": -10, "brt": -3, "art": -3, "clt": -4,
}  # fmt: skip

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:(?:T|\s+)(\d\d?):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}|\d{13}")
_NUMERIC = re.compile(r"(\d\d?)[./-](\d\d?)[./-](\d{4})(?=\D|$)")
_TIME = re.compile(r"\b(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([ap])?\.?(?(4)m\b)\.?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:(?:GMT|UTC)\s*)?([+−-])(\d\d?):?(\d\d)?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")


def read_date(raw: str | None, now: dt.datetime, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """Return the time that ``raw`` names, in UTC; None where it names none, or one before 1990 or after tomorrow.

    A time without a zone is one of ``zone``.
    """
    if not raw or len(raw) > _LONGEST:
        return None
    text = " ".join(raw.split())
    try:
        when = _epoch(text) or _iso(text, zone) or _numeric(text, zone) or _named(text, zone)
        when = when.astimezone(dt.UTC) if when else None
    except (ValueError, OverflowError):
        return None
    return when if when and EARLIEST <= when <= now + _TOLERANCE else None


def _epoch(text: str) -> dt.datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC)


def _iso(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    where = _offset(match[7]) if match[7] and match[7][0] in "+-" else dt.UTC if match[7] else zone
    return _make(dt.date(year, month, day), (hour, minute, second), where)


def _numeric(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """Return a date such as 20/11/2026: None where day and month could be either."""
    match = _NUMERIC.match(text)
    if not match:
        return None
    first, second, year = (int(part) for part in match.groups())
    dotted = text[match.end(1)] == "."  # only the day comes first with dots
    if second > _LAST_MONTH >= first:
        first, second = second, first
    elif first <= _LAST_MONTH and first != second and not dotted:
        return None
    return _make(dt.date(year, second, first), *_time_and_zone(text[match.end() :], zone))


def _named(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """Return a date that names its month, whatever the order of its parts."""
    months = [_MONTHS[word.lower()] for word in _WORD.findall(text) if word.lower() in _MONTHS]
    month = months[-1] if months else 0  # not the first: "mar" is also a Tuesday in Romance languages
    time = _TIME.search(text)
    rest = text[: time.start()] + _OFFSET.sub(" ", text[time.end() :]) if time else text
    numbers = _NUMBER.findall(rest)
    long = [number for number in numbers if len(number) == len("2026")]
    short = [number for number in numbers if len(number) <= len("26")]
    if not month or not short or not (long or short[1:]):
        return None
    day, year = int(short[0]), int(long[0]) if long else _full_year(int(short[1]))
    return _make(dt.date(year, month, day), *_time_and_zone(text, zone))


def _full_year(year: int) -> int:
    """Return the year that two digits mean, as feedparser reads RFC 822: none is before 1990."""
    return year + (1900 if year >= EARLIEST.year % 100 else 2000)


def _time_and_zone(text: str, zone: dt.tzinfo) -> tuple[tuple[int, int, int], dt.tzinfo]:
    match = _TIME.search(text)
    if not match:
        return (0, 0, 0), zone
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= _NOON:
            raise ValueError(text)
        hour = hour % _NOON + (_NOON if match[4].lower() == "p" else 0)
    return (hour, minute, second), _zone_of(text[match.end() :], zone)


def _zone_of(text: str, zone: dt.tzinfo) -> dt.tzinfo:
    offset = _OFFSET.search(text)
    if offset:
        return _offset(offset[0])
    for word in _WORD.findall(text):
        if word.lower() in _ZONES:
            return dt.timezone(dt.timedelta(hours=_ZONES[word.lower()]))
    return zone


def _offset(text: str) -> dt.tzinfo:
    match = _OFFSET.fullmatch(text)
    if not match:
        raise ValueError(text)
    size = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return dt.timezone(size if match[1] == "+" else -size)


def _make(day: dt.date, time: tuple[int, int, int], zone: dt.tzinfo) -> dt.datetime:
    hour, minute, second = time
    later = dt.timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else dt.timedelta()  # ISO 8601's midnight
    hour = 0 if later else hour
    return dt.datetime.combine(day, dt.time(hour, minute, min(second, 59)), zone) + later  # leap seconds are real

"""Read the bounds that a search line puts to times and numbers: comparisons, ranges, and times that lie behind.

A day, month or year stands for all of it; what has no zone is UTC.
"""

from __future__ import annotations

import datetime as dt
import re

from pipeline.dates import parse_iso
from pipeline.index.query_language.tree import Range

_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_BRACKETS = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](.+))?)?)?", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_SPAN = re.compile(r"(\d{1,6})(min|h|d|w|m|y)", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_UNITS = {
    "min": dt.timedelta(minutes=1),
    "h": dt.timedelta(hours=1),
    "d": dt.timedelta(days=1),
    "w": dt.timedelta(weeks=1),
    "m": dt.timedelta(days=30),
    "y": dt.timedelta(days=365),
}
TIME_HELP = "a day such as 2026-11-20, a range such as 2026-11-01..2026-11-20, or a comparison such as >=2026-11-01"
NUMBER_HELP = "a number, a range such as 100..500, or a comparison such as >500"
SPAN_HELP = "so many minutes, hours, days, weeks, months or years: 30min, 12h, 7d, 2w, 3m, 1y"


def read_times(field: str, text: str, now: dt.datetime) -> Range:
    """Return the range of times that ``text`` puts to ``field``.

    Raises:
        ValueError: It is none; the message says what can stand there.
    """
    low, sign, high = _parts(text)
    try:
        start, end = (None, None) if sign == ".." and not low else _period(low or high, now)
        last = None if sign == ".." and not high else _period(high, now)[1]
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{field} takes {TIME_HELP}") from error
    if start is None and last is None:
        raise ValueError(f"{field} takes {TIME_HELP}")
    bounds = {"..": (start, last), ">": (end, None), ">=": (start, None), "<": (None, start), "<=": (None, last)}
    return _checked(Range(field, *bounds.get(sign, (start, end)), high_open=True))


def read_numbers(field: str, text: str) -> Range:
    """Return the range of numbers that ``text`` puts to ``field``.

    Raises:
        ValueError: It is none; the message says what can stand there.
    """
    low, sign, high = _parts(text)
    if not all(_NUMBER.fullmatch(number) for number in (low, high) if number) or not (low or high):
        raise ValueError(f"{field} takes {NUMBER_HELP}")
    if sign == "..":
        return _checked(Range(field, float(low) if low else None, float(high) if high else None))
    number = float(high)
    return Range(
        field,
        None if sign.startswith("<") else number,
        None if sign.startswith(">") else number,
        low_open=sign == ">",
        high_open=sign == "<",
    )


def read_last(field: str, text: str, now: dt.datetime) -> Range:
    """Return the time from so long ago, such as ``7d``, until now and later.

    Raises:
        ValueError: It is no such time; the message says what can stand there.
    """
    match = _SPAN.fullmatch(text.lower())
    fault = f"last takes {SPAN_HELP}"
    if match is None:
        raise ValueError(fault)
    try:
        return Range(field, now.replace(microsecond=0) - int(match[1]) * _UNITS[match[2]], high_open=True)
    except OverflowError as error:  # longer than the calendar
        raise ValueError(fault) from error


def _parts(text: str) -> tuple[str, str, str]:
    """Return low bound, sign and high bound: of a comparison the low one is empty."""
    if brackets := _BRACKETS.fullmatch(text):
        low, high = (bound.replace("*", "") for bound in brackets.groups())
        return low, "..", high
    low, dots, high = text.partition("..")
    if dots:
        return low, dots, high
    match = _COMPARISON.fullmatch(text)
    return "", (match[1] or "") if match else "", match[2] if match else ""


def _checked(bounds: Range) -> Range:
    """Return ``bounds``; raise ValueError where they end before they begin."""
    if bounds.low is not None and bounds.high is not None and bounds.low > bounds.high:  # type: ignore[operator]
        raise ValueError(f"the range of {bounds.field} ends before it begins")
    return bounds


def _period(text: str, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return from when to when a year, month, day or time lasts, in UTC; raise ValueError for anything else."""
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = dt.timedelta(days=1)
    if text in {"today", "yesterday"}:
        start = midnight if text == "today" else midnight - day
        return start, start + day
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, number, time = match.groups()
    start = dt.datetime(int(year), int(month or 1), int(number or 1), tzinfo=dt.UTC)
    if time:
        length = _TIME.fullmatch(time)
        if length is None:
            raise ValueError(text)
        start = parse_iso(text.replace(" ", "T"), dt.UTC).astimezone(dt.UTC).replace(microsecond=0)
        return start, start + dt.timedelta(seconds=1 if length[1] else 60)
    if number:
        return start, start + day
    if month:
        return start, (start + 31 * day).replace(day=1)
    return start, start.replace(year=start.year + 1)

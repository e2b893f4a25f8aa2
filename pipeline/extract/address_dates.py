"""Find the date in an article's address: /2026/11/20/…, /2026-11-20-…, /20261120/…, or year and month alone.

A number is a date only where it stands by itself or begins or ends a part of the path.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from pipeline.dates import StatedTime, names

_YEAR = r"(?P<year>19[89]\d|20\d\d)"
_MONTH, _DAY = r"(?P<month>0?[1-9]|1[0-2])", r"(?P<day>0?[1-9]|[12]\d|3[01])"
_MONTH2, _DAY2 = r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
_DATES = (
    # /2026/11/20/…  /2026/1120/…  /2026/nov/20/…
    re.compile(rf"/{_YEAR}/{_MONTH}/{_DAY}(?=[/.]|$)"),
    re.compile(rf"/{_YEAR}/{_MONTH2}{_DAY2}(?=[/.]|$)"),
    re.compile(rf"/{_YEAR}/(?P<name>[a-z]{{3,9}})/{_DAY}(?=[/.]|$)", re.IGNORECASE),
    # /2026-11/20/…  /2026-11-20/…  /2026-11-20-headline
    re.compile(rf"/{_YEAR}-{_MONTH2}/{_DAY2}(?=[/.]|$)"),
    re.compile(rf"/{_YEAR}([-_.]){_MONTH2}\2{_DAY2}(?=[/._-]|$)"),
    # /20-11-2026/…  /20/11/2026/…
    re.compile(rf"/{_DAY2}([-./]){_MONTH2}\2{_YEAR}(?=[/.]|$)"),
    # /20261120/…  /20261120-headline  /202611201507…  …-20261120.html
    re.compile(rf"/[a-z]{{0,2}}{_YEAR}{_MONTH2}{_DAY2}(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?(?=[/._-]|$)"),
    re.compile(rf"[-_]{_YEAR}{_MONTH2}{_DAY2}(?=(?:\.\w{{2,5}})?/?$)"),
    re.compile(rf"[-_]{_YEAR}-{_MONTH2}-{_DAY2}(?=(?:\.\w{{2,5}})?/?$)"),
)
_MONTHLY = re.compile(rf"/{_YEAR}[/-]?{_MONTH2}(?=/)")


class AddressDate(NamedTuple):
    """The date in an address; ``day`` is None where it names the month alone."""

    year: int
    month: int
    day: int | None

    @property
    def _first(self) -> dt.datetime:
        return dt.datetime(self.year, self.month, self.day or 1)  # noqa: DTZ001 - addresses name no zone

    @property
    def stated(self) -> StatedTime | None:
        """Return the day as a time that is stated; None where only the month is."""
        return StatedTime(self._first, exact=False) if self.day else None

    def agrees_with(self, time: dt.datetime, apart: dt.timedelta) -> bool:
        """Tell whether ``time`` lies within the day or month of the address, or no further ``apart``."""
        first = self._first
        last = first if self.day else (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        plain = time.replace(tzinfo=None)
        return first - apart <= plain < last + dt.timedelta(days=1) + apart


def find_address_date(url: str | None) -> AddressDate | None:
    """Return the date in the path of ``url``; None where there is none, or no day of the calendar."""
    try:
        path = urlsplit(url or "").path
    except ValueError:
        return None
    for pattern in _DATES:
        for match in pattern.finditer(path):
            month = _month(match.groupdict())
            try:
                dt.date(int(match["year"]), month, int(match["day"]))
            except ValueError:
                continue
            return AddressDate(int(match["year"]), month, int(match["day"]))
    monthly = _MONTHLY.search(path)
    return AddressDate(int(monthly["year"]), int(monthly["month"]), None) if monthly else None


def _month(groups: dict[str, str | None]) -> int:
    if name := groups.get("name"):
        marked = names.mark_months(name)
        return names.month_of_token(marked)[0] if re.fullmatch(names.month_pattern(), marked) else 0
    return int(groups.get("month") or 0)

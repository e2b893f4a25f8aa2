"""Convert the years and days of other calendars into ours: Buddhist, Solar Hijri, Japanese eras, Minguo.

Only years in which the web could publish are converted, so that no year of our calendar is taken for one of theirs.
"""

from __future__ import annotations

import datetime as dt

_BUDDHIST = range(2533, 2644)  # 1990 to 2100 of our calendar
_BUDDHIST_AHEAD = 543
SOLAR_HIJRI_YEARS = range(
    1369, 1427
)  # 1990 to 2048; years of the lunar calendar are given beside ours where they are given
_LONG_MONTHS = 6  # of 31 days, at the beginning of the year
# Leap years are those with these remainders by 33, from 1178 to 1633 (Borkowski 1996, "The Persian calendar for 3000
# years"); the origin makes the first day of 1403 the 20th of March 2024.
_LEAP = (1, 5, 9, 13, 17, 22, 26, 30)
_SOLAR_HIJRI_ORIGIN = 226529
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}  # the year before the first


def to_date(year: int, month: int, day: int) -> dt.date:
    """Return the day of our calendar; a year that can only be Buddhist or Solar Hijri is taken as such.

    Raises:
        ValueError: There is no such day.
    """
    if year in _BUDDHIST:
        return dt.date(year - _BUDDHIST_AHEAD, month, day)
    if year in SOLAR_HIJRI_YEARS:
        return _from_solar_hijri(year, month, day)
    return dt.date(year, month, day)


def era_year(era: str, year: str) -> int:
    """Return the year of our calendar that an East Asian era counts as ``year`` ("元" is its first)."""
    return _ERAS[era] + (1 if year == "元" else int(year))


def era_pattern() -> str:
    """Return a regular expression, without groups, for the names of eras."""
    return "|".join(_ERAS)


def _from_solar_hijri(year: int, month: int, day: int) -> dt.date:
    """Return the day of our calendar.

    Raises:
        ValueError: There is no such day.
    """
    longest = 31 if month <= _LONG_MONTHS else 30
    if not (1 <= month <= 12 and 1 <= day <= longest):  # noqa: PLR2004 - a year has twelve months
        raise ValueError(f"{year}-{month}-{day}")
    before = 31 * (month - 1) - max(0, month - 1 - _LONG_MONTHS)
    cycle, rest = divmod(year, 33)
    leap_days = len(_LEAP) * cycle + sum(remainder < rest for remainder in _LEAP)
    return dt.date.fromordinal(_SOLAR_HIJRI_ORIGIN + 365 * year + leap_days + before + day)

"""Read the days and times that people and programs give as bounds: ``since`` and ``until``.

Whatever is given is a time within the calendar, in UTC, or a UsageError: both engines then answer alike.
"""

from __future__ import annotations

import datetime as dt
import re

from pipeline.dates import parse_iso
from pipeline.errors import UsageError

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)


def parse_moment(name: str, text: str, *, end: bool = False) -> dt.datetime:
    """Return the time in UTC that the parameter ``name`` gives; one without a zone is UTC.

    Of a day it is the start or, with ``end``, the start of the next day.

    Raises:
        UsageError: It is no time, or none within the years 1 to 9999.
    """
    fault = f"{name}: {text[:40]!r} is not a day or time such as 2026-11-20 or 2026-11-20T15:30Z"
    day = _DAY.match(text)
    if day is None:  # ISO 8601 has years, months and weeks too
        raise UsageError(fault)
    try:
        time = parse_iso(text, dt.UTC).astimezone(dt.UTC)
        return time + dt.timedelta(days=1) if end and day.end() == len(text) else time
    except (ValueError, OverflowError) as error:  # the first and last hours of the calendar are in no other zone
        raise UsageError(fault) from error

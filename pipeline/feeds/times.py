"""Read the times of a feed's items: in its outlet's zone and language, and in the order that its dates show."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable

from pipeline.dates import DateHabits, parse_instant, shows_day_first
from pipeline.feeds.model import FeedResponse


class FeedTimes:
    """The times that one feed states."""

    def __init__(self, document: FeedResponse, language: object = None, stated: Iterable[str | None] = ()) -> None:
        """Take what decides how the times are read.

        Args:
            document: the response, which says when it is now, and in which zone and country the outlet is.
            language: the language that the feed names, in any form that begins with a code ("en-GB").
            stated: all dates of the feed: one of them may show the order of day and month of the others.
        """
        self._now = document.now
        self._zone = zoneinfo.ZoneInfo(document.time_zone) if document.time_zone else dt.UTC
        code, _, region = str(language or document.language or "").replace("_", "-").partition("-")
        country = document.country or (region.upper() if len(region) == 2 else None)  # noqa: PLR2004 - ISO 3166-1
        day_first = shows_day_first(text for text in stated if text)
        self._habits = DateHabits(code.lower() or None, country, day_first)

    def read(self, *stated: str | None) -> dt.datetime | None:
        """Return the first of ``stated`` that is a time, in UTC; one that is ambiguous or not believable is none."""
        times = (parse_instant(text, self._now, self._zone, self._habits) for text in stated)
        return next((time for time in times if time), None)

"""Read the line at the top of an item that says until when it may not be published.

Such a line begins with a phrase of config/agencies.toml and says hardly more than a time.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable

from pipeline import dates
from pipeline.dates import StatedTime
from pipeline.dates.names import ZONES, is_calendar_word, list_words, mark_months
from pipeline.extract import times
from pipeline.extract.source_page import RawPage
from pipeline.records import NO_END

TOP = 2  # lines of the text in which it stands
_MOST_WORDS = 4  # beside the time: "at", "Uhr", "local time"; more are a sentence about an embargo
_OPENING = r"[\s*#>(\[【\-–—+!]*"


def read_embargo_lines(
    lines: Iterable[str], phrases: tuple[str, ...], raw: RawPage
) -> tuple[dt.datetime | None, list[str]]:
    """Return until when ``lines`` hold an item back, and those of them that say it.

    Args:
        lines: what stands at its top: headline, note to editors, first lines of the text.
        phrases: how such a line begins.
        raw: the file; its source says in which zone times are that name none.
    """
    read = {line: until for line in lines if (until := _read(line, phrases, raw))}
    return max(read.values(), default=None), list(read)


def _read(line: str, phrases: tuple[str, ...], raw: RawPage) -> dt.datetime | None:
    match = _pattern(phrases).match(line)
    if match is None:
        return None
    rest = line[match.end() :]
    words = {word.lower() for word in list_words(mark_months(rest)) if not is_calendar_word(word)}
    others = words - _zones()
    stated = dates.parse(rest, habits=times.habits_of(raw)) if len(others) <= _MOST_WORDS else None
    if stated is None or stated.time.year >= NO_END.year:
        return None
    until = times.to_latest_instant(stated, raw.source)
    return until if stated.exact or not _has_more_numbers(rest, stated) else until + dt.timedelta(days=1)


def _has_more_numbers(text: str, stated: StatedTime) -> bool:
    """Tell whether a text has numbers beside its day, as where a time of day stands that can't be read."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    for parts in ({stated.time.year, stated.time.year % 100}, {stated.time.month}, {stated.time.day}):
        if number := next((number for number in numbers if number in parts), None):
            numbers.remove(number)
    return bool(numbers)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(name.lower() for name in ZONES)


@functools.lru_cache(maxsize=8)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches the beginning of such a line; case counts."""
    either = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"{_OPENING}(?:{either})(?:(?<=\W)|(?!\w))\s*[:：]?" if phrases else r"(?!)")

"""Read the lines of a page that state when its article was published or changed: "Published: 20 November 2026, 15:07".

A line counts only where it states a time and nothing else, or stands beside a byline: dates in sentences are of what
the news is about.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline import dates
from pipeline.dates import DateHabits, StatedTime, names
from pipeline.dates.ages import Age, parse_age
from pipeline.extract.config import Phrases

_MAX_LINE = 160  # characters: two dates with their labels and a byline
_MAX_LABEL = 40  # characters before a time
_MAX_BESIDE = 5  # words beside a date: a name, a place
_PARTS = re.compile(r"\s*[|•·●▪◦]\s*|\s+[–—/-]\s+|\n")
_BRACKETED = re.compile(r"[(（]([^()（）]{3,40})[)）]")  # "(9 days ago)" behind a date
_DIGIT = re.compile(r"\d")


class TimeStatement(NamedTuple):
    """A time that a line states."""

    readings: tuple[StatedTime, ...]  # two where day and month could be either
    updated: bool  # whether it is the time of a change


def parse_date_line(text: str, phrases: Phrases, habits: DateHabits) -> list[TimeStatement]:
    """Return the times that a line states that is nothing else, or that stand in one with a byline; [] for others."""
    if len(text) > _MAX_LINE or not _DIGIT.search(text):
        return []
    if is_date_line(text, phrases, habits):
        return _statements(text, phrases, habits)
    times = " ".join(part for part in _PARTS.split(text) if _DIGIT.search(part) and _is_of_time(part, phrases, habits))
    stated = times if is_date_line(times, phrases, habits) else _beside_byline(text, phrases, habits)
    return _statements(stated, phrases, habits) if stated else []


@functools.lru_cache(maxsize=2048)  # the same line is asked for by the times and by the rules for boilerplate
def is_date_line(text: str, phrases: Phrases, habits: DateHabits = DateHabits()) -> bool:  # noqa: B008 - a frozen tuple
    """Tell whether ``text`` states a time, or two, and nothing else."""
    if len(text) > _MAX_LINE or not _DIGIT.search(text):
        return False
    return _is_of_time(text, phrases, habits) and bool(_statements(text, phrases, habits))


def parse_age_line(text: str, phrases: Phrases) -> tuple[Age, bool] | None:
    """Return how long ago it was, and whether it was a change, where a part of a line says just that; else None."""
    for part in _PARTS.split(text) if len(text) <= _MAX_LINE else ():
        if age := parse_age(_labels(phrases).sub("", part).strip(" :,()")):
            return age, bool(says_updated(part, phrases))
    return None


def is_age_line(text: str, phrases: Phrases) -> bool:
    """Tell whether ``text`` says how long ago something was published, and nothing else."""
    return len(text) <= _MAX_LABEL * 2 and bool(parse_age(_labels(phrases).sub("", text).strip(" :,()")))


def says_updated(before: str, phrases: Phrases) -> bool | None:
    """Return whether the last label in what stands before a time is that of a change; None where there is no label."""
    labels = _labels(phrases).findall(before[-_MAX_LABEL:])
    return names.lower(labels[-1]) in _updated(phrases) if labels else None


def _is_of_time(text: str, phrases: Phrases, habits: DateHabits) -> bool:
    """Tell whether all words in ``text`` are such as state a time."""
    plain = _BRACKETED.sub(lambda match: "" if parse_age(match[1]) else match[0], text)
    bare = _labels(phrases).sub(" ", dates.standardise(plain))
    words = names.list_words(names.mark_months(bare, habits.language))
    known = _time_words(phrases)
    return all(names.lower(word) in known or names.is_calendar_word(word) for word in words)


def _statements(text: str, phrases: Phrases, habits: DateHabits) -> list[TimeStatement]:
    """Return the times in ``text``, each with what the label before it says."""
    labels = [*_labels(phrases).finditer(text)]
    ends = [*(match.start() for match in labels), len(text)]
    segments = [(text[: ends[0]], False)]
    updated = _updated(phrases)
    segments += [
        (text[match.end() : end], names.lower(match[0]) in updated) for match, end in zip(labels, ends[1:], strict=True)
    ]
    if labels and not any(_DIGIT.search(segment) for segment, _ in segments[1:]):  # "20.11.2026 (updated)"
        segments = [(text, names.lower(labels[0][0]) in updated)]
    statements = [(dates.list_readings(segment[:100], habits), changed) for segment, changed in segments]
    return [TimeStatement(tuple(readings), changed) for readings, changed in statements if readings]


def _beside_byline(text: str, phrases: Phrases, habits: DateHabits) -> str | None:
    """Return the time in a line that begins with a name or place: "Ana Ruiz, 20 November 2026"."""
    by_words = _by_words(phrases)
    for gap in re.finditer(r",\s+|\s(?=\d)|\s\(", text):
        before, after = text[: gap.start()].split(), text[gap.end() :].strip(" ()")
        if len(before) > _MAX_BESIDE:
            return None
        signed = names.lower(before[0].strip(":")) in by_words if before else False
        plain = "," in gap[0] and not any(":" in word for word in before)
        named = (signed or plain) and all(not word[0].islower() or names.lower(word) in by_words for word in before)
        if named and is_date_line(after, phrases, habits):
            return after
    return None


@functools.lru_cache(maxsize=4)
def _labels(phrases: Phrases) -> re.Pattern[str]:
    labels = sorted({*phrases.published_labels, *phrases.updated_labels}, key=len, reverse=True)
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(map(re.escape, labels)) or r'(?!)'})(?![^\W\d_])", re.IGNORECASE)


@functools.lru_cache(maxsize=4)
def _updated(phrases: Phrases) -> frozenset[str]:
    return _lowered(phrases.updated_labels)


@functools.lru_cache(maxsize=4)
def _time_words(phrases: Phrases) -> frozenset[str]:
    return _lowered(phrases.time_words) | names.ZONES.keys() | {chr(names.FIRST_TOKEN + n) for n in range(40)}


@functools.lru_cache(maxsize=4)
def _by_words(phrases: Phrases) -> frozenset[str]:
    return _lowered(word for phrase in phrases.by for word in phrase.split())


def _lowered(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(names.lower(phrase) for phrase in phrases)

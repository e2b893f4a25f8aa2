"""Read which stories there are now: new ones, those that grow, and large ones, by language and place.

What makes a story grow are originals alone: a text that twenty outlets print adds nothing. Now is when the latest
article was published, so that an index that is no longer fed shows its last days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document
from pipeline.web.story_view import document_time

_LATELY = dt.timedelta(hours=6)
_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)
_LISTED = 12  # stories in a list
_COUNTED = 500  # stories of which the articles are counted
_CHOICES = 12  # languages and places to choose from
_LEAST = 2  # articles that make a story worth a list

# what a page of stories can be narrowed by
STORY_FILTERS = ("language", "places", "countries")


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A story at a glance. ``lately`` counts the originals of the last six hours, ``today`` those of 24 hours."""

    document: Document  # its latest article, which names the story
    originals: int
    articles: int
    outlets: int
    today: int
    lately: int


class StoriesNow(msgspec.Struct, frozen=True, kw_only=True):
    """The stories of a moment: which are new, which grow, which are large; and what they can be narrowed by."""

    at: dt.datetime
    new: tuple[StoryLine, ...]
    growing: tuple[StoryLine, ...]
    large: tuple[StoryLine, ...]
    choices: Mapping[str, tuple[tuple[str, int], ...]]


def load_stories_now(index: Index, filters: Mapping[str, tuple[str, ...]], now: dt.datetime) -> StoriesNow | None:
    """Return the stories of the last days, those alone that have an article that fits ``filters``; None without any."""
    latest = index.search(
        Query(filters=filters, until=now, sort="newest", size=1, copy_counts=False, highlight=False)
    ).hits
    if not latest:
        return None
    at = document_time(latest[0].document) + dt.timedelta(microseconds=1)
    originals = {**filters, "is_primary": ("true",)}
    largest = _count(index, filters, at - _WEEK, at)
    latest_ones = _count(index, filters, at - _DAY, at)
    today = dict(_count(index, originals, at - _DAY, at))
    lately = dict(_count(index, originals, at - _LATELY, at))
    lines: dict[str, StoryLine | None] = {}

    def line(story: str) -> StoryLine | None:
        if story not in lines:
            lines[story] = _load_line(index, story, today.get(story, 0), lately.get(story, 0))
        return lines[story]

    large = [line(story) for story, count in largest[:_LISTED] if count >= _LEAST]
    growing = [line(story) for story in rank_growing(lately, today)[:_LISTED]]
    candidates = [line(story) for story, count in latest_ones[: 3 * _LISTED] if count >= _LEAST]
    new = [each for each in candidates if each and (each.document.story_first or at) >= at - _DAY]
    choices = index.search(
        Query(
            since=at - _WEEK,
            until=at,
            size=0,
            facets=STORY_FILTERS,
            facet_size=_CHOICES,
            copy_counts=False,
            highlight=False,
        )
    )
    return StoriesNow(
        at=at,
        new=tuple(new[:_LISTED]),
        growing=tuple(each for each in growing if each),
        large=tuple(each for each in large if each),
        choices=choices.facets,
    )


def rank_growing(lately: Mapping[str, int], today: Mapping[str, int]) -> list[str]:
    """Return the stories that had more originals in the last six hours than in six of the eighteen before on average.

    Those that gained most come first; ``lately`` and ``today`` count the originals of six and of 24 hours.
    """
    usual = (_DAY - _LATELY) / _LATELY
    gains = {story: count - (today.get(story, count) - count) / usual for story, count in lately.items()}
    rising = [story for story, gain in gains.items() if gain > 0 and lately[story] >= _LEAST]
    return sorted(rising, key=lambda story: (-gains[story], story))


def _count(
    index: Index, filters: Mapping[str, tuple[str, ...]], since: dt.datetime, until: dt.datetime
) -> tuple[tuple[str, int], ...]:
    """Return the stories with most articles of a time."""
    counted = Query(
        filters=filters,
        since=since,
        until=until,
        size=0,
        facets=("story",),
        facet_size=_COUNTED,
        copy_counts=False,
        highlight=False,
    )
    return index.search(counted).facets["story"]


def _load_line(index: Index, story: str, today: int, lately: int) -> StoryLine | None:
    found = index.search(
        Query(
            filters={"story": (story,)},
            sort="newest",
            size=1,
            facets=("source",),
            facet_size=_COUNTED,
            copies=False,
            copy_counts=False,
            highlight=False,
        )
    )
    if not found.hits:  # taken down meanwhile
        return None
    return StoryLine(
        document=found.hits[0].document,
        originals=found.total,
        articles=found.articles,
        outlets=len(found.facets["source"]),
        today=today,
        lately=lately,
    )

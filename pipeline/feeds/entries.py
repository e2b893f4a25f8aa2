"""Select the entries of a parsed feed: each article once, none that is too old. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from pipeline import urls
from pipeline.clean_records import clean_record
from pipeline.feed_records import FeedState
from pipeline.feeds.feed_diff import ListedEntry
from pipeline.feeds.model import FeedItem, ParsedFeed
from pipeline.records import Entry, EntryFields
from pipeline.settings import PollSettings, Source


class SelectedEntries(NamedTuple):
    """The entries of one document."""

    entries: tuple[Entry, ...]  # oldest first
    listed: tuple[ListedEntry, ...]  # as they stand in it, those that are left out as too old included
    note: str  # what is not among the entries and why; "" if nothing is


def select_entries(
    parsed: ParsedFeed, state: FeedState, source: Source | None, settings: PollSettings, now: dt.datetime
) -> SelectedEntries:
    """Return the entries of a feed, each article once.

    Left out are items without a usable address, the second and later ones of an address, those past the limit and
    those that say they are older than the settings want.
    """
    days = source.max_age_days if source and source.max_age_days is not None else settings.max_age_days
    oldest = now - dt.timedelta(days=days) if days is not None else None
    entries: dict[str, Entry] = {}
    listed: dict[str, ListedEntry] = {}
    left_out = {"without an address": 0, "repeated": 0, "too old": 0, "over the limit": parsed.left_out}
    for item in parsed.items:
        entry = _entry(item, parsed, state, source, now)
        if entry is None or entry.id in listed:
            left_out["repeated" if entry else "without an address"] += 1
            continue
        listed[entry.id] = ListedEntry(entry.id, entry.published)
        if oldest and entry.published and entry.published < oldest:
            left_out["too old"] += 1
        else:
            entries[entry.id] = entry
    note = ", ".join(f"{count} {fault}" for fault, count in left_out.items() if count)
    note = f"entries: {len(entries)}; left out: {note}" if note else ""
    return SelectedEntries(_oldest_first(list(entries.values())), tuple(listed.values()), note)


def _oldest_first(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Sort by time where every entry has one; feeds list the newest first where not."""
    backwards = entries[::-1]
    times = [entry.published for entry in backwards if entry.published]
    if len(times) < len(backwards):
        return tuple(backwards)
    return tuple(entry for _, _, entry in sorted(zip(times, range(len(times)), backwards, strict=True)))


def _entry(
    item: FeedItem, parsed: ParsedFeed, state: FeedState, source: Source | None, now: dt.datetime
) -> Entry | None:
    try:
        if not item.link:
            return None
        article = urls.article_id(item.link)
    except ValueError:
        return None
    fields = {name: getattr(item, name) for name in EntryFields.__struct_fields__}
    fields["language"] = item.language or parsed.language or (source.language if source else None)
    entry = Entry(
        id=article,
        url=item.link,
        source=state.source,
        first_seen=now,
        feed=state.url,
        **fields,
    )
    return clean_record(entry)

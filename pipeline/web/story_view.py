"""Read a story, and the copies of an article, from the index."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document

# More than a page shows; the search goes through all of them.
SHOWN = 500
_NAMES = ("people", "organisations", "places")


class StoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A story: its articles, newest first (the first ``SHOWN`` of ``size``), and what they have in common."""

    id: str
    title: str | None
    key_names: tuple[str, ...]
    aliases: tuple[str, ...]
    size: int
    first: dt.datetime
    last: dt.datetime
    outlets: tuple[tuple[str, int], ...]
    names: dict[str, tuple[tuple[str, int], ...]]
    articles: tuple[Document, ...]


def load_story(index: Index, story_id: str) -> StoryView | None:
    """Return the story that an id of now or before leads to, None where no article belongs to it."""
    return _story(index, story_id, "story") or _story(index, story_id, "story_aliases")


def _story(index: Index, story_id: str, field: str) -> StoryView | None:
    filters = {field: (story_id,)}
    results = index.search(
        Query(
            filters=filters,
            sort="newest",
            size=SHOWN,
            facets=("source", *_NAMES),
            facet_size=SHOWN,
            copy_counts=False,
            highlight=False,
        )
    )
    if not results.hits:
        return None
    oldest = index.search(Query(filters=filters, sort="oldest", size=1, copy_counts=False)).hits or results.hits[-1:]
    newest = max((hit.document for hit in results.hits), key=lambda document: document.indexed)
    return StoryView(
        id=newest.story,
        title=newest.story_title,
        key_names=newest.story_names,
        aliases=newest.story_aliases,
        size=results.articles,
        first=document_time(oldest[0].document),
        last=document_time(results.hits[0].document),
        outlets=results.facets["source"],
        names={field: results.facets[field] for field in _NAMES},
        articles=tuple(hit.document for hit in results.hits),
    )


def load_copies(index: Index, document: Document) -> tuple[Document, ...]:
    """Return the other articles of a document's copy group, oldest first."""
    group = Query(filters={"copy_group": (document.copy_group,)}, sort="oldest", size=SHOWN, copy_counts=False)
    return tuple(hit.document for hit in index.search(group).hits if hit.document.id != document.id)


def document_time(document: Document) -> dt.datetime:
    """Return the time that a document is sorted by."""
    return document.published or document.first_seen

"""What is known of one story, and of the copies of one article?"""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document

# More than a page shows; the search goes through all of them.
SHOWN = 500
_NAMES = ("people", "organisations", "places")


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A story: its articles, newest first (the first ``SHOWN`` of ``size``), and what they have in common."""

    id: str
    size: int
    first: dt.datetime
    last: dt.datetime
    outlets: tuple[tuple[str, int], ...]
    names: dict[str, tuple[tuple[str, int], ...]]
    articles: tuple[Document, ...]


def story(index: Index, story_id: str) -> Story | None:
    """Return a story, None where no article belongs to it."""
    wanted = {"story": (story_id,)}
    found = index.search(
        Query(filters=wanted, sort="newest", size=SHOWN, facets=("source", *_NAMES), facet_size=SHOWN, highlight=False)
    )
    if not found.hits:
        return None
    oldest = index.search(Query(filters=wanted, sort="oldest", size=1)).hits or found.hits[-1:]
    return Story(
        id=story_id,
        size=found.articles,
        first=when(oldest[0].document),
        last=when(found.hits[0].document),
        outlets=found.facets["source"],
        names={field: found.facets[field] for field in _NAMES},
        articles=tuple(hit.document for hit in found.hits),
    )


def copies(index: Index, document: Document) -> tuple[Document, ...]:
    """Return the other articles of a document's copy group, oldest first."""
    group = Query(filters={"copy_group": (document.copy_group,)}, sort="oldest", size=SHOWN)
    return tuple(hit.document for hit in index.search(group).hits if hit.document.id != document.id)


def when(document: Document) -> dt.datetime:
    """Return the time that a document is sorted by."""
    return document.published or document.first_seen

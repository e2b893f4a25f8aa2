"""Read a story, and the copies of an article, from the index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document, StoryTitle

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
    languages: tuple[str, ...] = ()
    titles: tuple[StoryTitle, ...] = ()  # in each of its languages, where there are several


class LanguageColumn(msgspec.Struct, frozen=True, kw_only=True):
    """What a story's page shows of one language: what the story is called there, and its articles, newest first."""

    language: str
    title: str | None
    articles: tuple[Document, ...]


def story_title(titles: Sequence[StoryTitle], usual: str | None, language: str) -> str | None:
    """Return what a story is called in the reader's language, else what it is usually called."""
    return next((title.title for title in titles if title.language == language), usual)


def list_columns(view: StoryView, language: str) -> list[LanguageColumn]:
    """Return a story's originals by language, the reader's first; nothing where they are in one language."""
    by_language: dict[str, list[Document]] = {}
    for document in view.articles:
        if document.is_primary and document.language:
            by_language.setdefault(document.language.partition("-")[0], []).append(document)
    if len(by_language) < 2:  # noqa: PLR2004
        return []
    order = sorted(by_language, key=lambda code: (code != language, -len(by_language[code]), code))
    return [
        LanguageColumn(
            language=code,
            title=story_title(view.titles, None, code),
            articles=tuple(by_language[code]),
        )
        for code in order
    ]


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
        languages=newest.story_languages,
        titles=newest.story_titles,
    )


def load_copies(index: Index, document: Document) -> tuple[Document, ...]:
    """Return the other articles of a document's copy group, oldest first."""
    group = Query(filters={"copy_group": (document.copy_group,)}, sort="oldest", size=SHOWN, copy_counts=False)
    return tuple(hit.document for hit in index.search(group).hits if hit.document.id != document.id)


def document_time(document: Document) -> dt.datetime:
    """Return the time that a document is sorted by."""
    return document.published or document.first_seen

"""Put what a saved search matches into messages, for people and for programs. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from pipeline.alert_records import Message, hash_id
from pipeline.records import Document
from pipeline.search_records import SavedSearch, SearchMatch
from pipeline.text import shorten
from pipeline.urls import check_address, without_credentials

MOST_MATCHES = 100  # of one message

_SUMMARY = 300  # characters


class MatchedDocument(NamedTuple):
    """A match, and the document that matches."""

    match: SearchMatch
    document: Document


def compose_messages(
    search: SavedSearch, matches: Sequence[MatchedDocument], now: dt.datetime, site: str
) -> Iterator[Message]:
    """Yield the messages that tell all of ``matches``, in order; our pages are at ``site``."""
    for start in range(0, len(matches), MOST_MATCHES):
        yield compose_message(search, matches[start : start + MOST_MATCHES], now, site)


def compose_message(
    search: SavedSearch, matches: Sequence[MatchedDocument], now: dt.datetime, site: str, *, left_out: int = 0
) -> Message:
    """Return the message that tells of ``matches``; ``left_out`` further ones stand in the feed alone."""
    count = len(matches) + left_out
    first = describe_title(matches[0].document)
    subject = f"{search.name}: {first}" if count == 1 else f"{search.name}: {count} new, {first}"
    lines = [_describe_match(matched.document, site) for matched in matches]
    if left_out:
        lines.append(f"and {left_out} more: {feed_address(search, site, 'atom')}")
    return Message(
        id=hash_id("matches", search.id, matches[0].match.n, matches[-1].match.n, now.isoformat()),
        at=now,
        subject=subject,
        text="\n\n".join(lines),
        data={
            "type": "matches",
            "at": now,
            "search": {"id": search.id, "name": search.name},
            "matches": [_plain_match(matched, site) for matched in matches],
        },
    )


def compose_test(search: SavedSearch, now: dt.datetime, site: str) -> Message:
    """Return the message by which a reader sees whether a saved search can reach him."""
    return Message(
        id=hash_id("test", search.id, now.isoformat()),
        at=now,
        subject=f"{search.name}: a test",
        text=f"This is a test of the saved search {search.name}. Its feed: {feed_address(search, site, 'atom')}",
        data={"type": "test", "at": now, "search": {"id": search.id, "name": search.name}, "matches": []},
    )


def feed_address(search: SavedSearch, site: str, form: str) -> str:
    """Return where the feed of a search is, as ``atom`` or ``json``."""
    return f"{site}/searches/{search.id}.{form}"


def article_page(document: Document, site: str) -> str:
    """Return where our page of an article is."""
    return f"{site}/articles/{quote(document.id, safe='')}"


def describe_title(document: Document) -> str:
    """Return the title, else how the text begins."""
    return " ".join((document.title or shorten(document.text) or "Untitled").split())


def summarise(document: Document) -> str:
    """Return the standfirst, else how the text begins."""
    return shorten(document.standfirst or document.text, _SUMMARY)


def link_of(document: Document) -> str | None:
    """Return the address of an article where that can be linked to, whatever was taken in."""
    try:
        return without_credentials(check_address(document.url)) if document.url else None
    except ValueError:
        return None


def _describe_match(document: Document, site: str) -> str:
    published = f", {document.published.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC" if document.published else ""
    lines = [describe_title(document), f"{document.source or 'unknown source'}{published}"]
    if summary := summarise(document):
        lines.append(summary)
    link = link_of(document)
    return "\n".join([*lines, *([link] if link else []), article_page(document, site)])


def _plain_match(matched: MatchedDocument, site: str) -> dict[str, Any]:
    document = matched.document
    return {
        "number": matched.match.n,
        "article": document.id,
        "revision": document.revision,
        "title": document.title,
        "summary": summarise(document),
        "url": link_of(document),
        "page": article_page(document, site),
        "source": document.source,
        "published": document.published,
        "language": document.language,
        "story": document.story,
        "story_title": document.story_title,
        "copy_of": document.copy_of,
    }

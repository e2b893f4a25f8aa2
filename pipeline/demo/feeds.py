"""Write the feeds of the demo newsroom: RSS 2.0, Atom, RDF, JSON Feed and news sitemaps.

The same articles give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Sequence

from pipeline.demo import templates
from pipeline.demo.articles import Feed, Outlet, Piece

MEDIA_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
    "sitemap": "application/xml",
    "html": "text/html; charset=utf-8",
}


def select_listed(feed: Feed, pieces: Sequence[Piece]) -> list[Piece]:
    """Return those of an outlet's articles that the feed lists."""
    return [piece for piece in pieces if not feed.sections or piece.draft.section in feed.sections]


def last_changed(pieces: Sequence[Piece]) -> dt.datetime:
    """Return when the newest of ``pieces`` was published or updated."""
    return max(piece.draft.updated or piece.draft.published for piece in pieces)


def render_feed(outlet: Outlet, feed: Feed, pieces: Sequence[Piece], base: str) -> bytes:
    """Return ``feed`` with those of ``pieces`` that it lists; ``base`` is the outlet's address without a path."""
    entries = [(piece, _entry(feed, piece, base)) for piece in select_listed(feed, pieces)]
    if feed.format == "json":
        return _json_feed(outlet, feed, entries, base)
    entry = templates.read_template(f"entry.{feed.format}.xml")
    values = {
        **templates.outlet_values(outlet, base),
        "self": html.escape(base + feed.path),
        "changed_utc": f"{last_changed([piece for piece, _ in entries]).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "resources": "\n".join(f'<rdf:li rdf:resource="{values["link"]}"/>' for _, values in entries),
        "entries": "".join(templates.fill_template(entry, values) for _, values in entries),
    }
    body = templates.fill_template(templates.read_template(f"feed.{feed.format}.xml"), values).encode()
    return _damage(body) if feed.damaged else body


def _entry(feed: Feed, piece: Piece, base: str) -> dict[str, str]:
    values = templates.piece_values(piece, base)
    link = base + piece.feed_path
    if feed.tracking:
        link += ("&" if "?" in link else "?") + feed.tracking
    return values | {
        "link": html.escape(link),
        "summary": "" if feed.content == "none" else values["summary"],
        "content": html.escape(values["content"]) if feed.content == "full" else "",
    }


def _json_feed(outlet: Outlet, feed: Feed, entries: Sequence[tuple[Piece, dict[str, str]]], base: str) -> bytes:
    """Return JSON Feed 1.1 (jsonfeed.org)."""
    items = [
        {
            "id": values["number"],
            "url": html.unescape(values["link"]),
            "title": piece.draft.title,
            "summary": html.unescape(values["summary"]),
            "content_html": html.unescape(values["content"]),
            "image": values["image"],
            "authors": [{"name": name} for name in piece.draft.authors],
            "tags": list(piece.draft.tags),
            "date_published": values["published_zoned"],
            "date_modified": values["updated_zoned"],
        }
        for piece, values in entries
    ]
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": base + "/",
        "feed_url": base + feed.path,
        "language": outlet.language,
        "items": [{key: value for key, value in item.items() if value} for item in items],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _damage(body: bytes) -> bytes:
    """Return ``body`` with its first é as a Latin-1 byte, and without all that follows the last link."""
    body = body.replace("é".encode(), "é".encode("latin-1"), 1)
    return body[: body.rindex(b"</link>") + len(b"</link>\n")]

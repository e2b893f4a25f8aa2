"""Write the pages of the demo newsroom as readers see them: articles, home pages, pictures, not found.

The same articles give the same bytes.
"""

from __future__ import annotations

import html
import zlib
from collections.abc import Sequence

from pipeline.demo import feeds, templates
from pipeline.demo.articles import Outlet, Piece

_RELATED = 4  # links in the box below an article


def render_article(piece: Piece, shelf: Sequence[Piece], base: str) -> bytes:
    """Return the page of ``piece``, with links to its neighbours on ``shelf``, the outlet's articles."""
    neighbours = [neighbour for neighbour in shelf if neighbour.key != piece.key and neighbour.paragraphs]
    start = zlib.crc32(piece.key.encode()) % len(neighbours)
    related = (neighbours[start:] + neighbours[:start])[:_RELATED]
    values = templates.piece_values(piece, base, related)
    return templates.fill_template(templates.read_template(f"{piece.outlet.key}.html"), values).encode()


def render_home(outlet: Outlet, pieces: Sequence[Piece], base: str) -> bytes:
    """Return the home page, which names the outlet's feeds and articles."""
    teaser = templates.read_template("home-teaser.html")
    alternate = '<link rel="alternate" type="{}" href="{}">'
    values = templates.outlet_values(outlet, base) | {
        "feeds": "\n".join(
            alternate.format(feeds.MEDIA_TYPES[feed.format].partition(";")[0], html.escape(base + feed.path))
            for feed in outlet.feeds
            if feed.format not in {"html", "sitemap"}
        ),
        "teasers": "".join(templates.fill_template(teaser, templates.piece_values(piece, base)) for piece in pieces),
    }
    return templates.fill_template(templates.read_template("home.html"), values).encode()


def render_picture(piece: Piece) -> bytes:
    """Return the drawing that stands in for the article's photograph."""
    hue = zlib.crc32(piece.key.encode()) % 360
    return templates.fill_template(
        templates.read_template("picture.svg"), {"hue": str(hue), "other": str((hue + 40) % 360)}
    ).encode()


def render_not_found(outlet: Outlet, base: str) -> bytes:
    """Return what the outlet answers where it has no page."""
    return templates.fill_template(
        templates.read_template("missing.html"), templates.outlet_values(outlet, base)
    ).encode()

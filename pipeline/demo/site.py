"""Answer requests to an outlet's server of the demo newsroom, path by path.

What has no path here is answered by ``not_found_response``.
"""

from __future__ import annotations

import email.utils
import hashlib
import mimetypes
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from pipeline.demo import articles, feeds, pages
from pipeline.demo.articles import FOLDER, Feed, Outlet, Piece
from pipeline.records import Record


class SiteResponse(Record, frozen=True, kw_only=True):
    """A response of an outlet's server."""

    status: int = 200
    headers: dict[str, str]
    body: bytes


def build_responses(outlet: Outlet, edition: int, base: str) -> dict[str, SiteResponse]:
    """Return all responses by path and query; ``base`` is the outlet's address without a path."""
    pieces = [piece for piece in articles.load_pieces(edition) if piece.outlet == outlet]
    shelf = [
        piece for piece in articles.load_pieces() if piece.outlet == outlet
    ]  # boxes of links keep the first headline
    site = _files(outlet) | {"/": _page(pages.render_home(outlet, pieces, base))}
    for piece in pieces:
        if piece.paragraphs:
            site |= _article(piece, shelf, base)
    return site | {feed.path: _feed(outlet, feed, pieces, base) for feed in outlet.feeds}


def not_found_response(outlet: Outlet, base: str) -> SiteResponse:
    """Return the response for all paths without one."""
    return SiteResponse(
        status=404, headers=_typed("text/html; charset=utf-8"), body=pages.render_not_found(outlet, base)
    )


def _article(piece: Piece, shelf: Sequence[Piece], base: str) -> dict[str, SiteResponse]:
    if piece.draft.status != HTTPStatus.OK:
        return {piece.path: msgspec.structs.replace(not_found_response(piece.outlet, base), status=piece.draft.status)}
    responses = {piece.path: _page(pages.render_article(piece, shelf, base), piece.draft.declared_charset)}
    if piece.draft.moved_from:
        responses[piece.feed_path] = SiteResponse(status=301, headers={"Location": base + piece.path}, body=b"")
    if piece.draft.caption:
        responses[piece.picture_path] = SiteResponse(headers=_typed("image/svg+xml"), body=pages.render_picture(piece))
    return responses


def _feed(outlet: Outlet, feed: Feed, pieces: Sequence[Piece], base: str) -> SiteResponse:
    if feed.format == "html":
        return _page(pages.render_home(outlet, pieces, base))
    body = feeds.render_feed(outlet, feed, pieces, base)
    changed = feeds.last_changed(feeds.select_listed(feed, pieces))
    return SiteResponse(
        headers={
            **_typed(feeds.MEDIA_TYPES[feed.format]),
            "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Last-Modified": email.utils.formatdate(changed.timestamp(), usegmt=True),
        },
        body=body,
    )


def _files(outlet: Outlet) -> dict[str, SiteResponse]:
    """Return the outlet's files besides pages and feeds: robots.txt, downloads."""
    folder = FOLDER / "files" / outlet.key
    return {
        f"/{path.relative_to(folder).as_posix()}": SiteResponse(
            headers=_typed(mimetypes.guess_type(path.name)[0] or "application/octet-stream"), body=path.read_bytes()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _page(body: bytes, charset: str = "utf-8") -> SiteResponse:
    return SiteResponse(headers=_typed(f"text/html; charset={charset}"), body=body)


def _typed(media_type: str) -> dict[str, str]:
    return {"Content-Type": media_type}

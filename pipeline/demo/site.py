"""What does one outlet's server answer, path by path?"""

from __future__ import annotations

import email.utils
import hashlib
import mimetypes
from collections.abc import Sequence

from pipeline.demo import articles, feeds, pages
from pipeline.demo.articles import FOLDER, Feed, Outlet, Piece
from pipeline.records import Record


class Response(Record, frozen=True, kw_only=True):
    """What a server sends."""

    status: int = 200
    headers: dict[str, str]
    body: bytes


def answers(outlet: Outlet, edition: int, base: str) -> dict[str, Response]:
    """Return what there is, by path and query; ``base`` is the outlet's address without a path."""
    pieces = [piece for piece in articles.pieces(edition) if piece.outlet == outlet]
    shelf = [piece for piece in articles.pieces() if piece.outlet == outlet]  # boxes of links keep the first headline
    site = _files(outlet) | {"/": _page(pages.home(outlet, pieces, base))}
    for piece in pieces:
        if piece.paragraphs:
            site |= _article(piece, shelf, base)
    return site | {feed.path: _feed(outlet, feed, pieces, base) for feed in outlet.feeds}


def missing(outlet: Outlet, base: str) -> Response:
    """Return what is sent for any other path."""
    return Response(status=404, headers=_typed("text/html; charset=utf-8"), body=pages.missing(outlet, base))


def _article(piece: Piece, shelf: Sequence[Piece], base: str) -> dict[str, Response]:
    made = {piece.path: _page(pages.article(piece, shelf, base), piece.draft.declared_charset)}
    if piece.draft.moved_from:
        made[piece.listed] = Response(status=301, headers={"Location": base + piece.path}, body=b"")
    if piece.draft.caption:
        made[piece.picture] = Response(headers=_typed("image/svg+xml"), body=pages.picture(piece))
    return made


def _feed(outlet: Outlet, feed: Feed, pieces: Sequence[Piece], base: str) -> Response:
    if feed.format == "html":
        return _page(pages.home(outlet, pieces, base))
    body = feeds.render(outlet, feed, pieces, base)
    changed = feeds.last_changed(feeds.listed(feed, pieces))
    return Response(
        headers={
            **_typed(feeds.MEDIA_TYPES[feed.format]),
            "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Last-Modified": email.utils.formatdate(changed.timestamp(), usegmt=True),
        },
        body=body,
    )


def _files(outlet: Outlet) -> dict[str, Response]:
    """Return the outlet's other files: robots.txt, what is for download."""
    folder = FOLDER / "files" / outlet.key
    return {
        f"/{path.relative_to(folder).as_posix()}": Response(
            headers=_typed(mimetypes.guess_type(path.name)[0] or "application/octet-stream"), body=path.read_bytes()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _page(body: bytes, charset: str = "utf-8") -> Response:
    return Response(headers=_typed(f"text/html; charset={charset}"), body=body)


def _typed(media_type: str) -> dict[str, str]:
    return {"Content-Type": media_type}

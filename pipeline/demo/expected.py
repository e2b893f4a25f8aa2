"""Derive what the pipeline should find in the demo newsroom: facts for tests and for the demo's summary.

They follow from the articles' files, not from the pipeline.
"""

from __future__ import annotations

import urllib.robotparser
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from pipeline.demo import articles, feeds
from pipeline.demo.articles import Piece
from pipeline.demo.site import SiteResponse
from pipeline.records import Reason, Record
from pipeline.urls import canonicalise

_LISTS = {"rss", "atom", "rdf", "json", "sitemap"}


class Expected(Record, frozen=True, kw_only=True):
    """The facts about the newsroom. Articles stand by the address in their feed, without tracking parameters."""

    articles: tuple[str, ...]  # those whose page may be read
    copies: tuple[tuple[str, ...], ...]  # groups with the same text, the original first
    shared: tuple[tuple[str, str], ...]  # pairs that share a passage without being copies
    stories: tuple[tuple[str, ...], ...]  # groups of two and more on the same event, copies among them
    dropped: dict[str, Reason]  # what feeds list and nobody can read
    moved: dict[str, str]  # address in the feed → address it redirects to
    corrected: tuple[str, ...]  # what reads differently from edition 2 on
    gone: tuple[str, ...]  # what has no page any more from edition 2 on
    from_feed: tuple[str, ...]  # what has no page that may be read, but its whole text in the feed
    paywalled: tuple[str, ...]  # what says that it isn't free to read
    undated: tuple[str, ...]  # what says nowhere when it was published
    repeated: tuple[str, ...]  # what stands in two feeds
    not_feeds: tuple[str, ...]  # feed addresses that answer with no feed


def derive_expected(
    pieces: Sequence[Piece], bases: Mapping[str, str], responses: Mapping[str, SiteResponse]
) -> Expected:
    """Return the facts about ``pieces``, whose outlets are at ``bases`` and answer with ``responses``."""

    def address(piece: Piece, path: str = "") -> str:
        return bases[piece.outlet.key] + (path or piece.feed_path)

    by_key = {piece.key: piece for piece in pieces}
    first = {piece.key: piece for piece in articles.load_pieces(1)}
    later = [piece for piece in articles.load_pieces(2) if first.get(piece.key, piece) != piece]
    refused = {piece.key: _refusal(first.get(piece.key, piece), bases[piece.outlet.key], responses) for piece in pieces}
    read = [piece for piece in pieces if not refused[piece.key]]
    originals_first = sorted(read, key=lambda piece: (piece.key != piece.original, piece.draft.published))
    return Expected(
        articles=tuple(address(piece) for piece in read),
        copies=_groups((piece.original, address(piece)) for piece in originals_first),
        shared=tuple((address(piece), address(by_key[key])) for piece in read for key in piece.draft.shares),
        stories=_groups((piece.story, address(piece)) for piece in originals_first),
        dropped={address(piece): reason for piece in pieces if (reason := refused[piece.key])},
        moved={address(piece): address(piece, piece.path) for piece in pieces if piece.draft.moved_from},
        corrected=tuple(address(piece) for piece in later if piece.draft.status == HTTPStatus.OK),
        gone=tuple(address(piece) for piece in later if piece.draft.status == HTTPStatus.GONE),
        from_feed=tuple(address(piece) for piece in read if first.get(piece.key, piece).draft.status != HTTPStatus.OK),
        paywalled=tuple(address(piece) for piece in read if piece.draft.paywalled),
        undated=tuple(address(piece) for piece in read if not piece.draft.dated),
        repeated=tuple(address(by_key[key]) for key, times in _listings(pieces).items() if times > 1),
        not_feeds=tuple(
            bases[outlet.key] + feed.path
            for outlet in articles.load_outlets()
            for feed in outlet.feeds
            if feed.format not in _LISTS
        ),
    )


def _listings(pieces: Sequence[Piece]) -> Counter[str]:
    """Return in how many feeds each article stands."""
    return Counter(
        piece.key
        for outlet in articles.load_outlets()
        for feed in outlet.feeds
        if feed.format in _LISTS
        for piece in feeds.select_listed(feed, [piece for piece in pieces if piece.outlet == outlet])
    )


def _groups(members: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = defaultdict(list)
    for group, member in members:
        groups[group].append(member)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _refusal(piece: Piece, base: str, responses: Mapping[str, SiteResponse]) -> Reason | None:
    """Return why the article can't be read, None where it can."""
    sent = responses.get(canonicalise(base + piece.path))
    if sent is None:
        return Reason.NOT_FOUND
    if not sent.headers["Content-Type"].startswith("text/html"):
        return Reason.NOT_HTML
    if piece.draft.status != HTTPStatus.OK and not any(feed.content == "full" for feed in piece.outlet.feeds):
        return Reason.FORBIDDEN
    robots = responses.get(canonicalise(f"{base}/robots.txt"))
    if robots:
        rules = urllib.robotparser.RobotFileParser()
        rules.parse(robots.body.decode().splitlines())
        if not rules.can_fetch("newswire", base + piece.path):
            return Reason.ROBOTS
    return None

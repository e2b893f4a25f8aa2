"""Recognise what a server sends in place of an article: logins, bot checks, consent forms, "page not found".

Pure. Phrases (``config/extract.toml``) decide together with what the page is like: a page that the feed announces so,
or that says of itself that it is an article and has its text, is one, whatever its headline is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from pipeline.address_forms import show_same_page
from pipeline.errors import ItemError
from pipeline.extract import titles
from pipeline.extract.config import Phrases, WallPhrases
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.phrases import compile_phrases, write_caseless
from pipeline.headline_likeness import are_alike, is_announced
from pipeline.records import Outcome, Reason
from pipeline.text import normalise, split_words

_MAX_WALL = 600  # words: the longest consent forms; a longer text under such a headline is an article
_MAX_UNDER_TITLE = 150  # words, where the page has another title than that headline
_MIN_ARTICLE = 40  # words of a page that says of itself that it is an article
_MAX_MARKED = 40  # words on a page that only a script fills
_MAX_FORM = 200  # words around a form that asks for a password
_MAX_LINE = 60  # words; a longer line isn't a notice
_MAX_SHORT = 2000  # characters that as many words have at the most
_MAX_BESIDE = 12  # words beside lines that belong to a wall: a site's name, a link to help
_MIN_HEADLINE = 3  # words of a heading that may be an article's
_MAX_REFRESH = 10  # seconds after which a page sends its readers on; news pages load themselves anew after minutes
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+")
_REFRESH = re.compile(r"\s*(\d+)(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?['\"]?([^'\"\s>]+)", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?。！？।؟])\s*|\n+")
_EDGES = " \t\n.…!?:;,–—-|\"'“”„«»‹›*"
# Rules of boilerplate whose lines are a wall's where nothing else is left of a page.
_WALL_RULES = {"paywall": "asks for a subscription", "consent": "asks for consent"}


class WallPage(NamedTuple):
    """What a page is read for: what it says of itself, its text, and what its feed announced."""

    signals: PageSignals
    source: str  # the page's HTML
    lines: Sequence[str]  # the article's lines, if it is one
    cut: Sequence[tuple[str, str]]  # rule and text of each line of boilerplate
    feed_title: str | None
    url: str | None


def check_no_wall(page: WallPage, phrases: Phrases) -> None:
    """Make sure that a page isn't one that stands in place of an article.

    Raises:
        ItemError: WALL (dropped, or to be retried where the next visit may pass), NOT_FOUND (dropped).
    """
    kind, words = _recognise(page, phrases) or (None, "")
    if kind is None:
        return
    outcome = Outcome.RETRY if kind.passes else Outcome.DROPPED
    raise ItemError(
        outcome, Reason.NOT_FOUND if kind.missing else Reason.WALL, f"the page {kind.kind}: {words[:100]!r}"
    )


def _recognise(page: WallPage, phrases: Phrases) -> tuple[WallPhrases, str] | None:
    """Return which kind of wall a page is, and the words that tell it; None where it may be an article."""
    text = " ".join(dict.fromkeys(page.lines))
    size = len(split_words(text))
    is_article = size >= _MIN_ARTICLE and _says_article(page.signals)
    stated = {} if is_article else titles.candidates(page.signals)
    if not is_article and not any(are_alike(title, page.feed_title) for title in stated.values()):
        if found := _by_headline(page, stated, size, text, phrases):
            return found
        if size <= _MAX_MARKED and (found := _by_marker(page, phrases) or _by_refresh(page)):
            return found
        if size <= _MAX_FORM and not is_announced(page.feed_title, *stated.values(), text) and _asks_password(page):
            return WallPhrases(kind="asks for a password"), next(iter(stated.values()), "")
    return _by_text(page, phrases)


def _by_headline(
    page: WallPage, stated: dict[str, str], size: int, text: str, phrases: Phrases
) -> tuple[WallPhrases, str] | None:
    """Return the wall whose phrase the page's headline is, where no other headline stands in the page."""
    headings = [heading.text for heading in page.signals.headings if heading.is_h1]
    matched, beside, titled = None, False, False
    for source, title in [*stated.items(), *(("heading", text) for text in headings)]:
        if kind := _match_headline(title, phrases):
            matched = matched or (kind, title)
        elif _may_be_headline(title, page):
            titled = titled or source == "title"
            beside = beside or source != "title"
    if matched is None or beside:
        return None
    limit = _MAX_UNDER_TITLE if titled else _MAX_WALL
    if size <= limit or (page.feed_title and not titled and not is_announced(page.feed_title, text)):
        return matched
    return None


def _may_be_headline(title: str, page: WallPage) -> bool:
    """Tell whether a title that is no wall's may be an article's: neither a host's nor the site's name."""
    plain = title.strip(_EDGES)
    if _HOST.fullmatch(plain) or titles.title_key(plain) in titles.site_names(page.signals):
        return False
    return len(split_words(plain)) >= _MIN_HEADLINE


def _by_text(page: WallPage, phrases: Phrases) -> tuple[WallPhrases, str] | None:
    """Return the wall that all lines of a page are from."""
    matched, beside = None, 0
    for part in _split_parts(page):
        words = len(split_words(part))
        kind = _match_line(part, phrases) if words <= _MAX_LINE else None
        if kind is None:
            beside += words
            if beside > _MAX_BESIDE:
                return None
        else:
            matched = matched or (kind, part)
    if not page.lines:
        cuts = ((WallPhrases(kind=_WALL_RULES[rule]), text) for rule, text in page.cut if rule in _WALL_RULES)
        return next(cuts, None)
    return matched


def _split_parts(page: WallPage) -> list[str]:
    """Return the lines of a page; of a very short one its sentences, without headlines that run into them."""
    text = " ".join(dict.fromkeys(page.lines))
    if len(text) > _MAX_SHORT or len(split_words(text)) > _MAX_LINE:
        return list(dict.fromkeys(page.lines))
    for title in sorted(titles.candidates(page.signals).values(), key=len, reverse=True):
        text = text.replace(title, "\n")
    return [part for part in _SENTENCE.split(text) if part.strip(_EDGES)]


def _by_marker(page: WallPage, phrases: Phrases) -> tuple[WallPhrases, str] | None:
    marked = ((kind, marker) for kind in phrases.wall for marker in kind.markers if marker in page.source)
    return next(marked, None)


def _by_refresh(page: WallPage) -> tuple[WallPhrases, str] | None:
    """Return where a page without a text sends its readers on to."""
    for content in page.signals.meta.get("refresh", []):
        match = _REFRESH.match(content)
        target = urljoin(page.url or "", match[2]) if match else ""
        if match and int(match[1]) <= _MAX_REFRESH and not show_same_page(target, page.url):
            return WallPhrases(kind="sends its readers on"), target
    return None


def _asks_password(page: WallPage) -> bool:
    return any((field.get("type") or "").lower() == "password" for field in page.signals.tree.iter("input"))


def _says_article(signals: PageSignals) -> bool:
    """Tell whether a page says of itself that it is an article, or has what only articles have: a time, a byline."""
    stated = bool(signals.article) or signals.first_meta("og:type") == "article"
    return stated or bool(signals.first_meta("article:published_time") or signals.times or signals.bylines)


def _match_headline(title: str, phrases: Phrases) -> WallPhrases | None:
    plain = write_caseless(normalise(title)).strip(_EDGES)
    return next((kind for kind in phrases.wall if _compiled(kind.headlines).fullmatch(plain)), None)


def _match_line(line: str, phrases: Phrases) -> WallPhrases | None:
    plain = write_caseless(normalise(line)).strip(_EDGES)
    lines = (kind for kind in phrases.wall if _compiled(kind.texts).search(plain))
    return next(lines, None) or _match_headline(line, phrases)


@functools.lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return one expression for all of ``patterns``; in a search each matches from the beginning of a word on."""
    return compile_phrases(patterns, r"\b{}")

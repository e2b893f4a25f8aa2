"""Take an article's text from its feed entry where the page can't be read or shows less."""

from __future__ import annotations

import html
import re

import msgspec

from pipeline.errors import ItemError
from pipeline.extract.site_lines import Extraction
from pipeline.extract.source_page import RawPage
from pipeline.records import Article, Entry, Page, Reason
from pipeline.settings import Source
from pipeline.text import split_words

# A page behind a wall shows the beginning; the feed's text is taken where it is clearly more than that.
_MIN_EXCESS = 1.2
# Why a page that was read isn't the article's own: it stands in its place.
NOT_THE_PAGE = frozenset({Reason.WALL, Reason.ELSEWHERE})
_TAG = re.compile(r"<[^>]{0,1000}>")


def build_page(entry: Entry) -> bytes:
    """Return the feed's entry as an HTML page: headline, then the whole text where there is one, else the summary."""
    title = html.escape(entry.title or "")
    text = entry.content or entry.summary or ""
    body = text if _TAG.search(text) else "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines())
    language = f' lang="{html.escape(entry.language)}"' if entry.language else ""
    return (
        f'<!doctype html><html{language}><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><article><h1>{title}</h1>{body}</article></body></html>"
    ).encode()


def feed_input(page: Page, entry: Entry, source: Source | None) -> RawPage:
    """Return the input for the feed's entry in place of a page."""
    return RawPage(
        id=page.id,
        data=build_page(entry),
        url=page.url,
        media_type="text/html",
        charset="utf-8",
        fetched=page.fetched,
        entry=entry,
        source=source,
    )


def may_replace(previous: Article | None, extraction: Extraction | ItemError) -> bool:
    """Tell whether a feed's text may be taken: a wall before a page that was read earlier hides nothing new.

    Args:
        previous: the article's version before.
        extraction: what the page holds now.
    """
    is_hidden = isinstance(extraction, ItemError) and extraction.reason in NOT_THE_PAGE
    return not (is_hidden and previous is not None and not previous.from_feed)


def feed_has_more(entry: Entry | None, extraction: Extraction | ItemError) -> bool:
    """Tell whether the feed gave more of the text than a page behind a wall, or one without a text, shows.

    In place of a page that isn't the article at all its summary will do.
    """
    if entry is not None and isinstance(extraction, ItemError) and extraction.reason in NOT_THE_PAGE:
        return bool(entry.content or entry.summary)
    if entry is None or not entry.content:
        return False
    if isinstance(extraction, ItemError):
        return extraction.reason in {Reason.NO_TEXT, Reason.EMPTY}
    article = extraction.article
    if not article.paywalled:
        return False
    return len(split_words(_TAG.sub(" ", entry.content))) > _MIN_EXCESS * len(split_words(article.text))


def prefer_feed_text(page: Extraction | ItemError, feed: Extraction | ItemError) -> Extraction | ItemError:
    """Return the page's fields with the feed's text; the page as it is where the feed gave no text either."""
    if isinstance(feed, ItemError):
        return page
    if isinstance(page, ItemError):
        return Extraction(article=msgspec.structs.replace(feed.article, from_feed=True))
    text, subheadings = feed.article.text, feed.article.subheadings
    return Extraction(article=msgspec.structs.replace(page.article, text=text, subheadings=subheadings, from_feed=True))

"""Take an article's text from its feed entry where the page can't be read or shows less."""

from __future__ import annotations

import html
import re

from pipeline.errors import ItemError
from pipeline.extract.site_lines import Extraction
from pipeline.records import Entry, Reason
from pipeline.text import split_words

# A page behind a wall shows the beginning; the feed's text is taken where it is clearly more than that.
_MIN_EXCESS = 1.2
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


def feed_has_more(entry: Entry | None, extraction: Extraction | ItemError) -> bool:
    """Tell whether the feed gave more of the text than a page behind a wall, or one without a text, shows."""
    if entry is None or not entry.content:
        return False
    if isinstance(extraction, ItemError):
        return extraction.reason in {Reason.NO_TEXT, Reason.EMPTY}
    article = extraction.article
    if not article.paywalled:
        return False
    return len(split_words(_TAG.sub(" ", entry.content))) > _MIN_EXCESS * len(split_words(article.text))

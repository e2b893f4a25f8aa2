"""What does an article say, when and by whom? From the bytes of a page or a text to an Article."""

from __future__ import annotations

import functools
from collections.abc import Callable

from pipeline import wires
from pipeline.charsets import decode_page
from pipeline.errors import ItemError
from pipeline.extract.config import Agency, ExtractConfig, RawPage, load_config
from pipeline.extract.input_kind import InputKind, detect_kind
from pipeline.extract.page import from_page
from pipeline.extract.plain_text import from_plain_text
from pipeline.extract.site_lines import Extraction, clean_with_site_profile
from pipeline.extract.wire_article import from_mail, from_wire_item
from pipeline.records import Article, Outcome, Reason
from pipeline.urls import article_id, content_id

__all__ = [
    "Agency",
    "ExtractConfig",
    "Extraction",
    "RawPage",
    "clean_with_site_profile",
    "extract",
    "extract_with_lines",
    "load_config",
    "make_extractor",
]


def extract(raw: RawPage, known: ExtractConfig, path: str | None = None) -> Article:
    """Return the article in ``raw``, as far as one page alone tells; arguments and errors as of ``read``."""
    return extract_with_lines(raw, known, path).article


def extract_with_lines(raw: RawPage, known: ExtractConfig, path: str | None = None) -> Extraction:
    """Return the article in ``raw`` and what the memory of its site is told; ``path`` is its file's name, if any.

    Raises ItemError: EMPTY, TOO_LARGE, BINARY, NOT_HTML, UNREADABLE, NO_TEXT, each with its detail. Reads and writes
    nothing else; a page may take long or crash its parser, so run it in ``Workers`` with ``worker(known)``.
    """
    if len(raw.data) > known.max_bytes:
        detail = f"{len(raw.data):,} bytes, more than the {known.max_bytes:,} of extract.max_bytes"
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, detail)
    item = raw.id or (article_id(raw.url) if raw.url else content_id(raw.data))
    try:
        return _read(raw, known, item, path or raw.url)
    except (ItemError, MemoryError):
        raise
    except Exception as error:  # one page that no rule foresaw must not stop the others
        detail = f"{type(error).__name__} while it was read: {error}"
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, detail) from error


def _read(raw: RawPage, known: ExtractConfig, item: str, path: str | None) -> Extraction:
    def text_of(text: str, part: RawPage) -> Extraction:
        make = from_page if part.media_type == "text/html" else from_plain_text
        return make(text, part, known, item)

    form = wires.detect_format(raw.data, path, raw.media_type)
    if form is wires.Format.MAIL:
        return from_mail(wires.parse_mail(raw.data), text_of, raw, known)
    if form is not None:
        return from_wire_item(wires.parse_wire_item(raw.data), raw, known, item)
    kind = detect_kind(raw.data, raw.media_type, path)
    make = from_page if kind is InputKind.HTML else from_plain_text
    return make(decode_page(raw.data, raw.charset), raw, known, item)


def make_extractor(known: ExtractConfig) -> Callable[[RawPage], Extraction]:
    """Return ``read`` with its lists bound, in a form that can be sent to worker processes."""
    return functools.partial(extract_with_lines, known=known)

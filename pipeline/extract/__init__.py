"""What does an article say, when and by whom? From the bytes of a page or a text to an Article."""

from __future__ import annotations

import functools
from collections.abc import Callable

from pipeline import wires
from pipeline.errors import ItemError
from pipeline.extract.decode import Kind, decode, kind_of
from pipeline.extract.known import Agency, Known, Raw, load
from pipeline.extract.line import to_error_line, to_line
from pipeline.extract.page import from_page
from pipeline.extract.plain import from_plain
from pipeline.extract.seen import Extracted, remember
from pipeline.extract.told import from_mail, from_told
from pipeline.records import Article, Outcome, Reason
from pipeline.urls import article_id, content_id

__all__ = [
    "Agency",
    "Extracted",
    "Known",
    "Raw",
    "extract",
    "load",
    "read",
    "remember",
    "to_error_line",
    "to_line",
    "worker",
]


def extract(raw: Raw, known: Known, path: str | None = None) -> Article:
    """Return the article in ``raw``, as far as one page alone tells; arguments and errors as of ``read``."""
    return read(raw, known, path).article


def read(raw: Raw, known: Known, path: str | None = None) -> Extracted:
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


def _read(raw: Raw, known: Known, item: str, path: str | None) -> Extracted:
    def text_of(text: str, part: Raw) -> Extracted:
        make = from_page if part.media_type == "text/html" else from_plain
        return make(text, part, known, item)

    form = wires.format_of(raw.data, path, raw.media_type)
    if form is wires.Format.MAIL:
        return from_mail(wires.read_mail(raw.data), text_of, raw, known)
    if form is not None:
        return from_told(wires.read(raw.data), raw, known, item)
    kind = kind_of(raw.data, raw.media_type, path)
    make = from_page if kind is Kind.HTML else from_plain
    return make(decode(raw.data, raw.charset), raw, known, item)


def worker(known: Known) -> Callable[[Raw], Extracted]:
    """Return ``read`` with its lists bound, in a form that can be sent to worker processes."""
    return functools.partial(read, known=known)

"""Extract an article's text and fields from the bytes of a page, a text or a file of an agency.

Pure but for ``load_config``: whatever a page holds, the result is an ``Article`` or an ``ItemError`` with its reason.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import msgspec

from pipeline import wires
from pipeline.blob_packing import unpack_bytes
from pipeline.charsets import decode_page
from pipeline.errors import ArchiveError, ItemError
from pipeline.extract.config import Agency, ExtractConfig, load_config
from pipeline.extract.input_kind import InputKind, detect_kind
from pipeline.extract.metadata import warm_up
from pipeline.extract.page import from_page
from pipeline.extract.plain_text import from_plain_text
from pipeline.extract.site_lines import Extraction, clean_with_site_profile
from pipeline.extract.source_page import RawPage
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
    "warm_up",
]


def extract(raw: RawPage, config: ExtractConfig, path: str | None = None) -> Article:
    """Return the article in ``raw``, as far as this page alone tells; as ``extract_with_lines`` otherwise."""
    return extract_with_lines(raw, config, path).article


def extract_with_lines(raw: RawPage, config: ExtractConfig, path: str | None = None) -> Extraction:
    """Return the article in ``raw`` and the lines of its page, from which the profile of its site learns.

    A page may take long or crash its parser, so run it in ``Workers`` with ``make_extractor(config)``.

    Args:
        raw: the page or text.
        config: the lists of phrases and agencies.
        path: the name of its file, if it has one.

    Raises:
        ItemError: EMPTY, TOO_LARGE, BINARY, NOT_HTML, UNREADABLE, NO_TEXT, BAD_RECORD or WITHDRAWN, with its detail;
            ARCHIVE where what was packed is damaged.
    """
    if raw.packed:
        raw = _unpacked(raw)
    if len(raw.data) > config.max_bytes:
        detail = f"{len(raw.data):,} bytes, more than the {config.max_bytes:,} of extract.max_bytes"
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, detail)
    item = raw.id or (article_id(raw.url) if raw.url else content_id(raw.data))
    try:
        return _extract_by_format(raw, config, item, path or raw.url)
    except (ItemError, MemoryError):
        raise
    except Exception as error:  # one page that no rule foresaw must not stop the others
        detail = f"{type(error).__name__} while it was read: {error}"
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, detail) from error


def _unpacked(raw: RawPage) -> RawPage:
    try:
        return msgspec.structs.replace(raw, data=unpack_bytes(raw.data), packed=False)
    except ArchiveError as error:
        raise ItemError(Outcome.RETRY, Reason.ARCHIVE, str(error)) from error


def _extract_by_format(raw: RawPage, config: ExtractConfig, item: str, path: str | None) -> Extraction:
    def extract_mail_text(text: str, part: RawPage) -> Extraction:
        convert = from_page if part.media_type == "text/html" else from_plain_text
        return convert(text, part, config, item)

    wire_format = wires.detect_format(raw.data, path, raw.media_type)
    if wire_format is wires.Format.MAIL:
        return _with_notice(from_mail(wires.parse_mail(raw.data), extract_mail_text, raw, config), raw, config)
    if wire_format is not None:
        return from_wire_item(wires.parse_wire_item(raw.data), raw, config, item)
    kind = detect_kind(raw.data, raw.media_type, path)
    convert = from_page if kind is InputKind.HTML else from_plain_text
    return _with_notice(convert(decode_page(raw.data, raw.charset), raw, config, item), raw, config)


def _with_notice(extraction: Extraction, raw: RawPage, config: ExtractConfig) -> Extraction:
    """Return an extraction with what it takes back, should it be a notice and no article."""
    article = extraction.article
    is_agency = raw.source is not None and raw.source.agency
    notice = wires.find_notice(article.title, article.text, config.notices, is_agency=is_agency)
    return msgspec.structs.replace(extraction, notice=notice) if notice else extraction


def make_extractor(config: ExtractConfig) -> Callable[[RawPage], Extraction]:
    """Return ``extract_with_lines`` bound to ``config``, in a form that can be sent to worker processes."""
    return functools.partial(extract_with_lines, config=config)

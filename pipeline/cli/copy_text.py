"""Describe a copy in one line of text."""

from __future__ import annotations

from pipeline.editorial.copies import describe_delay
from pipeline.records import Copy, Document, Precision


def describe_document(document: Document) -> list[str]:
    """Return what is known of a document as a copy, or as what was copied."""
    by_agency = document.copy_agency and document.copy_agency != document.source
    agency = [f"{document.copy_agency} copy"] if by_agency else []
    if document.copies:
        return [*agency, f"{document.copies} {'copy' if document.copies == 1 else 'copies'}"]
    if not document.copy_of:
        return agency
    exact = document.published_precision in {Precision.INSTANT, None}
    kind = f"{document.copy_kind} copy" if document.copy_kind else "copy"
    return [
        *agency,
        f"{kind} of {document.copy_of}",
        *_describe_shares(document.own_share, document.copy_behind, exact),
    ]


def describe_copy(copy: Copy, *, exact: bool = True) -> str:
    """Return what a copy's record says; ``exact``: whether both times of publication are known to the minute."""
    if not copy.copy_of:
        return "copies nothing"
    shares = _describe_shares(1 - (copy.taken or 0.0), copy.behind, exact)
    return ", ".join([f"{copy.kind or 'copy'} of {copy.copy_of}", *shares])


def _describe_shares(own_share: float, minutes: int | None, exact: bool) -> list[str]:
    shares = [f"{own_share:.0%} its own"]
    return shares if minutes is None else [*shares, describe_delay(minutes, exact=exact)]

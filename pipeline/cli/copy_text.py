"""How is it said in words whose copy an article is?"""

from __future__ import annotations

from pipeline.records import Copy, Document, Precision

_DAY = 24 * 60


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
    return [*agency, f"{kind} of {document.copy_of}", *_shares(document.own_share, document.copy_behind, exact)]


def describe_copy(copy: Copy, *, exact: bool = True) -> str:
    """Return what a copy's record says; ``exact``: whether both times of publication are known to the minute."""
    said = [f"{copy.kind or 'copy'} of {copy.copy_of}", *_shares(1 - (copy.taken or 0.0), copy.behind, exact)]
    return ", ".join(said) if copy.copy_of else "copies nothing"


def describe_delay(minutes: int, *, exact: bool = True) -> str:
    """Return how much later (or, where negative, earlier) something was; in whole days where it isn't ``exact``."""
    if not exact:
        days = round(abs(minutes) / _DAY)
        return f"about {days} d {'later' if minutes > 0 else 'earlier'}" if days else "at about the same time"
    days, rest = divmod(abs(minutes), _DAY)
    hours, left = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (left, "min")) if n][:2]
    return f"{' '.join(parts)} {'later' if minutes > 0 else 'earlier'}" if parts else "at the same time"


def _shares(own: float, behind: int | None, exact: bool) -> list[str]:
    said = [f"{own:.0%} its own"]
    return said if behind is None else [*said, describe_delay(behind, exact=exact)]

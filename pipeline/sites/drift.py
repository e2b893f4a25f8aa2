"""Raise an alarm when a site's pages suddenly differ: its template changed, or a wall was put up.

The baseline is the site's earlier pages. An alarm begins when most of the latest pages are far from it, and ends when
they are near it again or an editor accepts the new pages.
"""

from __future__ import annotations

import collections
import statistics
from collections.abc import Callable, Sequence

import msgspec

from pipeline.sites.page_fingerprint import Measures, PageFingerprint

_LATEST = 8  # pages that must agree: single odd pages (a gallery, a live blog) are news, no drift
_MIN_EARLIER = 20  # pages, to know what is usual
_MIN_DIFFERENT = 0.75  # of the latest pages for an alarm; as many must be alike again for its end
_LENGTH_RATIO = 4.0  # times shorter or longer than the usual text; sections of one paper differ by 2
_MORE_BOILERPLATE = 0.4  # of the text, more than usual
_MAX_RARE = 0.2  # of the earlier pages may lack an author or a time, or be in another language
_SAMPLES = 3


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One page, shown to the editor who looks at an alarm."""

    id: str
    title: str | None
    length: int
    boilerplate_share: float = msgspec.field(name="foreign")
    author: bool
    time: bool
    language: str | None

    def describe(self) -> str:
        """Return the page in one line of text."""
        lacks = ", ".join(f"no {field}" for field, has in (("author", self.author), ("time", self.time)) if not has)
        cut = f"{self.boilerplate_share:.0%} foreign"
        text = f"{self.title or 'no title'}: {self.length:,} characters, {cut}, {self.language}"
        return f"{text}, {lacks}" if lacks else text


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """What changed on a site: from the page ``since`` on."""

    since: int  # seq of the first page that is different
    what: tuple[str, ...]  # kinds of difference, as ``_DIFFERENCES`` names them
    detail: str
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]


class _Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual for a site's pages."""

    length: float
    boilerplate_share: float
    author: bool
    time: bool
    language: str | None

    @classmethod
    def from_pages(cls, pages: Sequence[PageFingerprint]) -> _Baseline:
        measures = [page.measures for page in pages]
        language, count = collections.Counter(page.language for page in measures).most_common(1)[0]
        return cls(
            length=statistics.median(page.length for page in measures),
            boilerplate_share=statistics.fmean(page.boilerplate_share for page in measures),
            author=sum(not page.author for page in measures) <= _MAX_RARE * len(measures),
            time=sum(not page.time for page in measures) <= _MAX_RARE * len(measures),
            language=language if count >= (1 - _MAX_RARE) * len(measures) else None,
        )


# kind of difference → whether a page differs so from what is usual
_DIFFERENCES: dict[str, Callable[[_Baseline, Measures], bool]] = {
    "shorter": lambda usual, page: page.length * _LENGTH_RATIO < usual.length,
    "longer": lambda usual, page: page.length > usual.length * _LENGTH_RATIO,
    "more foreign text": lambda usual, page: page.boilerplate_share > usual.boilerplate_share + _MORE_BOILERPLATE,
    "no author": lambda usual, page: usual.author and not page.author,
    "no time": lambda usual, page: usual.time and not page.time,
    "another language": lambda usual, page: usual.language is not None and page.language != usual.language,
}


def update_alarm(pages: Sequence[PageFingerprint], accepted: int, alarm: Alarm | None) -> Alarm | None:
    """Return the alarm that holds after the latest page; None where all is as usual.

    Args:
        pages: the site's pages in their order.
        accepted: seq of the first page that counts; an editor accepted the pages from there on.
        alarm: the alarm that held before the latest page.
    """
    counted = [page for page in pages if page.seq >= accepted]
    latest = counted[-_LATEST:]
    earlier = [page for page in counted if page.seq < (alarm.since if alarm else latest[0].seq if latest else 0)]
    if len(earlier) < _MIN_EARLIER:
        return alarm
    usual = _Baseline.from_pages(earlier)
    if len(latest) < _LATEST:
        return alarm
    share = _MIN_DIFFERENT if alarm is None else 1 - _MIN_DIFFERENT
    kinds = tuple(
        kind
        for kind, differs in _DIFFERENCES.items()
        if (alarm is None or kind in alarm.what)
        and sum(differs(usual, page.measures) for page in latest) >= share * _LATEST
    )
    if alarm is not None:
        return alarm if kinds else None
    return _alarm(usual, earlier, latest, kinds) if kinds else None


def is_drifted(pages: Sequence[PageFingerprint], alarm: Alarm, page: PageFingerprint) -> bool:
    """Tell whether ``page`` differs from the site's earlier pages in a way that the alarm is about."""
    earlier = [earlier_page for earlier_page in pages if earlier_page.seq < alarm.since]
    if not earlier:
        return True
    usual = _Baseline.from_pages(earlier)
    return any(_DIFFERENCES[kind](usual, page.measures) for kind in alarm.what if kind in _DIFFERENCES)


def _alarm(
    usual: _Baseline, earlier: Sequence[PageFingerprint], latest: Sequence[PageFingerprint], kinds: tuple[str, ...]
) -> Alarm:
    different = [page for page in latest if any(_DIFFERENCES[kind](usual, page.measures) for kind in kinds)]
    length = statistics.median(page.measures.length for page in different)
    share = statistics.fmean(page.measures.boilerplate_share for page in different)
    detail = (
        f"{', '.join(kinds)}: {len(different)} of the latest {len(latest)} pages; text of {length:,.0f} characters "
        f"(usual {usual.length:,.0f}), {share:.0%} of the text found is foreign (usual {usual.boilerplate_share:.0%})"
    )
    return Alarm(
        since=different[0].seq,
        what=kinds,
        detail=detail,
        before=tuple(_sample(page) for page in earlier[-_SAMPLES:]),
        after=tuple(_sample(page) for page in different[-_SAMPLES:]),
    )


def _sample(page: PageFingerprint) -> Sample:
    measures = {field: getattr(page.measures, field) for field in Measures.__struct_fields__}
    return Sample(id=page.id, title=page.title, **measures)

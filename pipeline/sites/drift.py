"""Do a site's pages suddenly read differently than before? Then its template changed, or a wall was put up.

A site's baseline are its earlier pages; an alarm begins when the latest ones together are far from it, and ends when
they are near it again or a person says that the new ones are right.
"""

from __future__ import annotations

import collections
import statistics
from collections.abc import Callable, Sequence

import msgspec

from pipeline.sites.page_fingerprint import Measures, PageFingerprint

_LATEST = 8  # pages that must agree: single odd pages (a gallery, a live blog) are news, no drift
_EARLIER = 20  # pages at least, to know what is usual
_MOST = 0.75  # of the latest pages that must differ for an alarm; as many must not for its end
_LENGTH = 4.0  # times shorter or longer than the usual text; sections of one paper differ by 2
_FOREIGN = 0.4  # of the text, more than usual
_RARE = 0.2  # of the earlier pages at most lacked an author or a time, or were in another language
_SAMPLES = 3


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One page, shown to the person who looks."""

    id: str
    title: str | None
    length: int
    foreign: float
    author: bool
    time: bool
    language: str | None

    def describe(self) -> str:
        """Return the page in a few words, for a person."""
        lacks = ", ".join(f"no {what}" for what, has in (("author", self.author), ("time", self.time)) if not has)
        said = f"{self.title or 'no title'}: {self.length:,} characters, {self.foreign:.0%} foreign, {self.language}"
        return f"{said}, {lacks}" if lacks else said


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """What changed on a site: from the page ``since`` on."""

    since: int  # seq of the first page that is different
    what: tuple[str, ...]  # kinds of difference, as ``_DIFFERENCES`` names them
    detail: str
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]


class _Usual(msgspec.Struct, frozen=True, kw_only=True):
    length: float
    foreign: float
    author: bool
    time: bool
    language: str | None

    @classmethod
    def from_pages(cls, pages: Sequence[PageFingerprint]) -> _Usual:
        measures = [page.measures for page in pages]
        language, count = collections.Counter(one.language for one in measures).most_common(1)[0]
        return cls(
            length=statistics.median(one.length for one in measures),
            foreign=statistics.fmean(one.foreign for one in measures),
            author=sum(not one.author for one in measures) <= _RARE * len(measures),
            time=sum(not one.time for one in measures) <= _RARE * len(measures),
            language=language if count >= (1 - _RARE) * len(measures) else None,
        )


# kind of difference → whether a page differs so from what is usual
_DIFFERENCES: dict[str, Callable[[_Usual, Measures], bool]] = {
    "shorter": lambda usual, page: page.length * _LENGTH < usual.length,
    "longer": lambda usual, page: page.length > usual.length * _LENGTH,
    "more foreign text": lambda usual, page: page.foreign > usual.foreign + _FOREIGN,
    "no author": lambda usual, page: usual.author and not page.author,
    "no time": lambda usual, page: usual.time and not page.time,
    "another language": lambda usual, page: usual.language is not None and page.language != usual.language,
}


def update_alarm(pages: Sequence[PageFingerprint], accepted: int, alarm: Alarm | None) -> Alarm | None:
    """Return the alarm that holds after the latest of ``pages`` (in their order), None where all is as usual.

    Pages before the one numbered ``accepted`` count no more: a person said that the later ones are right.
    """
    known = [page for page in pages if page.seq >= accepted]
    latest = known[-_LATEST:]
    earlier = [page for page in known if page.seq < (alarm.since if alarm else latest[0].seq if latest else 0)]
    if len(earlier) < _EARLIER:
        return alarm
    usual = _Usual.from_pages(earlier)
    if len(latest) < _LATEST:
        return alarm
    what = tuple(
        name
        for name, differs in _DIFFERENCES.items()
        if (alarm is None or name in alarm.what)
        and sum(differs(usual, page.measures) for page in latest) >= (_MOST if alarm is None else 1 - _MOST) * _LATEST
    )
    if alarm is not None:
        return alarm if what else None
    return _alarm(usual, earlier, latest, what) if what else None


def is_drifted(pages: Sequence[PageFingerprint], alarm: Alarm, page: PageFingerprint) -> bool:
    """Whether ``page`` is different in the way that the alarm is about."""
    earlier = [one for one in pages if one.seq < alarm.since]
    if not earlier:
        return True
    usual = _Usual.from_pages(earlier)
    return any(_DIFFERENCES[name](usual, page.measures) for name in alarm.what if name in _DIFFERENCES)


def _alarm(
    usual: _Usual, earlier: Sequence[PageFingerprint], latest: Sequence[PageFingerprint], what: tuple[str, ...]
) -> Alarm:
    different = [page for page in latest if any(_DIFFERENCES[name](usual, page.measures) for name in what)]
    length = statistics.median(page.measures.length for page in different)
    foreign = statistics.fmean(page.measures.foreign for page in different)
    detail = (
        f"{', '.join(what)}: {len(different)} of the latest {len(latest)} pages; text of {length:,.0f} characters "
        f"(usual {usual.length:,.0f}), {foreign:.0%} of the text found is foreign (usual {usual.foreign:.0%})"
    )
    return Alarm(
        since=different[0].seq,
        what=what,
        detail=detail,
        before=tuple(_sample(page) for page in earlier[-_SAMPLES:]),
        after=tuple(_sample(page) for page in different[-_SAMPLES:]),
    )


def _sample(page: PageFingerprint) -> Sample:
    measures = {name: getattr(page.measures, name) for name in Measures.__struct_fields__}
    return Sample(id=page.id, title=page.title, **measures)

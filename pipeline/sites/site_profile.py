"""Which lines of a page aren't its article, because other articles of the same site have them too?

A line is foreign where several articles about different things have it: a promotion, a notice, a sign-off. What
articles about one thing share (a quotation, a list, the background) is theirs. So the articles that hold a line are
only counted as far as they are about different things. How many are needed depends on where the line stands: few in an
element where the site writes nothing of its own, more, and most pages of their time, where paragraphs stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipeline.sites.line_index import LineIndex, SlotContents
from pipeline.sites.page_fingerprint import PageFingerprint, SiteLine, unpack_terms

MAX_PAGES = 150  # remembered of a site, the latest: at ten articles a day those of two weeks
MAX_LEARNT_LINES = 1000  # learnt of a site; the ones that were longest not seen are forgotten first
FORGET_AFTER_DAYS = 180  # after which a learnt line that was not seen is forgotten: a yearly campaign is learnt anew
MIN_ARTICLES_IN_BOX = 3  # articles about different things, for a line in a place where nothing of the article stands
MIN_ARTICLES_IN_TEXT = 5  # the same, for a line that stands like a paragraph of the article
_SHARE = 0.3  # of the pages since it first stood there, for such a line; set phrases of reporters are far rarer
_SHORT = 20  # letters: such a line among paragraphs ("He refused.") is anybody's
_WRITTEN = 0.2  # of the lines in a place may be of one article alone where nothing is written for articles
_PLACE = 5  # articles about different things, to know a place by itself, whatever is written there
_PLACE_FOREIGN = 0.95  # of the lines there were foreign
_SHARED = 3  # words, and this share of the shorter list, that two pages about one thing have in common
_SHARED_PART = 0.2
_MOST = 0.5  # of a text; where more would be cut, the page is something else (a wall, a template gone wrong)


class LearntLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is known to be foreign on a site."""

    key: int
    text: str
    since: int  # seq of the page by which it was learnt
    last: int  # day on which it was last seen, since 1970
    articles: int  # about different things, that it was learnt from
    anywhere: bool  # also where paragraphs stand


class PageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What memory says of a page: by line the reason to cut it or None, and what was learnt by it."""

    reasons: tuple[str | None, ...]
    learnt: tuple[LearntLine, ...] = ()
    affected_ids: tuple[str, ...] = ()  # ids of earlier articles that hold what was learnt


class SiteProfile:
    """The memory of one site: its latest pages and the lines learnt. Pure; the store reads and writes it."""

    def __init__(self, pages: Iterable[PageFingerprint] = (), learnt: Iterable[LearntLine] = ()) -> None:
        self.pages = {page.seq: page for page in pages}
        self.learnt = {line.key: line for line in learnt}
        self._table: LineIndex | None = None
        self._places: dict[tuple[int, int | None], SlotContents] = {}

    def stands_elsewhere(self, key: int, seq: int) -> bool:
        """Whether the line stands on a remembered page other than ``seq``."""
        return any(holder != seq for holder in self._lines.pages_with(key))

    def add_page(self, sheet: PageFingerprint) -> None:
        """Remember a page, instead of what was remembered of it; the oldest one is forgotten where there are many."""
        if sheet.seq not in self.pages and len(self.pages) >= MAX_PAGES and sheet.seq < min(self.pages):
            return
        self.pages[sheet.seq] = sheet
        if len(self.pages) > MAX_PAGES:
            del self.pages[min(self.pages)]
        self._table = None
        self._places.clear()

    def pages_in_order(self) -> list[PageFingerprint]:
        """Return the remembered pages, oldest first."""
        return [self.pages[seq] for seq in sorted(self.pages)]

    def judge_lines(self, seq: int, lines: Sequence[SiteLine], day: int) -> PageVerdict:
        """Say which ``lines`` of the page ``seq``, which was added, are foreign; learn what is new in that."""
        learnt: list[LearntLine] = []
        reasons: list[str | None] = []
        for line in lines:
            known = self.learnt.get(line.key)
            if line.rule is None and (found := self._recurring(line, seq, day)) and found != known:
                self.learnt[line.key] = found
                if known is None or (found.anywhere and not known.anywhere):
                    learnt.append(found)
            reasons.append(None if line.rule else self._reason(line, seq))
        _spare_headings(lines, reasons)
        size = sum(len(line.text) for line in lines if line.rule is None)
        gone = sum(len(line.text) for line, reason in zip(lines, reasons, strict=True) if reason)
        if gone > _MOST * size:
            reasons = [None] * len(lines)
        again = {self.pages[other].id for line in learnt for other in self._lines.pages_with(line.key) if other != seq}
        return PageVerdict(reasons=tuple(reasons), learnt=tuple(learnt), affected_ids=tuple(sorted(again)))

    # evidence --------------------------------------------------------------------------------------------------------

    def _reason(self, line: SiteLine, seq: int) -> str | None:
        known = self.learnt.get(line.key)
        if known and (known.anywhere or self._is_box(line)):
            return f"site memory: {known.articles} articles about different things have it"
        if line.has_class and not line.usual and not line.heading and self._is_foreign(line.slot, seq):
            return "site memory: nothing of an article stands in this place of the page"
        return None

    def _recurring(self, line: SiteLine, seq: int, day: int) -> LearntLine | None:
        """Return what is to be remembered of a line that recurs; None where it doesn't, or is an article's own."""
        known = self.learnt.get(line.key)
        holders = self._lines.pages_with(line.key)
        if known is None and len(holders) < MIN_ARTICLES_IN_BOX:
            return None
        boxed = self._is_box(line)
        if known and (known.anywhere or boxed):
            return msgspec.structs.replace(known, last=max(day, known.last))
        if boxed and (count := self._different(holders, MIN_ARTICLES_IN_BOX)) >= MIN_ARTICLES_IN_BOX:
            return LearntLine(key=line.key, text=line.text[:200], since=seq, last=day, articles=count, anywhere=False)
        if line.heading or sum(map(str.isalpha, line.text)) < _SHORT or len(holders) < MIN_ARTICLES_IN_TEXT:
            return known
        since = sum(other >= holders[0] for other in self.pages)
        if (
            len(holders) < _SHARE * since
            or (count := self._different(holders, MIN_ARTICLES_IN_TEXT)) < MIN_ARTICLES_IN_TEXT
        ):
            return known
        return LearntLine(key=line.key, text=line.text[:200], since=seq, last=day, articles=count, anywhere=True)

    def _is_box(self, line: SiteLine) -> bool:
        """Whether the line stands where the site writes nothing that only one article has."""
        if line.usual or not line.has_class:
            return False
        there = self._place(line.slot, None)
        return len(there.pages) >= MIN_ARTICLES_IN_BOX and there.unique <= _WRITTEN * there.lines

    def _is_foreign(self, place: int, but: int) -> bool:
        """Whether what stood in a place was always foreign, on pages about different things other than ``but``."""
        there = self._place(place, but)
        if there.usual or not there.lines or there.foreign < _PLACE_FOREIGN * there.lines:
            return False
        return self._different(there.pages, _PLACE) >= _PLACE

    def _place(self, place: int, but: int | None) -> SlotContents:
        if (place, but) not in self._places:
            self._places[place, but] = self._lines.slot_contents(place, self.learnt, but)
        return self._places[place, but]

    @property
    def _lines(self) -> LineIndex:
        if self._table is None:
            self._table = LineIndex(self.pages_in_order())
        return self._table

    def _different(self, seqs: Iterable[int], enough: int) -> int:
        """Return how many of the pages are about different things; stops counting at ``enough``.

        Pages that say too little of what they are about don't count.
        """
        chosen: list[frozenset[int]] = []
        for seq in seqs:
            about = unpack_terms(self.pages[seq])
            if len(about) >= _SHARED and not any(_alike(about, other) for other in chosen):
                chosen.append(about)
                if len(chosen) >= enough:
                    break
        return len(chosen)


def expired_lines(learnt: Iterable[LearntLine], day: int) -> list[int]:
    """Return the keys of learnt lines that are to be forgotten: not seen for long, or too many."""
    latest = sorted(learnt, key=lambda line: (-line.last, line.key))
    return [
        line.key
        for place, line in enumerate(latest)
        if place >= MAX_LEARNT_LINES or line.last < day - FORGET_AFTER_DAYS
    ]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether two pages are about one thing."""
    return len(one & other) >= max(_SHARED, _SHARED_PART * min(len(one), len(other)))


def _spare_headings(lines: Sequence[SiteLine], reasons: list[str | None]) -> None:
    """Keep a heading under which a paragraph stands that is kept: some sites have the same ones in all articles."""
    for number, line in enumerate(lines[:-1]):
        after = lines[number + 1]
        if line.heading and after.usual and not after.heading and after.rule is None and reasons[number + 1] is None:
            reasons[number] = None

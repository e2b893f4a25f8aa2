"""Learn a site's boilerplate: the lines that its articles about different things share.

Such a line is a promotion, a notice, a sign-off. What articles about one thing share (a quotation, a list, the
background) is theirs, so the articles that hold a line count only as far as they are about different things. How many
are needed depends on the line's slot, the place where it stands in the template: few in a slot where the site writes
nothing for single articles; more, and most pages of their time, in a slot where paragraphs stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipeline.sites.line_index import LineIndex, SlotContents
from pipeline.sites.page_fingerprint import PageFingerprint, SiteLine, unpack_terms

MAX_PAGES = 150  # kept of a site, the latest: at ten articles a day those of two weeks
MAX_LEARNT_LINES = 1000  # kept of a site; those that were longest not seen are forgotten first
FORGET_AFTER_DAYS = 180  # without the line: what comes once a year is learnt anew
MIN_ARTICLES_IN_BOX = 3  # articles about different things, for a line in a slot where nothing of the article stands
MIN_ARTICLES_IN_TEXT = 5  # the same, for a line that stands like a paragraph of the article
_MIN_PAGE_SHARE = 0.3  # of the pages since it first stood there, for such a line; reporters' set phrases are far rarer
_MIN_LETTERS = 20  # a shorter line among paragraphs ("He refused.") is anybody's
_MAX_UNIQUE_IN_BOX = 0.2  # of the lines in a slot may be one article's alone where nothing is written for articles
_MIN_ARTICLES_OF_SLOT = 5  # articles about different things, to cut by the slot alone, whatever is written there
_MIN_BOILERPLATE_IN_SLOT = 0.95  # of the lines of such a slot were boilerplate
_MIN_SHARED_TERMS = 3  # words, and this share of the shorter list, that two pages about one thing have in common
_MIN_SHARED_PART = 0.2
_MAX_CUT = 0.5  # of a text; where more would be cut, the page is something else (a wall, a template gone wrong)


class LearntLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was learnt as boilerplate of a site."""

    key: int
    text: str
    since: int  # seq of the page by which it was learnt
    last: int  # day on which it last stood on a page, counted from 1970
    articles: int  # about different things, that it was learnt from
    anywhere: bool  # boilerplate also where paragraphs stand


class PageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines of a page are boilerplate (a reason by line, or None), and what was learnt from the page."""

    reasons: tuple[str | None, ...]
    learnt: tuple[LearntLine, ...] = ()
    affected_ids: tuple[str, ...] = ()  # ids of earlier articles that hold what was learnt


class SiteProfile:
    """The latest pages of one site and the boilerplate learnt from them. Pure; the store reads and writes it."""

    def __init__(self, pages: Iterable[PageFingerprint] = (), learnt: Iterable[LearntLine] = ()) -> None:
        self.pages = {page.seq: page for page in pages}
        self.learnt = {line.key: line for line in learnt}
        self._line_index: LineIndex | None = None
        self._slots: dict[tuple[int, int | None], SlotContents] = {}

    def stands_elsewhere(self, key: int, seq: int) -> bool:
        """Tell whether the line stands on a page of the profile other than ``seq``."""
        return any(holder != seq for holder in self._lines.pages_with(key))

    def find_twins(self, seq: int, lines: Sequence[SiteLine]) -> tuple[str, ...]:
        """Return the ids of the other pages on which all of a page's lines stand that no rule has cut."""
        holders = [set(self._lines.pages_with(line.key)) for line in lines if line.rule is None]
        twins = set.intersection(*holders) - {seq} if holders else set[int]()
        return tuple(self.pages[twin].id for twin in sorted(twins))

    def add_page(self, page: PageFingerprint) -> None:
        """Add a page, or replace it; where there are more than 150, the oldest one is forgotten."""
        if page.seq not in self.pages and len(self.pages) >= MAX_PAGES and page.seq < min(self.pages):
            return
        self.pages[page.seq] = page
        if len(self.pages) > MAX_PAGES:
            del self.pages[min(self.pages)]
        self._line_index = None
        self._slots.clear()

    def pages_in_order(self) -> list[PageFingerprint]:
        """Return the pages of the profile, oldest first."""
        return [self.pages[seq] for seq in sorted(self.pages)]

    def judge_lines(self, seq: int, lines: Sequence[SiteLine], day: int) -> PageVerdict:
        """Decide which lines of a page are boilerplate, and learn what is new in that.

        Args:
            seq: the page's number, which was added before.
            lines: all lines of the page.
            day: today, in days since 1970.
        """
        learnt: list[LearntLine] = []
        reasons: list[str | None] = []
        for line in lines:
            stored = self.learnt.get(line.key)
            if line.rule is None and (current := self._learn(line, seq, day)) and current != stored:
                self.learnt[line.key] = current
                if stored is None or (current.anywhere and not stored.anywhere):
                    learnt.append(current)
            reasons.append(None if line.rule else self._reason(line, seq))
        _spare_headings(lines, reasons)
        size = sum(len(line.text) for line in lines if line.rule is None)
        cut_size = sum(len(line.text) for line, reason in zip(lines, reasons, strict=True) if reason)
        if cut_size > _MAX_CUT * size:
            reasons = [None] * len(lines)
        holders = {holder for line in learnt for holder in self._lines.pages_with(line.key) if holder != seq}
        affected = {self.pages[holder].id for holder in holders}
        return PageVerdict(reasons=tuple(reasons), learnt=tuple(learnt), affected_ids=tuple(sorted(affected)))

    # evidence --------------------------------------------------------------------------------------------------------

    def _reason(self, line: SiteLine, seq: int) -> str | None:
        learnt = self.learnt.get(line.key)
        if learnt and (learnt.anywhere or self._is_in_box(line)):
            return f"site memory: {learnt.articles} articles about different things have it"
        if line.has_class and not line.usual and not line.heading and self._is_boilerplate_slot(line.slot, seq):
            return "site memory: nothing of an article stands in this place of the page"
        return None

    def _learn(self, line: SiteLine, seq: int, day: int) -> LearntLine | None:
        """Return what the profile should hold of a line; None where it doesn't recur, or is an article's own."""
        stored = self.learnt.get(line.key)
        holders = self._lines.pages_with(line.key)
        if stored is None and len(holders) < MIN_ARTICLES_IN_BOX:
            return None
        in_box = self._is_in_box(line)
        if stored and (stored.anywhere or in_box):
            return msgspec.structs.replace(stored, last=max(day, stored.last))
        if in_box and (count := self._count_different(holders, MIN_ARTICLES_IN_BOX)) >= MIN_ARTICLES_IN_BOX:
            return LearntLine(key=line.key, text=line.text[:200], since=seq, last=day, articles=count, anywhere=False)
        if line.heading or sum(map(str.isalpha, line.text)) < _MIN_LETTERS or len(holders) < MIN_ARTICLES_IN_TEXT:
            return stored
        pages_since = sum(page_seq >= holders[0] for page_seq in self.pages)
        is_rare = len(holders) < _MIN_PAGE_SHARE * pages_since
        if is_rare or (count := self._count_different(holders, MIN_ARTICLES_IN_TEXT)) < MIN_ARTICLES_IN_TEXT:
            return stored
        return LearntLine(key=line.key, text=line.text[:200], since=seq, last=day, articles=count, anywhere=True)

    def _is_in_box(self, line: SiteLine) -> bool:
        """Tell whether the line stands where the site writes nothing that only one article has."""
        if line.usual or not line.has_class:
            return False
        slot = self._slot_contents(line.slot, None)
        return len(slot.pages) >= MIN_ARTICLES_IN_BOX and slot.unique <= _MAX_UNIQUE_IN_BOX * slot.lines

    def _is_boilerplate_slot(self, slot_hash: int, excluded_seq: int) -> bool:
        """Tell whether a slot always held boilerplate, on pages about different things other than ``excluded_seq``."""
        slot = self._slot_contents(slot_hash, excluded_seq)
        if slot.usual or not slot.lines or slot.boilerplate < _MIN_BOILERPLATE_IN_SLOT * slot.lines:
            return False
        return self._count_different(slot.pages, _MIN_ARTICLES_OF_SLOT) >= _MIN_ARTICLES_OF_SLOT

    def _slot_contents(self, slot_hash: int, excluded_seq: int | None) -> SlotContents:
        key = slot_hash, excluded_seq
        if key not in self._slots:
            self._slots[key] = self._lines.slot_contents(slot_hash, self.learnt, excluded_seq)
        return self._slots[key]

    @property
    def _lines(self) -> LineIndex:
        if self._line_index is None:
            self._line_index = LineIndex(self.pages_in_order())
        return self._line_index

    def _count_different(self, seqs: Iterable[int], enough: int) -> int:
        """Return how many of the pages are about different things; stops counting at ``enough``.

        Pages that say too little of what they are about don't count.
        """
        topics: list[frozenset[int]] = []
        for seq in seqs:
            topic = unpack_terms(self.pages[seq])
            if len(topic) >= _MIN_SHARED_TERMS and not any(_is_same_topic(topic, earlier) for earlier in topics):
                topics.append(topic)
                if len(topics) >= enough:
                    break
        return len(topics)


def expired_lines(learnt: Iterable[LearntLine], day: int) -> list[int]:
    """Return the keys of learnt lines that are to be forgotten: too long not seen, or too many."""
    latest = sorted(learnt, key=lambda line: (-line.last, line.key))
    return [
        line.key for rank, line in enumerate(latest) if rank >= MAX_LEARNT_LINES or line.last < day - FORGET_AFTER_DAYS
    ]


def _is_same_topic(left: frozenset[int], right: frozenset[int]) -> bool:
    return len(left & right) >= max(_MIN_SHARED_TERMS, _MIN_SHARED_PART * min(len(left), len(right)))


def _spare_headings(lines: Sequence[SiteLine], reasons: list[str | None]) -> None:
    """Keep a heading under which a paragraph stands that is kept: some sites have the same ones in all articles."""
    for number, line in enumerate(lines[:-1]):
        below = lines[number + 1]
        if line.heading and below.usual and not below.heading and below.rule is None and reasons[number + 1] is None:
            reasons[number] = None

"""Put other names into a training text, so that types are learnt from context, not by heart.

A name is replaced by the same one throughout its text, and spans move along.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline import gazetteer
from pipeline.enrich.knowledge.lexicon import read_lexicon
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

PERSON, ORG, PLACE, GROUP, EVENT = EntityType
Edit = tuple[int, int, str]

_WORD = re.compile(r"[^\W\d_]{2,}")
_ACRONYM = re.compile(r"[A-Z]{2,6}")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Dr)(\.)")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9][.?!])\s+(?=[A-Z])")
_CURLED = str.maketrans("'", "’")


class LabelledText(NamedTuple):
    """A text, its names, and the spans (start, end) of which the corpus says nothing."""

    text: str
    names: tuple[Span, ...]
    unknown: tuple[tuple[int, int], ...] = ()


def apply_edits(labelled: LabelledText, edits: Sequence[Edit]) -> LabelledText:
    """Return the text with the edits made and its names moved; the edits are in order, none across a name's edge."""
    pieces, position, shifts = [], 0, []
    shift = 0
    for start, end, new in edits:
        pieces += [labelled.text[position:start], new]
        position = end
        shift += len(new) - (end - start)
        shifts.append((end, shift))
    pieces.append(labelled.text[position:])

    def moved(offset: int) -> int:
        return offset + next((by for end, by in reversed(shifts) if end <= offset), 0)

    names = tuple(Span(moved(s.start), moved(s.end), s.type) for s in labelled.names)
    return LabelledText("".join(pieces), names, tuple((moved(a), moved(b)) for a, b in labelled.unknown))


class Swapper:
    """Puts unseen names of persons, organisations, places and groups into texts, each the same throughout a text."""

    def __init__(self, texts: Sequence[LabelledText]) -> None:
        lexicon = read_lexicon()
        self.kept_words = lexicon.common | lexicon.org_tails | lexicon.org_heads | lexicon.stop | lexicon.place_tails
        self.kept_words |= lexicon.place_heads | lexicon.titles | lexicon.event_tails
        self.given = [name.title() for name in sorted(lexicon.given_names)]
        surfaces: dict[EntityType, set[str]] = defaultdict(set)
        surnames: set[str] = set()
        for labelled in texts:
            for span in labelled.names:
                surface = labelled.text[span.start : span.end]
                surfaces[span.type].add(surface)
                words = _WORD.findall(surface)
                if span.type is PERSON and len(words) > 1 and words[-1].istitle():
                    surnames.add(words[-1])
        self.surnames = sorted(surnames)
        self.single = sorted(s for s in surfaces[ORG] if " " not in s and not _ACRONYM.fullmatch(s))
        self.multiword = sorted(s for s in surfaces[ORG] if " " in s)
        self.groups = sorted(s for s in surfaces[GROUP] if s[0].isupper())
        table = [line.split("\t") for line in gazetteer.read_rows()]
        self.countries = [cells[2] for cells in table if cells[0] == "C"]
        self.cities = [cells[3] for cells in table if cells[0] == "P"]  # the largest first
        self.regions = [cells[3] for cells in table if cells[0] == "S"]
        self.plain = [name for name in self.cities if _WORD.fullmatch(name)]
        self._nations = set(self.countries)

    def swap(self, labelled: LabelledText, rng: random.Random) -> LabelledText:
        """Return the text with most of its names replaced, so that only their context says what they are."""
        shares = {PERSON: rng.choice((0.0, 1.0, 1.0)), PLACE: 0.6, ORG: 0.6, GROUP: 0.25, EVENT: 0.0}
        makers: dict[EntityType, Callable[[str, dict[str, str], random.Random], str]] = {
            PERSON: self._person,
            PLACE: self._toponym,
            ORG: self._organisation,
            GROUP: self._group,
        }
        new: dict[tuple[str, EntityType], str] = {}
        words: dict[str, str] = {}
        edits: list[Edit] = []
        for span in sorted(labelled.names):
            surface = labelled.text[span.start : span.end]
            pair = surface, span.type
            if pair not in new:
                new[pair] = makers[span.type](surface, words, rng) if rng.random() < shares[span.type] else surface
            if new[pair] != surface and (not edits or edits[-1][1] <= span.start):
                edits.append((span.start, span.end, new[pair]))
        return apply_edits(labelled, edits)

    def _splice(self, pool: Sequence[str], rng: random.Random) -> str:
        beginning, ending = rng.choice(pool), rng.choice(pool)
        return (beginning[: max(2, (len(beginning) + 1) // 2)] + ending[len(ending) // 2 :].lower()).capitalize()

    def _person(self, surface: str, words: dict[str, str], rng: random.Random) -> str:
        word_matches = list(_WORD.finditer(surface))

        def replace(match: re.Match[str]) -> str:
            word = match.group()
            if not word[0].isupper() or (len(word) == len("al") and word.isupper()):
                return word
            if word not in words:
                last = match.start() == word_matches[-1].start()
                pool = self.surnames if last else self.given
                fresh = rng.choice(pool) if rng.random() < (0.4 if last else 0.6) else self._splice(pool, rng)
                words[word] = fresh.upper() if word.isupper() else fresh
            return words[word]

        return _WORD.sub(replace, surface)

    def _town(self, rng: random.Random) -> str:
        drawn = rng.random()
        if drawn < 0.25:
            return self._splice(self.plain, rng)
        if drawn < 0.45:
            return rng.choice(self.regions)
        return self.cities[int(len(self.cities) * rng.random() ** 2)]

    def _toponym(self, surface: str, words: dict[str, str], rng: random.Random) -> str:
        if surface in self._nations:
            return rng.choice(self.countries) if rng.random() < 0.5 else surface
        if not _WORD.search(surface) or (surface.isupper() and len(surface) < 4):
            return surface
        parts = surface.split()
        if len(parts) > 1 and any(p.lower() in self.kept_words for p in parts):
            return self._distinct(surface, self.plain, rng)
        return self._town(rng)

    def _distinct(self, surface: str, pool: Sequence[str], rng: random.Random) -> str:
        """Return the name with its words replaced, but for those that say what kind of thing it is."""

        def replace(match: re.Match[str]) -> str:
            word = match.group()
            if not word[0].isupper() or word.lower() in self.kept_words or len(word) < 3:
                return word
            fresh = rng.choice(pool) if rng.random() < 0.5 else self._splice(pool, rng)
            return fresh.upper() if word.isupper() else fresh

        return _WORD.sub(replace, surface)

    def _organisation(self, surface: str, words: dict[str, str], rng: random.Random) -> str:
        if _ACRONYM.fullmatch(surface):
            return "".join(rng.choice("ABCDEFGHIJKLMNOPRSTUW") for _ in surface)
        is_multiword = " " in surface
        if rng.random() < 0.5:
            return rng.choice(self.multiword if is_multiword else self.single)
        pool = self.surnames if rng.random() < 0.5 else self.plain
        return self._distinct(surface, pool, rng) if is_multiword else self._splice(pool, rng)

    def _group(self, surface: str, words: dict[str, str], rng: random.Random) -> str:
        if not surface[0].isupper():
            return surface
        replacement = rng.choice(self.groups)
        return replacement if replacement.endswith("s") == surface.endswith("s") else surface


def vary(labelled: LabelledText, rng: random.Random) -> LabelledText:
    """Return the text as another paper prints it: in paragraphs, "Mr" without a stop, curled quotes, a headline."""
    edits: list[Edit] = []
    if rng.random() < 0.3:
        edits += [(m.start(1), m.end(1), "") for m in _TITLE.finditer(labelled.text)]
    if rng.random() < 0.5:
        edits += [(*m.span(), "\n\n") for m in _SENTENCE_END.finditer(labelled.text) if rng.random() < 0.5]
    inside = {at for s in labelled.names for at in range(s.start, s.end)}
    labelled = apply_edits(labelled, sorted(e for e in edits if inside.isdisjoint(range(e[0], e[1]))))
    if rng.random() < 0.3:
        labelled = labelled._replace(text=labelled.text.translate(_CURLED))
    drawn = rng.random()
    if drawn < 0.12:
        labelled = _headed(labelled, rng)
    elif drawn < 0.16 and len(labelled.text.upper()) == len(labelled.text):
        labelled = labelled._replace(text=labelled.text.upper())
    elif drawn < 0.18 and len(labelled.text.lower()) == len(labelled.text):
        labelled = labelled._replace(text=labelled.text.lower())
    return labelled


def _headed(labelled: LabelledText, rng: random.Random) -> LabelledText:
    """Put some words of the text before it as a headline, half of the time with capitals throughout."""
    starts = [0, *(m.end() for m in _SENTENCE_END.finditer(labelled.text))]
    start = rng.choice(starts)
    ends = [m.start() for m in re.finditer(r"[ .,]", labelled.text[start : start + 90]) if m.start() > 25]
    ends = [start + e for e in ends if not any(s.start < start + e < s.end for s in labelled.names)]
    if not ends or any(s.start < start < s.end for s in labelled.names):
        return labelled
    end = ends[-1]
    line = labelled.text[start:end]
    if rng.random() < 0.5:
        line = re.sub(r"(?<![\w'’])[a-z](?=\w{3})", lambda m: m.group().upper(), line)
    shift = len(line) + 2
    names = [Span(s.start - start, s.end - start, s.type) for s in labelled.names if start <= s.start and s.end <= end]
    names += [Span(s.start + shift, s.end + shift, s.type) for s in labelled.names]
    unknown = [(a - start, b - start) for a, b in labelled.unknown if start <= a and b <= end]
    unknown += [(a + shift, b + shift) for a, b in labelled.unknown]
    return LabelledText(f"{line}\n\n{labelled.text}", tuple(names), tuple(unknown))

"""What are the names that a run of words leaves open? Decided once for the whole article.

A name of several words without any sign of its type is left out: a wrong person is worse than none.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence

from pipeline.enrich.english_rules.context_evidence import Votes, context_votes, is_of_thing, is_place, is_quoted
from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnownEntity
from pipeline.enrich.knowledge.tokens import Separator, Token
from pipeline.records import EntityType

PERSON, ORG, PLACE, _, _ = EntityType
# Votes of a name whose run tells its type, and of a verb of saying (evidence.py).
_DECIDED, _SAYS = 2, 1
# People rarely have longer names in print.
LONGEST_PERSON = 5
_LONGEST_ACRONYM = 6
# "BBC World Service": a name of common words with an acronym at one end.
_LONGEST_WITH_ACRONYM = 3
# Words inside the names of people that places have too: Haider al-Abadi, Hammam al-Alil.
ARABIC = frozenset({"al", "el", "bin", "ibn", "abu", "abdul"})
_ERAS = frozenset({"bc", "bce", "ad", "ce"})
# A city's bare name without other evidence counts from this size: smaller ones are mostly surnames and words.
LARGE_CITY = 150_000


class TypeVote:
    """Decides once for the article what each undecided name is."""

    def __init__(self, sheet: TokenSheet, parts: list[NameCandidate]) -> None:
        self.sheet = sheet
        self.words = sheet.words
        self.parts = [p for p in parts if p.type not in {None, PERSON} or not is_quoted(sheet, p)]
        self.votes: dict[str, Votes] = collections.defaultdict(collections.Counter)
        self.heard: dict[str, Votes] = collections.defaultdict(collections.Counter)  # the same, without those decided
        self.alone: set[str] = set()  # single words that may be surnames
        self.inside: set[str] = set()  # seen with a capital that is not the sentence's
        self.things: set[str] = set()  # seen behind "the": ships, rivers, newspapers; storms too
        self.plain = sheet.known.ordinary_words
        self.small = {t.key for t in sheet.tokens if not t.capital}
        self.surnames: set[str] = set()
        self.given: set[str] = set()
        self.bodies: set[str] = set()  # words of organisations' names that tell what sort they are
        self.firms: set[str] = set()  # first words of organisations' names

    def key(self, part: NameCandidate) -> str:
        """Return the folded words of a name."""
        return " ".join(t.key for t in self.sheet.tokens[part.first : part.stop])

    def decide(self) -> list[NameCandidate]:
        """Return the parts with their types; those that are no names are left out."""
        self._hear()
        choice: dict[str, EntityType | None] = {}
        # longer names first: they tell what their words alone are
        for part in sorted(self.parts, key=lambda p: p.first - p.stop):
            key = self.key(part)
            if part.type is None and key not in choice:
                choice[key] = kind = self._choose(part, key)
                if kind and part.stop - part.first > 1:
                    self._learn(part, kind)
        made = []
        for part in self.parts:
            key = self.key(part)
            kind = self._namesake(part, key) or part.type or choice[key]
            if kind and (part.type or key in self.inside or self._stands(key)):
                made.append(part._replace(type=kind))
        return made

    def _namesake(self, part: NameCandidate, key: str) -> EntityType | None:
        """Return what a place's bare name is here if somebody in the article has it as a surname; None for others."""
        if key not in self.surnames or all(
            r.type is not PLACE for r in self.sheet.known_entities(part.first, part.stop)
        ):
            return None
        here, all_in_all = context_votes(self.sheet, part), self.heard[key]
        if here[PLACE] != here[PERSON]:
            return PLACE if here[PLACE] > here[PERSON] else PERSON
        return PLACE if all_in_all[PLACE] > all_in_all[PERSON] else PERSON

    def _hear(self) -> None:
        """Collect what the words around each name and the types of the decided ones say."""
        located = last_told = False
        for at, part in enumerate(self.parts):
            key = self.key(part)
            if not self.sheet.starts_sentence(part.first) or part.stop - part.first > 1:
                self.inside.add(key)
            if is_of_thing(self.sheet, part.first):
                self.things.add(key)
            found = context_votes(self.sheet, part)
            if located and self._goes_on(at) and (last_told or is_place(self.sheet, part)):
                found[PLACE] += 1
            last_told = bool(found[PLACE])
            located = last_told or self._sure_place(part)
            self.votes[key] += found
            self.heard[key] += found
            if part.stop - part.first == 1 and not (key in self.words.common or key in self.small):
                self.alone.add(key)
            if part.type:
                self.votes[key][part.type] += _DECIDED
                self._learn(part, part.type)

    def _sure_place(self, part: NameCandidate) -> bool:
        """Tell whether a name stands for a place without other evidence: by its run, or as a large city."""
        rows = self.sheet.known_entities(part.first, part.stop)
        large = max((r.population for r in rows if r.type is PLACE), default=0) >= LARGE_CITY
        return part.type is PLACE or (part.type is None and large)

    def _goes_on(self, at: int) -> bool:
        """Tell whether only a comma or "and" stands between this name and the one before: "in Aden and Taiz"."""
        last, part = self.parts[at - 1], self.parts[at]
        between = [t.key for t in self.sheet.tokens[last.stop : part.first]]
        return self.sheet.tokens[part.first].separator in {Separator.SPACE, Separator.COMMA} and between in (
            [],
            ["and"],
            ["or"],
        )

    def _learn(self, part: NameCandidate, kind: EntityType) -> None:
        keys = [t.key for t in self.sheet.tokens[part.first : part.stop] if t.key not in self.words.particles]
        if kind is PERSON and keys:
            self.surnames.add(keys[-1])
            self.given.update(keys[:-1])
        if kind is ORG and len(keys) > 1:
            self.bodies.update(keys)
            self.firms.add(keys[0])

    def _stands(self, key: str) -> bool:
        """Tell whether a name that only begins sentences is one; a plural with a verb of saying is none yet."""
        if key in self.surnames:
            return True
        if key in self.small:
            return False
        return key not in self.words.common and (not key.endswith("s") or not self._only_says(key))

    def _only_says(self, key: str) -> bool:
        return sum(self.votes[key].values()) == self.votes[key][PERSON] == _SAYS

    def _choose(self, part: NameCandidate, key: str) -> EntityType | None:
        """Return the type of a name that its run left open; None where it is none."""
        tokens = self.sheet.tokens[part.first : part.stop]
        rows = self.sheet.known_entities(part.first, part.stop)
        votes = self.votes[key]
        if len(tokens) == 1:
            return self._fixed(key, rows) if self._is_fixed(key) else self._choose_word(tokens[0], key, rows)
        if rows and not (rows[0].type is PLACE and votes[PERSON] > votes[PLACE]):
            return rows[0].type
        if len(tokens) > LONGEST_PERSON or key in self.things:
            votes = collections.Counter({k: n for k, n in votes.items() if k is not PERSON})
        acronym = any(_is_acronym(t) for t in (tokens[0], tokens[-1])) and not all(t.text.isupper() for t in tokens)
        if any(t.key in self.plain for t in tokens):
            if votes[PERSON] >= _DECIDED and tokens[0].key not in self.plain:
                return PERSON
            return ORG if acronym and len(tokens) <= _LONGEST_WITH_ACRONYM else None
        if not votes and not acronym:
            return PERSON if key not in self.things and self._as_people(tokens) else None
        return votes.most_common(1)[0][0] if votes else ORG

    def _as_people(self, tokens: Sequence[Token]) -> bool:
        """Tell whether a name is formed as people's names are, or its last word is used alone, as surnames are."""
        last = tokens[-1].key
        bare = self.votes[last]
        alone = (last in self.inside or last in self.alone) and last not in self.things
        arabic = not ARABIC.isdisjoint(t.key for t in tokens[1:])
        if tokens[0].key in {"al", "el"}:
            return last in self.surnames
        return arabic or bare[PERSON] > bare[PLACE] or (alone and not bare[PLACE])

    def _is_fixed(self, key: str) -> bool:
        """Tell whether the rest of the article, or the word itself, decides what a single word is."""
        return key in self.surnames or self.words.is_kind_noun(key) or key in self.words.single_organisations

    def _fixed(self, key: str, rows: tuple[KnownEntity, ...]) -> EntityType | None:
        votes = self.votes[key]
        place = bool(rows) and rows[0].type is PLACE and votes[PLACE] > votes[PERSON]
        if key in self.surnames:
            return PLACE if place else PERSON
        return ORG if key in self.bodies or key in self.words.single_organisations else None

    def _choose_word(self, token: Token, key: str, rows: tuple[KnownEntity, ...]) -> EntityType | None:
        """Return the type of a single word: by what is known, then by the votes, then by its size as a place."""
        common = key in self.words.common
        if (common and not rows) or key in self.words.not_names or len(token.text) == 1:
            return None
        if rows and rows[0].type is not PLACE:
            return rows[0].type
        if not rows and (_is_acronym(token) or any(c.isdigit() for c in token.text)):
            return ORG if _is_acronym(token) and not token.text.endswith("s") and key not in _ERAS else None
        return self._by_votes(key, rows, common=common)

    def _by_votes(self, key: str, rows: tuple[KnownEntity, ...], *, common: bool) -> EntityType | None:
        votes = self.votes[key]
        place = bool(rows) and votes[PLACE] > votes[PERSON]
        if (key in self.given or votes[PERSON] > votes[PLACE]) and not place and key not in self.things:
            return ORG if key in self.firms and not rows else PERSON
        large = max((r.population for r in rows), default=0) >= LARGE_CITY or self._listed(rows)
        if not common and (votes[PLACE] or large):
            return PLACE
        if votes[ORG] and not common:
            return ORG
        return PERSON if key in self.words.given_names and key not in self.things else None

    @staticmethod
    def _listed(rows: tuple[KnownEntity, ...]) -> bool:
        return any(r.kind is EntityKind.COUNTRY or r.listed for r in rows)


def _is_acronym(token: Token) -> bool:
    letters = token.text.replace(".", "")
    upper = sum(c.isupper() for c in letters)
    return len(letters) <= _LONGEST_ACRONYM and upper > 1 and upper * 2 > len(letters)

"""What are the names that a run of words leaves open? Decided once for the whole article."""

from __future__ import annotations

import collections

from pipeline.enrich.known import Kind, Row
from pipeline.enrich.runs import Part, Sheet
from pipeline.enrich.tokens import Token
from pipeline.records import EntityType

PERSON, ORG, PLACE, _, _ = EntityType
# People rarely have longer names in print.
LONGEST_PERSON = 5
_LONGEST_ACRONYM = 6
# "BBC World Service": a name of common words with an acronym at one end.
_LONGEST_WITH_ACRONYM = 3
# A city's bare name without other evidence counts from this size: smaller ones are mostly surnames and words.
LARGE_CITY = 150_000


class Vote:
    """Decides once for the article what each undecided name is."""

    def __init__(self, sheet: Sheet, parts: list[Part]) -> None:
        self.sheet = sheet
        self.words = sheet.words
        self.parts = parts
        self.votes: dict[str, collections.Counter[EntityType]] = collections.defaultdict(collections.Counter)
        self.inside: set[str] = set()  # seen with a capital that is not the sentence's
        self.surnames: set[str] = set()
        self.given: set[str] = set()
        self.bodies: set[str] = set()  # words of organisations' names that tell what sort they are

    def key(self, part: Part) -> str:
        """Return the folded words of a name."""
        return " ".join(t.key for t in self.sheet.tokens[part.first : part.after])

    def decide(self) -> list[Part]:
        """Return the parts with their types; those that are no names are left out."""
        for part in self.parts:
            if not self.sheet.starts_sentence(part.first) or part.after - part.first > 1:
                self.inside.add(self.key(part))
            if part.type:
                self.votes[self.key(part)][part.type] += 2
            if part.type is PERSON:
                self._learn(part)
            if part.type is ORG and part.after - part.first > 1:
                self.bodies.update(t.key for t in self.sheet.tokens[part.first : part.after])
            self._context(part)
        choice: dict[str, EntityType | None] = {}
        made = []
        for part in self.parts:
            key = self.key(part)
            if part.type is None and key not in choice:
                choice[key] = self._choose(part, key)
            kind = part.type or choice[key]
            if kind and (part.type or key in self.inside or self._stands(key)):
                made.append(part._replace(type=kind))
        return made

    def _learn(self, part: Part) -> None:
        keys = [t.key for t in self.sheet.tokens[part.first : part.after] if t.key not in self.words.particles]
        if keys:
            self.surnames.add(keys[-1])
            self.given.update(keys[:-1])

    def _stands(self, key: str) -> bool:
        """Tell whether a name that only begins sentences is one."""
        return key not in self.words.common or bool(self.votes[key]) or key in self.surnames

    def _context(self, part: Part) -> None:
        """Count what the words around a name say of its type."""
        votes = self.votes[self.key(part)]
        before, behind = self.sheet.before(part.first), self.sheet.behind(part.after)
        if before in self.words.titles or (before in self.words.title_parts and part.after - part.first > 1):
            votes[PERSON] += 2
        if before in self.words.place_before:
            votes[PLACE] += 1
        if (
            before == "of"
            and part.first > 1
            and self.sheet.tokens[part.first - 2].key in self.words.place_tails | {"capital", "outskirts", "people"}
        ):
            votes[PLACE] += 2
        if behind in self.words.person_verbs:
            votes[PERSON] += 1
        if behind in self.words.place_tails - {"state", "house"} or behind == "based":
            votes[PLACE] += 2
        if behind in {"who", "whose", "himself", "herself"}:
            votes[PERSON] += 2

    def _choose(self, part: Part, key: str) -> EntityType | None:
        """Return the type of a name that its run left open; None where it is none."""
        tokens = self.sheet.tokens[part.first : part.after]
        rows = self.sheet.rows(part.first, part.after)
        if len(tokens) == 1:
            return self._fixed(key, rows) if self._is_fixed(key) else self._choose_word(tokens[0], key, rows)
        votes = self.votes[key]
        if rows and not (rows[0].type is PLACE and votes[PERSON] > votes[PLACE]):
            return rows[0].type
        acronym = any(_is_acronym(t) for t in (tokens[0], tokens[-1]))
        if any(t.key in self.words.common and t.key not in self.words.given_names for t in tokens):
            return ORG if acronym and len(tokens) <= _LONGEST_WITH_ACRONYM else None
        if votes:
            return votes.most_common(1)[0][0]
        unknown = PERSON if len(tokens) <= LONGEST_PERSON else None
        return ORG if acronym else unknown

    def _is_fixed(self, key: str) -> bool:
        """Tell whether the rest of the article, or the word itself, decides what a single word is."""
        return key in self.surnames or key in self.words.org_tails or key in self.words.single_organisations

    def _fixed(self, key: str, rows: tuple[Row, ...]) -> EntityType | None:
        votes = self.votes[key]
        place = bool(rows) and rows[0].type is PLACE and votes[PLACE] > votes[PERSON]
        if key in self.surnames:
            return PLACE if place else PERSON
        return ORG if key in self.bodies or key in self.words.single_organisations else None

    def _choose_word(self, token: Token, key: str, rows: tuple[Row, ...]) -> EntityType | None:
        """Return the type of a single word: by what is known, then by the votes, then by its size as a place."""
        common = key in self.words.common
        if (common and not rows) or key in self.words.not_names or len(token.text) == 1:
            return None
        if rows and rows[0].type is not PLACE:
            return rows[0].type
        if _is_acronym(token) and not rows:
            return ORG
        votes = self.votes[key]
        if key in self.given or votes[PERSON] > votes[PLACE]:
            return PERSON
        large = max((r.population for r in rows), default=0) >= LARGE_CITY or self._listed(rows)
        if not common and (votes[PLACE] or large):
            return PLACE
        return PERSON if key in self.words.given_names else None

    @staticmethod
    def _listed(rows: tuple[Row, ...]) -> bool:
        return any(r.kind is Kind.COUNTRY or r.listed for r in rows)


def _is_acronym(token: Token) -> bool:
    letters = token.text.replace(".", "")
    upper = sum(c.isupper() for c in letters)
    return len(letters) <= _LONGEST_ACRONYM and upper > 1 and upper * 2 > len(letters)

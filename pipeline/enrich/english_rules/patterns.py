"""Find the names in an English text by word lists, patterns and what the article says elsewhere.

Two passes: what a run of capitalised words shows by itself (a title before it, "Ministry" at its end, a given name at
its start, a known name in it) is decided at once; the other names are decided by one vote for the whole article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.enrich.english_rules.context_evidence import is_of_thing, person_votes
from pipeline.enrich.english_rules.headlines import find_headline_names
from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet, find_capital_runs
from pipeline.enrich.english_rules.voting import ARABIC, LONGEST_PERSON, TypeVote
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity
from pipeline.enrich.knowledge.matching import KnownMatch
from pipeline.enrich.knowledge.tokens import Separator, tokenise
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

PERSON, ORG, PLACE, GROUP, EVENT = EntityType
_PLACE_FIRST = frozenset({"mount", "lake", "cape", "fort", "camp"})
_SMALL = frozenset({"the", "of", "for", "and"})
# A noun for a person's work that begins a sentence: "Baker Ann Lee", "Glaciologist Ann Lee".
_ROLE = re.compile(r"[a-z]{2,}(?:er|or|ist|man|woman|ian|eer|ant)")
# Words: a given name and a surname.
_FULL_NAME = 2
# The party of a member of Congress, before the state: "R-Mich.".
_PARTIES = frozenset("dri")


def recognise_english(knowledge: KnowledgeBase, text: str) -> list[Span]:
    """Return the names in an English text, none overlapping another, in order."""
    tokens = tokenise(text)
    sheet = TokenSheet(knowledge, tokens, text)
    candidates = [
        candidate
        for run in find_capital_runs(sheet)
        for candidate in _RunParser(sheet, run.first, run.stop).candidates()
    ]
    decided = TypeVote(sheet, candidates).decide()
    decided += find_headline_names(sheet, decided)
    return sorted(Span(tokens[p.first].start, tokens[p.stop - 1].end, p.type) for p in decided if p.type)


class _RunParser:
    """Splits one run into names."""

    def __init__(self, sheet: TokenSheet, first: int, stop: int) -> None:
        self.sheet = sheet
        self.words = sheet.words
        self.tokens = sheet.tokens
        self.first = first
        self.stop = stop

    def candidates(self) -> Iterator[NameCandidate]:
        """Yield the names in the run from left to right."""
        first, stop = self._trim(self.first, self.stop)
        while first < stop:
            candidate, first = self._take_next(first, stop)
            if candidate:
                yield candidate
            first, stop = self._trim(first, stop)

    def _key(self, index: int) -> str:
        return self.tokens[index].key

    def _trim(self, first: int, stop: int) -> tuple[int, int]:
        """Cut small words from both ends, and a capitalised common word at the start of a sentence."""
        while first < stop and self._opens_no_name(first, stop):
            first += 1
        while stop > first and (self._key(stop - 1) in _SMALL or self._key(stop - 1) in self.words.not_names):
            stop -= 1
        return first, stop

    def _opens_no_name(self, first: int, stop: int) -> bool:
        if self._key(first) in self.words.not_names:
            return True
        small = self._key(first) in _SMALL or self._only_opens_sentence(first, stop)
        return small and not self._opens_known_name(first, stop)

    def _opens_known_name(self, first: int, stop: int) -> bool:
        match = self.sheet.matches[first]
        return match is not None and match.stop <= stop and match.stop - first > 1

    def _only_opens_sentence(self, first: int, stop: int) -> bool:
        if not self.sheet.starts_sentence(first):
            return False
        key = self._key(first)
        if key in self.words.stop:
            return True
        if key in self.words.given_names or key in self.words.titles:
            return False
        is_plain = stop - first == 1 or not self.words.is_kind_noun(self._key(stop - 1))
        return (key in self.words.common and is_plain) or self._is_role(first, stop)

    def _is_role(self, first: int, stop: int) -> bool:
        """Tell whether the run begins with a person's work: "Baker Ann Lee"."""
        if _ROLE.fullmatch(self._key(first)) and self._is_full_name(first + 1, stop):
            return True
        has_name = stop - first > _FULL_NAME and all(self._may_be_personal(i) for i in range(first + 1, stop))
        return has_name and self._key(first) in self.words.person_nouns

    def _take_next(self, first: int, stop: int) -> tuple[NameCandidate | None, int]:
        """Return the first name of the run from ``first`` on, if there is one, and where the remainder begins."""
        match = self.sheet.matches[first]
        inside = match is not None and match.stop <= stop
        if match and self._is_in_small_letters(match):
            return None, match.stop
        if self._is_party(first, stop):
            return None, stop
        is_unambiguous = match and match.stop == stop and self._is_unambiguous(match.entities, first, stop)
        entity_type = match.entities[0].type if match and is_unambiguous else self._type_by_tail(first, stop)
        if entity_type:
            return NameCandidate(first, stop, entity_type), stop
        if title := self._find_title(first, stop):
            return self._take_before_title(first, *title)
        if (
            match
            and inside
            and self._is_unambiguous(match.entities, first, match.stop)
            and not self._is_full_name(first, stop)
        ):
            return NameCandidate(first, match.stop, match.entities[0].type), match.stop
        cut = self._find_cut(first, stop)
        return self._undecided(first, cut), cut

    def _is_in_small_letters(self, match: KnownMatch) -> bool:
        """Tell whether a group's name begins a known name in small letters: "an Islamic state"."""
        stop = match.stop
        if match.entities[0].type is not GROUP or stop >= len(self.tokens) or self.tokens[stop].capital:
            return False
        keys = " ".join(self._key(i) for i in range(match.first, stop + 1))
        return self.tokens[stop].separator is Separator.SPACE and keys in self.sheet.knowledge.forms

    def _is_unambiguous(self, entities: tuple[KnownEntity, ...], first: int, stop: int) -> bool:
        entity = entities[0]
        if entity.kind is EntityKind.CITY or (
            entity.kind is EntityKind.REGION and stop - first == 1 and not self._is_listed_region(entities)
        ):
            return stop - first > 1 and self._key(first) not in self.words.given_names
        if entity.type is PERSON and stop - first == 1:
            return False
        return self._key(first) not in self.words.given_names or stop - first > 1 or entity.kind is EntityKind.COUNTRY

    @staticmethod
    def _is_listed_region(entities: tuple[KnownEntity, ...]) -> bool:
        """Tell whether a region is in the alias file: such ones stand in print under their bare name."""
        return any(e.kind is EntityKind.REGION and e.listed for e in entities)

    def _type_by_tail(self, first: int, stop: int) -> EntityType | None:
        """Return the type that the last word, or the word before "of", gives a name of several words."""
        if stop - first == 1 or self._has_title(first, stop):
            return None
        keys = [self._key(i) for i in range(first, stop)]
        if entity_type := self._type_by_head(keys):
            return entity_type
        if keys[-1] in self.words.surname_tails and self._is_surname(first, stop):
            return PERSON
        if self._has_partners(first, stop):
            return ORG
        for tails, entity_type in (
            (self.words.event_tails, EVENT),
            (self.words.place_tails, PLACE),
            (self.words.org_tails, ORG),
        ):
            if keys[-1] in tails:
                return entity_type
        return ORG if any(k in self.words.org_tails for k in keys[1:-1]) and keys[-1] in self.words.common else None

    def _is_surname(self, first: int, stop: int) -> bool:
        """Tell whether a name like "Heather Mills" is a person's, by its given name and the words around it."""
        has_given_name = self._key(first) in self.words.given_names and not is_of_thing(self.sheet, first)
        return has_given_name and person_votes(self.sheet, NameCandidate(first, stop, None)) > 0

    def _has_partners(self, first: int, stop: int) -> bool:
        """Tell whether "&" joins words of the name: "Miller & Sons"; not in "Q&A" or "Research & Development"."""
        joined = any(self.tokens[i].separator is Separator.AMPERSAND for i in range(first + 1, stop))
        telling = [k for k in map(self._key, range(first, stop)) if len(k) > 1 and k not in self.words.common]
        return joined and bool(telling)

    def _is_party(self, first: int, stop: int) -> bool:
        """Tell whether the words are a party and a state: "Sen. Ann Lee, R-Mich."."""
        opens = self.tokens[first].separator in {Separator.COMMA, Separator.OPEN}
        hyphen = stop - first > 1 and self.tokens[first + 1].separator is Separator.HYPHEN
        return opens and hyphen and self._key(first) in _PARTIES

    def _type_by_head(self, keys: list[str]) -> EntityType | None:
        """Return the type that the word before "of" or "for" gives, or the first word of a place's name."""
        preposition = next((i for i, k in enumerate(keys) if k in {"of", "for"}), 0)
        if preposition and keys[preposition - 1] in self.words.org_heads:
            return ORG
        if preposition and (
            keys[preposition - 1] in self.words.place_heads or keys[preposition - 1] in self.words.place_tails
        ):
            return PLACE
        return PLACE if keys[0] in _PLACE_FIRST else None

    def _has_title(self, first: int, stop: int) -> bool:
        """Tell whether a title followed by a name stands in the run; "King Saud University" has none."""
        title = self._find_title(first, stop)
        return title is not None and not (title[0] == first and self._key(stop - 1) in self.words.org_tails)

    def _find_title(self, first: int, stop: int) -> tuple[int, int] | None:
        """Return where the first title in the run begins and where the name behind it does."""
        for index in range(first, stop):
            if self._key(index) not in self.words.titles or (
                index > first and self.tokens[index].separator is Separator.HYPHEN
            ):
                continue
            title_end = index + 1
            while title_end < stop and self._is_title_word(title_end):
                title_end += 1
            if title_end == stop and index > first and self._key(index - 1) in self.words.given_names:
                continue  # a surname: Stephen King
            kind_noun_follows = (
                title_end < stop
                and self.words.is_kind_noun(self._key(title_end))
                and self._key(index) not in self.words.honorifics
            )
            if title_end < stop and (self._key(title_end) in _SMALL or kind_noun_follows):
                continue
            title_start = index
            while title_start > first and self._is_title_word(title_start - 1):
                title_start -= 1
            return title_start, title_end
        return None

    def _is_title_word(self, index: int) -> bool:
        return self._key(index) in self.words.titles or self._key(index) in self.words.title_parts

    def _take_before_title(self, first: int, title_start: int, title_end: int) -> tuple[NameCandidate | None, int]:
        """Return the name before a title, if there is one, else the person after it; and where the remainder begins."""
        if title_start == first:
            return self._take_after_title(title_end)
        cut = title_start
        match = self.sheet.matches[first]
        if match and match.stop == cut and match.entities[0].type is not PERSON:
            return NameCandidate(first, cut, match.entities[0].type), cut
        if entity_type := self._type_by_tail(first, cut):
            return NameCandidate(first, cut, entity_type), cut
        return self._undecided(first, cut), cut

    def _take_after_title(self, first: int) -> tuple[NameCandidate | None, int]:
        stop = first
        while stop < self.stop and stop - first < LONGEST_PERSON and self._may_be_personal(stop):
            stop += 1
        while stop > first and self._key(stop - 1) in self.words.particles:
            stop -= 1
        return (NameCandidate(first, stop, PERSON), stop) if stop > first else (None, max(first, stop))

    def _may_be_personal(self, index: int) -> bool:
        key = self._key(index)
        if key in _SMALL or key in self.words.not_names:
            return False
        if index > self.first and self._key(index - 1) in self.words.honorifics:
            return True
        if key in self.words.org_tails or key in self.words.titles:
            return index > self.first and self._key(index - 1) in self.words.given_names
        return key in self.words.given_names or key not in self.words.common or self._is_double(index)

    def _is_double(self, index: int) -> bool:
        """Tell whether a hyphen joins this word to another capitalised one: "Ann Stone-Lee"."""
        return any(
            i < len(self.tokens) and self.tokens[i].separator is Separator.HYPHEN and self.tokens[i].capital
            for i in (index, index + 1)
        )

    def _is_full_name(self, first: int, stop: int) -> bool:
        """Tell whether the words are a person's full name."""
        size = stop - first
        if not 1 < size <= LONGEST_PERSON or not all(self._may_be_personal(i) for i in range(first, stop)):
            return False
        has_given_name = self._key(first) in self.words.given_names
        has_initial = len(self._key(first)) == 1 or "." in self.tokens[first].text
        return has_given_name or has_initial or self._has_arabic_part(first, stop)

    def _has_arabic_part(self, first: int, stop: int) -> bool:
        return self._key(first) not in {"al", "el"} and any(self._key(i) in ARABIC for i in range(first, stop))

    def _find_cut(self, first: int, stop: int) -> int:
        """Return where the first name of a run without other signs ends: before a known group or organisation."""
        for index in range(first + 1, stop):
            match = self.sheet.matches[index]
            is_own_name = (
                match
                and match.stop <= stop
                and match.entities[0].type in {GROUP, ORG}
                and match.entities[0].kind is EntityKind.ALIAS
            )
            if (
                is_own_name
                and not self._is_full_name(first, stop)
                and self.tokens[index].separator is Separator.SPACE
                and len(self.tokens[index].text) > len("US")
            ):
                return index
        return stop

    def _undecided(self, first: int, stop: int) -> NameCandidate | None:
        """Return a name that no list knows: a person if it has a given name, else undecided."""
        is_person = self._is_full_name(first, stop) and not is_of_thing(self.sheet, first)
        may_be_town = self._key(first) not in self.words.given_names and self._has_arabic_part(first, stop)
        return NameCandidate(first, stop, PERSON if is_person and not may_be_town else None)

"""Decide the types of the names that their runs leave open, by one vote for the whole article.

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
# Votes of a run that tells a name's type, and of a verb of saying (``context_evidence``).
_DECIDED, _SAYS = 2, 1
# Words: people rarely have longer names in print.
LONGEST_PERSON = 5
# Letters.
_LONGEST_ACRONYM = 6
# Words of "BBC World Service": a name of common words with an acronym at one end.
_LONGEST_WITH_ACRONYM = 3
# Words inside names of people, and of places too: Haider al-Abadi, Hammam al-Alil.
ARABIC = frozenset({"al", "el", "bin", "ibn", "abu", "abdul"})
_ERAS = frozenset({"bc", "bce", "ad", "ce"})
# A city's bare name without evidence counts from so many inhabitants: smaller ones are mostly surnames and words.
LARGE_CITY = 150_000


class TypeVote:
    """Decides the type of each name of an article; the vote of all its mentions is one."""

    def __init__(self, sheet: TokenSheet, candidates: list[NameCandidate]) -> None:
        self.sheet = sheet
        self.words = sheet.words
        self.candidates = [
            candidate
            for candidate in candidates
            if candidate.type not in {None, PERSON} or not is_quoted(sheet, candidate)
        ]
        self.votes: dict[str, Votes] = collections.defaultdict(collections.Counter)
        self.context: dict[str, Votes] = collections.defaultdict(collections.Counter)  # without the votes of runs
        self.single_words: set[str] = set()  # single words that may be surnames
        self.mid_sentence: set[str] = set()  # names with a capital that is not the sentence's
        self.things: set[str] = set()  # names behind "the": ships, rivers, newspapers; storms too
        self.ordinary_words = sheet.knowledge.ordinary_words
        self.lower_case = {t.key for t in sheet.tokens if not t.capital}
        self.surnames: set[str] = set()
        self.given_names: set[str] = set()
        self.organisation_words: set[str] = set()  # of organisations' names of several words
        self.organisation_starts: set[str] = set()  # their first words

    def key(self, candidate: NameCandidate) -> str:
        """Return the folded words of a name."""
        return " ".join(t.key for t in self.sheet.tokens[candidate.first : candidate.stop])

    def decide(self) -> list[NameCandidate]:
        """Return the candidates with their types, without those that are no names."""
        self._collect_votes()
        choice: dict[str, EntityType | None] = {}
        # longer names first: they say what their words alone are
        for candidate in sorted(self.candidates, key=lambda p: p.first - p.stop):
            key = self.key(candidate)
            if candidate.type is None and key not in choice:
                choice[key] = chosen = self._open_type(candidate, key)
                if chosen and candidate.stop - candidate.first > 1:
                    self._learn(candidate, chosen)
        decided = []
        for candidate in self.candidates:
            key = self.key(candidate)
            entity_type = self._surname_or_place(candidate, key) or candidate.type or choice[key]
            if entity_type and (candidate.type or key in self.mid_sentence or self._is_name(key)):
                decided.append(candidate._replace(type=entity_type))
        return decided

    def _surname_or_place(self, candidate: NameCandidate, key: str) -> EntityType | None:
        """Return the type of a place's bare name that is also a surname in the article; None for other names."""
        if key not in self.surnames or all(
            e.type is not PLACE for e in self.sheet.known_entities(candidate.first, candidate.stop)
        ):
            return None
        local_votes, article_votes = context_votes(self.sheet, candidate), self.context[key]
        if local_votes[PLACE] != local_votes[PERSON]:
            return PLACE if local_votes[PLACE] > local_votes[PERSON] else PERSON
        return PLACE if article_votes[PLACE] > article_votes[PERSON] else PERSON

    def _collect_votes(self) -> None:
        """Count the votes of the words around each name, and of the runs that tell a type."""
        follows_place = follows_voted_place = False
        for index, candidate in enumerate(self.candidates):
            key = self.key(candidate)
            if not self.sheet.starts_sentence(candidate.first) or candidate.stop - candidate.first > 1:
                self.mid_sentence.add(key)
            if is_of_thing(self.sheet, candidate.first):
                self.things.add(key)
            votes = context_votes(self.sheet, candidate)
            if (
                follows_place
                and self._continues_list(index)
                and (follows_voted_place or is_place(self.sheet, candidate))
            ):
                votes[PLACE] += 1
            follows_voted_place = bool(votes[PLACE])
            follows_place = follows_voted_place or self._is_sure_place(candidate)
            self.votes[key] += votes
            self.context[key] += votes
            if candidate.stop - candidate.first == 1 and not (key in self.words.common or key in self.lower_case):
                self.single_words.add(key)
            if candidate.type:
                self.votes[key][candidate.type] += _DECIDED
                self._learn(candidate, candidate.type)

    def _is_sure_place(self, candidate: NameCandidate) -> bool:
        """Tell whether a name is a place without other evidence: by its run, or as a large city."""
        entities = self.sheet.known_entities(candidate.first, candidate.stop)
        is_large = max((e.population for e in entities if e.type is PLACE), default=0) >= LARGE_CITY
        return candidate.type is PLACE or (candidate.type is None and is_large)

    def _continues_list(self, index: int) -> bool:
        """Tell whether only a comma or "and" stands between a name and the previous one: "in Aden and Taiz"."""
        previous, candidate = self.candidates[index - 1], self.candidates[index]
        words_between = [t.key for t in self.sheet.tokens[previous.stop : candidate.first]]
        separator = self.sheet.tokens[candidate.first].separator
        return separator in {Separator.SPACE, Separator.COMMA} and words_between in ([], ["and"], ["or"])

    def _learn(self, candidate: NameCandidate, entity_type: EntityType) -> None:
        keys = [t.key for t in self.sheet.tokens[candidate.first : candidate.stop] if t.key not in self.words.particles]
        if entity_type is PERSON and keys:
            self.surnames.add(keys[-1])
            self.given_names.update(keys[:-1])
        if entity_type is ORG and len(keys) > 1:
            self.organisation_words.update(keys)
            self.organisation_starts.add(keys[0])

    def _is_name(self, key: str) -> bool:
        """Tell whether a word that only begins sentences is a name; a plural with just a verb of saying is none."""
        if key in self.surnames:
            return True
        if key in self.lower_case:
            return False
        return key not in self.words.common and (not key.endswith("s") or not self._has_only_verb_of_saying(key))

    def _has_only_verb_of_saying(self, key: str) -> bool:
        return sum(self.votes[key].values()) == self.votes[key][PERSON] == _SAYS

    def _open_type(self, candidate: NameCandidate, key: str) -> EntityType | None:
        """Return the type of a name that its run left open, None where it is no name."""
        tokens = self.sheet.tokens[candidate.first : candidate.stop]
        entities = self.sheet.known_entities(candidate.first, candidate.stop)
        votes = self.votes[key]
        if len(tokens) == 1:
            return self._fixed_type(key, entities) if self._is_fixed(key) else self._word_type(tokens[0], key, entities)
        if entities and not (entities[0].type is PLACE and votes[PERSON] > votes[PLACE]):
            return entities[0].type
        if len(tokens) > LONGEST_PERSON or key in self.things:
            votes = collections.Counter({k: n for k, n in votes.items() if k is not PERSON})
        has_acronym = any(_is_acronym(t) for t in (tokens[0], tokens[-1])) and not all(t.text.isupper() for t in tokens)
        if any(t.key in self.ordinary_words for t in tokens):
            if votes[PERSON] >= _DECIDED and tokens[0].key not in self.ordinary_words:
                return PERSON
            return ORG if has_acronym and len(tokens) <= _LONGEST_WITH_ACRONYM else None
        if not votes and not has_acronym:
            return PERSON if key not in self.things and self._looks_like_person(tokens) else None
        return votes.most_common(1)[0][0] if votes else ORG

    def _looks_like_person(self, tokens: Sequence[Token]) -> bool:
        """Tell whether a name is formed like a person's, or its last word is used alone, as surnames are."""
        last = tokens[-1].key
        bare = self.votes[last]
        alone = (last in self.mid_sentence or last in self.single_words) and last not in self.things
        arabic = not ARABIC.isdisjoint(t.key for t in tokens[1:])
        if tokens[0].key in {"al", "el"}:
            return last in self.surnames
        return arabic or bare[PERSON] > bare[PLACE] or (alone and not bare[PLACE])

    def _is_fixed(self, key: str) -> bool:
        """Tell whether the rest of the article, or the word itself, decides what a single word is."""
        return key in self.surnames or self.words.is_kind_noun(key) or key in self.words.single_organisations

    def _fixed_type(self, key: str, entities: tuple[KnownEntity, ...]) -> EntityType | None:
        votes = self.votes[key]
        is_toponym = bool(entities) and entities[0].type is PLACE and votes[PLACE] > votes[PERSON]
        if key in self.surnames:
            return PLACE if is_toponym else PERSON
        return ORG if key in self.organisation_words or key in self.words.single_organisations else None

    def _word_type(self, token: Token, key: str, entities: tuple[KnownEntity, ...]) -> EntityType | None:
        """Return the type of a single word: by what is known, then by the votes, then by its size as a place."""
        is_common = key in self.words.common
        if (is_common and not entities) or key in self.words.not_names or len(token.text) == 1:
            return None
        if entities and entities[0].type is not PLACE:
            return entities[0].type
        if not entities and (_is_acronym(token) or any(c.isdigit() for c in token.text)):
            return ORG if _is_acronym(token) and not token.text.endswith("s") and key not in _ERAS else None
        return self._type_by_votes(key, entities, is_common=is_common)

    def _type_by_votes(self, key: str, entities: tuple[KnownEntity, ...], *, is_common: bool) -> EntityType | None:
        votes = self.votes[key]
        is_toponym = bool(entities) and votes[PLACE] > votes[PERSON]
        if (key in self.given_names or votes[PERSON] > votes[PLACE]) and not is_toponym and key not in self.things:
            return ORG if key in self.organisation_starts and not entities else PERSON
        is_large = max((e.population for e in entities), default=0) >= LARGE_CITY or any(map(_is_well_known, entities))
        if not is_common and (votes[PLACE] or is_large):
            return PLACE
        if votes[ORG] and not is_common:
            return ORG
        return PERSON if key in self.words.given_names and key not in self.things else None


def _is_well_known(entity: KnownEntity) -> bool:
    return entity.kind is EntityKind.COUNTRY or entity.listed


def _is_acronym(token: Token) -> bool:
    letters = token.text.replace(".", "")
    upper = sum(c.isupper() for c in letters)
    return len(letters) <= _LONGEST_ACRONYM and upper > 1 and upper * 2 > len(letters)

"""Which names does an English text hold, by word lists, patterns and what the article says elsewhere?

Two passes: what a run of capitalised words shows by itself (a title before it, "Ministry" at its end, a given name at
its start, a known name in it) is decided at once; the rest is decided by one vote for the whole article and type.
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
# How nouns for people's work end that begin a sentence: "Baker Ann Lee", "Glaciologist Ann Lee".
_ROLE = re.compile(r"[a-z]{2,}(?:er|or|ist|man|woman|ian|eer|ant)")
# A given name and a surname.
_FULL_NAME = 2
# The party of a member of Congress, before the state: "R-Mich.".
_PARTIES = frozenset("dri")


def recognise_english(known: KnowledgeBase, text: str) -> list[Span]:
    """Return the names in an English text, none overlapping another, in order."""
    tokens = tokenise(text)
    sheet = TokenSheet(known, tokens, text)
    parts = [part for run in find_capital_runs(sheet) for part in _RunParser(sheet, run.first, run.stop).parts()]
    decided = TypeVote(sheet, parts).decide()
    decided += find_headline_names(sheet, decided)
    return sorted(Span(tokens[p.first].start, tokens[p.stop - 1].end, p.type) for p in decided if p.type)


class _RunParser:
    """Splits one run into names."""

    def __init__(self, sheet: TokenSheet, first: int, after: int) -> None:
        self.sheet = sheet
        self.words = sheet.words
        self.tokens = sheet.tokens
        self.first = first
        self.after = after

    def parts(self) -> Iterator[NameCandidate]:
        """Yield the names in the run from left to right."""
        first, after = self._trim(self.first, self.after)
        while first < after:
            part, first = self._next(first, after)
            if part:
                yield part
            first, after = self._trim(first, after)

    def _key(self, at: int) -> str:
        return self.tokens[at].key

    def _trim(self, first: int, after: int) -> tuple[int, int]:
        """Cut small words from both ends, and a capitalised common word at the start of a sentence."""
        while first < after and self._leads_nothing(first, after):
            first += 1
        while after > first and (self._key(after - 1) in _SMALL or self._key(after - 1) in self.words.not_names):
            after -= 1
        return first, after

    def _leads_nothing(self, first: int, after: int) -> bool:
        if self._key(first) in self.words.not_names:
            return True
        small = self._key(first) in _SMALL or self._starts_only(first, after)
        return small and not self._match_fits(first, after)

    def _match_fits(self, first: int, after: int) -> bool:
        match = self.sheet.match[first]
        return match is not None and match.stop <= after and match.stop - first > 1

    def _starts_only(self, first: int, after: int) -> bool:
        if not self.sheet.starts_sentence(first):
            return False
        key = self._key(first)
        if key in self.words.stop:
            return True
        if key in self.words.given_names or key in self.words.titles:
            return False
        alone = after - first == 1 or not self.words.is_kind_noun(self._key(after - 1))
        return (key in self.words.common and alone) or self._role(first, after)

    def _role(self, first: int, after: int) -> bool:
        """Tell whether a person's work stands before the name: "Baker Ann Lee"."""
        if _ROLE.fullmatch(self._key(first)) and self._person(first + 1, after):
            return True
        named = after - first > _FULL_NAME and all(self._personal(i) for i in range(first + 1, after))
        return named and self._key(first) in self.words.person_nouns

    def _next(self, first: int, after: int) -> tuple[NameCandidate | None, int]:
        """Return the first name of what remains, and where the rest begins."""
        match = self.sheet.match[first]
        inside = match is not None and match.stop <= after
        if match and self._in_small(match):
            return None, match.stop
        if self._party(first, after):
            return None, after
        known = match and match.stop == after and self._unambiguous(match.entities, first, after)
        kind = match.entities[0].type if match and known else self._by_tail(first, after)
        if kind:
            return NameCandidate(first, after, kind), after
        if title := self._title(first, after):
            return self._before_title(first, *title)
        if match and inside and self._unambiguous(match.entities, first, match.stop) and not self._person(first, after):
            return NameCandidate(first, match.stop, match.entities[0].type), match.stop
        cut = self._cut(first, after)
        return self._unknown(first, cut), cut

    def _in_small(self, match: KnownMatch) -> bool:
        """Tell whether a group's name begins a known name in small letters: "an Islamic state"."""
        after = match.stop
        if match.entities[0].type is not GROUP or after >= len(self.tokens) or self.tokens[after].capital:
            return False
        keys = " ".join(self._key(i) for i in range(match.first, after + 1))
        return self.tokens[after].separator is Separator.SPACE and keys in self.sheet.known.forms

    def _unambiguous(self, rows: tuple[KnownEntity, ...], first: int, after: int) -> bool:
        row = rows[0]
        if row.kind is EntityKind.CITY or (
            row.kind is EntityKind.REGION and after - first == 1 and not self._well_known(rows)
        ):
            return after - first > 1 and self._key(first) not in self.words.given_names
        if row.type is PERSON and after - first == 1:
            return False
        return self._key(first) not in self.words.given_names or after - first > 1 or row.kind is EntityKind.COUNTRY

    @staticmethod
    def _well_known(rows: tuple[KnownEntity, ...]) -> bool:
        """Tell whether a region is in the alias file: in print under its bare name."""
        return any(r.kind is EntityKind.REGION and r.listed for r in rows)

    def _by_tail(self, first: int, after: int) -> EntityType | None:
        """Return the type that the last word, or the first before "of", gives a name of several words."""
        if after - first == 1 or self._titled(first, after):
            return None
        keys = [self._key(i) for i in range(first, after)]
        if kind := self._by_head(keys):
            return kind
        if keys[-1] in self.words.surname_tails and self._surname(first, after):
            return PERSON
        if self._partners(first, after):
            return ORG
        for tails, kind in (
            (self.words.event_tails, EVENT),
            (self.words.place_tails, PLACE),
            (self.words.org_tails, ORG),
        ):
            if keys[-1] in tails:
                return kind
        return ORG if any(k in self.words.org_tails for k in keys[1:-1]) and keys[-1] in self.words.common else None

    def _surname(self, first: int, after: int) -> bool:
        """Tell whether a name like "Heather Mills" is a person's: a given name, and words around it that say so."""
        people = self._key(first) in self.words.given_names and not is_of_thing(self.sheet, first)
        return people and person_votes(self.sheet, NameCandidate(first, after, None)) > 0

    def _partners(self, first: int, after: int) -> bool:
        """Tell whether "&" joins words of the name: "Miller & Sons"; not in "Q&A" or "Research & Development"."""
        joined = any(self.tokens[i].separator is Separator.AMPERSAND for i in range(first + 1, after))
        telling = [k for k in map(self._key, range(first, after)) if len(k) > 1 and k not in self.words.common]
        return joined and bool(telling)

    def _party(self, first: int, after: int) -> bool:
        """Tell whether this is a party and a state: "Sen. Ann Lee, R-Mich."."""
        opens = self.tokens[first].separator in {Separator.COMMA, Separator.OPEN}
        hyphen = after - first > 1 and self.tokens[first + 1].separator is Separator.HYPHEN
        return opens and hyphen and self._key(first) in _PARTIES

    def _by_head(self, keys: list[str]) -> EntityType | None:
        """Return the type that the word before "of" or "for" gives, or the first word of a place's name."""
        of = next((i for i, k in enumerate(keys) if k in {"of", "for"}), 0)
        if of and keys[of - 1] in self.words.org_heads:
            return ORG
        if of and (keys[of - 1] in self.words.place_heads or keys[of - 1] in self.words.place_tails):
            return PLACE
        return PLACE if keys[0] in _PLACE_FIRST else None

    def _titled(self, first: int, after: int) -> bool:
        """Tell whether a title followed by a name stands in the run; "King Saud University" has none."""
        title = self._title(first, after)
        return title is not None and not (title[0] == first and self._key(after - 1) in self.words.org_tails)

    def _title(self, first: int, after: int) -> tuple[int, int] | None:
        """Return where the first title in the run begins and ends."""
        for at in range(first, after):
            if self._key(at) not in self.words.titles or (at > first and self.tokens[at].separator is Separator.HYPHEN):
                continue
            end = at + 1
            while end < after and self._titular(end):
                end += 1
            if end == after and at > first and self._key(at - 1) in self.words.given_names:
                continue  # a surname: Stephen King
            sort = (
                end < after and self.words.is_kind_noun(self._key(end)) and self._key(at) not in self.words.honorifics
            )
            if end < after and (self._key(end) in _SMALL or sort):
                continue
            begin = at
            while begin > first and self._titular(begin - 1):
                begin -= 1
            return begin, end
        return None

    def _titular(self, at: int) -> bool:
        return self._key(at) in self.words.titles or self._key(at) in self.words.title_parts

    def _before_title(self, first: int, begin: int, end: int) -> tuple[NameCandidate | None, int]:
        """Return the name before a title, if there is one; the person after it is met next."""
        if begin == first:
            return self._after_title(end)
        cut = begin
        match = self.sheet.match[first]
        if match and match.stop == cut and match.entities[0].type is not PERSON:
            return NameCandidate(first, cut, match.entities[0].type), cut
        if kind := self._by_tail(first, cut):
            return NameCandidate(first, cut, kind), cut
        return self._unknown(first, cut), cut

    def _after_title(self, first: int) -> tuple[NameCandidate | None, int]:
        after = first
        while after < self.after and after - first < LONGEST_PERSON and self._personal(after):
            after += 1
        while after > first and self._key(after - 1) in self.words.particles:
            after -= 1
        return (NameCandidate(first, after, PERSON), after) if after > first else (None, max(first, after))

    def _personal(self, at: int) -> bool:
        key = self._key(at)
        if key in _SMALL or key in self.words.not_names:
            return False
        if at > self.first and self._key(at - 1) in self.words.honorifics:
            return True
        if key in self.words.org_tails or key in self.words.titles:
            return at > self.first and self._key(at - 1) in self.words.given_names
        return key in self.words.given_names or key not in self.words.common or self._double(at)

    def _double(self, at: int) -> bool:
        """Tell whether a hyphen joins this word to another capitalised one: "Ann Stone-Lee"."""
        return any(
            i < len(self.tokens) and self.tokens[i].separator is Separator.HYPHEN and self.tokens[i].capital
            for i in (at, at + 1)
        )

    def _person(self, first: int, after: int) -> bool:
        """Tell whether the words are a person's full name."""
        size = after - first
        if not 1 < size <= LONGEST_PERSON or not all(self._personal(i) for i in range(first, after)):
            return False
        given = self._key(first) in self.words.given_names
        initial = len(self._key(first)) == 1 or "." in self.tokens[first].text
        return given or initial or self._arabic(first, after)

    def _arabic(self, first: int, after: int) -> bool:
        return self._key(first) not in {"al", "el"} and any(self._key(i) in ARABIC for i in range(first, after))

    def _cut(self, first: int, after: int) -> int:
        """Return where a run without other signs ends as a name: before a known name or a title that follows."""
        for at in range(first + 1, after):
            match = self.sheet.match[at]
            other = (
                match
                and match.stop <= after
                and match.entities[0].type in {GROUP, ORG}
                and match.entities[0].kind is EntityKind.ALIAS
            )
            if (
                other
                and not self._person(first, after)
                and self.tokens[at].separator is Separator.SPACE
                and len(self.tokens[at].text) > len("US")
            ):
                return at
        return after

    def _unknown(self, first: int, after: int) -> NameCandidate | None:
        """Return a name without a known form: a person by its given name, else undecided."""
        sure = self._person(first, after) and not is_of_thing(self.sheet, first)
        town = self._key(first) not in self.words.given_names and self._arabic(first, after)
        return NameCandidate(first, after, PERSON if sure and not town else None)

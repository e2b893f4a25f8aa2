"""What do the words around a name in an English text say of its type?"""

from __future__ import annotations

import collections
import re

from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet
from pipeline.enrich.knowledge.knowledge_base import EntityKind
from pipeline.enrich.knowledge.tokens import Separator
from pipeline.records import EntityType

PERSON, ORG, PLACE, _, _ = EntityType
_AGE = re.compile(r"[1-9]\d?|1[01]\d")
# So far behind a comma the noun of an apposition is looked for: "Norvik, the listed Norwegian fertiliser maker".
_APPOSITION = 6
_RELATIVE = frozenset({"who", "himself", "herself"})
_SAID = frozenset({"said", "says", "added", "told"})
_KIN = frozenset({"his", "her", "my"})
# Ships and storms have people's names.
_NAMESAKES = frozenset(
    "storm hurricane typhoon cyclone ship vessel ferry trawler tanker yacht frigate destroyer warship submarine".split()
)
_CALLED = frozenset({"named", "called", "dubbed"})
_QUOTES = {"“": "”", '"': '"', "‘": "’", "'": "'", "«": "»", "„": "“"}

Votes = collections.Counter[EntityType]


def is_of_thing(sheet: TokenSheet, at: int) -> bool:
    """Tell whether the words before token ``at`` say that no person is named: "the Amber Star", "storm Ann"."""
    before = sheet.word_before(at)
    if before in _CALLED:
        before = next((t.key for t in reversed(sheet.tokens[max(0, at - 3) : at - 1]) if t.key in _NAMESAKES), "")
    return before == "the" or before in _NAMESAKES


def is_quoted(sheet: TokenSheet, part: NameCandidate) -> bool:
    """Tell whether quotation marks enclose just this name: a work, a slogan or a nickname."""
    start, end = sheet.tokens[part.first].start, sheet.tokens[part.stop - 1].end
    closing = _QUOTES.get(sheet.text[start - 1 : start])
    return closing is not None and sheet.text[end : end + 2].strip(",.").startswith(closing)


def person_votes(sheet: TokenSheet, part: NameCandidate) -> int:
    """Return how strongly the words around a name say that it is a person's."""
    words, several = sheet.words, part.stop - part.first > 1
    before, behind = sheet.word_before(part.first), sheet.word_behind(part.stop)
    votes = 0
    if before in words.titles or (several and (before in words.title_parts or before in words.person_nouns)):
        votes += 2
    if behind in _RELATIVE and before not in words.place_before and before not in words.locatives:
        votes += 2
    if several and (before in _KIN or _aged(sheet, part.stop) or _apposed(sheet, part.stop) is PERSON):
        votes += 2
    if behind in words.person_verbs or before in _SAID or (several and behind in words.human_verbs):
        votes += 1
    return votes


def context_votes(sheet: TokenSheet, part: NameCandidate) -> Votes:
    """Return what the words around a name say of its type, each with its weight."""
    words, first = sheet.words, part.first
    votes: Votes = collections.Counter()
    votes[PERSON] += person_votes(sheet, part)
    before, behind = sheet.word_before(first), sheet.word_behind(part.stop)
    known = is_place(sheet, part)
    if before in words.locatives or (known and before in words.place_before):
        votes[PLACE] += 1
    if before == "of" and first > 1 and _is_sort(sheet, sheet.tokens[first - 2].key):
        votes[PLACE] += 2
    if behind == "based" or (behind in words.place_tails and behind != "state"):
        votes[PLACE] += 2
    if known and behind in words.of_towns:
        votes[PLACE] += 1
    if _qualified(sheet, part.stop):
        votes[PLACE] += 1 + known
    alone = part.stop - first == 1 and first > 0 and sheet.tokens[first - 1].capital  # the end of "Fresh Acre"
    if not alone and (before in words.org_nouns or _apposed(sheet, part.stop) is ORG):
        votes[ORG] += 2
    return +votes


def _is_sort(sheet: TokenSheet, word: str) -> bool:
    """Tell whether a word before "of" says that a place follows: "the outskirts of Badush"."""
    return word in sheet.words.place_tails or word in {"capital", "outskirts", "people"}


def is_place(sheet: TokenSheet, part: NameCandidate) -> bool:
    """Tell whether a place of this name is known."""
    return any(r.type is PLACE for r in sheet.known_entities(part.first, part.stop))


def _qualified(sheet: TokenSheet, after: int) -> bool:
    """Tell whether a comma and a country or region stand behind, and no more of it: "Badush, Iraq, "."""
    area = sheet.match[after] if _comma(sheet, after) else None
    if area is None or not any(
        r.kind is EntityKind.COUNTRY or (r.kind is EntityKind.REGION and r.listed) for r in area.entities
    ):
        return False
    ends = area.stop >= len(sheet.tokens) or sheet.tokens[area.stop].separator > Separator.PLURAL_POSSESSIVE
    return ends and not sheet.tokens[area.stop - 1].possessive


def _aged(sheet: TokenSheet, after: int) -> bool:
    """Tell whether an age stands behind: "Ann Lee, 34, said"."""
    return _comma(sheet, after) and _AGE.fullmatch(sheet.tokens[after].text) is not None


def _comma(sheet: TokenSheet, after: int) -> bool:
    return after < len(sheet.tokens) and sheet.tokens[after].separator is Separator.COMMA


def _apposed(sheet: TokenSheet, after: int) -> EntityType | None:
    """Return the type that the first telling noun of an apposition says: ", a grain analyst at …"."""
    if not _comma(sheet, after) or sheet.tokens[after].key not in {"a", "an", "the"}:
        return None
    for token in sheet.tokens[after + 1 : after + 1 + _APPOSITION]:
        if token.separator > Separator.HYPHEN:
            return None
        if token.key in sheet.words.titles or token.key in sheet.words.person_nouns:
            return PERSON
        if token.key in sheet.words.org_nouns:
            return ORG
    return None

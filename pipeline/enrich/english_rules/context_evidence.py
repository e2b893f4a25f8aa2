"""Read what the words around a name in an English text say of its type.

The neighbouring words of the same phrase count, and the apposition behind the name.
"""

from __future__ import annotations

import collections
import re

from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet
from pipeline.enrich.knowledge.knowledge_base import EntityKind
from pipeline.enrich.knowledge.tokens import Separator
from pipeline.records import EntityType

PERSON, ORG, PLACE, _, _ = EntityType
_AGE = re.compile(r"[1-9]\d?|1[01]\d")
# So many words behind a comma the noun of an apposition is looked for: "Norvik, the listed Norwegian fertiliser maker".
_APPOSITION = 6
_RELATIVE = frozenset({"who", "himself", "herself"})
_SAID = frozenset({"said", "says", "added", "told"})
_KIN = frozenset({"his", "her", "my"})
# Things that have people's names.
_NAMESAKES = frozenset(
    "storm hurricane typhoon cyclone ship vessel ferry trawler tanker yacht frigate destroyer warship submarine".split()
)
_CALLED = frozenset({"named", "called", "dubbed"})
_QUOTES = {"“": "”", '"': '"', "‘": "’", "'": "'", "«": "»", "„": "“"}

# Votes for each type of a name.
Votes = collections.Counter[EntityType]


def is_of_thing(sheet: TokenSheet, index: int) -> bool:
    """Tell whether the words before token ``index`` say that no person is named: "the Amber Star", "storm Ann"."""
    word = sheet.word_before(index)
    if word in _CALLED:
        word = next((t.key for t in reversed(sheet.tokens[max(0, index - 3) : index - 1]) if t.key in _NAMESAKES), "")
    return word == "the" or word in _NAMESAKES


def is_quoted(sheet: TokenSheet, candidate: NameCandidate) -> bool:
    """Tell whether quotation marks enclose just this name: it is a work, a slogan or a nickname."""
    start, end = sheet.tokens[candidate.first].start, sheet.tokens[candidate.stop - 1].end
    closing = _QUOTES.get(sheet.text[start - 1 : start])
    return closing is not None and sheet.text[end : end + 2].strip(",.").startswith(closing)


def person_votes(sheet: TokenSheet, candidate: NameCandidate) -> int:
    """Return the votes (0 to 7) of the words around a name for its being a person's."""
    words, is_full_name = sheet.words, candidate.stop - candidate.first > 1
    preceding, following = sheet.word_before(candidate.first), sheet.word_behind(candidate.stop)
    votes = 0
    if preceding in words.titles or (
        is_full_name and (preceding in words.title_parts or preceding in words.person_nouns)
    ):
        votes += 2
    if following in _RELATIVE and preceding not in words.place_before and preceding not in words.locatives:
        votes += 2
    if is_full_name and (
        preceding in _KIN or _has_age(sheet, candidate.stop) or _apposition_type(sheet, candidate.stop) is PERSON
    ):
        votes += 2
    if following in words.person_verbs or preceding in _SAID or (is_full_name and following in words.human_verbs):
        votes += 1
    return votes


def context_votes(sheet: TokenSheet, candidate: NameCandidate) -> Votes:
    """Return the votes of the words around a name for each type."""
    words, first = sheet.words, candidate.first
    votes: Votes = collections.Counter()
    votes[PERSON] += person_votes(sheet, candidate)
    preceding, following = sheet.word_before(first), sheet.word_behind(candidate.stop)
    is_known_place = is_place(sheet, candidate)
    if preceding in words.locatives or (is_known_place and preceding in words.place_before):
        votes[PLACE] += 1
    if preceding == "of" and first > 1 and _takes_place(sheet, sheet.tokens[first - 2].key):
        votes[PLACE] += 2
    if following == "based" or (following in words.place_tails and following != "state"):
        votes[PLACE] += 2
    if is_known_place and following in words.of_towns:
        votes[PLACE] += 1
    if _has_qualifier(sheet, candidate.stop):
        votes[PLACE] += 1 + is_known_place
    is_end_of_name = (
        candidate.stop - first == 1 and first > 0 and sheet.tokens[first - 1].capital
    )  # the end of "Fresh Acre"
    if not is_end_of_name and (preceding in words.org_nouns or _apposition_type(sheet, candidate.stop) is ORG):
        votes[ORG] += 2
    return +votes


def _takes_place(sheet: TokenSheet, noun: str) -> bool:
    """Tell whether a word before "of" says that a place follows: "the outskirts of Badush"."""
    return noun in sheet.words.place_tails or noun in {"capital", "outskirts", "people"}


def is_place(sheet: TokenSheet, candidate: NameCandidate) -> bool:
    """Tell whether a place of this name is known."""
    return any(e.type is PLACE for e in sheet.known_entities(candidate.first, candidate.stop))


def _has_qualifier(sheet: TokenSheet, stop: int) -> bool:
    """Tell whether just a comma and a country or region follow: "Badush, Iraq, "."""
    match = sheet.matches[stop] if _follows_comma(sheet, stop) else None
    if match is None or not any(
        e.kind is EntityKind.COUNTRY or (e.kind is EntityKind.REGION and e.listed) for e in match.entities
    ):
        return False
    is_complete = match.stop >= len(sheet.tokens) or sheet.tokens[match.stop].separator > Separator.PLURAL_POSSESSIVE
    return is_complete and not sheet.tokens[match.stop - 1].possessive


def _has_age(sheet: TokenSheet, stop: int) -> bool:
    """Tell whether an age follows: "Ann Lee, 34, said"."""
    return _follows_comma(sheet, stop) and _AGE.fullmatch(sheet.tokens[stop].text) is not None


def _follows_comma(sheet: TokenSheet, stop: int) -> bool:
    return stop < len(sheet.tokens) and sheet.tokens[stop].separator is Separator.COMMA


def _apposition_type(sheet: TokenSheet, stop: int) -> EntityType | None:
    """Return the type that an apposition's first noun that tells one says: ", a grain analyst at …"."""
    if not _follows_comma(sheet, stop) or sheet.tokens[stop].key not in {"a", "an", "the"}:
        return None
    for token in sheet.tokens[stop + 1 : stop + 1 + _APPOSITION]:
        if token.separator > Separator.HYPHEN:
            return None
        if token.key in sheet.words.titles or token.key in sheet.words.person_nouns:
            return PERSON
        if token.key in sheet.words.org_nouns:
            return ORG
    return None

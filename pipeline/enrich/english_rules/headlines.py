"""Find the names in headlines, where capitals say nothing.

A name counts there if the knowledge base has it, or if it was found in the text below.
"""

from __future__ import annotations

from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet
from pipeline.enrich.english_rules.voting import LARGE_CITY
from pipeline.enrich.knowledge.knowledge_base import EntityKind
from pipeline.enrich.knowledge.tokens import Separator
from pipeline.records import EntityType

# In a headline a city's bare name counts from so many inhabitants.
_HEADLINE_CITY = 5 * LARGE_CITY


def find_headline_names(sheet: TokenSheet, decided: list[NameCandidate]) -> list[NameCandidate]:
    """Return the names in headlines: those of the knowledge base, and those ``decided`` in the text below."""
    known_types: dict[str, EntityType] = {}
    for candidate in decided:
        if candidate.type:
            known_types.setdefault(
                " ".join(t.key for t in sheet.tokens[candidate.first : candidate.stop]), candidate.type
            )
    longest = max((k.count(" ") + 1 for k in known_types), default=0)
    headline_names: list[NameCandidate] = []
    index = 0
    while index < len(sheet.tokens):
        if not sheet.headline_kinds[index] or not sheet.tokens[index].capital:
            index += 1
            continue
        name = _headline_name(sheet, index, known_types, longest)
        if name:
            headline_names.append(name)
        index = name.stop if name else index + 1
    return headline_names


def _headline_name(
    sheet: TokenSheet, first: int, known_types: dict[str, EntityType], longest: int
) -> NameCandidate | None:
    keys: list[str] = []
    for token in sheet.tokens[first : first + longest]:
        if keys and token.separator > Separator.PLURAL_POSSESSIVE:
            break
        keys.append(token.key)
    for size in range(len(keys), 0, -1):
        entity_type = known_types.get(" ".join(keys[:size]))
        if entity_type:
            return NameCandidate(first, first + size, entity_type)
    match = sheet.matches[first]
    if not match:
        return None
    entity = match.entities[0]
    is_single_word = match.stop - first == 1
    is_common_in_capitals = (
        sheet.headline_kinds[first] == "caps" and sheet.tokens[first].key in sheet.words.common | sheet.words.stop
    )
    is_uncertain = entity.kind in {EntityKind.CITY, EntityKind.REGION} and (
        is_single_word or sheet.tokens[first].key in sheet.words.given_names
    )
    if is_common_in_capitals or (is_uncertain and max(e.population for e in match.entities) < _HEADLINE_CITY):
        return None
    if is_uncertain and sheet.tokens[first].key in sheet.words.common | sheet.words.given_names:
        return None
    return NameCandidate(first, match.stop, entity.type)

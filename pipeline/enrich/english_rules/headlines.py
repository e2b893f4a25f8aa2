"""Which names stand in a headline, where capitals say nothing?"""

from __future__ import annotations

from pipeline.enrich.english_rules.name_spans import NameCandidate, TokenSheet
from pipeline.enrich.english_rules.voting import LARGE_CITY
from pipeline.enrich.knowledge.knowledge_base import EntityKind
from pipeline.enrich.knowledge.tokens import Separator
from pipeline.records import EntityType

# In a headline a city's bare name counts from this size.
_HEADLINE_CITY = 5 * LARGE_CITY


def find_headline_names(sheet: TokenSheet, decided: list[NameCandidate]) -> list[NameCandidate]:
    """Return the names in headlines, where capitals say nothing: those known, or found in the text below."""
    found: dict[str, EntityType] = {}
    for part in decided:
        if part.type:
            found.setdefault(" ".join(t.key for t in sheet.tokens[part.first : part.stop]), part.type)
    longest = max((k.count(" ") + 1 for k in found), default=0)
    made: list[NameCandidate] = []
    at = 0
    while at < len(sheet.tokens):
        if not sheet.headline[at] or not sheet.tokens[at].capital:
            at += 1
            continue
        named = _headline_name(sheet, at, found, longest)
        if named:
            made.append(named)
        at = named.stop if named else at + 1
    return made


def _headline_name(sheet: TokenSheet, at: int, found: dict[str, EntityType], longest: int) -> NameCandidate | None:
    keys: list[str] = []
    for token in sheet.tokens[at : at + longest]:
        if keys and token.separator > Separator.PLURAL_POSSESSIVE:
            break
        keys.append(token.key)
    for size in range(len(keys), 0, -1):
        kind = found.get(" ".join(keys[:size]))
        if kind:
            return NameCandidate(at, at + size, kind)
    match = sheet.match[at]
    if not match:
        return None
    row = match.entities[0]
    word = match.stop - at == 1
    caps = sheet.headline[at] == "caps" and sheet.tokens[at].key in sheet.words.common | sheet.words.stop
    weak = row.kind in {EntityKind.CITY, EntityKind.REGION} and (
        word or sheet.tokens[at].key in sheet.words.given_names
    )
    if caps or (weak and max(r.population for r in match.entities) < _HEADLINE_CITY):
        return None
    if weak and sheet.tokens[at].key in sheet.words.common | sheet.words.given_names:
        return None
    return NameCandidate(at, match.stop, row.type)

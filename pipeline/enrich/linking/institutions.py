"""Whose ministry, parliament or court is it, when its name doesn't say?

"Interior Ministry" is another body in each country. A bare name gets the country that stands before it ("Iraq's
Interior Ministry"), else the one that the article and its source speak of most, so that the same words in two
countries are never one organisation.
"""

from __future__ import annotations

import collections
from typing import NamedTuple

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, KnownEntity
from pipeline.enrich.knowledge.tokens import name_key
from pipeline.records import EntityType

_SMALL = frozenset("of the and for on".split())
_DEPARTMENT = "department"
# Words of bodies that each town or state of a federation has.
_LOCAL = frozenset("city county district municipal local regional state town school fire university college".split())
# A country that is named once only may be there by the way.
_ONCE = 1
# "Central Bank", "Environment Agency": longer names of offices are names of their own.
_SHORT = 2
# "South African", "New Zealand": the longest adjectives.
_LONGEST_ADJECTIVE = 2


class Institution(NamedTuple):
    """A body of government: its country, None where its name doesn't say, and its words without the country's."""

    country: str | None
    words: tuple[str, ...]


def parse_institution(known: KnowledgeBase, name: SurfaceForm) -> Institution | None:
    """Return what a name says if it names a body of government by kind alone ("Interior Ministry"), else None."""
    if name.type is not EntityType.ORG:
        return None
    words = comparison_words(name, known.lexicon)
    for cut in range(min(_LONGEST_ADJECTIVE, len(words) - 1), 0, -1):
        country = known.nationalities.get(" ".join(words[:cut]))
        if country and _general(known, words[cut:]):
            return Institution(country, words[cut:])
    return Institution(None, words) if _general(known, words) else None


def _general(known: KnowledgeBase, words: tuple[str, ...]) -> bool:
    """Tell whether all words are those of a state's bodies in general, one of them the kind."""
    lexicon = known.lexicon
    if not _LOCAL.isdisjoint(words):
        return False
    if _DEPARTMENT in words:  # universities and companies have departments too
        return len(words) > 1 and all(w in lexicon.title_parts or w in _SMALL or w == _DEPARTMENT for w in words)
    kind = any(w in lexicon.government for w in words) or (len(words) == _SHORT and words[-1] in lexicon.offices)
    kinds = lexicon.government, lexicon.offices, lexicon.common, lexicon.title_parts, lexicon.org_tails
    return kind and all(w in _SMALL or any(w in some for some in kinds) for w in words)


def owning_country(spoken: collections.Counter[str], source_country: str | None) -> str | None:
    """Return the country whose bodies an article means: the one it speaks of most, where one is.

    An article that speaks of no country means its source's; where it is not clear, none is better than a wrong one.
    """
    if set(spoken) <= {source_country}:
        return source_country
    (first, most), (_, second) = (*spoken.most_common(2), ("", 0))[:2]
    if source_country and spoken[source_country] == most > _ONCE:
        return source_country
    return first if most > max(second, _ONCE) else None


def full_institution_name(known: KnowledgeBase, country: str, name: str) -> tuple[str, KnownEntity | None]:
    """Return the name with the country's adjective before it, and what is known under it."""
    adjective = known.adjectives.get(country)
    if not adjective:
        return name, None
    words = name.split()
    while len(words) > 1 and name_key(words[0]) in name_key(adjective).split():  # "U.S. Commerce Department"
        words.pop(0)
    full = " ".join((adjective, *words))
    rows = known.find_entities(full, EntityType.ORG)
    return full, rows[0] if rows else None

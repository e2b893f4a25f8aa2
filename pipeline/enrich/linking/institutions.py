"""Find the country of a ministry, parliament or court whose name doesn't say it.

"Interior Ministry" is another body in each country. A bare name gets the country that precedes it ("Iraq's Interior
Ministry"), else the one that the article and its source speak of most, so that the same words in two countries are
never one organisation.
"""

from __future__ import annotations

import collections
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, KnownEntity
from pipeline.enrich.knowledge.tokens import name_key
from pipeline.records import EntityType

_SMALL = frozenset("of the and for on".split())
_DEPARTMENT = "department"
# Words of bodies that every town, or every state of a federation, has.
_LOCAL = frozenset("city county district municipal local regional state town school fire university college".split())
# A country that is named so often only may be there by the way.
_PASSING_MENTIONS = 1
# Words of "Central Bank", "Environment Agency": longer names of offices say whose they are.
_OFFICE_WORDS = 2
# Words of the longest adjectives: "South African", "New Zealand".
_LONGEST_ADJECTIVE = 2


class Institution(NamedTuple):
    """A body of government: its country (None where its name doesn't say), and its words without the country's."""

    country: str | None
    words: tuple[str, ...]


@lru_cache(maxsize=16384)
def parse_institution(knowledge: KnowledgeBase, form: SurfaceForm) -> Institution | None:
    """Return the body of government that a name of general words means ("Interior Ministry"), None for other names."""
    if form.type is not EntityType.ORG:
        return None
    words = comparison_words(form, knowledge.lexicon)
    for size in range(min(_LONGEST_ADJECTIVE, len(words) - 1), 0, -1):
        country = knowledge.nationalities.get(" ".join(words[:size]))
        if country and _is_generic(knowledge, words[size:]):
            return Institution(country, words[size:])
    return Institution(None, words) if _is_generic(knowledge, words) else None


def _is_generic(knowledge: KnowledgeBase, words: tuple[str, ...]) -> bool:
    """Tell whether all words are those of any state's bodies, one of them the kind of body."""
    lexicon = knowledge.lexicon
    if not _LOCAL.isdisjoint(words):
        return False
    if _DEPARTMENT in words:  # universities and companies have departments too
        return len(words) > 1 and all(w in lexicon.title_parts or w in _SMALL or w == _DEPARTMENT for w in words)
    has_kind = any(w in lexicon.government for w in words) or (
        len(words) == _OFFICE_WORDS and words[-1] in lexicon.offices
    )
    word_lists = lexicon.government, lexicon.offices, lexicon.common, lexicon.title_parts, lexicon.org_tails
    return has_kind and all(w in _SMALL or any(w in word_list for word_list in word_lists) for w in words)


def owning_country(country_counts: collections.Counter[str], source_country: str | None) -> str | None:
    """Return the country whose bodies an article means, None where that isn't clear.

    It is the country that the article speaks of most; its source's, where it speaks of no other.
    """
    if set(country_counts) <= {source_country}:
        return source_country
    (first, most_often), (_, second_most) = (*country_counts.most_common(2), ("", 0))[:2]
    if source_country and country_counts[source_country] == most_often > _PASSING_MENTIONS:
        return source_country
    return first if most_often > max(second_most, _PASSING_MENTIONS) else None


def full_institution_name(knowledge: KnowledgeBase, country: str, name: str) -> tuple[str, KnownEntity | None]:
    """Return the name with the country's adjective before it, and the entity that is known under it."""
    adjective = knowledge.adjectives.get(country)
    if not adjective:
        return name, None
    words = name.split()
    while len(words) > 1 and name_key(words[0]) in name_key(adjective).split():  # "U.S. Commerce Department"
        words.pop(0)
    full = " ".join((adjective, *words))
    entities = knowledge.find_entities(full, EntityType.ORG)
    return full, entities[0] if entities else None

"""Which names does an English text hold, by the packed network and word lists together?"""

from __future__ import annotations

from functools import cache, lru_cache, partial

import numpy as np

from pipeline.enrich.english_model.decoding import Chances, decode_names
from pipeline.enrich.english_model.model_input import LABEL_COUNT, ModelInput, encode_text
from pipeline.enrich.english_model.network import Network
from pipeline.enrich.english_model.plain_words import drop_common_words
from pipeline.enrich.english_model.trimming import find_addresses, join_nicknames, trim_names
from pipeline.enrich.english_rules.patterns import recognise_english
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.records import EntityType

# Characters that the network reads, about 10,000 words: few articles are longer; what lies behind that in a list or a
# book is left to the word lists, so that any text is answered in seconds.
_READ = 60_000
NO_NAME_PROBABILITIES = np.eye(1, LABEL_COUNT, dtype=np.float32)[0]


@cache
def _network() -> Network:
    return Network()


def bundled_recogniser(known: KnowledgeBase) -> Recogniser:
    """Return the recogniser for English that the package holds: the network, which sees what word lists find."""
    network = _network()
    is_place = lru_cache(maxsize=65536)(lambda name: bool(known.find_entities(name, EntityType.PLACE)))
    known_as = lru_cache(maxsize=65536)(partial(_only_type, known))

    def recognise(text: str, _language: str | None) -> list[Span]:
        hints = recognise_english(known, text)
        end = _end(text)
        seen = [hint for hint in hints if hint.end <= end]
        words = encode_text(network.tokenizer, text[:end], seen)
        chances = _outside_addresses(text, words, network.label_probabilities(text[:end], words))
        found = decode_names(text, words, chances, known_as, seen)
        whole = list(trim_names(text, join_nicknames(text, found), known.lexicon, known_as, is_place))
        return [
            *drop_common_words(text, whole, known.lexicon, known_as, is_place),
            *(h for h in hints if h.start >= end),
        ]

    return recognise


def _only_type(known: KnowledgeBase, name: str) -> EntityType | None:
    """Return the type of the people, organisation, country or region that alone is known by the name.

    Cities and persons don't count: most towns' names are surnames too, and the reverse.
    """
    organisations, groups = known.find_entities(name, EntityType.ORG), known.find_entities(name, EntityType.GROUP)
    places = [
        row for row in known.find_entities(name, EntityType.PLACE) if row.kind is EntityKind.COUNTRY or row.listed
    ]
    found = {rows[0].type for rows in (organisations, groups, places) if rows}
    return found.pop() if len(found) == 1 else None


def _outside_addresses(text: str, words: ModelInput, chances: Chances) -> Chances:
    """Return the chances with no name inside web and mail addresses."""
    for start, end in find_addresses(text[: int(words.end[-1]) if len(words.end) else 0]):
        low, high = np.searchsorted(words.start, (start, end))
        chances[low:high] = NO_NAME_PROBABILITIES
    return chances


def _end(text: str) -> int:
    """Return how much of a text the network reads: whole lines or words of it where it is too long."""
    if len(text) <= _READ:
        return len(text)
    return max(text.rfind("\n", 0, _READ), text.rfind(" ", _READ // 2, _READ)) + 1 or _READ

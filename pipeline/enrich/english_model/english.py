"""Find the names in an English text, by the packed network and the word lists together.

The network reads at most ``_MAX_CHARACTERS`` characters, so that any text takes seconds.
"""

from __future__ import annotations

from functools import cache, lru_cache, partial

import numpy as np

from pipeline.enrich.english_model.decoding import Probabilities, decode_names
from pipeline.enrich.english_model.model_input import LABEL_COUNT, ModelInput, encode_text
from pipeline.enrich.english_model.network import Network
from pipeline.enrich.english_model.plain_words import drop_common_words
from pipeline.enrich.english_model.trimming import find_addresses, join_nicknames, trim_names
from pipeline.enrich.english_rules.patterns import recognise_english
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase
from pipeline.enrich.knowledge.name_lists import part_names
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.records import EntityType

# Characters that the network reads, about 10,000 words: few articles are longer. The rest of a list or a book is left
# to the word lists, so that any text takes seconds.
_MAX_CHARACTERS = 60_000
# The label probabilities of a word outside of names.
NO_NAME_PROBABILITIES = np.eye(1, LABEL_COUNT, dtype=np.float32)[0]


@cache
def _network() -> Network:
    return Network()


def bundled_recogniser(knowledge: KnowledgeBase) -> Recogniser:
    """Return the recogniser for English that comes with the package: the network, which sees what word lists find."""
    network = _network()
    is_toponym = lru_cache(maxsize=65536)(lambda name: bool(knowledge.find_entities(name, EntityType.PLACE)))
    sole_type = lru_cache(maxsize=65536)(partial(_sole_type, knowledge))
    names = partial(part_names, lexicon=knowledge.lexicon, is_known=lambda name: sole_type(name) is EntityType.ORG)

    def recognise(text: str, _language: str | None) -> list[Span]:
        hints = recognise_english(knowledge, text)
        end = _end(text)
        read_hints = [hint for hint in hints if hint.end <= end]
        model_input = encode_text(network.tokenizer, text[:end], read_hints)
        probabilities = _without_addresses(text, model_input, network.label_probabilities(text[:end], model_input))
        spans = decode_names(text, model_input, probabilities, sole_type, read_hints, names)
        trimmed = list(trim_names(text, join_nicknames(text, spans), knowledge.lexicon, sole_type, is_toponym))
        return [
            *drop_common_words(text, trimmed, knowledge.lexicon, sole_type, is_toponym),
            *(h for h in hints if h.start >= end),
        ]

    return recognise


def _sole_type(knowledge: KnowledgeBase, name: str) -> EntityType | None:
    """Return the only type among the groups, organisations, countries and regions that are known under the name.

    Cities and persons don't count: most towns' names are surnames too, and the reverse.
    """
    organisations, groups = (
        knowledge.find_entities(name, EntityType.ORG),
        knowledge.find_entities(name, EntityType.GROUP),
    )
    toponyms = knowledge.find_entities(name, EntityType.PLACE)
    areas = [area for area in toponyms if area.kind is EntityKind.COUNTRY or area.listed]
    types = {entities[0].type for entities in (organisations, groups, areas) if entities}
    return types.pop() if len(types) == 1 else None


def _without_addresses(text: str, model_input: ModelInput, probabilities: Probabilities) -> Probabilities:
    """Set the words inside web and mail addresses to "no name"; return the same array."""
    for start, end in find_addresses(text[: int(model_input.end[-1]) if len(model_input.end) else 0]):
        low, high = np.searchsorted(model_input.start, (start, end))
        probabilities[low:high] = NO_NAME_PROBABILITIES
    return probabilities


def _end(text: str) -> int:
    """Return how many characters of a text the network reads: whole lines or words where the text is too long."""
    if len(text) <= _MAX_CHARACTERS:
        return len(text)
    return (
        max(text.rfind("\n", 0, _MAX_CHARACTERS), text.rfind(" ", _MAX_CHARACTERS // 2, _MAX_CHARACTERS)) + 1
        or _MAX_CHARACTERS
    )

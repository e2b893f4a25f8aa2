"""Which names does an English text hold, by the packed network and word lists together?"""

from __future__ import annotations

from functools import cache, lru_cache, partial

import numpy as np

from pipeline.enrich.decoding import Chances, names
from pipeline.enrich.inputs import LABELS, Words, read
from pipeline.enrich.known import Kind, Known
from pipeline.enrich.network import Network
from pipeline.enrich.patterns import recognise_english
from pipeline.enrich.plain_words import without_common
from pipeline.enrich.spans import Recogniser, Span
from pipeline.enrich.trimming import addresses, nicknamed, trimmed
from pipeline.records import EntityType

# Characters that the network reads, about 10,000 words: few articles are longer; what lies behind that in a list or a
# book is left to the word lists, so that any text is answered in seconds.
_READ = 60_000
NO_NAME = np.eye(1, LABELS, dtype=np.float32)[0]


@cache
def _network() -> Network:
    return Network()


def network_recogniser(known: Known) -> Recogniser:
    """Return the recogniser for English that the package holds: the network, which sees what word lists find."""
    network = _network()
    is_place = lru_cache(maxsize=65536)(lambda name: bool(known.rows(name, EntityType.PLACE)))
    known_as = lru_cache(maxsize=65536)(partial(_only_type, known))

    def recognise(text: str, _language: str | None) -> list[Span]:
        hints = recognise_english(known, text)
        end = _end(text)
        seen = [hint for hint in hints if hint.end <= end]
        words = read(network.tokenizer, text[:end], seen)
        chances = _outside_addresses(text, words, network.chances(text[:end], words))
        found = names(text, words, chances, known_as, seen)
        whole = list(trimmed(text, nicknamed(text, found), known.lexicon, known_as, is_place))
        return [*without_common(text, whole, known.lexicon, known_as, is_place), *(h for h in hints if h.start >= end)]

    return recognise


def _only_type(known: Known, name: str) -> EntityType | None:
    """Return the type of the people, organisation, country or region that alone is known by the name.

    Cities and persons don't count: most towns' names are surnames too, and the reverse.
    """
    organisations, groups = known.rows(name, EntityType.ORG), known.rows(name, EntityType.GROUP)
    places = [row for row in known.rows(name, EntityType.PLACE) if row.kind is Kind.COUNTRY or row.listed]
    found = {rows[0].type for rows in (organisations, groups, places) if rows}
    return found.pop() if len(found) == 1 else None


def _outside_addresses(text: str, words: Words, chances: Chances) -> Chances:
    """Return the chances with no name inside web and mail addresses."""
    for start, end in addresses(text[: int(words.end[-1]) if len(words.end) else 0]):
        low, high = np.searchsorted(words.start, (start, end))
        chances[low:high] = NO_NAME
    return chances


def _end(text: str) -> int:
    """Return how much of a text the network reads: whole lines or words of it where it is too long."""
    if len(text) <= _READ:
        return len(text)
    return max(text.rfind("\n", 0, _READ), text.rfind(" ", _READ // 2, _READ)) + 1 or _READ

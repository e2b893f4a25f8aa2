"""Find the names in a text of any language, by the packed network and the known names together.

The network reads at most ``_MAX_CHARACTERS`` characters, so that any text takes seconds.
"""

from __future__ import annotations

import re

import numpy as np

from pipeline.enrich.english_model.trimming import find_addresses
from pipeline.enrich.english_model.windows import cut_windows
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.knowledge.matching import recognise_known
from pipeline.enrich.multilingual_model.article_names import Floats, article_names
from pipeline.enrich.multilingual_model.name_edges import trim_edges
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.multilingual.labels import LABEL_COUNT, NO_LABEL
from pipeline.multilingual.network import MultilingualNetwork, load_network
from pipeline.multilingual.tokenizer import Pieces

# Characters that the network reads, as in English; the rest is left to the known names.
_MAX_CHARACTERS = 60_000
# Pieces of a window, without its two end marks: so many it was trained on.
_LONGEST = 126
# The start of a line, or of a sentence; Chinese and its neighbours put no space behind their stops, Thai has none.
_BEGINS = re.compile(
    r"\n\s*|(?<=[^\W\d_][^\W\d_])[\"'”’»)\]]{0,3}[.!?…؟۔।॥։][\"'”’»)\]]{0,3}\s+(?=[^\s\d])"
    r"|[。！？][」』”’）]{0,3}\s*|[\u0e00-\u0e7f]\s+(?=[\u0e00-\u0e7f])"
)


def multilingual_recogniser(knowledge: KnowledgeBase) -> Recogniser:
    """Return the recogniser for all languages that comes with the package; it loads the network with the first text."""

    def recognise(text: str, language: str | None) -> list[Span]:
        network = load_network()
        hints = recognise_known(knowledge, text, language)
        end = _end(text)
        pieces = network.encode(text[:end])
        probabilities = word_probabilities(network, text[:end], pieces)
        names = article_names(text[:end], pieces, probabilities, [hint for hint in hints if hint.end <= end])
        return [*trim_edges(text, names), *(hint for hint in hints if hint.start >= end)]

    return recognise


def word_probabilities(network: MultilingualNetwork, text: str, pieces: Pieces) -> Floats:
    """Return the probability of each label for each word of ``text`` (words, ``LABEL_COUNT``); rows sum to 1."""
    probabilities = np.zeros((len(pieces.ids), LABEL_COUNT), dtype=np.float32)
    windows = cut_windows(text, pieces, _LONGEST, _BEGINS)
    parts, _ = network.infer([pieces.ids[window.first : window.stop] for window in windows])
    for window, part in zip(windows, parts, strict=True):
        probabilities[window.counted_from : window.stop] = part[window.counted_from - window.first :]
    words = probabilities[pieces.first]
    for start, end in find_addresses(text):
        low, high = np.searchsorted(pieces.start, (start, end))
        words[low:high] = 0
        words[low:high, NO_LABEL] = 1
    return words


def _end(text: str) -> int:
    """Return how many characters of a text the network reads: whole lines or words where the text is too long."""
    if len(text) <= _MAX_CHARACTERS:
        return len(text)
    line, space = text.rfind("\n", 0, _MAX_CHARACTERS), text.rfind(" ", _MAX_CHARACTERS // 2, _MAX_CHARACTERS)
    return max(line, space) + 1 or _MAX_CHARACTERS

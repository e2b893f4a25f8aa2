"""Where is a text cut that the network can't read at once? Between sentences, so that nothing is read twice."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from pipeline.enrich.english_model.model_input import Ints, ModelInput

# Pieces of a window, without its two ends: in shorter ones the network sees too little, in longer ones attention, which
# grows with the square, costs more than it tells. Measured from 96 to 254; it was trained on up to 254.
LONGEST = 158
# A window is at least this part of the longest, as a lone sentence says little.
_SHORTEST = LONGEST // 3
# So many pieces two windows share where no sentence ends for long, each half of them in the other's light.
_SHARED = 16
# A line, or a sentence behind a word in small letters: "Mr.", "St." and "U.S." end none.
_BEGINS = re.compile(r"\n\s*|\b[a-z]{2,}[.!?…]+[\"'”’)\]]*\s+(?=[^a-z\s])")


class Window(NamedTuple):
    """Pieces ``first`` to ``after`` are read together; what is said of those from ``counts`` on counts."""

    first: int
    stop: int
    counted_from: int


def cut_windows(text: str, words: ModelInput) -> list[Window]:
    """Return the windows over a text's pieces, in order; they are about equally long and cut between sentences."""
    size, first, counts = len(words.ids), 0, 0
    cuts = _sentences(text, words) if size > LONGEST else np.zeros(0, dtype=np.int64)
    made: list[Window] = []
    while size - first > LONGEST:
        rest = size - first
        even = first + rest / -(-rest // LONGEST)
        low, high = np.searchsorted(cuts, (first + _SHORTEST, first + LONGEST + 1))
        near = cuts[low:high]
        after = int(near[np.abs(near - even).argmin()]) if len(near) else first + LONGEST
        made.append(Window(first, after, counts))
        first, counts = (after, after) if len(near) else (after - _SHARED, after - _SHARED // 2)
    return [*made, Window(first, size, counts)] if size else []


def _sentences(text: str, words: ModelInput) -> Ints:
    """Return the pieces with which sentences and lines begin."""
    begin = np.fromiter((match.end() for match in _BEGINS.finditer(text)), np.int64)
    at = np.unique(np.searchsorted(words.start, begin))
    return words.first[at[at < len(words.first)]]

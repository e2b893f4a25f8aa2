"""Cut a text that the network can't read at once into windows.

Windows end between sentences, so that nothing is read twice; where no sentence ends for long, two of them overlap.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

import numpy as np

from pipeline.enrich.english_model.model_input import Ints

# Pieces of a window, without its two end marks: in shorter ones the network sees too little; in longer ones attention,
# which grows with the square, costs more than it gains. Measured from 96 to 254; it was trained on up to 254.
LONGEST = 158
# Pieces that two windows share where no sentence ends for long; each window decides on its half of them.
_SHARED_PIECES = 16
# The start of a line, or of a sentence behind a word in small letters: "Mr.", "St." and "U.S." end no sentence.
_BEGINS = re.compile(r"\n\s*|\b[a-z]{2,}[.!?…]+[\"'”’)\]]*\s+(?=[^a-z\s])")


class EncodedText(Protocol):
    """What windows are cut from: a text's words, with their first pieces, and the ids of its pieces."""

    @property
    def start(self) -> Ints: ...  # noqa: D102

    @property
    def first(self) -> Ints: ...  # noqa: D102

    @property
    def ids(self) -> Ints: ...  # noqa: D102


class Window(NamedTuple):
    """Pieces ``first`` to ``stop`` (exclusive) are read together; the result counts from ``counted_from`` on."""

    first: int
    stop: int
    counted_from: int


def cut_windows(
    text: str, model_input: EncodedText, longest: int = LONGEST, begins: re.Pattern[str] = _BEGINS
) -> list[Window]:
    """Return the windows over a text's pieces, in order, about equally long and cut between sentences.

    Args:
        text: any text.
        model_input: its words and pieces.
        longest: pieces of a window at most.
        begins: matches up to where a sentence or line begins.
    """
    size, first, counted_from = len(model_input.ids), 0, 0
    boundaries = _sentences(text, model_input, begins) if size > longest else np.zeros(0, dtype=np.int64)
    cut: list[Window] = []
    while size - first > longest:
        remaining = size - first
        ideal = first + remaining / -(-remaining // longest)
        low, high = np.searchsorted(boundaries, (first + longest // 3, first + longest + 1))
        candidates = boundaries[low:high]
        stop = int(candidates[np.abs(candidates - ideal).argmin()]) if len(candidates) else first + longest
        cut.append(Window(first, stop, counted_from))
        first, counted_from = (stop, stop) if len(candidates) else (stop - _SHARED_PIECES, stop - _SHARED_PIECES // 2)
    return [*cut, Window(first, size, counted_from)] if size else []


def _sentences(text: str, model_input: EncodedText, begins: re.Pattern[str]) -> Ints:
    """Return the indices of the pieces with which sentences and lines begin."""
    starts = np.fromiter((match.end() for match in begins.finditer(text)), np.int64)
    indices = np.unique(np.searchsorted(model_input.start, starts))
    return model_input.first[indices[indices < len(model_input.first)]]

"""Count in how many documents hashed terms occur, in fixed memory: a count-min sketch that ages.

The share of documents that hold a term has an error of about (terms a document) / ``WIDTH``, whatever the number of
documents: enough to tell boilerplate and function words from other words. (Cormode and Muthukrishnan, 2005.)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float32]

WIDTH = 1 << 18  # 512 kB; with 200 terms a document a share of 0.1 % still stands out
AGES_AT = 50_000  # documents, after which all counters are halved: below the 65,535 that two bytes hold
_HEAD = struct.Struct("<I")


class CountMinSketch:
    """Counts in how many documents each of many hashed terms occurs; old documents count less and less.

    ``data`` is what ``bytes`` returned (512 kB), ``increments`` what ``take_increments`` returned since then, in order.
    """

    def __init__(self, data: bytes | None = None, increments: Iterable[bytes] = ()) -> None:
        self.documents = _HEAD.unpack_from(data)[0] if data else 0
        self._counts = (
            np.frombuffer(data, dtype="<u2", offset=_HEAD.size).copy() if data else np.zeros(WIDTH, dtype="<u2")
        )
        self._increments: list[bytes] = []
        for increment in increments:
            self.replay(increment)

    def __bytes__(self) -> bytes:
        return _HEAD.pack(self.documents) + self._counts.tobytes()

    def add_document(self, terms: Hashes) -> None:
        """Count one document with these ``terms``, of which none stands twice."""
        cells = terms % WIDTH
        self._increments += (_HEAD.pack(len(cells)), cells.astype("<u4", copy=False).tobytes())
        self._count(cells)

    def take_increments(self) -> bytes:
        """Return the documents that were counted since the last call, 4 bytes a term."""
        increment = b"".join(self._increments)
        self._increments.clear()
        return increment

    def copy(self) -> CountMinSketch:
        """Return a sketch that counts on by itself; what was counted so far is none of its increments."""
        return CountMinSketch(bytes(self))

    def replay(self, increment: bytes) -> None:
        """Count the documents of an increment again: for each the number of its terms, then their cells."""
        numbers = np.frombuffer(increment, dtype="<u4")
        start = 0
        while start < len(numbers):
            end = start + 1 + int(numbers[start])
            self._count(numbers[start + 1 : end])
            start = end

    def _count(self, cells: npt.NDArray[np.uint32]) -> None:
        self._counts[cells] += 1  # by 1, also where two terms share a cell
        self.documents += 1
        if self.documents >= AGES_AT:
            self._counts //= 2
            self.documents //= 2

    def estimate_counts(self, terms: Hashes) -> npt.NDArray[np.uint16]:
        """Return for each term how many documents hold it, or a few more."""
        return self._counts[terms % WIDTH]

    def estimate_shares(self, terms: Hashes, imagined: int = 1) -> Weights:
        """Return for each term the share of documents that hold it; never 0.

        ``imagined`` documents that hold none of them are added: while few have been counted, they are the prior.
        """
        return (self.estimate_counts(terms) + np.float32(0.5)) / np.float32(self.documents + imagined)


def isin_sorted(terms: Hashes, sorted_terms: Hashes) -> npt.NDArray[np.bool_]:
    """Return for each of ``terms`` whether it is among ``sorted_terms``, of which there is at least one."""
    is_member: npt.NDArray[np.bool_] = sorted_terms.take(sorted_terms.searchsorted(terms), mode="clip") == terms
    return is_member


def hash_words(words: Iterable[str]) -> Hashes:
    """Return a 32-bit hash of each word, the same on every machine."""
    return np.fromiter(map(zlib.crc32, map(str.encode, words)), dtype=np.uint32)

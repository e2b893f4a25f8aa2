"""How common is a hashed term? A counter array of fixed size that ages: Cormode and Muthukrishnan's count-min sketch.

The share of documents that hold a term is told with an error of about (terms a document) / ``WIDTH``, whatever the
number of documents: precise enough to tell boilerplate and function words from the rest, which is all that is asked.
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
    """In how many documents each of many hashed terms stands; old documents count less and less; as bytes, 512 kB.

    ``data`` is what ``bytes`` gave, ``later`` what ``take_added`` gave since then, in order.
    """

    def __init__(self, data: bytes | None = None, later: Iterable[bytes] = ()) -> None:
        self.documents = _HEAD.unpack_from(data)[0] if data else 0
        self._counts = (
            np.frombuffer(data, dtype="<u2", offset=_HEAD.size).copy() if data else np.zeros(WIDTH, dtype="<u2")
        )
        self._added: list[bytes] = []
        for piece in later:
            self._add_again(np.frombuffer(piece, dtype="<u4"))

    def __bytes__(self) -> bytes:
        return _HEAD.pack(self.documents) + self._counts.tobytes()

    def add_document(self, terms: Hashes) -> None:
        """Count one document with these ``terms``, each named once."""
        places = terms % WIDTH
        self._added += (_HEAD.pack(len(places)), places.astype("<u4", copy=False).tobytes())
        self._count(places)

    def take_increments(self) -> bytes:
        """Return the documents that were counted since the last call, for ``later``: 4 bytes a term."""
        taken = b"".join(self._added)
        self._added.clear()
        return taken

    def _add_again(self, added: npt.NDArray[np.uint32]) -> None:
        at = 0
        while at < len(added):
            upto = at + 1 + int(added[at])
            self._count(added[at + 1 : upto])
            at = upto

    def _count(self, places: npt.NDArray[np.uint32]) -> None:
        self._counts[places] += 1  # by one, also where two terms have one place
        self.documents += 1
        if self.documents >= AGES_AT:
            self._counts //= 2
            self.documents //= 2

    def estimate_counts(self, terms: Hashes) -> npt.NDArray[np.uint16]:
        """Return for each term how many documents hold it, or a few more."""
        return self._counts[terms % WIDTH]

    def estimate_shares(self, terms: Hashes, imagined: int = 1) -> Weights:
        """Return for each term the share of documents that hold it; never 0.

        ``imagined`` documents that hold none of them are added: while few have been counted, that says how common a
        term is before anything is known.
        """
        return (self.estimate_counts(terms) + np.float32(0.5)) / np.float32(self.documents + imagined)


def isin_sorted(terms: Hashes, known: Hashes) -> npt.NDArray[np.bool_]:
    """Return for each of ``terms`` whether it is among ``known``, which are sorted and not none."""
    found: npt.NDArray[np.bool_] = known.take(known.searchsorted(terms), mode="clip") == terms
    return found


def hash_words(words: Iterable[str]) -> Hashes:
    """Return a 32-bit hash of each word, the same on every machine."""
    return np.fromiter(map(zlib.crc32, map(str.encode, words)), dtype=np.uint32)

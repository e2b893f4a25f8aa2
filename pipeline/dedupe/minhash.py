"""Compute MinHash bands of shingles: hashes of three words in a row.

The hash functions are constants: stored sketches and terms were made with them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.count_min import Hashes

TEXT_BANDS, TEXT_ROWS = 15, 3
LEDE_BANDS, LEDE_ROWS = 12, 2

Wide = npt.NDArray[np.uint64]


def hash_shingles(words: Hashes) -> Hashes:
    """Return a hash of each three consecutive words, two fewer than ``words``."""
    wide = words.astype(np.uint64)
    return _mix(wide[:-2] * _ODD[0] + wide[1:-1] * _ODD[1] + wide[2:] * _ODD[2])


def text_bands(shingles: Hashes, counts: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return for each text the terms under which it is found.

    ``shingles`` holds one text behind the other; ``counts`` says how many are each text's, at least one.
    """
    return _bands(shingles, counts, _TEXT_HASHES, TEXT_ROWS)


def lede_bands(shingles: Hashes, counts: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return for each lede the terms under which it is found; the arguments are as in ``text_bands``."""
    return _bands(shingles, counts, _LEDE_HASHES, LEDE_ROWS)


def _bands(shingles: Hashes, counts: npt.NDArray[np.int64], hashes: Wide, rows: int) -> list[list[int]]:
    """Return for each text one term per band: a hash of ``rows`` minima, each under a hash function of its own."""
    bands = (_minima(shingles, counts, hashes) >> np.uint64(32)).reshape(-1, rows, len(counts))
    mixed = np.repeat(np.arange(len(bands), dtype=np.uint64)[:, None] + np.uint64(rows << 8), len(counts), axis=1)
    for row in range(rows):
        mixed = mixed * _ODD[0] + bands[:, row] * _ODD[1]
        mixed ^= mixed >> np.uint64(29)
    terms: list[list[int]] = _mix(mixed).T.tolist()
    return terms


def _minima(shingles: Hashes, counts: npt.NDArray[np.int64], hashes: Wide) -> Wide:
    """Return the least value of each hash function (factor, summand) in each text, of which none is empty."""
    wide, starts = shingles.astype(np.uint64), np.cumsum(counts) - counts
    hashed, least = np.empty_like(wide), np.empty((len(hashes), len(counts)), dtype=np.uint64)
    for n, (factor, summand) in enumerate(hashes):
        np.multiply(wide, factor, out=hashed)
        np.add(hashed, summand, out=hashed)
        np.minimum.reduceat(hashed, starts, out=least[n])
    return least


def _mix(values: Wide) -> Hashes:
    mixed: Hashes = (((values ^ (values >> np.uint64(33))) * _ODD[3]) >> np.uint64(32)).astype(np.uint32)
    return mixed


def _constants(count: int) -> Wide:
    """Return ``count`` well-spread 64-bit numbers: Steele's SplitMix64 from 0."""
    numbers = []
    for n in range(1, count + 1):
        z = n * 0x9E3779B97F4A7C15 & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        numbers.append(z ^ z >> 31)
    return np.array(numbers, dtype=np.uint64)


_MASK = (1 << 64) - 1
_ODD = _constants(4) | np.uint64(1)
_PAIRS = _constants(4 + 2 * (TEXT_BANDS * TEXT_ROWS + LEDE_BANDS * LEDE_ROWS))[4:].reshape(-1, 2) | np.uint64(1)
_TEXT_HASHES, _LEDE_HASHES = _PAIRS[: TEXT_BANDS * TEXT_ROWS], _PAIRS[TEXT_BANDS * TEXT_ROWS :]

"""What is kept of a text, so that copies of it are recognised?

The words' 3-grams as 32-bit hashes (Broder 1997). Those inside quotation marks are kept apart: articles that quote one
statement are not copies. Of a long text a fixed share is kept, chosen by hash, so that any two sketches compare.
The index terms are MinHash bands over the whole text and, narrower, over its beginning: a reprint that is cut to a
third still begins like the original; and some of its paragraphs, as who rewrites the beginning rarely rewrites all.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from html import unescape
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.frequency import Hashes, distinct, hash_words
from pipeline.text import normalise, paragraphs, tokens

LEDE_WORDS = 60  # one or two sentences and what outlets put before them
MIN_WORDS = 12  # a shorter text is a caption or a notice: equal ones need not be copies
MOST_SHINGLES = 256  # 1 kB; a containment of .5 is then told with a standard error of .03
MIN_UNQUOTED = 0.25  # a text with fewer 3-grams outside quotations is a statement, and compared as a whole
TEXT_BANDS, TEXT_ROWS = 15, 3
LEDE_BANDS, LEDE_ROWS = 12, 2
PARAGRAPHS = 4  # those with the lowest hashes, so that two texts choose the same; 32 terms in all with the digest

_QUOTED = re.compile(r"(“[^”\n]*(?:”|$)|\"[^\"\n]*(?:\"|$)|«[^»\n]*(?:»|$)|„[^“”\n]*(?:[“”]|$))", re.MULTILINE)


Flags = npt.NDArray[np.bool_]


class Sketch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One article as it is remembered: no text, at most 1.8 kB."""

    id: str
    turn: int  # greater than that of the articles that it was compared with
    group: str
    source: str | None
    at: int  # when it was published, as far as that can be believed: seconds since 1970
    digest: int  # of all words in order
    level: int  # shingles below 2**(32 - level) are kept, and all of the lede
    shingles: bytes  # sorted, 4 bytes each
    lede: bytes  # one bit each: does it stand in the lede?
    quoted: bytes  # one bit each: does it stand inside quotation marks alone, and not in the lede?

    def arrays(self) -> tuple[Hashes, Flags]:
        """Return the shingles that say whether it is a copy, and for each whether it stands in the lede."""
        shingles = self.every()
        outside = ~_flags(self.quoted, len(shingles))
        return shingles[outside], _flags(self.lede, len(shingles))[outside]

    def every(self) -> Hashes:
        """Return all shingles, quoted ones too, sorted."""
        return np.frombuffer(self.shingles, dtype="<u4")


class Passages(NamedTuple):
    """The shingles of a text in their order, and the number of the paragraph (from 1) in which each stands."""

    shingles: Hashes
    paragraphs: npt.NDArray[np.int64]


class Sketched(NamedTuple):
    """What is made of one text: ids, turn and time in ``sketch`` are still empty."""

    sketch: Sketch
    terms: tuple[int, ...]  # under which it is found
    passages: Passages


def sketch(text: str) -> Sketched | None:
    """Return the sketch of ``text`` and what belongs to it; None if it is too short to tell copies of it."""
    lines = [_QUOTED.split(line) for line in unescape(normalise("\n".join(paragraphs(text)))).split("\n")]
    pieces = [[tokens(piece) for piece in line] for line in lines]
    hashes = hash_words(chain.from_iterable(chain.from_iterable(pieces)))
    if len(hashes) < MIN_WORDS:
        return None
    sizes = [sum(map(len, line)) for line in pieces]
    grams, outside = _shingles(hashes), _outside(pieces)
    lede = distinct(grams[:LEDE_WORDS])
    body = distinct(grams[outside] if outside.mean() >= MIN_UNQUOTED else grams)
    level = max(0, int(np.ceil(np.log2(len(body) / MOST_SHINGLES))))
    compared = distinct(np.concatenate((_below(body, level), lede)))
    kept = distinct(np.concatenate((compared, _below(grams, level))))
    digest = zlib.crc32(hashes.tobytes())
    terms = (
        digest,
        *_bands(body, _TEXT_HASHES, TEXT_ROWS),
        *_bands(lede, _LEDE_HASHES, LEDE_ROWS),
        *_paragraphs(np.split(hashes, np.cumsum(sizes)[:-1])),
    )
    made = Sketch(
        id="",
        turn=0,
        group="",
        source=None,
        at=0,
        digest=digest,
        level=level,
        shingles=kept.tobytes(),
        lede=np.packbits(_holds(lede, kept)).tobytes(),
        quoted=np.packbits(~_holds(compared, kept)).tobytes(),
    )
    return Sketched(made, tuple(dict.fromkeys(terms)), _passages(grams, sizes))


def _outside(pieces: Sequence[Sequence[Sequence[str]]]) -> Flags:
    """Return for each shingle whether one of its words stands outside quotation marks: in every second piece."""
    sizes = [len(piece) for line in pieces for piece in line]
    within = [n % 2 == 1 for line in pieces for n in range(len(line))]
    quoted: Flags = np.repeat(within, sizes)
    return ~(quoted[:-2] & quoted[1:-1] & quoted[2:])


def _passages(grams: Hashes, sizes: Sequence[int]) -> Passages:
    """Return the shingles that lie within one paragraph."""
    numbers = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    inside = numbers[:-2] == numbers[2:]
    return Passages(grams[inside], numbers[:-2][inside])


def _below(shingles: Hashes, level: int) -> Hashes:
    return shingles[shingles < 1 << (32 - level)] if level else shingles


def _holds(some: Hashes, shingles: Hashes) -> Flags:
    """Return for each of ``shingles`` whether it is among ``some``; both are sorted, ``some`` is part of them."""
    held = np.zeros(len(shingles), dtype=np.bool_)
    held[np.searchsorted(shingles, some)] = True
    return held


def _flags(bits: bytes, count: int) -> Flags:
    return np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=count).view(np.bool_)


def _shingles(hashes: Hashes) -> Hashes:
    wide = hashes.astype(np.uint64)
    return _mix(wide[:-2] * _ODD[0] + wide[1:-1] * _ODD[1] + wide[2:] * _ODD[2])


def _paragraphs(each: Sequence[Hashes]) -> list[int]:
    """Return a hash of each of ``PARAGRAPHS`` paragraphs, chosen by hash."""
    return sorted({zlib.crc32(one.tobytes()) for one in each if len(one) >= MIN_WORDS})[:PARAGRAPHS]


def _bands(shingles: Hashes, hashes: np.ndarray, rows: int) -> list[int]:
    """Return one term per band: a hash of ``rows`` minima, each under a hash function of its own."""
    hashed = shingles.astype(np.uint64)[None, :] * hashes[:, :1]
    hashed += hashes[:, 1:]
    bands = (hashed.min(axis=1) >> np.uint64(32)).reshape(-1, rows)
    mixed = np.arange(len(bands), dtype=np.uint64) + np.uint64(rows << 8)
    for column in bands.T:
        mixed = mixed * _ODD[0] + column * _ODD[1]
        mixed ^= mixed >> np.uint64(29)
    return [int(term) for term in _mix(mixed)]


def _mix(values: np.ndarray) -> Hashes:
    mixed: Hashes = (((values ^ (values >> np.uint64(33))) * _ODD[3]) >> np.uint64(32)).astype(np.uint32)
    return mixed


def _constants(count: int) -> np.ndarray:
    """Return ``count`` well-spread 64-bit numbers: Steele's SplitMix64 from 0."""
    made = []
    for n in range(1, count + 1):
        z = n * 0x9E3779B97F4A7C15 & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        made.append(z ^ z >> 31)
    return np.array(made, dtype=np.uint64)


_MASK = (1 << 64) - 1
_ODD = _constants(4) | np.uint64(1)
_PAIRS = _constants(4 + 2 * (TEXT_BANDS * TEXT_ROWS + LEDE_BANDS * LEDE_ROWS))[4:].reshape(-1, 2) | np.uint64(1)
_TEXT_HASHES, _LEDE_HASHES = _PAIRS[: TEXT_BANDS * TEXT_ROWS], _PAIRS[TEXT_BANDS * TEXT_ROWS :]

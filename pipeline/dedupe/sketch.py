"""What is kept of a text, so that copies of it are recognised?

The words' 3-grams as 32-bit hashes (Broder 1997), those inside quotation marks left out: articles that quote one
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

import msgspec
import numpy as np

from pipeline.frequency import Hashes, hash_words
from pipeline.text import normalise, words

LEDE_WORDS = 60  # one or two sentences and what outlets put before them
MIN_WORDS = 12  # a shorter text is a caption or a notice: equal ones need not be copies
MOST_SHINGLES = 256  # 1 kB; a containment of .5 is then told with a standard error of .03
MIN_UNQUOTED = 0.25  # a text with fewer 3-grams outside quotations is a statement, and compared as a whole
TEXT_BANDS, TEXT_ROWS = 15, 3
LEDE_BANDS, LEDE_ROWS = 12, 2
PARAGRAPHS = 4  # those with the lowest hashes, so that two texts choose the same; 32 terms in all with the digest

_QUOTED = re.compile(r"(“[^”\n]*(?:”|$)|\"[^\"\n]*(?:\"|$)|«[^»\n]*(?:»|$)|„[^“”\n]*(?:[“”]|$))", re.MULTILINE)


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """One article as it is remembered: no text, at most 1.5 kB."""

    id: str
    seq: int
    group: str
    source: str | None
    digest: int  # of all words in order
    level: int  # shingles below 2**(32 - level) are kept, and all of the lede
    shingles: bytes  # sorted, 4 bytes each
    lede: bytes  # one bit each: does it stand in the lede?

    def arrays(self) -> tuple[Hashes, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Return the shingles and for each whether it stands in the lede."""
        shingles = np.frombuffer(self.shingles, dtype="<u4")
        lede = np.unpackbits(np.frombuffer(self.lede, dtype=np.uint8), count=len(shingles)).view(np.bool_)
        return shingles, lede


def sketch(text: str) -> tuple[Sketch, tuple[int, ...]] | None:
    """Return the sketch of ``text`` (ids and group still empty) and its index terms; None if it is too short."""
    lines = [[words(piece) for piece in _QUOTED.split(line)] for line in unescape(normalise(text)).split("\n")]
    pieces = list(chain.from_iterable(lines))
    tokens = hash_words(chain.from_iterable(pieces))
    if len(tokens) < MIN_WORDS:
        return None
    is_quoted = list(chain.from_iterable([n % 2 == 1 for n in range(len(line))] for line in lines))
    quoted = np.repeat(is_quoted, [len(piece) for piece in pieces])
    grams = _shingles(tokens)
    outside = ~(quoted[:-2] & quoted[1:-1] & quoted[2:])
    lede = np.unique(grams[:LEDE_WORDS])
    body = np.unique(grams[outside] if outside.mean() >= MIN_UNQUOTED else grams)
    digest = zlib.crc32(tokens.tobytes())
    ends = np.cumsum([sum(map(len, line)) for line in lines])
    paragraphs = _paragraphs(np.split(tokens, ends[:-1]))
    terms = (digest, *_bands(body, _TEXT_HASHES, TEXT_ROWS), *_bands(lede, _LEDE_HASHES, LEDE_ROWS), *paragraphs)
    level = max(0, int(np.ceil(np.log2(len(body) / MOST_SHINGLES))))
    kept = np.union1d(body[body < 1 << (32 - level)] if level else body, lede)
    flags = np.packbits(np.isin(kept, lede, assume_unique=True))
    made = Sketch(
        id="", seq=0, group="", source=None, digest=digest, level=level, shingles=kept.tobytes(), lede=flags.tobytes()
    )
    return made, tuple(dict.fromkeys(terms))


def _shingles(tokens: Hashes) -> Hashes:
    wide = tokens.astype(np.uint64)
    return _mix(wide[:-2] * _ODD[0] + wide[1:-1] * _ODD[1] + wide[2:] * _ODD[2])


def _paragraphs(paragraphs: Sequence[Hashes]) -> list[int]:
    """Return a hash of each of ``PARAGRAPHS`` paragraphs, chosen by hash."""
    return sorted({zlib.crc32(one.tobytes()) for one in paragraphs if len(one) >= MIN_WORDS})[:PARAGRAPHS]


def _bands(shingles: Hashes, hashes: np.ndarray, rows: int) -> list[int]:
    """Return one term per band: a hash of ``rows`` minima, each under a hash function of its own."""
    lowest = ((shingles.astype(np.uint64)[None, :] * hashes[:, :1] + hashes[:, 1:]) >> np.uint64(32)).min(axis=1)
    bands = lowest.reshape(-1, rows)
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

"""Make the sketch of a text: what is remembered of it, so that copies of it are recognised.

A sketch holds a text's shingles (three words in a row) as 32-bit hashes (Broder 1997). Those inside quotation marks are
kept apart: articles that quote one statement are not copies. Of a long text a fixed share is kept, chosen by hash, so
that any two sketches compare. The index terms are MinHash bands over the whole text and, narrower, over its beginning,
as a reprint that is cut to a third still begins like the original; and hashes of some paragraphs, as outlets that
rewrite the beginning rarely rewrite all. Texts are sketched together, in arrays that hold one behind the other: that
takes half the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.count_min import Hashes
from pipeline.dedupe.minhash import hash_shingles, lede_bands, text_bands
from pipeline.dedupe.refilled_slots import is_short, pack_words
from pipeline.dedupe.tokenise import Flags, Numbers, TokenArrays, WordRun, split_runs, tokenise_runs

LEDE_WORDS = 60  # outside quotation marks: one or two sentences and what outlets put before them
MIN_WORDS = 12  # a shorter text is a caption or a notice: equal ones need not be copies
MAX_SHINGLES = 256  # 1 kB; a containment of .5 is then told with a standard error of .03
MIN_UNQUOTED = 0.25  # a text with fewer shingles outside quotations is a statement, and compared as a whole
PARAGRAPH_TERMS = 4  # those with the lowest hashes, so that two texts choose the same; 32 terms in all with the digest
PORTION_CHARS = 100_000  # characters: seventy articles of newswire, in less than 10 MB; more save no time


class Sketch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is remembered of one article: no text, at most 1.8 kB."""

    id: str
    turn: int  # greater than that of the articles that it was compared with
    group: str
    source: str | None
    at: int  # when it was published, as far as that can be believed: seconds since 1970
    digest: int  # of all words in order
    level: int  # shingles below 2**(32 - level) are kept, and all of the lede
    shingles: bytes  # sorted, 4 bytes each
    lede: bytes  # one bit each: does it stand in the lede?
    quoted: bytes  # one bit each: does it stand inside quotation marks alone?
    words: bytes = b""  # of a short text (``refilled_slots``), 2 bytes each; none in sketches of earlier versions

    def body_shingles(self) -> tuple[Hashes, Flags]:
        """Return the shingles that decide whether it is a copy, and for each whether it stands in the lede."""
        shingles, bits = self.all_shingles(), np.frombuffer(self.quoted + self.lede, dtype=np.uint8)
        quoted, lede = np.unpackbits(bits).view(np.bool_).reshape(2, -1)[:, : len(shingles)]
        return shingles[~quoted], lede[~quoted]

    def all_shingles(self) -> Hashes:
        """Return all shingles, quoted ones too, sorted."""
        return np.frombuffer(self.shingles, dtype="<u4")


class Passages(NamedTuple):
    """The shingles of a text in their order, and the number of the paragraph (from 1) in which each stands."""

    shingles: Hashes
    paragraphs: Numbers


class SketchedText(NamedTuple):
    """The sketch of one text and what belongs to it; ids, turn and time in ``sketch`` are still empty."""

    sketch: Sketch
    terms: tuple[int, ...]  # under which it is found
    passages: Passages


class _Grams(NamedTuple):
    """The shingles of several texts in their order, one text behind the other."""

    shingles: Hashes
    texts: Numbers  # in which text each stands, numbered from 0
    paragraphs: Numbers  # in which paragraph it begins, numbered from 1 in each text
    whole: Flags  # does it end there?
    body: Flags  # does it count for copies? most that stand outside quotation marks do
    lede: Flags


class _Distinct(NamedTuple):
    """The shingles of several texts, sorted in each text, one text behind the other."""

    shingles: Hashes
    texts: Numbers
    body: Flags
    lede: Flags


def sketch_text(text: str) -> SketchedText | None:
    """Return the sketch of ``text`` and what belongs to it; None if it is too short to recognise copies of it."""
    return sketch_texts([text])[0]


def sketch_texts(texts: Sequence[str]) -> list[SketchedText | None]:
    """Return for each of ``texts`` what ``sketch_text`` returns."""
    return [sketched for portion in _portions(texts) for sketched in _sketch_portion(portion)]


def _portions(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in lists of ``PORTION_CHARS`` characters at most, or of one text."""
    portion: list[str] = []
    length = 0
    for text in texts:
        if portion and length + len(text) > PORTION_CHARS:
            yield portion
            portion, length = [], 0
        portion.append(text)
        length += len(text)
    if portion:
        yield portion


def _sketch_portion(texts: Sequence[str]) -> list[SketchedText | None]:
    runs = [split_runs(text) for text in texts]
    is_long = [sum(len(run.words) for run in text_runs) >= MIN_WORDS for text_runs in runs]
    long_runs, long_texts = list(compress(runs, is_long)), list(compress(texts, is_long))
    sketched = iter(_sketch_long(long_texts, long_runs) if any(is_long) else ())
    return [next(sketched) if long else None for long in is_long]


def _sketch_long(texts: Sequence[str], runs: Sequence[Sequence[WordRun]]) -> Iterator[SketchedText]:
    """Yield the sketch of each of ``texts``, which consist of these ``runs``, and of which none is too short."""
    tokens = tokenise_runs(runs)
    grams, digests = _grams(tokens), _digests(tokens)
    distinct = _distinct(grams)
    terms = _terms(distinct, digests, _paragraphs(tokens))
    sizes = np.bincount(distinct.texts[distinct.body]).tolist()
    levels = [((size - 1) // MAX_SHINGLES).bit_length() for size in sizes]
    low = distinct.shingles < np.array([1 << (32 - level) for level in levels])[distinct.texts]
    compared = low & distinct.body | distinct.lede
    sampled = low | compared
    shingles, lede, quoted = distinct.shingles[sampled], distinct.lede[sampled], ~compared[sampled]
    passages = Passages(grams.shingles[grams.whole], grams.paragraphs[grams.whole])
    parts = _parts(distinct.texts[sampled], len(levels)), _parts(grams.texts[grams.whole], len(levels))
    of_texts = _parts(tokens.texts, len(texts))
    short = [is_short(text, of_text.stop - of_text.start) for text, of_text in zip(texts, of_texts, strict=True)]
    packed = pack_words(
        (text, list(chain.from_iterable(run.words for run in text_runs)), tokens.words[of_text])
        for text, text_runs, of_text in compress(zip(texts, runs, of_texts, strict=True), short)
    )
    words = (next(packed) if has_words else b"" for has_words in short)
    for digest, level, text_terms, text_words, part, passage in zip(digests, levels, terms, words, *parts, strict=True):
        sketch = Sketch(
            id="",
            turn=0,
            group="",
            source=None,
            at=0,
            digest=digest,
            level=level,
            shingles=shingles[part].tobytes(),
            lede=np.packbits(lede[part]).tobytes(),
            quoted=np.packbits(quoted[part]).tobytes(),
            words=text_words,
        )
        yield SketchedText(sketch, text_terms, Passages(passages.shingles[passage], passages.paragraphs[passage]))


def _grams(tokens: TokenArrays) -> _Grams:
    inside = tokens.texts[:-2] == tokens.texts[2:]  # of three words in one text
    texts, paragraphs = tokens.texts[:-2][inside], tokens.paragraphs[:-2][inside]
    outside = ~(tokens.quoted[:-2] & tokens.quoted[1:-1] & tokens.quoted[2:])[inside]
    counts = np.bincount(texts)
    unquoted = np.bincount(texts, weights=outside) / counts
    body = outside | (unquoted < MIN_UNQUOTED)[texts]
    preceding = np.cumsum(body) - body  # how many shingles of the body stand before each
    return _Grams(
        shingles=hash_shingles(tokens.words)[inside],
        texts=texts,
        paragraphs=paragraphs,
        whole=paragraphs == tokens.paragraphs[2:][inside],
        body=body,
        lede=body & (preceding - preceding[np.cumsum(counts) - counts][texts] < LEDE_WORDS),
    )


def _distinct(grams: _Grams) -> _Distinct:
    """Return each shingle of a text once; it stands in body or lede where it does so anywhere."""
    roles = grams.body.astype(np.int64) << 1 | grams.lede
    keys = np.sort(grams.texts << 34 | grams.shingles.astype(np.int64) << 2 | roles)
    starts = np.flatnonzero(np.diff(keys >> 2, prepend=-1))
    roles = np.bitwise_or.reduceat(keys & 3, starts)
    pairs = keys[starts] >> 2  # text and shingle
    return _Distinct(pairs.astype(np.uint32), pairs >> 32, (roles & 2).astype(np.bool_), (roles & 1).astype(np.bool_))


def _terms(distinct: _Distinct, digests: Sequence[int], paragraphs: Sequence[list[int]]) -> Iterator[tuple[int, ...]]:
    """Yield the terms of each text."""
    whole = text_bands(distinct.shingles[distinct.body], np.bincount(distinct.texts[distinct.body]))
    ledes = lede_bands(distinct.shingles[distinct.lede], np.bincount(distinct.texts[distinct.lede]))
    for digest, text, lede, chosen in zip(digests, whole, ledes, paragraphs, strict=True):
        yield tuple(dict.fromkeys((digest, *text, *lede, *chosen)))


def _digests(tokens: TokenArrays) -> list[int]:
    """Return a hash of each text."""
    return [zlib.crc32(tokens.words[part].tobytes()) for part in _parts(tokens.texts, tokens.texts[-1] + 1)]


def _paragraphs(tokens: TokenArrays) -> list[list[int]]:
    """Return a hash of each of ``PARAGRAPH_TERMS`` paragraphs of each text, chosen by hash."""
    hashes: list[set[int]] = [set() for _ in range(tokens.texts[-1] + 1)]
    begins = np.diff(tokens.texts << 32 | tokens.paragraphs, prepend=-1, append=-1) != 0
    data = tokens.words.tobytes()
    borders = np.flatnonzero(begins)
    for text, (start, end) in zip(tokens.texts[borders[:-1]].tolist(), pairwise(borders.tolist()), strict=True):
        if end - start >= MIN_WORDS:
            hashes[text].add(zlib.crc32(data[4 * start : 4 * end]))
    return [sorted(text_hashes)[:PARAGRAPH_TERMS] for text_hashes in hashes]


def _parts(texts: Numbers, count: int) -> list[slice]:
    """Return where each of ``count`` texts lies in an array."""
    ends = np.cumsum(np.bincount(texts, minlength=count)).tolist()
    return [slice(start, end) for start, end in pairwise([0, *ends])]

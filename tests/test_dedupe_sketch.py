"""What is kept of a text: the same for all time, as what was kept of earlier texts is compared with it."""

from __future__ import annotations

import zlib
from html import unescape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedupe import sketch as module
from pipeline.dedupe.sketch import sketch_text, sketch_texts
from pipeline.text import normalise, split_normalised, split_paragraphs
from tests.helpers.copies import STATEMENT, WIRE, invented

MASK = (1 << 64) - 1
CLOSING = {"“": "”", '"': '"', "«": "»", "„": "“”", "「": "」", "『": "』"}
CLOSED = {"»": "«", "”": "”"}  # these open a quotation only where it is closed
PIECES = (
    *CLOSING,
    *CLOSED,
    "」",
    "\n",
    " ",
    "_",
    "’",
    "&quot;",
    "&#10;",
    "\u2028",
    "橋",
    "ก",
    "ж",
    "Quay",
    "don't",
    "x1",
)
EDGES = st.lists(st.sampled_from(PIECES), min_size=8, max_size=60).map(" ".join)
NEWS = st.builds(invented, st.integers(0, 50), st.integers(10, 400))
LINES = st.lists(EDGES | NEWS, min_size=1, max_size=5).map("\n".join)


def spread(n):
    """Return the nth number of SplitMix64 from 0."""
    z = n * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


ODD = [spread(n) | 1 for n in range(1, 5)]
HASHES = [(spread(n) | 1, spread(n + 1) | 1) for n in range(5, 143, 2)]


def mix(value):
    return ((value ^ value >> 33) * ODD[3] & MASK) >> 32


def said(text):
    """Yield each word's hash, the number of its paragraph, and whether it is quoted; read character by character."""
    for number, line in enumerate(unescape(normalise("\n".join(split_paragraphs(text)))).split("\n"), 1):
        pieces, closing = [""], None
        for at, char in enumerate(line, 1):
            if closing is None and (char in CLOSING or (char in CLOSED and CLOSED[char] in line[at:])):
                closing = (CLOSING | CLOSED)[char]
                pieces.append("")
            elif closing is not None and char in closing:
                closing = None
                pieces.append("")
            else:
                pieces[-1] += char
        for n, piece in enumerate(pieces):
            yield from ((zlib.crc32(word.encode()), number, n % 2 == 1) for word in split_normalised(piece))


def little(values):
    return b"".join(value.to_bytes(4, "little") for value in values)


def bits(flags):
    text = "".join("01"[flag] for flag in flags)
    return bytes(int(text[n : n + 8].ljust(8, "0"), 2) for n in range(0, len(text), 8))


def bands(grams, hashes, rows):
    least = [min((gram * a + b & MASK) >> 32 for gram in grams) for a, b in hashes]
    for band in range(len(hashes) // rows):
        mixed = band + (rows << 8)
        for value in least[band * rows : band * rows + rows]:
            mixed = (mixed * ODD[0] + value * ODD[1]) & MASK
            mixed ^= mixed >> 29
        yield mix(mixed)


def plainly(text):
    """Return what ``sketch`` says of a text, with sets of plain numbers: digest, level, bytes, terms, passages."""
    words = list(said(text))
    if len(words) < 12:
        return None
    triples = list(zip(words, words[1:], words[2:], strict=False))
    grams = [mix(sum(word[0] * odd for word, odd in zip(each, ODD, strict=False)) & MASK) for each in triples]
    unquoted = {gram for gram, each in zip(grams, triples, strict=True) if not all(word[2] for word in each)}
    share = sum(not all(word[2] for word in each) for each in triples) / len(triples)
    body = unquoted if share >= 0.25 else set(grams)
    told = [gram for gram, each in zip(grams, triples, strict=True) if share < 0.25 or not all(w[2] for w in each)]
    lede = set(told[:60])
    level = 0
    while len(body) > 256 << level:
        level += 1
    low = {gram for gram in grams if gram < 1 << (32 - level)}
    kept = sorted(low | lede)
    numbers = sorted({word[1] for word in words})
    each = [little(word[0] for word in words if word[1] == number) for number in numbers]
    digest = zlib.crc32(little(word[0] for word in words))
    terms = [digest, *bands(body, HASHES[:45], 3), *bands(lede, HASHES[45:], 2)]
    terms += sorted({zlib.crc32(one) for one in each if len(one) >= 4 * 12})[:4]
    marks = bits(gram in lede for gram in kept), bits(gram not in low & body | lede for gram in kept)
    inside = [(gram, a[1]) for gram, (a, _, c) in zip(grams, triples, strict=True) if a[1] == c[1]]
    return digest, level, little(kept), *marks, tuple(dict.fromkeys(terms)), inside


def facts(made):
    """Return what was made of a text as ``plainly`` tells it."""
    if made is None:
        return None
    one, passages = made.sketch, made.passages
    inside = list(zip(passages.shingles.tolist(), passages.paragraphs.tolist(), strict=True))
    return one.digest, one.level, one.shingles, one.lede, one.quoted, made.terms, inside


@given(LINES)
def test_a_sketch_is_what_sets_of_plain_numbers_give(text):
    assert facts(sketch_text(text)) == plainly(text)


@pytest.mark.parametrize("text", [WIRE, STATEMENT, f"{STATEMENT} they said, and no more.", invented(3, 3000)])
def test_texts_of_every_kind_have_the_sketch_that_plain_numbers_give(text):
    assert facts(sketch_text(text)) == plainly(text)


@given(st.lists(LINES | st.just("too short"), max_size=6), st.integers(1, 3000))
def test_texts_that_are_sketched_together_have_the_sketches_that_each_has_alone(texts, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PORTION_CHARS", at_once)
        assert list(map(facts, sketch_texts(texts))) == [facts(sketch_text(text)) for text in texts]


def test_a_sketch_never_changes():
    made = sketch_text(f"{WIRE}\n{STATEMENT} he said.\n{invented(7, 600)}")
    *fields, words = msgspec.structs.astuple(made.sketch)
    assert zlib.crc32(msgspec.msgpack.encode((fields, made.terms))) == 1596807130
    assert words == b""
    assert zlib.crc32(sketch_text("\n".join(WIRE.split("\n")[:3])).sketch.words) == 2884977307


def test_a_text_without_a_whole_triple_in_any_paragraph_takes_over_no_passage():
    made = sketch_texts([WIRE, "\n".join("Rain again" for _ in range(9))])
    assert len(made[1].passages.shingles) == 0

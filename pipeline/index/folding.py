"""Fold texts and queries to the words that searches compare, the same for both engines.

All follows from ``folding.tsv``, which ``scripts/folding-table`` writes: what stands for a character or a sequence of
them, and which characters words are made of. Folding what is folded changes nothing.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import unicodedata
import zlib
from collections.abc import Iterator
from importlib.resources import files

import msgspec

# Stands where a space or sign parts two characters that count as words, so that no word is found across it: a
# character of private use, as texts don't hold.
BOUNDARY = "\ue001"


class Word(msgspec.Struct, frozen=True):
    """A word of a text as searches compare it, and where it stands in the text."""

    folded: str
    start: int
    end: int


class FoldingTable(msgspec.Struct, frozen=True):
    """What ``folding.tsv`` holds.

    ``folds`` maps characters, and sequences of them that go first, to what stands for them. ``spaced`` and ``unspaced``
    are the characters that words are made of, and those that count as a word each, as the inside of a character class
    in the syntax that Python and Lucene share. ``checksum`` tells tables apart.
    """

    folds: dict[str, str]
    spaced: str
    unspaced: str
    checksum: int


_FIRST_PLANE = re.compile(r"[\0-\uffff]")


@functools.cache
def folding_table() -> FoldingTable:
    """Return the table, read once."""
    data = files("pipeline.index").joinpath("folding.tsv").read_bytes()
    folds: dict[str, str] = {}
    classes = {"spaced": "", "unspaced": ""}
    for line in data.decode().splitlines():
        kind, first, last = line.split("\t")
        if kind == "fold":
            folds[_characters(first)] = _characters(last)
        else:
            classes[kind] += _characters(first) if first == last else f"{_characters(first)}-{_characters(last)}"
    return FoldingTable(folds, **classes, checksum=zlib.crc32(data))


def _characters(codes: str) -> str:
    return "".join([chr(int(code, 16)) for code in codes.split()])


# Signs inside of what is one word, though it is written with and without them: U.S. and US, F-16 and F16, don't and
# dont, O'Brien and OBrien, mayor's and mayor; and signs that tell words apart: C++ and C, C# and C. What stands
# before and behind it is folded already. Python and Lucene share the syntax.
_LETTERS = "a-zα-ωа-я"
_APOSTROPHES = "'’‘ʼʻ`´＇"
JOINING_SIGNS = "|".join(
    [
        rf"\.(?<=(?<![{_LETTERS}0-9])[{_LETTERS}]\.)(?=[{_LETTERS}](?![{_LETTERS}0-9]))",
        r"-(?<=(?<![a-z0-9])[a-z]-)(?=[0-9])",
        r"-(?<=(?<![a-z0-9])[a-z][a-z]-)(?=[0-9])",
        rf"[{_APOSTROPHES}](?<=n[{_APOSTROPHES}])(?=t(?![a-z0-9]))",
        rf"[{_APOSTROPHES}]s(?<=[a-z][{_APOSTROPHES}]s)(?![a-z0-9])",
        rf"[{_APOSTROPHES}](?<=(?<![a-z0-9])o[{_APOSTROPHES}])(?=[a-z][a-z])",
    ]
)
TELLING_SIGNS = {
    "p": r"\+(?<=(?<![a-z0-9])[a-z]\+)(?=\+)|\+(?<=(?<![a-z0-9])[a-z]\+\+)",
    "ǂ": r"#(?<=(?<![a-z0-9])[a-z]#)(?![a-z0-9])",
}


class _Patterns(msgspec.Struct, frozen=True):
    """What the table becomes for Python's own functions."""

    single: dict[int, str]
    changing: re.Pattern[str]  # characters of ``single`` in a row
    sequences: re.Pattern[str]
    lengthening: re.Pattern[str]  # sequences, and characters that don't become exactly one
    unspaced: re.Pattern[str]
    spaced_pieces: re.Pattern[str]
    pieces: re.Pattern[str]  # as those, of texts with unspaced characters; the group is a boundary


@functools.cache
def _patterns() -> _Patterns:
    table = folding_table()
    single = {source: target for source, target in table.folds.items() if len(source) == 1}
    # the others never stand in a text in NFC
    pairs, triples = (
        [source for source in table.folds if len(source) == size and unicodedata.is_normalized("NFC", source)]
        for size in (2, 3)
    )
    others = {source for source, target in single.items() if len(target) != 1}
    pair, triple = (_positions(sources) for sources in (pairs, triples))
    starts = {source[0] for source in (*pairs, *triples)}
    # a class first, by which Python's expressions skip what can't match
    sequence = f"(?:(?<={triple[0]}){triple[1]}{triple[2]}|(?<={pair[0]}){pair[1]})"
    spaced_pieces = rf"[{table.spaced}]+|[.:](?=\s)"
    boundary = f"((?<=[{table.unspaced}])[^{table.spaced}{table.unspaced}]+(?=[{table.unspaced}]))"
    return _Patterns(
        single={ord(source): target for source, target in single.items()},
        changing=re.compile(f"{_set(set(single))}+"),
        sequences=re.compile(_set(starts) + sequence),
        lengthening=re.compile(f"{_set(starts | others)}(?:{sequence}|(?<={_set(others)}))"),
        unspaced=re.compile(f"[{table.unspaced}]"),
        spaced_pieces=re.compile(spaced_pieces),
        pieces=re.compile(f"[{table.unspaced}]|{spaced_pieces}|{boundary}"),
    )


def _positions(sources: list[str]) -> list[str]:
    """Return the class of the characters at each position of sequences of one length."""
    return [_set(set(characters)) for characters in zip(*sources, strict=True)]


def _set(characters: set[str]) -> str:
    """Return a class of the characters and of all beyond the first plane, where Python's classes are slow."""
    return f"[{''.join(map(re.escape, sorted(filter(_FIRST_PLANE.match, characters))))}\U00010000-\U0010ffff]"


def fold(text: str) -> str:
    """Return ``text`` folded: in small letters, without accents and variants, with its spaces and signs."""
    patterns = _patterns()
    composed = unicodedata.normalize("NFC", text)
    if not composed.isascii():
        composed = patterns.sequences.sub(lambda match: _fold_sequence(match[0]), composed)
    return _fold_characters(composed)


def _fold_sequence(sequence: str) -> str:
    """Return what stands for a sequence, or for the characters of what only looks like one."""
    return folding_table().folds.get(sequence) or _fold_characters(sequence)


def _fold_characters(text: str) -> str:
    """Return ``text`` with each character folded; most of a text stays as it is."""
    patterns = _patterns()
    return patterns.changing.sub(lambda match: match[0].translate(patterns.single), text)


_JOINING = re.compile(JOINING_SIGNS)
_TELLING = {target: re.compile(pattern) for target, pattern in TELLING_SIGNS.items()}


def _tell_apart(folded: str) -> str:
    """Return folded text with the signs that tell words apart as letters; no place changes."""
    signs = [("p", "++"), ("ǂ", "#")]
    for target, sign in signs:
        if sign in folded:
            folded = _TELLING[target].sub(target, folded)
    return folded


def _fold_signs(text: str) -> str:
    """Return ``text`` folded, with words of several parts as one word."""
    return _JOINING.sub("", _tell_apart(fold(text)))


def has_unspaced(text: str) -> bool:
    """Return whether ``text`` has characters that count as a word each."""
    return _patterns().unspaced.search(fold(text)) is not None


def is_one_word(text: str) -> bool:
    """Return whether ``text`` is made of characters of words alone."""
    folded = fold(text)
    return _patterns().spaced_pieces.fullmatch(folded) is not None and folded not in {".", ":"}


def split_words(text: str) -> list[str]:
    """Return the words that ``text`` is looked for by, or the text alone where its characters count as words."""
    words = [word for word in fold_words(text).split() if word not in {".", ":"}]
    return [text] if has_unspaced(text) else words


def has_words(text: str) -> bool:
    """Return whether there is anything in ``text`` that can be searched for."""
    folded = _fold_signs(text)
    return any(match[0] not in {".", ":"} for match in _patterns().pieces.finditer(folded))


def fold_words(text: str) -> str:
    """Return the folded words of ``text`` with a space between each two; "." and ":" stay where sentences end."""
    folded = _fold_signs(text)
    patterns = _patterns()
    if folded.isascii() or not patterns.unspaced.search(folded):
        return " ".join(patterns.spaced_pieces.findall(folded))
    return " ".join([BOUNDARY if match[1] else match[0] for match in patterns.pieces.finditer(folded)])


def locate_words(composed: str, first: int = 0, last: int | None = None) -> list[Word]:
    """Return the pieces that ``fold_words`` returns of ``composed``, with their places in it.

    Args:
        composed: a text in NFC.
        first: the number of the first piece wanted, from 0.
        last: the number of the piece before which they end; None is all.
    """
    stretches = list(_stretches(composed))
    unjoined = _tell_apart("".join(stretch.folded for stretch in stretches))
    left_out = [place for match in _JOINING.finditer(unjoined) for place in range(*match.span())]
    joined = [place - number for number, place in enumerate(left_out)]  # where they would stand in ``folded``
    folded = _JOINING.sub("", unjoined)
    ends = list(itertools.accumulate(len(stretch.folded) for stretch in stretches))  # where each ends in ``unjoined``

    def place(position: int) -> tuple[int, int]:
        """Return start and end of what the folded character at ``position`` stands for; the text's at its end."""
        position += bisect.bisect_right(joined, position)
        if position == len(unjoined):
            return len(composed), len(composed)
        number = bisect.bisect_right(ends, position)
        stretch = stretches[number]
        if stretch.replaced:
            return stretch.start, stretch.end
        start = stretch.start + position - (ends[number] - len(stretch.folded))
        return start, start + 1

    patterns = _patterns()
    is_spaced = not patterns.unspaced.search(folded)
    pieces = itertools.islice((patterns.spaced_pieces if is_spaced else patterns.pieces).finditer(folded), first, last)
    return [
        Word(
            BOUNDARY if not is_spaced and match[1] else match[0],
            place(match.start())[0],
            max(place(match.end() - 1)[1], place(match.end())[0]),  # with the marks behind it that stand for nothing
        )
        for match in pieces
    ]


class _Stretch(msgspec.Struct, frozen=True):
    """A part of a text and what it is folded to: character by character, or ``replaced`` as a whole."""

    start: int
    end: int
    folded: str
    replaced: bool


def _stretches(composed: str) -> Iterator[_Stretch]:
    """Yield the parts of a text in order, sequences and characters that change the length each by itself."""
    patterns = _patterns()
    position = 0
    for match in patterns.lengthening.finditer(composed):
        start, end = match.span()
        yield _Stretch(position, start, _fold_characters(composed[position:start]), replaced=False)
        yield _Stretch(start, end, _fold_sequence(match[0]), replaced=True)
        position = end
    yield _Stretch(position, len(composed), _fold_characters(composed[position:]), replaced=False)

"""Mark in a text what FTS5 marks in the folded words that it has of it.

The words are pieces with a space between each two, so that the number of a piece leads to its place in the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pipeline.index._sqlite_schema import GAP
from pipeline.index.folding import Word, locate_words
from pipeline.index.highlights import END, START

_BETWEEN = ", "  # stands between the values of a field where they are shown
_ELLIPSIS = "…"
# Marks in a text itself are shown as spaces, which part words as they did.
_NO_MARKS = str.maketrans({START: " ", END: " "})


def mark_passage(values: Sequence[str], passage: str, words: str = "") -> str:
    """Return the part of a field's text that a passage stands for, with marks around the same words.

    Args:
        values: what the field holds.
        passage: some of its pieces in a row, with ``START`` and ``END`` around what matched.
        words: all pieces of the field, where the passage may begin later than the field.
    """
    plain = passage.translate({ord(START): None, ord(END): None}).strip()
    first = f" {words} ".find(f" {plain} ") if words else 0
    number = words.count(" ", 0, first)
    count = plain.count(" ") + 1
    shown, places = _places(values, number, number + count)
    marked: list[str] = []
    position = places[0].start if number else 0
    for piece, place in zip(passage.split(), places, strict=False):
        if piece.startswith(START):
            marked += (shown[position : place.start], START)
            position = place.start
        if piece.endswith(END):
            marked += (shown[position : place.end], END)
            position = place.end
    cut = bool(words) and number + count <= words.count(" ")
    marked += (shown[position : places[-1].end], _ELLIPSIS) if cut else (shown[position:],)
    return (_ELLIPSIS if number else "") + "".join(marked).strip()


def _places(values: Sequence[str], first: int, last: int) -> tuple[str, list[Word]]:
    """Return a field's text as it is shown, and where in it its pieces from ``first`` to ``last`` stand."""
    texts = [unicodedata.normalize("NFC", value).translate(_NO_MARKS) for value in values]
    if len(texts) == 1:
        return texts[0], locate_words(texts[0], first, last)
    words: list[Word] = []
    start = 0
    for text in texts:
        pieces = [Word(word.folded, start + word.start, start + word.end) for word in locate_words(text)]
        if words and pieces:
            words.append(Word(GAP, start, start))
        words += pieces
        start += len(text) + len(_BETWEEN)
    return _BETWEEN.join(texts), words[first:last]

"""Cut a text of any language into the pieces that the multilingual network reads, and into words.

A word is a run of letters and digits. A sign is a word of its own, and so is each piece in a script that puts no
spaces between words, or joins particles to them (Chinese, Japanese, Korean, Thai and others).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Ints = npt.NDArray[np.int64]

# The marks at both ends of what the network reads, and the one that fills shorter windows.
BEGIN, FILLER, END = 0, 1, 2
_SPACE = "▁"
# Thai to Burmese, Korean letters, Khmer, kana to Chinese, Korean syllables, rarer Chinese.
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_SIGN, _LETTER, _UNSPACED_LETTER = range(3)


class Pieces(NamedTuple):
    """A text as the network reads it: per word its characters and first piece; per piece its id."""

    start: Ints  # per word
    end: Ints
    first: Ints
    ids: Ints  # per piece


def encode_text(tokenizer: Tokenizer, text: str) -> Pieces:
    """Return the words and pieces of ``text``, without end marks."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    starts, ends, firsts = [], [], []
    before, end, is_apart = _SIGN, -1, True
    for index, (token, (offset, high)) in enumerate(zip(encoding.tokens, encoding.offsets, strict=True)):
        low = offset
        while low < high and text[low].isspace():
            low += 1
        if low == high or token == _SPACE:
            is_apart = True
            continue
        kind, last = _kind(text[low]), _kind(text[high - 1])
        if high <= end:  # one character that became several pieces: ﷺ
            continue
        if is_apart or token[0] == _SPACE or low > end >= 0 or kind != _LETTER or before != _LETTER:
            starts.append(low)
            ends.append(high)
            firsts.append(index)
        else:
            ends[-1] = high
        before, end, is_apart = last, high, False
    return Pieces(*(np.array(values, dtype=np.int64) for values in (starts, ends, firsts, encoding.ids)))


@lru_cache(maxsize=65536)
def _kind(character: str) -> int:
    if _UNSPACED.match(character):
        return _UNSPACED_LETTER
    return _LETTER if unicodedata.category(character)[0] in "LMN" else _SIGN

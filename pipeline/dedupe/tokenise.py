"""Split texts into words, each with its paragraph and whether it stands inside quotation marks.

Words are normalised; the words of several texts lie in arrays, one text behind the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.count_min import Hashes, hash_words
from pipeline.text import normalise, split_normalised, split_paragraphs

# Quotation marks as languages set them, and as outlets mix them; a quotation that isn't closed ends with its line where
# its mark can only be an opening one. Single marks are apostrophes too: as quotation marks they stand outside words and
# around no other such mark.
_SINGLE = r"(?=\w)(?:[^'‘\n]|(?<=\w)'(?=\w))*'(?!\w)"
_QUOTED = re.compile(
    r"""(“[^”\n]*(?:”|$)|"[^"\n]*(?:"|$)|«[^»\n]*(?:»|$)|»[^«\n]*«|„[^“”\n]*(?:[“”]|$)|”[^”\n]*”"""
    rf"""|「[^」\n]*(?:」|$)|『[^』\n]*(?:』|$)|'(?<![\w']'){_SINGLE}|‘(?<![\w']‘){_SINGLE})""",
    re.MULTILINE,
)

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class WordRun(NamedTuple):
    """Words that follow each other in one paragraph, either all quoted or none."""

    paragraph: int  # its number, from 1
    quoted: bool
    words: list[str]


class TokenArrays(NamedTuple):
    """The words of several texts, one text behind the other; each array has one value for each word."""

    words: Hashes
    texts: Numbers  # numbered from 0
    paragraphs: Numbers  # numbered from 1 in each text
    quoted: Flags


def split_runs(text: str) -> list[WordRun]:
    """Return the words of ``text``, in order."""
    return list(_runs(unescape(normalise("\n".join(split_paragraphs(text))))))


def _runs(text: str) -> Iterator[WordRun]:
    paragraph = 1
    for number, piece in enumerate(_QUOTED.split(text)):
        quoted = number % 2 == 1
        line, *following = piece.split("\n")
        yield WordRun(paragraph, quoted, split_normalised(line))
        for line in following:
            paragraph += 1
            yield WordRun(paragraph, quoted, split_normalised(line))


def tokenise_runs(texts: Sequence[Sequence[WordRun]]) -> TokenArrays:
    """Return the words of texts, each given as its runs."""
    all_runs = list(chain.from_iterable(texts))
    sizes = [len(run.words) for run in all_runs]
    return TokenArrays(
        words=hash_words(chain.from_iterable(run.words for run in all_runs)),
        texts=np.repeat(np.repeat(np.arange(len(texts)), [len(runs) for runs in texts]), sizes),
        paragraphs=np.repeat([run.paragraph for run in all_runs], sizes),
        quoted=np.repeat([run.quoted for run in all_runs], sizes),
    )

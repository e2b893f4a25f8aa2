"""Find what a text shares with its retelling in another language, whatever the words: names, numbers, entities.

Pure. A name is a word with a capital; whether it says anything is seen by how many articles have it.
"""

from __future__ import annotations

import re

import numpy as np

from pipeline.count_min import Hashes, hash_words
from pipeline.records import Article, Names
from pipeline.text import fold

READ_WORDS = 100  # of the text, as many as its dense vector is made from
MOST_ANCHORS = 64  # the first ones
_SHORTEST_NAME = 4  # letters: shorter words are mostly grammar, of some language
_NAME = re.compile(rf"[^\W\d_]{{{_SHORTEST_NAME},}}")
# 40,000 and 40.000 and 40 000 are one number, 6.8 and 6,8 are; a single digit stands in most texts
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,\u00a0\u202f ’']\d{3})*(?:[.,]\d{1,2})?(?!\d)")
_GROUPED = re.compile(r"[.,\u00a0\u202f ’'](?=\d{3}(?!\d))")
_LEAST_DIGITS = 2


def article_anchors(article: Article, names: Names | None) -> Hashes:
    """Return the hashes of the names and numbers in title and beginning, and of the article's entities, sorted."""
    text = f"{article.title or ''}\n{' '.join(article.text.split()[:READ_WORDS])}"
    anchors = dict.fromkeys(f"e {entity.id}" for entity in (names.entities if names else ()))
    anchors |= dict.fromkeys(f"n {number}" for number in find_numbers(text))
    anchors |= dict.fromkeys(f"w {name}" for name in find_names(text))
    return np.unique(hash_words(list(anchors)[:MOST_ANCHORS]))


def find_numbers(text: str) -> list[str]:
    """Return the numbers of two digits and more, in one spelling: 40000 and 6.8."""
    numbers = (_GROUPED.sub("", found[0]).replace(",", ".") for found in _NUMBER.finditer(text))
    return [number for number in numbers if sum(map(str.isdigit, number)) >= _LEAST_DIGITS]


def find_names(text: str) -> list[str]:
    """Return the words with a capital, folded: in most languages names, and words at the beginning of a sentence."""
    return [fold(found[0]) for found in _NAME.finditer(text) if found[0][0].isupper()]

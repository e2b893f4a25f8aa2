"""What are the terms of an article, and how common is each in its language?

Articles are compared by term, so that a name joins texts of two languages. How common a term is, is counted by
language: where few articles are German, German function words would look rare among all the others.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, repeat
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pipeline.frequency import Frequencies, Hashes, Weights, hash_words
from pipeline.records import Article, Names
from pipeline.text import normalise, tokens

LEDE_WORDS = 80
# How often a headline's words count in the beginning. Over all rows of bench/stories.py BCubed F1 was .948 with 1, .951
# with 2, .952 with 3, 4 and 6; of the first 80 words of 391 articles in three other orders .969 with 1, .984 with 3
HEADLINE_TIMES = 3
# Frequent words are short (Zipf's law of brevity), in any language that is written with letters. In three collections
# of English news a word of two letters stood in half of the articles, of three in 0.33, four 0.23, five 0.12, six 0.06,
# ten 0.035, eleven 0.02: a factor of 0.6 a letter, down to a fiftieth
SHORTEST, SHARE_OF_SHORTEST, SHARE_PER_LETTER, LEAST_SHARE = 2, 0.55, 0.6, 0.02
# Articles of a language after which what was counted weighs as much as what was expected. With 10 the first articles of
# a story stay apart more often, with 50 some unrelated ones among the first few dozen are joined
EXPECTED_DOCUMENTS = 20


Times = npt.NDArray[np.intp]


class Terms(NamedTuple):
    """The terms of an article, sorted by hash."""

    hashes: Hashes
    times: Times  # that each stands in the whole of it
    begun: Times  # that it stands in the beginning
    expected: Weights  # share of documents that hold it, before any is counted
    language: Hashes  # one


def terms_of(article: Article, names: Names | None) -> Terms:
    """Return the terms of an article; an entity is one term.

    Articles of an unknown language are counted as those of a language of their own.
    """
    title, text = _words(article.title or ""), _words(article.text)
    begun = Counter(chain(title, text[:LEDE_WORDS]))
    whole = Counter(begun)  # so that the words of the beginning come first
    whole.update(text[LEDE_WORDS:])
    begun.update(title * (HEADLINE_TIMES - 1))
    entities = {entity.id: max(1, entity.count) for entity in (names.entities if names else ())}
    size = len(whole) + len(entities)
    hashes = np.fromiter(map(crc32, map(str.encode, chain(whole, entities))), dtype=np.uint32, count=size)
    order = np.argsort(hashes, kind="stable")
    order = order[first_of_equal(hashes[order])]
    times = np.fromiter(chain(whole.values(), entities.values()), dtype=np.intp, count=size)
    times_begun = np.fromiter(chain(begun.values(), repeat(0, size - len(begun))), dtype=np.intp, count=size)
    lengths = np.fromiter(chain(map(len, whole), repeat(_LONGEST, len(entities))), dtype=np.intp, count=size)
    language = hash_words([language_of(article)])
    return Terms(
        hashes[order], times[order], times_begun[order], _EXPECTED[np.minimum(lengths[order], _LONGEST)], language
    )


def _words(text: str) -> list[str]:
    """Return the words of a text, parted at apostrophes: Egypt's and l'Égypte name whom Egypt and Égypte name."""
    return tokens(normalise(text).replace("'", " "))


def language_of(article: Article) -> str:
    """Return the language of an article without its region, empty where it is unknown."""
    return (article.language or "").casefold().replace("_", "-").partition("-")[0]


def first_of_equal(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Return which of terms in order aren't the same as the one before."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def counted_as(terms: Hashes, language: Hashes) -> Hashes:
    """Return the keys under which the documents of the language that hold each term are counted."""
    return terms ^ language


def share(terms: Terms, frequencies: Frequencies) -> Weights:
    """Return the share of the documents of its language that hold each term, between 0 and 1.

    An estimate: what is expected counts like ``EXPECTED_DOCUMENTS`` documents.
    """
    documents = frequencies.count(terms.language)[0]
    counted = frequencies.count(counted_as(terms.hashes, terms.language))
    estimate = (counted + EXPECTED_DOCUMENTS * terms.expected) / np.float32(documents + EXPECTED_DOCUMENTS)
    shares: Weights = np.minimum(estimate, 1)  # a counter may hold another term's documents too
    return shares


def add(terms: Terms, frequencies: Frequencies) -> None:
    """Count one document with these terms."""
    frequencies.add(np.append(counted_as(terms.hashes, terms.language), terms.language))


def expected(word: str) -> float:
    """Return the share of the documents of any language that one expects to hold a word."""
    return max(LEAST_SHARE, SHARE_OF_SHORTEST * SHARE_PER_LETTER ** max(0, len(word) - SHORTEST))


# by the length of a word; from the longest on every word is as rare
_LONGEST = 12
_EXPECTED = np.array([expected("x" * length) for length in range(_LONGEST + 1)], dtype=np.float32)

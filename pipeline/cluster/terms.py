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
from pipeline.text import words

LEDE_WORDS = 80
# Frequent words are short (Zipf's law of brevity), in any language that is written with letters. In three collections
# of English news a word of two letters stood in half of the articles, of three in 0.33, four 0.23, five 0.12, six 0.06,
# ten 0.035, eleven 0.02: a factor of 0.6 a letter, down to a fiftieth
SHORTEST, SHARE_OF_SHORTEST, SHARE_PER_LETTER, LEAST_SHARE = 2, 0.55, 0.6, 0.02
# Articles of a language after which what was counted weighs as much as what was expected. With 10 the first articles of
# a story stay apart more often, with 50 some unrelated ones among the first few dozen are joined
EXPECTED_DOCUMENTS = 20


class Terms(NamedTuple):
    """The terms of a text, sorted by hash."""

    hashes: Hashes
    times: npt.NDArray[np.intp]  # that each stands in the text
    keys: Hashes  # each with its language, as documents are counted
    expected: Weights  # share of documents that hold it, before any is counted


def terms_of(article: Article, names: Names | None) -> tuple[Terms, Terms, int]:
    """Return the terms of the whole article, those of its beginning, and the key of its language.

    An entity is one term. Articles of an unknown language are counted as those of a language of their own.
    """
    language = language_of(article)
    title, text = words(article.title or ""), words(article.text)
    entities = Counter({entity.id: max(1, entity.count) for entity in (names.entities if names else ())})
    whole = _whole(Counter(chain(title, text)), entities, language)
    lede = _part(Counter(chain(title, text[:LEDE_WORDS])), whole)
    return whole, lede, int(hash_words([language])[0])


def language_of(article: Article) -> str:
    """Return the language of an article without its region, empty where it is unknown."""
    return (article.language or "").casefold().replace("_", "-").partition("-")[0]


def share(terms: Terms, language: int, frequencies: Frequencies) -> Weights:
    """Return the share of the documents of the language that hold each term, between 0 and 1.

    An estimate: what is expected counts like ``EXPECTED_DOCUMENTS`` documents.
    """
    documents = frequencies.count(np.array([language], dtype=np.uint32))[0]
    counted = frequencies.count(terms.keys)
    estimate = (counted + EXPECTED_DOCUMENTS * terms.expected) / np.float32(documents + EXPECTED_DOCUMENTS)
    shares: Weights = np.minimum(estimate, 1)  # a counter may hold another term's documents too
    return shares


def add(terms: Terms, language: int, frequencies: Frequencies) -> None:
    """Count one document of the language with these terms."""
    frequencies.add(np.append(terms.keys, np.uint32(language)))


def _whole(counted: Counter[str], entities: Counter[str], language: str) -> Terms:
    named = [name.encode() for name in chain(counted, entities)]
    size = len(named)
    hashes, first = np.unique(np.fromiter(map(crc32, named), dtype=np.uint32, count=size), return_index=True)
    times = np.fromiter(chain(counted.values(), entities.values()), dtype=np.intp, count=size)
    # the same as the hash of the language, a space and the name together
    begun = crc32(f"{language} ".encode())
    keys = np.fromiter(map(crc32, named, repeat(begun)), dtype=np.uint32, count=size)
    lengths = np.fromiter(chain(map(len, counted), repeat(_LONGEST, len(entities))), dtype=np.intp, count=size)
    return Terms(hashes, times[first], keys[first], _EXPECTED[np.minimum(lengths[first], _LONGEST)])


def _part(counted: Counter[str], whole: Terms) -> Terms:
    """Return the terms of a part of a text whose terms are ``whole``."""
    size = len(counted)
    hashes, first = np.unique(
        np.fromiter(map(crc32, map(str.encode, counted)), dtype=np.uint32, count=size), return_index=True
    )
    times = np.fromiter(counted.values(), dtype=np.intp, count=size)
    at = np.searchsorted(whole.hashes, hashes)
    return Terms(hashes, times[first], whole.keys[at], whole.expected[at])


def expected(word: str) -> float:
    """Return the share of the documents of any language that one expects to hold a word."""
    return max(LEAST_SHARE, SHARE_OF_SHORTEST * SHARE_PER_LETTER ** max(0, len(word) - SHORTEST))


# by the length of a word; from the longest on every word is as rare
_LONGEST = 12
_EXPECTED = np.array([expected("x" * length) for length in range(_LONGEST + 1)], dtype=np.float32)

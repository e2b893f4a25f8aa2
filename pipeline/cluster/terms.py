"""Turn an article into hashed terms, and estimate how common each is in the article's language.

Articles are compared by term, so that a name joins texts of two languages. Documents are counted by language: where few
articles are German, German function words would look rare among all documents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import chain, repeat
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pipeline.count_min import CountMinSketch, Hashes, Weights, hash_words
from pipeline.records import Article, Names
from pipeline.text import KANA_AND_HAN, normalise, split_normalised

# How often a headline's words count in the beginning. Over all rows of bench/stories.py BCubed F1 was .948 with 1, .951
# with 2, .952 with 3, 4 and 6; of the first 80 words of 391 articles in three other orders .969 with 1, .984 with 3
HEADLINE_TIMES = 3
# Words of the beginning; of a text that is mostly pairs or fours of characters (see below) so many of these: some 100
# words of Chinese or Korean, 40 of Thai
LEDE_WORDS, LEDE_PIECES = 80, 160
# Chinese and Japanese have no spaces: pairs of characters stand for words, as in Lucene's CJKBigramFilter. Of 24 short
# articles of one day, in an empty ledger, unrelated ones had a cosine of up to .44 by single characters and .10 by
# pairs, those on one event .43 and .18 at least
_PAIRED = KANA_AND_HAN
# Thai, Lao, Burmese and Khmer have no spaces either, and are written in letters, about four a word. Of 12 Thai articles
# unrelated ones had a cosine of up to .39 by pairs, .19 by threes, .12 by fours; those on one event .56, .41 and .34 at
# least
_IN_FOURS = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1780-\u17d3\u17dc\u17dd"
# Korean words end in particles. By pairs without the last syllable of a word, articles on one event (of 12) had a
# cosine of .40 at least and others of up to .09; by whole words it was .22 and .07, by all pairs .40 and .15
_KOREAN = r"\uac00-\ud7a3"
_PIECED = re.compile(f"[{_PAIRED}{_IN_FOURS}{_KOREAN}]")
_RUN = re.compile(f"([{_PAIRED}]++)|([{_IN_FOURS}]++)|([{_KOREAN}]++)|[^{_PAIRED}{_IN_FOURS}{_KOREAN}]++")
# Frequent words are short (Zipf's law of brevity), in any language that is written with letters. In three collections
# of English news a word of two letters stood in half of the articles, of three in 0.33, four 0.23, five 0.12, six 0.06,
# ten 0.035, eleven 0.02: a factor of 0.6 a letter, down to a fiftieth. A Chinese character, a Katakana or a Korean
# syllable counts as three: of short unrelated texts a pair of them is in 0.01 to 0.07, an English word of six in 0.02
SHORTEST, SHARE_OF_SHORTEST, SHARE_PER_LETTER, LEAST_SHARE = 2, 0.55, 0.6, 0.02
_AS_THREE = re.compile(r"[\u3005-\u3007\u30a1-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
# Articles of a language after which what was counted weighs as much as what was expected. With 10 the first articles of
# a story stay apart more often, with 50 some unrelated ones among the first few dozen are joined
EXPECTED_DOCUMENTS = 20

TermCounts = npt.NDArray[np.intp]


class ArticleTerms(NamedTuple):
    """The terms of an article, sorted by hash."""

    hashes: Hashes
    counts: TermCounts  # how often each stands in the whole article
    lede_counts: TermCounts  # how often each stands in the beginning
    expected: Weights  # share of documents that hold it, before any is counted
    language: Hashes  # one


def article_terms(article: Article, names: Names | None) -> ArticleTerms:
    """Return the terms of an article; an entity is one term.

    Articles of an unknown language are counted as those of a language of their own.
    """
    # split at apostrophes: Egypt's and l'Égypte hold the words Egypt and Égypte
    title, text = (normalise(part).replace("'", " ") for part in (article.title or "", article.text))
    in_words = text.isascii() or not _PIECED.search(title + text)
    take, length = (split_normalised, len) if in_words else (word_pieces, count_letters)
    lede = LEDE_WORDS if in_words or 2 * len(_PIECED.findall(text)) < len(text) else LEDE_PIECES
    headline, body = take(title), take(text)
    in_lede = Counter(chain(headline, body[:lede]))
    whole = Counter(in_lede)  # so that the words of the beginning come first
    whole.update(body[lede:])
    in_lede.update(headline * (HEADLINE_TIMES - 1))
    entities = {entity.id: max(1, entity.count) for entity in (names.entities if names else ())}
    size = len(whole) + len(entities)
    hashes = np.fromiter(map(crc32, map(str.encode, chain(whole, entities))), dtype=np.uint32, count=size)
    order = np.argsort(hashes, kind="stable")
    order = order[first_occurrences(hashes[order])]
    counts = np.fromiter(chain(whole.values(), entities.values()), dtype=np.intp, count=size)
    lede_counts = np.fromiter(chain(in_lede.values(), repeat(0, size - len(in_lede))), dtype=np.intp, count=size)
    lengths = np.fromiter(chain(map(length, whole), repeat(_LONGEST, len(entities))), dtype=np.intp, count=size)
    language = hash_words([article.base_language])
    return ArticleTerms(
        hashes[order], counts[order], lede_counts[order], _EXPECTED[np.minimum(lengths[order], _LONGEST)], language
    )


def word_pieces(normalised: str) -> list[str]:
    """Return the words of a normalised text; in scripts without spaces, overlapping pieces in place of words."""
    pieces: list[str] = []
    for run in _RUN.finditer(normalised):
        pieces += _PIECES[run.lastindex](run[0])
    return pieces


def count_letters(word: str) -> int:
    """Return the length of a word in letters; a Chinese character, a Katakana or a Korean syllable counts as three."""
    return len(_AS_THREE.sub("xxx", word))


def _overlapping(run: str, size: int) -> list[str]:
    return [run[at : at + size] for at in range(max(1, len(run) - size + 1))]


_PIECES: dict[int | None, Callable[[str], list[str]]] = {  # by the group of ``_RUN``
    None: split_normalised,
    1: lambda run: _overlapping(run, 2),
    2: lambda run: _overlapping(run, 4),
    3: lambda run: _overlapping(run[:-1] if len(run) > 2 else run, 2),  # noqa: PLR2004 - a pair at least
}


def first_occurrences(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Return for each of ``ordered``, sorted terms, whether it is the first of equal ones."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def counter_keys(terms: Hashes, language: Hashes) -> Hashes:
    """Return for each term the key of its counter: how many documents of ``language`` (one hash) hold it."""
    return terms ^ language


def document_shares(terms: ArticleTerms, frequencies: CountMinSketch) -> Weights:
    """Return for each term the share of the documents of its language that hold it, above 0 and at most 1.

    An estimate: the expected share counts like ``EXPECTED_DOCUMENTS`` documents.
    """
    documents = frequencies.estimate_counts(terms.language)[0]
    counted = frequencies.estimate_counts(counter_keys(terms.hashes, terms.language))
    estimate = (counted + EXPECTED_DOCUMENTS * terms.expected) / np.float32(documents + EXPECTED_DOCUMENTS)
    shares: Weights = np.minimum(estimate, 1)  # a counter may hold another term's documents too
    return shares


def count_document(terms: ArticleTerms, frequencies: CountMinSketch) -> None:
    """Count one document with these terms in ``frequencies``."""
    frequencies.add_document(np.append(counter_keys(terms.hashes, terms.language), terms.language))


def expected_share(word: str) -> float:
    """Return the share of the documents that are expected to hold ``word``: the longer it is, the fewer."""
    return max(LEAST_SHARE, SHARE_OF_SHORTEST * SHARE_PER_LETTER ** max(0, count_letters(word) - SHORTEST))


# the expected share by the length of a word; words longer than this are as rare as one of this length
_LONGEST = 12
_EXPECTED = np.array([expected_share("x" * length) for length in range(_LONGEST + 1)], dtype=np.float32)

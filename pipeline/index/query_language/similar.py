"""Choose what makes an article like others: telling words and names, so many of which another one must share.

How rare a word is, the index says; all else is decided here, alike for every engine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping

from pipeline.index.folding import fold_words, has_unspaced
from pipeline.index.query_language.tree import And, AtLeast, Node, Not, Or, Similar, Value, Words, all_leaves
from pipeline.records import Document

# Of a text, its beginning says what it is about; the words that stand there most often are looked up.
_BEGINNING = 3_000
_CANDIDATES = 60
_SHORTEST = 3
# These were chosen by bench/search.py: rare words alone, or fewer of them, find less of an article's story.
_IN_TITLE = 5
_WORDS, _NAMES = 30, 8
# A word in more articles than this share of all is no rare one; in fewer than two it is shared by none.
_COMMON = 0.2
_SHARED = 0.1  # of the words and names chosen
_FEWEST = 2
_NAME_FIELDS = ("people", "organisations", "events", "places")


def candidate_words(document: Document) -> list[str]:
    """Return the folded words of a document by which it may be like others, those that stand there most often first."""
    counts = _count_words(document)
    words = [word for word in counts if len(word) >= _SHORTEST and not word.isdigit() and not has_unspaced(word)]
    return sorted(words, key=lambda word: (-counts[word], word))[:_CANDIDATES]


def _count_words(document: Document) -> Counter[str]:
    """Return how often words stand in a document's beginning; one of the title counts as often as ``_IN_TITLE``."""
    title = fold_words(document.title or "").split()
    texts = (document.standfirst or "", document.text[:_BEGINNING])
    return Counter([*title * _IN_TITLE, *(word for text in texts for word in fold_words(text).split())])


def similar_tree(document: Document, frequencies: Mapping[str, int], total: int) -> Node:
    """Return what finds articles like a document, but not its own copies.

    Args:
        document: the document.
        frequencies: in how many documents each of its candidate words stands.
        total: how many documents there are.
    """
    most = max(_FEWEST, total * _COMMON)
    counts = _count_words(document)
    weights = {
        word: counts[word] * math.log(total / count) for word, count in frequencies.items() if _FEWEST <= count <= most
    }
    telling = sorted(weights, key=lambda word: (-weights[word], word))[:_WORDS]
    names = [Words(name, field) for field in _NAME_FIELDS for name in getattr(document, field)][:_NAMES]
    parts: tuple[Node, ...] = (*map(Words, telling), *names)
    enough = max(_FEWEST, round(len(parts) * _SHARED))  # of too few, that is none
    return And((AtLeast(enough, parts), Not(Value("copy_group", document.copy_group))))


def resolve_similar(tree: Node | None, find: Callable[[str], Node]) -> Node | None:
    """Return a tree in which what ``find`` returns of an article's id stands in place of ``similar:ID``."""
    if not any(isinstance(leaf, Similar) for leaf in all_leaves(tree)) or tree is None:
        return tree
    return _resolve(tree, find)


def _resolve(node: Node, find: Callable[[str], Node]) -> Node:
    match node:
        case Similar(article):
            return find(article)
        case And(children):
            return And(tuple(_resolve(child, find) for child in children))
        case Or(children):
            return Or(tuple(_resolve(child, find) for child in children))
        case Not(child):
            return Not(_resolve(child, find))
        case _:
            return node

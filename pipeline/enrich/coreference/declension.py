"""Choose the base form of each word that an article's names are made of: "путина" is "путин" where that stands too.

A guess needs evidence: the base form is written in the article, is known, or is where several forms lead. Pure.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Collection, Mapping

from pipeline.enrich.knowledge.endings import base_words

NameWords = tuple[str, ...]

# So many different forms that lead to one base form vouch for it where it isn't written.
_MIN_FORMS = 2


def choose_base_words(
    counted: Mapping[NameWords, int], language: str, is_known: Callable[[str], bool]
) -> dict[str, str]:
    """Return word → its base form, for the words of names of one type that stand in another form.

    Args:
        counted: each name, as folded words, with its number of mentions.
        language: ISO 639-1.
        is_known: tells whether a folded word stands in a known name of this type.
    """
    words: collections.Counter[str] = collections.Counter()
    for name, count in counted.items():
        for word in dict.fromkeys(name):
            words[word] += max(1, count)
    guesses = {word: base_words(word, language) for word in words}
    derived: dict[str, set[str]] = collections.defaultdict(set)  # base form → the forms that lead to it
    for word, bases in guesses.items():
        for base in bases:
            derived[base].add(word)
    chosen = {word: _best(word, guesses, words, derived, is_known) for word in words}

    def rank(word: str) -> tuple[bool, int, str]:
        return is_known(word), words[word], word

    return {word: base for word in words if (base := _last(word, chosen, rank)) != word}


def _best(
    word: str,
    guesses: Mapping[str, Collection[str]],
    words: Mapping[str, int],
    derived: Mapping[str, Collection[str]],
    is_known: Callable[[str], bool],
) -> str:
    def support(base: str) -> int:
        return words.get(base, 0) + sum(words[form] for form in derived.get(base, ()))

    own = support(word)
    best, best_rank = word, (False, own)
    for base in guesses[word]:
        written, known = base in words, is_known(base)
        if not (written or known or len(derived[base]) >= _MIN_FORMS) or _speaks_against(word, base, derived):
            continue
        rank = (written or known, support(base))
        if rank > best_rank or (rank[0] and rank[1] >= own and best == word):
            best, best_rank = base, rank
    return best


def _speaks_against(word: str, base: str, derived: Mapping[str, Collection[str]]) -> bool:
    """Tell whether a form leads to ``word`` that can't lead to ``base``: Захаровой shows Захарова to be a base form."""
    return any(form not in derived[base] and form != base for form in derived.get(word, ()))


def _last(word: str, chosen: Mapping[str, str], rank: Callable[[str], tuple[bool, int, str]]) -> str:
    """Return the base form of the base form, where that has one; of forms that lead to one another, the foremost."""
    path = [word]
    while (following := chosen.get(path[-1], path[-1])) not in path:
        path.append(following)
    return max(path[path.index(following) :], key=rank)


def in_base_form(name: NameWords, bases: Mapping[str, str]) -> NameWords:
    """Return a name with each word in its base form."""
    return tuple(bases.get(word, word) for word in name)

"""Compare headlines: whether two are one article's, and whether a text is about what a headline announces.

Pure. In doubt headlines of two articles aren't alike, and a text is about what was announced.
"""

from __future__ import annotations

import re

from pipeline.text import KANA_AND_HAN, fold, normalise, split_words

_MIN_SHARED = 0.7  # of the words of both: a headline that was shortened or had a word exchanged
_MIN_WORDS = 3  # words in a row of one headline that stand in another one: fewer are a kicker or a section's name
_MIN_LETTERS = 8  # of a headline without spaces, as many as three words
_UNSPACED = rf"\u0e00-\u0e7f{KANA_AND_HAN}"  # scripts without spaces between words
_TERM = re.compile(rf"[{_UNSPACED}]{{2,}}|[\uac00-\ud7a3]{{2,}}|\d{{2,}}|[^\W\d_{_UNSPACED}]{{4,}}")
_STEM = 5  # letters: endings differ between headline and text in most languages
_MIN_TERMS = 3  # a headline with fewer telling words tells too little
_MIN_ANNOUNCED = 0.2  # of the telling words of a headline that the text it announces has, at the least


def are_alike(left: str | None, right: str | None) -> bool:
    """Tell whether two headlines are one article's: the same words, nearly so, or one with something added.

    Headlines with other numbers are different ones: results, rates and magnitudes are told in one form.
    """
    ours, theirs = split_words(left or ""), split_words(right or "")
    if not ours or not theirs:
        return False
    if ours == theirs:
        return True
    shorter, longer = sorted((ours, theirs), key=len)
    is_long = len(shorter) >= (_MIN_LETTERS if re.search(f"[{_UNSPACED}]", shorter[0]) else _MIN_WORDS)
    if is_long and f"\0{chr(0).join(shorter)}\0" in f"\0{chr(0).join(longer)}\0":
        return True
    if _numbers(ours) != _numbers(theirs):
        return False
    return len(set(ours) & set(theirs)) >= _MIN_SHARED * len(set(ours) | set(theirs))


def exchanged_words(left: str, right: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that only one of two headlines has, of each; both are empty where one only adds to the other."""
    ours, theirs = frozenset(split_words(left)), frozenset(split_words(right))
    only_ours, only_theirs = ours - theirs, theirs - ours
    return (only_ours, only_theirs) if only_ours and only_theirs else (frozenset(), frozenset())


def is_announced(headline: str | None, *texts: str | None) -> bool:
    """Tell whether ``texts`` may be about what ``headline`` announces: some of its telling words stand there.

    A headline that has too few telling words announces anything.
    """
    terms = {term for found in _TERM.findall(normalise(headline or "")) for term in _split_term(found)}
    if len(terms) < _MIN_TERMS:
        return True
    text = fold(" ".join(filter(None, texts)))
    return sum(term in text for term in terms) >= _MIN_ANNOUNCED * len(terms)


def _numbers(words: list[str]) -> set[str]:
    return {word for word in words if any(char.isdigit() for char in word)}


def _split_term(found: str) -> set[str]:
    """Return what is looked for of a word: its stem; pairs of characters in a script without spaces."""
    if re.match(rf"[{_UNSPACED}\uac00-\ud7a3]", found):
        return {fold(found[start : start + 2]) for start in range(len(found) - 1)}
    return {fold(found)[:_STEM]}

"""Drop the common words that a network takes for names in an English text.

What is known under the word, or stands with a capital inside a sentence, remains a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from pipeline.enrich.coreference.acronyms import common_noun_acronyms
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import fold_word
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

_SMALL_WORD = re.compile(r"(?<![\w'’-])[a-z]{3,}(?![\w-])")
# What precedes the first word of a sentence, a line or a quotation.
_OPENS = re.compile(r"(?:^|[.!?…:;\n]|[—–]\s)[\s\"'“”‘’(\[]*$|[\"“‘]$")
_NO_PERSON = frozenset({EntityType.ORG, EntityType.PLACE})
# Bodies of a state that are called by one word, beside those of the lexicon.
_BODIES = frozenset({"house", "navy"})


def drop_common_words(
    text: str,
    spans: Sequence[Span],
    lexicon: Lexicon,
    sole_type: Callable[[str], EntityType | None] = lambda _name: None,
    is_toponym: Callable[[str], bool] = lambda _name: False,
) -> list[Span]:
    """Return the names without common words that have their capital from the sentence or from respect.

    "Hauliers wait. The hauliers say …": the capital is the sentence's, not a name's. "The Constitution", "the Fund": a
    noun for a kind of thing is no name by itself, unless it is short for the one longer name that contains it. "New
    energy vehicles (NEVs)": the acronym of what a text writes in small letters is no name. ``sole_type`` and
    ``is_toponym`` are those of ``trimming.trim_names``.
    """
    names = [text[s.start : s.end] for s in spans]
    single = [s for s, name in zip(spans, names, strict=True) if name.isalpha()]
    small_words = set(_SMALL_WORD.findall(text)) if single else set()
    suspects = {name for name in names if name.isalpha() and _is_written(name.lower(), small_words)}
    inside = {text[s.start : s.end] for s in spans if not _OPENS.search(text, max(0, s.start - 8), s.start)}
    longer = {name for s, name in zip(spans, names, strict=True) if s.type is EntityType.ORG and " " in name}
    containing = Counter(word for name in longer for word in set(name.split()))
    kind_nouns = {text[s.start : s.end] for s in single if _is_kind_noun(text, s, suspects, lexicon, is_toponym)}
    kind_nouns = {n for n in kind_nouns if containing[n] != 1 or not _ends_organisations(n, lexicon)}
    common = {n for n in (suspects - inside) | common_noun_acronyms(text) if not sole_type(n)}
    kind_nouns = {n for n in kind_nouns if not sole_type(n)}
    return [
        s
        for s, name in zip(spans, names, strict=True)
        if name not in common and not (name in kind_nouns and s.type in _NO_PERSON)
    ]


def _is_written(word: str, small: AbstractSet[str]) -> bool:
    return not small.isdisjoint((word, f"{word}s", word.removesuffix("s")))


def _is_kind_noun(
    text: str, span: Span, small_words: AbstractSet[str], lexicon: Lexicon, is_toponym: Callable[[str], bool]
) -> bool:
    """Tell whether a single word that was taken for an organisation or a place is a common word in this text."""
    name = text[span.start : span.end]
    word = fold_word(name)
    if span.type not in _NO_PERSON or name.isupper() or word in lexicon.single_organisations or word in _BODIES:
        return False
    looks_common = name in small_words or text[max(0, span.start - 4) : span.start].lower() == "the "
    if span.type is EntityType.PLACE:
        return (word in lexicon.common or lexicon.is_kind_noun(word)) and (looks_common or not is_toponym(name))
    if word in lexicon.not_names or lexicon.is_kind_noun(word) or word in lexicon.org_heads:
        return True
    return looks_common and word in lexicon.common


def _ends_organisations(name: str, lexicon: Lexicon) -> bool:
    word = fold_word(name)
    return word in lexicon.org_tails or word in lexicon.org_heads

"""Which words are no names in an English text, though a network takes them for such?"""

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
# What stands before the first word of a sentence, a line or a quotation.
_OPENS = re.compile(r"(?:^|[.!?…:;\n]|[—–]\s)[\s\"'“”‘’(\[]*$|[\"“‘]$")
_NO_PERSON = frozenset({EntityType.ORG, EntityType.PLACE})
# Bodies of a state that are called so alone, beside those of the lexicon.
_BODIES = frozenset({"house", "navy"})


def drop_common_words(
    text: str,
    spans: Sequence[Span],
    lexicon: Lexicon,
    known: Callable[[str], EntityType | None] = lambda _name: None,
    is_place: Callable[[str], bool] = lambda _name: False,
) -> list[Span]:
    """Return the names without common words that only their place in the sentence, or respect, gives a capital.

    "Hauliers wait. The hauliers say …": the capital is the sentence's, not a name's. "The Constitution", "the Fund": a
    word that says but the sort is no name by itself, unless it is short for the one longer name that holds it. "New
    energy vehicles (NEVs)": what a text writes small has no name in short. ``known`` and ``is_place`` as in
    ``trimming.trimmed``.
    """
    names = [text[s.start : s.end] for s in spans]
    single = [s for s, name in zip(spans, names, strict=True) if name.isalpha()]
    small = set(_SMALL_WORD.findall(text)) if single else set()
    suspect = {name for name in names if name.isalpha() and _written(name.lower(), small)}
    inside = {text[s.start : s.end] for s in spans if not _OPENS.search(text, max(0, s.start - 8), s.start)}
    longer = {name for s, name in zip(spans, names, strict=True) if s.type is EntityType.ORG and " " in name}
    held = Counter(word for name in longer for word in set(name.split()))
    sorts = {text[s.start : s.end] for s in single if _is_sort(text, s, suspect, lexicon, is_place)}
    sorts = {n for n in sorts if held[n] != 1 or not _ends_organisations(n, lexicon)}
    common = {n for n in (suspect - inside) | common_noun_acronyms(text) if not known(n)}
    sorts = {n for n in sorts if not known(n)}
    return [
        s
        for s, name in zip(spans, names, strict=True)
        if name not in common and not (name in sorts and s.type in _NO_PERSON)
    ]


def _written(word: str, small: AbstractSet[str]) -> bool:
    return not small.isdisjoint((word, f"{word}s", word.removesuffix("s")))


def _is_sort(text: str, span: Span, small: AbstractSet[str], lexicon: Lexicon, is_place: Callable[[str], bool]) -> bool:
    """Tell whether a single word taken for an organisation or a place is but a common word here."""
    name = text[span.start : span.end]
    word = fold_word(name)
    if span.type not in _NO_PERSON or name.isupper() or word in lexicon.single_organisations or word in _BODIES:
        return False
    plain = name in small or text[max(0, span.start - 4) : span.start].lower() == "the "
    if span.type is EntityType.PLACE:
        return (word in lexicon.common or lexicon.is_kind_noun(word)) and (plain or not is_place(name))
    if word in lexicon.not_names or lexicon.is_kind_noun(word) or word in lexicon.org_heads:
        return True
    return plain and word in lexicon.common


def _ends_organisations(name: str, lexicon: Lexicon) -> bool:
    word = fold_word(name)
    return word in lexicon.org_tails or word in lexicon.org_heads

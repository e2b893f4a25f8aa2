"""Find known names in a text of any language.

A name counts in the letters in which it is known: a capital where it has one, its accents folded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity, KnownForm
from pipeline.enrich.knowledge.tokens import Separator, Token, tokenise
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

# Scripts without spaces between words: names are looked up from every character, at most so many characters long.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")
_LONGEST_UNSPACED = 12
# Up to three letters or signs of Thai stand in many words; only a country (China, Laos) counts as a name.
_SHORT_THAI = re.compile(r"[\u0e00-\u0e7f]{1,3}")
# French and Italian small words that lean on the name: l'Irak, dell'Iraq.
_ELIDED = re.compile(r"(?:[ldjnsc]|qu|all|dell|nell|sull|dall|un)['’]", re.IGNORECASE)
# Arabic and Hebrew letters for "and", "in", "to", "as" are written as one word with the name.
_PREFIXED = re.compile(r"[وبلفكהבלומש](?=\w{3})")
# Below this many inhabitants a city's name in running text is as likely a word or a surname.
_CITY_SIZE = 100_000
# Behind these a small town's or a region's name is one: German, Dutch, French, Spanish, Portuguese, Italian.
_LOCATIVES = frozenset("in nach bei en à em aan naar".split())
# They begin longer names more often than they are a town's whole name.
_FIRST_PARTS = frozenset("san santa sankt saint sainte são sao bad el la las los le les".split())
# Shorter names (in letters) count in capitals only: in small letters they are words.
_MIN_LETTERS = 3


class KnownMatch(NamedTuple):
    """Tokens ``first`` up to ``stop`` (exclusive) are written like a name of these entities."""

    first: int
    stop: int
    entities: tuple[KnownEntity, ...]


def longest_match(
    tokens: Sequence[Token],
    forms: Mapping[str, tuple[KnownForm, ...]],
    longest_forms: Mapping[str, int],
    first: int = 0,
) -> KnownMatch | None:
    """Return the longest known name that begins at token ``first``, None if there is none.

    Args:
        tokens: the words of a text.
        forms: known forms by the key of the name.
        longest_forms: the number of words of the longest form by its first word.
        first: index into ``tokens``.
    """
    max_words = max(longest_forms.get(k, 0) for k in _inner_keys(tokens[first]))
    stop = first + 1
    while stop < min(first + max_words, len(tokens)) and tokens[stop].separator <= Separator.COMMA:
        stop += 1
    while max_words and stop > first:
        leading_keys = [_inner_keys(t)[-1] for t in tokens[first : stop - 1]]
        candidates = forms.get(" ".join([*leading_keys, tokens[stop - 1].key]))
        if candidates and (entities := _fitting_entities(candidates, tokens[first:stop])):
            return KnownMatch(first, stop, entities)
        stop -= 1
    return None


def _inner_keys(token: Token) -> tuple[str, ...]:
    """Return the keys of a word inside a name: the 's of a possessive may belong to the name."""
    return (token.key, token.key + "s") if token.possessive else (token.key,)


def _fitting_entities(forms: Sequence[KnownForm], tokens: Sequence[Token]) -> tuple[KnownEntity, ...]:
    spelled = " ".join(t.text for t in tokens).replace(".", "")
    entities: dict[str, KnownEntity] = {}
    for form in forms:
        if form.exact:
            fits = form.text.replace(".", "").replace("-", " ").replace("&", " ").split() == spelled.split()
        else:
            fits = _has_capital_of(tokens[0], form.text) and _has_capital_of(tokens[-1], form.text.rpartition(" ")[2])
        if fits and ("," in form.text or all(t.separator is not Separator.COMMA for t in tokens[1:])):
            entities[form.entity.id] = form.entity
    return tuple(entities.values())


def _has_capital_of(token: Token, known_word: str) -> bool:
    return token.text[0] == token.text[0].upper() or not known_word[0].isupper()


def recognise_known(knowledge: KnowledgeBase, text: str) -> list[Span]:
    """Return the known names in a text of another language than English.

    In scripts with capitals a name begins with one, and stands within a sentence or names more than a city.
    """
    tokens = [_strip_prefix(t, knowledge) for t in tokenise(text)]
    spans: list[Span] = []
    at = 0
    while at < len(tokens):
        if _UNSPACED.match(tokens[at].text):
            spans += _find_in_unspaced(knowledge, tokens[at])
            at += 1
            continue
        match = longest_match(tokens, knowledge.native_forms, knowledge.native_longest_forms, at)
        if match and (entity := _sure_entity(knowledge, match, tokens)):
            spans.append(Span(tokens[at].start, tokens[match.stop - 1].end, entity.type))
            at = match.stop
        else:
            at += 1
    return spans


def _sure_entity(knowledge: KnowledgeBase, match: KnownMatch, tokens: Sequence[Token]) -> KnownEntity | None:
    token = tokens[match.first]
    entity = match.entities[0]
    if len(token.key) < _MIN_LETTERS and not token.text.isupper():
        return None
    has_case = token.text[0].upper() != token.text[0].lower()
    if not has_case or entity.kind is EntityKind.COUNTRY or entity.type is not EntityType.PLACE:
        return entity if not has_case or token.capital or not entity.name[0].isupper() else None
    if _is_part_of_name(match, tokens) or not token.capital:
        return None
    starts_sentence = token.separator in {Separator.SENTENCE, Separator.LINE}
    is_large = max(r.population for r in match.entities) >= _CITY_SIZE
    is_multiword = match.stop - match.first > 1
    is_located = not starts_sentence and match.first > 0 and tokens[match.first - 1].key in _LOCATIVES
    is_common_word = not is_multiword and token.key in knowledge.lexicon.common
    return (
        entity
        if not is_common_word
        and (is_multiword or (is_large and not starts_sentence) or is_located or entity.kind is EntityKind.AREA)
        else None
    )


def _is_part_of_name(match: KnownMatch, tokens: Sequence[Token]) -> bool:
    """Tell whether a town's name is only a part of another name: "San Telmo", "Emre Aydın-Kolbe"."""
    first, following = tokens[match.first], tokens[match.stop] if match.stop < len(tokens) else None
    if first.separator is Separator.HYPHEN or (
        following is not None and following.separator is Separator.HYPHEN and following.capital
    ):
        return True
    return (
        first.key in _FIRST_PARTS
        and following is not None
        and following.separator is Separator.SPACE
        and following.capital
    )


def _strip_prefix(token: Token, knowledge: KnowledgeBase) -> Token:
    """Return the token without a small word or letter that leans on it, where a known name begins behind that."""
    cut = _ELIDED.match(token.text) or _PREFIXED.match(token.text)
    if not cut or token.key in knowledge.native_longest_forms:
        return token
    remainder = token.text[cut.end() :]
    inner_tokens = tokenise(remainder)
    if not inner_tokens or (
        inner_tokens[0].key not in knowledge.native_longest_forms and "'" not in cut.group() and "’" not in cut.group()
    ):
        return token
    return token._replace(start=token.start + cut.end(), text=remainder, key=inner_tokens[0].key)


def _find_in_unspaced(knowledge: KnowledgeBase, token: Token) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while at < len(token.text):
        for size in range(min(_LONGEST_UNSPACED, len(token.text) - at), 1, -1):
            name = token.text[at : at + size]
            candidates = knowledge.native_forms.get(name)
            if candidates and (candidates[0].entity.kind is EntityKind.COUNTRY or not _SHORT_THAI.fullmatch(name)):
                start = token.start + at
                spans.append(Span(start, start + size, candidates[0].entity.type))
                at += size
                break
        else:
            at += 1
    return spans

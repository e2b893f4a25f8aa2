"""Where does a text hold names that are known already? In any language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity, KnownForm
from pipeline.enrich.knowledge.tokens import Separator, Token, tokenise
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

# Scripts whose words aren't parted by spaces: names are looked up from every character.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")
_LONGEST_UNSPACED = 12
# Three letters or signs of Thai stand in many words; as a name only a country's (China, Laos) is believed.
_SHORT_THAI = re.compile(r"[\u0e00-\u0e7f]{1,3}")
# French and Italian small words that lean on the name: l'Irak, dell'Iraq.
_ELIDED = re.compile(r"(?:[ldjnsc]|qu|all|dell|nell|sull|dall|un)['’]", re.IGNORECASE)
# Arabic and Hebrew letters for "and", "in", "to", "as" are written as one word with the name.
_PREFIXED = re.compile(r"[وبلفكהבלומש](?=\w{3})")
# Below this size a city's name in running text of an unknown language is as likely a word or a family's name.
_CITY_SIZE = 100_000


# Behind these a small town's or a region's name is one: German, Dutch, French, Spanish, Portuguese, Italian.
_LOCATIVES = frozenset("in nach bei en à em aan naar".split())
# They begin longer names more often than they are a town's whole name.
_FIRST_PARTS = frozenset("san santa sankt saint sainte são sao bad el la las los le les".split())
# Two letters in small are a word.
_SHORTEST = 3


class KnownMatch(NamedTuple):
    """Tokens ``first`` up to ``after`` are written like these forms."""

    first: int
    stop: int
    entities: tuple[KnownEntity, ...]


def longest_match(
    tokens: Sequence[Token], forms: Mapping[str, tuple[KnownForm, ...]], reach: Mapping[str, int], first: int = 0
) -> KnownMatch | None:
    """Return the longest known name that begins at token ``first``, None if there is none."""
    longest = max(reach.get(k, 0) for k in _inner(tokens[first]))
    after = first + 1
    while after < min(first + longest, len(tokens)) and tokens[after].separator <= Separator.COMMA:
        after += 1
    while longest and after > first:
        begun = [_inner(t)[-1] for t in tokens[first : after - 1]]
        found = forms.get(" ".join([*begun, tokens[after - 1].key]))
        if found and (rows := _fitting(found, tokens[first:after])):
            return KnownMatch(first, after, rows)
        after -= 1
    return None


def _inner(token: Token) -> tuple[str, ...]:
    """Return the keys of a word that more may follow: the 's of a possessive may belong to the name."""
    return (token.key, token.key + "s") if token.possessive else (token.key,)


def _fitting(forms: Sequence[KnownForm], tokens: Sequence[Token]) -> tuple[KnownEntity, ...]:
    spelled = " ".join(t.text for t in tokens).replace(".", "")
    rows: dict[str, KnownEntity] = {}
    for form in forms:
        if form.exact:
            fits = form.text.replace(".", "").replace("-", " ").replace("&", " ").split() == spelled.split()
        else:
            fits = _as_capital(tokens[0], form.text) and _as_capital(tokens[-1], form.text.rpartition(" ")[2])
        if fits and ("," in form.text or all(t.separator is not Separator.COMMA for t in tokens[1:])):
            rows[form.entity.id] = form.entity
    return tuple(rows.values())


def _as_capital(token: Token, word: str) -> bool:
    return token.text[0] == token.text[0].upper() or not word[0].isupper()


def recognise_known(known: KnowledgeBase, text: str) -> list[Span]:
    """Return the known names in a text of any language but English.

    In scripts with capitals a name begins with one, and stands within a sentence or is known as more than a city.
    """
    tokens = [_bare(t, known) for t in tokenise(text)]
    spans: list[Span] = []
    at = 0
    while at < len(tokens):
        if _UNSPACED.match(tokens[at].text):
            spans += _unspaced(known, tokens[at])
            at += 1
            continue
        match = longest_match(tokens, known.native_forms, known.native_longest_forms, at)
        if match and (row := _sure(known, match, tokens)):
            spans.append(Span(tokens[at].start, tokens[match.stop - 1].end, row.type))
            at = match.stop
        else:
            at += 1
    return spans


def _sure(known: KnowledgeBase, match: KnownMatch, tokens: Sequence[Token]) -> KnownEntity | None:
    token = tokens[match.first]
    row = match.entities[0]
    if len(token.key) < _SHORTEST and not token.text.isupper():
        return None
    cased = token.text[0].upper() != token.text[0].lower()
    if not cased or row.kind is EntityKind.COUNTRY or row.type is not EntityType.PLACE:
        return row if not cased or token.capital or not row.name[0].isupper() else None
    if _within_name(match, tokens) or not token.capital:
        return None
    starts = token.separator in {Separator.SENTENCE, Separator.LINE}
    large = max(r.population for r in match.entities) >= _CITY_SIZE
    several = match.stop - match.first > 1
    located = not starts and match.first > 0 and tokens[match.first - 1].key in _LOCATIVES
    word = not several and token.key in known.lexicon.common
    return row if not word and (several or (large and not starts) or located or row.kind is EntityKind.AREA) else None


def _within_name(match: KnownMatch, tokens: Sequence[Token]) -> bool:
    """Tell whether a town's name is only a part of a name: "San Telmo", "Emre Aydın-Kolbe"."""
    first, after = tokens[match.first], tokens[match.stop] if match.stop < len(tokens) else None
    if first.separator is Separator.HYPHEN or (
        after is not None and after.separator is Separator.HYPHEN and after.capital
    ):
        return True
    return first.key in _FIRST_PARTS and after is not None and after.separator is Separator.SPACE and after.capital


def _bare(token: Token, known: KnowledgeBase) -> Token:
    """Return the token without a small word or letter that leans on it, where a known name begins after it."""
    cut = _ELIDED.match(token.text) or _PREFIXED.match(token.text)
    if not cut or token.key in known.native_longest_forms:
        return token
    rest = token.text[cut.end() :]
    folded = tokenise(rest)
    if not folded or (
        folded[0].key not in known.native_longest_forms and "'" not in cut.group() and "’" not in cut.group()
    ):
        return token
    return token._replace(start=token.start + cut.end(), text=rest, key=folded[0].key)


def _unspaced(known: KnowledgeBase, token: Token) -> list[Span]:
    spans: list[Span] = []
    at = 0
    while at < len(token.text):
        for size in range(min(_LONGEST_UNSPACED, len(token.text) - at), 1, -1):
            name = token.text[at : at + size]
            found = known.native_forms.get(name)
            if found and (found[0].entity.kind is EntityKind.COUNTRY or not _SHORT_THAI.fullmatch(name)):
                start = token.start + at
                spans.append(Span(start, start + size, found[0].entity.type))
                at += size
                break
        else:
            at += 1
    return spans

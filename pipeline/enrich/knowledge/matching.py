"""Find known names in a text of any language.

A name counts in the letters in which it is known: a capital where it has one, its accents folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity, KnownForm, LanguageForms
from pipeline.enrich.knowledge.tokens import UNSPACED, Separator, Token, fold_word, is_unspaced, tokenise
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

# Names of scripts without spaces between words are looked up from every character, at most so many characters long.
_LONGEST_UNSPACED = 24
# Two characters of Han stand in many words: a city of fewer inhabitants counts only where one of these words and signs
# for "in", "to", "from" or for a kind of place stands beside it.
_SHORT_HAN = re.compile(r"[\u3400-\u9fff]{2}")
_SURE_CITY_SIZE = 1_000_000
_BEFORE_PLACE = re.compile(r"[在于於到往从從赴抵至自访訪驻駐]$")
_BEHIND_PLACE = re.compile(r"[市县縣区區镇鎮村町]|(?:で|に|から|へ)(?![\u3041-\u309f])")
_ONLY_KIND = re.compile(r"[市县縣镇鎮村町]")
# Parts of a token of several scripts: "NATO는", "EUと"
_SCRIPTS = re.compile(rf"{UNSPACED}+|[\uac00-\ud7a3]+|(?:(?!{UNSPACED})[^\uac00-\ud7a3])+")
# Korean particles, the longest first: "유엔에서는"
_PARTICLES = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:에서는|에서도|으로부터|으로는|에게|에서|에는|에도|까지|부터|으로|와의|과의|이라는|라는|보다|처럼|만의"
    r"|은|는|이|가|을|를|의|에|와|과|도|로|만|측|인)$"
)
# Suffixes behind an apostrophe, in small letters: Ankara'da (Turkish), Bordeaux'ssa (Finnish), Chirac'a (Polish)
_SUFFIX = re.compile(r"(?<=\w\w)['’`´‘ʼ][^\W\d_A-Z]{1,8}$")
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
    token = tokens[first]
    max_words = longest_forms.get(token.key, 0)
    if token.possessive:
        max_words = max(max_words, longest_forms.get(token.key + "s", 0))
    if not max_words:
        return None
    stop = first + 1
    while stop < min(first + max_words, len(tokens)) and tokens[stop].separator <= Separator.COMMA:
        stop += 1
    while stop > first:
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


def recognise_known(knowledge: KnowledgeBase, text: str, language: str | None = None) -> list[Span]:
    """Return the known names in a text of another language than English.

    In scripts with capitals a name begins with one, and stands within a sentence or names more than a city.

    Args:
        knowledge: aliases, gazetteer and word lists.
        text: any text.
        language: ISO 639-1; names that the alias file gives for it count too, and go first.
    """
    known = knowledge.forms_in((language or "").partition("-")[0].lower())
    tokens = [part for token in tokenise(text) for part in _parts(token, known)]
    spans: list[Span] = []
    at = 0
    while at < len(tokens):
        if is_unspaced(tokens[at].text[0]):
            spans += _find_in_unspaced(knowledge, known, tokens[at])
            at += 1
            continue
        match = longest_match(tokens, known.forms, known.longest_forms, at)
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


def _parts(token: Token, known: LanguageForms) -> list[Token]:
    """Return the parts of a token in different scripts, without what leans on the names in them."""
    if token.text.isascii() and token.text.isalpha():
        return [token]
    return [_strip_suffix(_strip_prefix(part, known), known) for part in _scripts(token)]


def _scripts(token: Token) -> Iterator[Token]:
    """Yield the parts of a token that are written in scripts with and without spaces, and in Hangul."""
    parts = list(_SCRIPTS.finditer(token.text))
    if len(parts) < 2 or parts[0].end() == len(token.text):  # noqa: PLR2004 - one script
        yield token
        return
    for number, part in enumerate(parts):
        start, end = token.start + part.start(), token.start + part.end()
        separator = Separator.OTHER if number else token.separator
        yield Token(start, end, part[0], fold_word(part[0]), separator, token.possessive and number == len(parts) - 1)


def _strip_suffix(token: Token, known: LanguageForms) -> Token:
    """Return the token without a suffix behind an apostrophe or a Korean particle, unless it is known as it is."""
    if token.key in known.longest_forms:
        return token
    cut = _SUFFIX.search(token.text) or _PARTICLES.search(token.text)
    if not cut:
        return token
    stem = token.text[: cut.start()]
    return token._replace(end=token.start + cut.start(), text=stem, key=fold_word(stem))


def _strip_prefix(token: Token, known: LanguageForms) -> Token:
    """Return the token without a small word or letter that leans on it, where a known name begins behind that."""
    cut = _ELIDED.match(token.text) or _PREFIXED.match(token.text)
    if not cut or token.key in known.longest_forms:
        return token
    remainder = token.text[cut.end() :]
    inner_tokens = tokenise(remainder)
    if not inner_tokens or (
        inner_tokens[0].key not in known.longest_forms and "'" not in cut.group() and "’" not in cut.group()
    ):
        return token
    return token._replace(start=token.start + cut.end(), text=remainder, key=inner_tokens[0].key)


def _find_in_unspaced(knowledge: KnowledgeBase, known: LanguageForms, token: Token) -> list[Span]:
    spans: list[Span] = []
    keys = [fold_word(character) for character in token.text]
    at = 0
    while at < len(token.text):
        for size in range(min(_LONGEST_UNSPACED, len(token.text) - at), 1, -1):
            candidates = known.forms.get("".join(keys[at : at + size]), ())
            name = token.text[at : at + size]
            entity = next((form.entity for form in candidates if form.text == name), None)
            if entity and _is_name_inside(knowledge, entity, token.text, at, size):
                start = token.start + at
                spans.append(Span(start, start + size, entity.type))
                at += size
                break
        else:
            at += 1
    return spans


def _is_name_inside(knowledge: KnowledgeBase, entity: KnownEntity, text: str, at: int, size: int) -> bool:
    """Tell whether ``size`` characters of a text without spaces are a name and not a part of another word."""
    name = text[at : at + size]
    if entity.kind is not EntityKind.CITY:
        return entity.kind is EntityKind.COUNTRY or not _SHORT_THAI.fullmatch(name)
    if _SHORT_THAI.fullmatch(name):
        return False
    if not _SHORT_HAN.fullmatch(name):
        return True
    if name in knowledge.lexicon.han_words:
        return bool(_ONLY_KIND.match(text, at + size))
    is_beside = _BEFORE_PLACE.search(text, 0, at) or _BEHIND_PLACE.match(text, at + size)
    return entity.population >= _SURE_CITY_SIZE or bool(is_beside)

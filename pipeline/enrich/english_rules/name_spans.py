"""Which words of an English text stand together as one name?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, KnownEntity
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.matching import KnownMatch, longest_match
from pipeline.enrich.knowledge.tokens import Separator, Token
from pipeline.records import EntityType

PLACE = EntityType.PLACE
_JOINED = frozenset({Separator.SPACE, Separator.HYPHEN, Separator.AMPERSAND, Separator.PLURAL_POSSESSIVE})
# A name longer than this is a title or a list; cutting keeps the work linear.
_LONGEST_RUN = 12
# "China Banking and Insurance Regulatory Commission": how far the word that tells the sort may be from "and".
_WORDS_TO_TAIL = 4
# The second syllable of Korean and Chinese given names, after a hyphen: Jong-un, Ing-wen, Suk-yeol.
_LONGEST_SYLLABLE = 4
# A line whose longer words mostly begin with capitals, and that doesn't end as a sentence does, is a headline.
_HEADLINE_SHARE = 0.65
# Words up to this length stay small in headlines.
_SMALL_WORD = 3
_HEADLINE_WORDS = 4
_HEADLINE_LONGEST = 25


class CapitalRun(NamedTuple):
    """Tokens ``first`` up to ``after`` are written with capitals and stand together."""

    first: int
    stop: int


class NameCandidate(NamedTuple):
    """Tokens ``first`` up to ``after`` are one name; its type is None until the article is known."""

    first: int
    stop: int
    type: EntityType | None


class TokenSheet:
    """The tokens of one text with what is known of each: sentence starts, headlines, known names."""

    def __init__(self, known: KnowledgeBase, tokens: Sequence[Token], text: str) -> None:
        self.known = known
        self.words: Lexicon = known.lexicon
        self.tokens = tokens
        self.text = text
        self.headline = _headlines(tokens, text)
        self.match: list[KnownMatch | None] = [
            longest_match(tokens, known.forms, known.longest_forms, at)
            if t.key in known.longest_forms or t.possessive
            else None
            for at, t in enumerate(tokens)
        ]

    def starts_sentence(self, at: int) -> bool:
        """Tell whether token ``at`` may have its capital from its place in the sentence."""
        return self.tokens[at].separator >= Separator.SENTENCE or self.tokens[at].separator is Separator.OPEN

    def word_before(self, at: int) -> str:
        """Return the word before token ``at`` in the same phrase, in small letters; empty where there is none."""
        return self.tokens[at - 1].key if at and self.tokens[at].separator is Separator.SPACE else ""

    def word_behind(self, after: int) -> str:
        """Return the word that follows a name in the same phrase."""
        joined = after < len(self.tokens) and self.tokens[after].separator in {
            Separator.SPACE,
            Separator.HYPHEN,
            Separator.COMMA,
        }
        return self.tokens[after].key if joined else ""

    def known_entities(self, first: int, after: int) -> tuple[KnownEntity, ...]:
        """Return what tokens ``first`` up to ``after`` name, as far as it is known."""
        match = self.match[first]
        return match.entities if match and match.stop == after else ()


def _headlines(tokens: Sequence[Token], text: str) -> list[str]:
    """Return for each token "" (running text), "title" (a headline with capitals) or "caps" (all in capitals)."""
    marks = [""] * len(tokens)
    start = 0
    for at in range(1, len(tokens) + 1):
        if at < len(tokens) and tokens[at].separator is not Separator.LINE:
            continue
        line = tokens[start:at]
        mark = _mark(line, text[line[-1].end : line[-1].end + 2]) if line else ""
        marks[start:at] = [mark] * (at - start)
        start = at
    return marks


def _mark(line: Sequence[Token], ending: str) -> str:
    letters = [t.text for t in line if t.text[0].isalpha() and len(t.text) > 1]
    if len(letters) >= _HEADLINE_WORDS - 1 and sum(w.isupper() for w in letters) > _HEADLINE_SHARE * len(letters):
        return "caps"
    longer = [w for w in letters if len(w) > _SMALL_WORD]
    if (
        not _HEADLINE_WORDS <= len(line) <= _HEADLINE_LONGEST
        or ending.startswith(".")
        or len(longer) < _HEADLINE_WORDS - 1
    ):
        return ""
    return "title" if sum(w[0].isupper() for w in longer) > _HEADLINE_SHARE * len(longer) + 0.5 else ""


def find_capital_runs(sheet: TokenSheet) -> list[CapitalRun]:
    """Return the runs of capitalised words in running text, in order."""
    found: list[CapitalRun] = []
    at = 0
    while at < len(sheet.tokens):
        if sheet.headline[at] or not _opens(sheet, at):
            at += 1
            continue
        after = _extend(sheet, at)
        found.append(CapitalRun(at, after))
        at = after
    return found


def _opens(sheet: TokenSheet, at: int) -> bool:
    token = sheet.tokens[at]
    if token.capital:
        return True
    if sheet.match[at]:
        return True
    following = sheet.tokens[at + 1] if at + 1 < len(sheet.tokens) else None
    return (
        token.key in {"al", "el"}
        and following is not None
        and following.separator is Separator.HYPHEN
        and following.capital
    )


def _extend(sheet: TokenSheet, first: int) -> int:
    """Return where the run that begins at ``first`` ends."""
    tokens = sheet.tokens
    match = sheet.match[first]
    after = match.stop if match else first + 1
    while after < len(tokens) and after - first < _LONGEST_RUN:
        token, last = tokens[after], tokens[after - 1]
        if last.possessive and last.key not in sheet.words.common and not _street(sheet, after):
            break
        if token.separator not in _JOINED:
            break
        if token.capital and (token.separator is not Separator.PLURAL_POSSESSIVE or last.key in sheet.words.common):
            inner = sheet.match[after]
            after = max(after + 1, inner.stop if inner and _capitals(tokens, inner) else 0)
        elif bridged := _bridge(sheet, first, after):
            after = bridged
        else:
            break
    return after


def _street(sheet: TokenSheet, at: int) -> bool:
    """Tell whether a place's kind follows a possessive: "Tanner's Row", not "Iraq's Kirkuk"."""
    token, owner = sheet.tokens[at], sheet.match[at - 1]
    named = owner is not None and owner.entities[0].type is PLACE
    return token.capital and token.separator is Separator.SPACE and token.key in sheet.words.place_tails and not named


def _capitals(tokens: Sequence[Token], match: KnownMatch) -> bool:
    return all(t.separator in _JOINED for t in tokens[match.first + 1 : match.stop])


def _bridge(sheet: TokenSheet, first: int, at: int) -> int:
    """Return the position behind small words that carry the name on ("of the", "bin", "and"), 0 where they don't."""
    tokens, words = sheet.tokens, sheet.words
    key = tokens[at].key
    if tokens[at].separator is Separator.HYPHEN:  # Kim Jong-un
        named = len(key) <= _LONGEST_SYLLABLE and key not in words.common and at - first > 1
        return at + 1 if named else 0
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is not None and key in words.particles and following.separator in {Separator.SPACE, Separator.HYPHEN}:
        skip = 2 if following.key in words.particles and not following.capital else 1
        return at + skip if at + skip < len(tokens) and tokens[at + skip].capital else 0
    if following is None or following.separator is not Separator.SPACE:
        return 0
    if key in {"of", "for"}:
        return _complement(sheet, at)
    if key == "and" and following.capital:
        of = any(t.key in {"of", "for"} for t in tokens[first:at])
        common = tokens[at - 1].key in words.common and not sheet.starts_sentence(at - 1)
        return at + 1 if (of or common) and _tail_follows(sheet, at + 1, of=of) else 0
    return 0


def _complement(sheet: TokenSheet, at: int) -> int:
    """Return where the name behind "of" or "for" begins, if the word before it is one that takes such a name."""
    tokens, words = sheet.tokens, sheet.words
    the = tokens[at + 1].key == "the" and at + 2 < len(tokens) and tokens[at + 2].separator is Separator.SPACE
    target = at + 2 if the else at + 1
    heads = words.org_heads, words.place_heads, words.place_tails
    opens = any(tokens[at - 1].key in kind for kind in heads)
    return target if tokens[target].capital and tokens[at - 1].capital and opens else 0


def _tail_follows(sheet: TokenSheet, at: int, *, of: bool) -> bool:
    """Tell whether "and" joins words of one name: a common word, or a run that ends as organisations do."""
    if of:
        return sheet.tokens[at].key in sheet.words.common
    end = at + 1
    while end < min(at + _WORDS_TO_TAIL, len(sheet.tokens)):
        if not sheet.tokens[end].capital or sheet.tokens[end].separator is not Separator.SPACE:
            break
        end += 1
    return sheet.tokens[end - 1].key in sheet.words.org_tails and end - at > 1

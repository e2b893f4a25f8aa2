"""Find the runs of capitalised words in an English text.

A run holds one name, or several in a row; no name goes beyond it. The time is linear in the text.
"""

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
# A run of more words is a title or a list; cutting it keeps the work linear.
_LONGEST_RUN = 12
# "China Banking and Insurance Regulatory Commission": how many words behind "and" the kind noun may stand.
_WORDS_TO_TAIL = 4
# Letters of the second syllable of Korean and Chinese given names, after a hyphen: Jong-un, Ing-wen, Suk-yeol.
_LONGEST_SYLLABLE = 4
# A line is a headline if this share of its longer words begins with capitals, and it doesn't end as a sentence does.
_HEADLINE_SHARE = 0.65
# Words of so many letters or fewer stay small in headlines.
_SMALL_WORD = 3
# Words of a headline, at least and at most.
_HEADLINE_WORDS = 4
_HEADLINE_LONGEST = 25


class CapitalRun(NamedTuple):
    """Tokens ``first`` up to ``stop`` (exclusive) are written with capitals and stand together."""

    first: int
    stop: int


class NameCandidate(NamedTuple):
    """Tokens ``first`` up to ``stop`` (exclusive) are one name; its type is None until the whole article is read."""

    first: int
    stop: int
    type: EntityType | None


class TokenSheet:
    """The tokens of one text, and for each the headline and the known name that it belongs to."""

    def __init__(self, knowledge: KnowledgeBase, tokens: Sequence[Token], text: str) -> None:
        self.knowledge = knowledge
        self.words: Lexicon = knowledge.lexicon
        self.tokens = tokens
        self.text = text
        self.headline_kinds = _headline_kinds(tokens, text)
        # the longest known name that begins at each token
        self.matches: list[KnownMatch | None] = [
            longest_match(tokens, knowledge.forms, knowledge.longest_forms, index)
            if token.key in knowledge.longest_forms or token.possessive
            else None
            for index, token in enumerate(tokens)
        ]

    def starts_sentence(self, index: int) -> bool:
        """Tell whether token ``index`` may have its capital because it begins a sentence."""
        return self.tokens[index].separator >= Separator.SENTENCE or self.tokens[index].separator is Separator.OPEN

    def word_before(self, index: int) -> str:
        """Return the key of the word before token ``index`` in the same phrase, "" where there is none."""
        return self.tokens[index - 1].key if index and self.tokens[index].separator is Separator.SPACE else ""

    def word_behind(self, stop: int) -> str:
        """Return the key of the word at ``stop``, which follows a name in the same phrase, "" where there is none."""
        joined = stop < len(self.tokens) and self.tokens[stop].separator in {
            Separator.SPACE,
            Separator.HYPHEN,
            Separator.COMMA,
        }
        return self.tokens[stop].key if joined else ""

    def known_entities(self, first: int, stop: int) -> tuple[KnownEntity, ...]:
        """Return the known entities that tokens ``first`` up to ``stop`` (exclusive) may name."""
        match = self.matches[first]
        return match.entities if match and match.stop == stop else ()


def _headline_kinds(tokens: Sequence[Token], text: str) -> list[str]:
    """Return for each token "" (running text), "title" (a headline with capitals) or "caps" (all in capitals)."""
    kinds = [""] * len(tokens)
    start = 0
    for index in range(1, len(tokens) + 1):
        if index < len(tokens) and tokens[index].separator is not Separator.LINE:
            continue
        line = tokens[start:index]
        kind = _headline_kind(line, text[line[-1].end : line[-1].end + 2]) if line else ""
        kinds[start:index] = [kind] * (index - start)
        start = index
    return kinds


def _headline_kind(line: Sequence[Token], ending: str) -> str:
    """Return the same for a line; ``ending`` are the two characters behind its last word."""
    words = [t.text for t in line if t.text[0].isalpha() and len(t.text) > 1]
    if len(words) >= _HEADLINE_WORDS - 1 and sum(w.isupper() for w in words) > _HEADLINE_SHARE * len(words):
        return "caps"
    longer = [w for w in words if len(w) > _SMALL_WORD]
    if (
        not _HEADLINE_WORDS <= len(line) <= _HEADLINE_LONGEST
        or ending.startswith(".")
        or len(longer) < _HEADLINE_WORDS - 1
    ):
        return ""
    return "title" if sum(w[0].isupper() for w in longer) > _HEADLINE_SHARE * len(longer) + 0.5 else ""


def find_capital_runs(sheet: TokenSheet) -> list[CapitalRun]:
    """Return the runs of capitalised words in running text, in order."""
    runs: list[CapitalRun] = []
    index = 0
    while index < len(sheet.tokens):
        if sheet.headline_kinds[index] or not _opens_run(sheet, index):
            index += 1
            continue
        stop = _run_end(sheet, index)
        runs.append(CapitalRun(index, stop))
        index = stop
    return runs


def _opens_run(sheet: TokenSheet, index: int) -> bool:
    token = sheet.tokens[index]
    if token.capital:
        return True
    if sheet.matches[index]:
        return True
    following = sheet.tokens[index + 1] if index + 1 < len(sheet.tokens) else None
    return (
        token.key in {"al", "el"}
        and following is not None
        and following.separator is Separator.HYPHEN
        and following.capital
    )


def _run_end(sheet: TokenSheet, first: int) -> int:
    """Return the token behind the run that begins at ``first``."""
    tokens = sheet.tokens
    match = sheet.matches[first]
    stop = match.stop if match else first + 1
    while stop < len(tokens) and stop - first < _LONGEST_RUN:
        token, last = tokens[stop], tokens[stop - 1]
        if last.possessive and last.key not in sheet.words.common and not _is_street(sheet, stop):
            break
        if token.separator not in _JOINED:
            break
        if token.capital and (token.separator is not Separator.PLURAL_POSSESSIVE or last.key in sheet.words.common):
            match = sheet.matches[stop]
            stop = max(stop + 1, match.stop if match and _is_joined(tokens, match) else 0)
        elif bridged := _bridge_end(sheet, first, stop):
            stop = bridged
        else:
            break
    return stop


def _is_street(sheet: TokenSheet, index: int) -> bool:
    """Tell whether a noun for a place follows a possessive: "Tanner's Row", not "Iraq's Kirkuk"."""
    token, owner = sheet.tokens[index], sheet.matches[index - 1]
    owned_by_place = owner is not None and owner.entities[0].type is PLACE
    return (
        token.capital
        and token.separator is Separator.SPACE
        and token.key in sheet.words.place_tails
        and not owned_by_place
    )


def _is_joined(tokens: Sequence[Token], match: KnownMatch) -> bool:
    return all(t.separator in _JOINED for t in tokens[match.first + 1 : match.stop])


def _bridge_end(sheet: TokenSheet, first: int, index: int) -> int:
    """Return the token behind small words that carry the name on ("of the", "bin", "and"), 0 where they don't."""
    tokens, words = sheet.tokens, sheet.words
    key = tokens[index].key
    if tokens[index].separator is Separator.HYPHEN:  # Kim Jong-un
        is_syllable = len(key) <= _LONGEST_SYLLABLE and key not in words.common and index - first > 1
        return index + 1 if is_syllable else 0
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is not None and key in words.particles and following.separator in {Separator.SPACE, Separator.HYPHEN}:
        skipped = 2 if following.key in words.particles and not following.capital else 1
        return index + skipped if index + skipped < len(tokens) and tokens[index + skipped].capital else 0
    if following is None or following.separator is not Separator.SPACE:
        return 0
    if key in {"of", "for"}:
        return _complement_start(sheet, index)
    if key == "and" and following.capital:
        has_of = any(t.key in {"of", "for"} for t in tokens[first:index])
        follows_common = tokens[index - 1].key in words.common and not sheet.starts_sentence(index - 1)
        return index + 1 if (has_of or follows_common) and _tail_follows(sheet, index + 1, has_of=has_of) else 0
    return 0


def _complement_start(sheet: TokenSheet, index: int) -> int:
    """Return where the name behind "of" or "for" begins, 0 where the word before doesn't take a complement."""
    tokens, words = sheet.tokens, sheet.words
    has_article = (
        tokens[index + 1].key == "the" and index + 2 < len(tokens) and tokens[index + 2].separator is Separator.SPACE
    )
    target = index + 2 if has_article else index + 1
    head_lists = words.org_heads, words.place_heads, words.place_tails
    takes_complement = any(tokens[index - 1].key in heads for heads in head_lists)
    return target if tokens[target].capital and tokens[index - 1].capital and takes_complement else 0


def _tail_follows(sheet: TokenSheet, first: int, *, has_of: bool) -> bool:
    """Tell whether "and" joins words of one name: a common word, or a run that ends as organisations' names do."""
    if has_of:
        return sheet.tokens[first].key in sheet.words.common
    end = first + 1
    while end < min(first + _WORDS_TO_TAIL, len(sheet.tokens)):
        if not sheet.tokens[end].capital or sheet.tokens[end].separator is not Separator.SPACE:
            break
        end += 1
    return sheet.tokens[end - 1].key in sheet.words.org_tails and end - first > 1

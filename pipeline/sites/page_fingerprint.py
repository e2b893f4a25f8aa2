"""Summarise one page of a site: hashes of its lines and of the words of its topic, its measures.

A fingerprint holds no text but the title; two pages that have a line in common have its hash in common.
"""

from __future__ import annotations

import collections
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

_MAX_TERMS = 32  # of a page: enough to tell whether two are about one thing, and 128 bytes
_MAX_LINES = 300  # of a page; the longest live blogs have more
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces between words

# What a fingerprint's mark says of a line, as bits.
USUAL_BIT, CUT_BIT = 1, 2


class SiteLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line of a page, before the profile of its site has judged it."""

    text: str
    slot: int = 0  # a hash of the elements around it; 0: unknown
    usual: bool = True  # set as the article's paragraphs are
    heading: bool = False
    has_class: bool = False  # it stands in an element that the template gave a class
    rule: str | None = None  # the rule that has cut it already

    @property
    def key(self) -> int:
        """Return a hash of its letters and digits, which the same line on another page shares."""
        return line_key(self.text)


class Measures(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one page's article is like, for telling when a site's pages change."""

    length: int  # characters of text
    boilerplate_share: float  # share of the page's text that was cut, 0 to 1
    author: bool
    time: bool
    language: str | None


class PageFingerprint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One page as the profile of its site keeps it."""

    id: str
    seq: int  # the article's number in the order of arrival
    title: str | None
    keys: bytes  # 8 bytes a line
    slots: bytes  # 4 bytes a line
    marks: bytes  # 1 byte a line
    terms: bytes  # 4 bytes each
    measures: Measures


def line_key(text: str) -> int:
    """Return a hash of the letters and digits of a line (signed 64 bits)."""
    letters = "".join(char for char in text.casefold() if char.isalnum())
    return int.from_bytes(blake2b(letters.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def slot_key(element_names: Iterable[str]) -> int:
    """Return a hash of the elements around a line, outermost first (unsigned 32 bits, never 0)."""
    return zlib.crc32("/".join(element_names).encode("utf-8", "replace")) or 1


def fingerprint_page(
    article: str, seq: int, title: str | None, lines: Sequence[SiteLine], about: Iterable[str], measures: Measures
) -> PageFingerprint:
    """Return the fingerprint of a page.

    Args:
        article: the article's id.
        seq: its number in the order of arrival.
        title: its headline.
        lines: the page's lines, of which the first 300 count.
        about: the texts of the lines that tell what the page is about.
        measures: what the article is like.
    """
    stored = lines[:_MAX_LINES]
    marks = bytes(line.usual * USUAL_BIT | (line.rule is not None) * CUT_BIT for line in stored)
    return PageFingerprint(
        id=article,
        seq=seq,
        title=title,
        keys=struct.pack(f"<{len(stored)}q", *(line.key for line in stored)),
        slots=struct.pack(f"<{len(stored)}I", *(line.slot for line in stored)),
        marks=marks,
        terms=_pack(hash_topic_words([title or "", *about])),
        measures=measures,
    )


def unpack_terms(page: PageFingerprint) -> frozenset[int]:
    """Return the hashes of the words that tell what a page is about."""
    return frozenset(struct.unpack(f"<{len(page.terms) // 4}I", page.terms))


def hash_topic_words(lines: Iterable[str]) -> list[int]:
    """Return hashes of the words that tell what a text is about, the most frequent first; at most 32.

    Those are the words that it never writes in small letters: names, in German nouns. In scripts without capitals all
    words of three letters count, in those without spaces pairs of characters.
    """
    counts: collections.Counter[str] = collections.Counter()
    small: set[str] = set()
    for line in lines:
        for word in _WORD.findall(line):
            if _UNSPACED.match(word):
                counts.update(word[n : n + 2] for n in range(len(word) - 1))
            elif word[0].isupper() or word.upper() == word.lower():
                counts[word.casefold()] += 1
            else:
                small.add(word.casefold())
    topic_words = [word for word, _ in counts.most_common() if word not in small]
    return [zlib.crc32(word.encode("utf-8", "replace")) for word in topic_words[:_MAX_TERMS]]


def _pack(hashes: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(hashes)}I", *hashes)

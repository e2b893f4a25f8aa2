"""What is remembered of one page of a site? Its lines as hashes, what it is about, and its measures."""

from __future__ import annotations

import collections
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

_TERMS = 32  # of a page: enough to tell whether two are about one thing, and 128 bytes
_MAX_LINES = 300  # of a page; the longest live blogs have more
_WORD = re.compile(r"[^\W\d_]{3,}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces between words

# What is known of a line, as bits.
USUAL_BIT, CUT_BIT = 1, 2


class SiteLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line found in a page, before site memory has seen it."""

    text: str
    slot: int = 0  # a hash of the elements around it; 0: unknown
    usual: bool = True  # set as the article's paragraphs are
    heading: bool = False
    has_class: bool = False  # it stands in an element that the template gave a class
    rule: str | None = None  # which rule has cut it already

    @property
    def key(self) -> int:
        """What the same line on another page shares: a hash of its letters and digits."""
        return line_key(self.text)


class Measures(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one page's article is like, for telling when a site's pages change."""

    length: int  # characters of text
    foreign: float  # share of the found text that was cut
    author: bool
    time: bool
    language: str | None


class PageFingerprint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One page as the memory of its site keeps it."""

    id: str
    seq: int  # the article's place in the order of arrival
    title: str | None
    keys: bytes  # 8 bytes a line
    slots: bytes  # 4 bytes a line
    marks: bytes  # 1 byte a line
    terms: bytes  # 4 bytes each
    measures: Measures


def line_key(text: str) -> int:
    """Return a hash of the letters and digits of a line (signed 64 bits)."""
    plain = "".join(char for char in text.casefold() if char.isalnum())
    return int.from_bytes(blake2b(plain.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def slot_key(names: Iterable[str]) -> int:
    """Return a hash of the names of the elements around a line, never 0."""
    return zlib.crc32("/".join(names).encode("utf-8", "replace")) or 1


def fingerprint_page(
    article: str, seq: int, title: str | None, lines: Sequence[SiteLine], about: Iterable[str], measures: Measures
) -> PageFingerprint:
    """Return the sheet of a page; ``about`` are the lines that tell what it is about."""
    kept = lines[:_MAX_LINES]
    marks = bytes(line.usual * USUAL_BIT | (line.rule is not None) * CUT_BIT for line in kept)
    return PageFingerprint(
        id=article,
        seq=seq,
        title=title,
        keys=struct.pack(f"<{len(kept)}q", *(line.key for line in kept)),
        slots=struct.pack(f"<{len(kept)}I", *(line.slot for line in kept)),
        marks=marks,
        terms=_packed(hash_topic_words([title or "", *about])),
        measures=measures,
    )


def unpack_terms(sheet: PageFingerprint) -> frozenset[int]:
    """Return the hashes of the words that tell what a page is about."""
    return frozenset(struct.unpack(f"<{len(sheet.terms) // 4}I", sheet.terms))


def hash_topic_words(lines: Iterable[str]) -> list[int]:
    """Return hashes of the words that tell what a text is about, the most frequent first.

    Those are the words that it never writes in small letters: names, in German nouns. In scripts without capitals all
    words of three letters are taken, in those without spaces pairs of characters.
    """
    counted: collections.Counter[str] = collections.Counter()
    small: set[str] = set()
    for line in lines:
        for word in _WORD.findall(line):
            if _UNSPACED.match(word):
                counted.update(word[n : n + 2] for n in range(len(word) - 1))
            elif word[0].isupper() or word.upper() == word.lower():
                counted[word.casefold()] += 1
            else:
                small.add(word.casefold())
    names = [word for word, _ in counted.most_common() if word not in small]
    return [zlib.crc32(word.encode("utf-8", "replace")) for word in names[:_TERMS]]


def _packed(hashes: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(hashes)}I", *hashes)

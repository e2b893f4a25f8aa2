"""Which names does a copy take over from the article that it was taken from?

A passage that stands unchanged in both was read once: its names are those that were found then. What is new (a
headline, an added paragraph) is read by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.records import Article, Names

# A shorter passage says too little of its context for its names to be the same in another article.
_SHORTEST = 40

ParagraphNames = Mapping[bytes, tuple[Span, ...]]


class _Paragraph(NamedTuple):
    """Characters ``start`` to ``end`` of a text are a paragraph; ``old`` are its names where they are known."""

    start: int
    end: int
    old: tuple[Span, ...] | None = None


def paragraph_names(article: Article, names: Names) -> ParagraphNames:
    """Return hash of the paragraph → its names, for the paragraphs of an article that was read."""
    found: dict[bytes, tuple[Span, ...]] = {}
    mentions = sorted((m for m in names.mentions if m.field == "text"), key=lambda m: m.start)
    at = 0
    for part in _parts(article.text, 0):
        inside = []
        while at < len(mentions) and mentions[at].start < part.end:
            one = mentions[at]
            if one.start >= part.start and one.end <= part.end:
                inside.append(Span(one.start - part.start, one.end - part.start, one.type))
            at += 1
        if part.end - part.start >= _SHORTEST:
            found[_hash(article.text[part.start : part.end])] = tuple(inside)
    return found


def inheriting_recogniser(recognise: Recogniser, known: ParagraphNames, starts: int) -> Recogniser:
    """Return a recogniser that takes over the names of known paragraphs and lets ``recognise`` read the others.

    ``starts`` is where the article's paragraphs begin in the text; before it stands the headline.
    """

    def read(text: str, language: str | None) -> list[Span]:
        parts = [p._replace(old=known.get(_hash(text[p.start : p.end]))) for p in _parts(text, starts)]
        old = [part for part in parts if part.old is not None]
        if not old:
            return list(recognise(text, language))
        new = [part for part in parts if part.old is None]
        if starts:  # a headline is only understood with what stands below it
            new = [_Paragraph(0, starts), *sorted([*new, old[0]])]
        spans = [Span(part.start + s.start, part.start + s.end, s.type) for part in old for s in part.old or ()]
        return sorted([*spans, *_read(recognise, text, language, new)])

    return read


def _read(recognise: Recogniser, text: str, language: str | None, parts: list[_Paragraph]) -> list[Span]:
    """Return the names in the parts of a text, which are read together, each on lines of its own."""
    joined = "\n".join(text[p.start : p.end] for p in parts)
    if not joined.strip():
        return []
    spans, offset, at = sorted(recognise(joined, language)), 0, 0
    found: list[Span] = []
    for part in parts:
        end = offset + part.end - part.start
        while at < len(spans) and spans[at].start < end:
            one = spans[at]
            if one.end <= end and part.old is None:
                found.append(Span(part.start + one.start - offset, part.start + one.end - offset, one.type))
            at += 1
        offset = end + 1
    return found


def _parts(text: str, start: int) -> list[_Paragraph]:
    made = []
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            made.append(_Paragraph(start, end))
        start = end + 1
    return made


def _hash(paragraph: str) -> bytes:
    return hashlib.sha256(paragraph.encode("utf-8", "surrogatepass")).digest()

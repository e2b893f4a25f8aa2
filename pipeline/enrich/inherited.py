"""Take over the names of a copy's unchanged paragraphs from the article that it was taken from.

An unchanged paragraph is read once: its names are those that the original has. What is new (a headline, an added
paragraph) is read by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.records import Article, Names

# A shorter paragraph (in characters) says too little of its context for its names to be the same in another article.
_MIN_PARAGRAPH = 40

# Hash of a paragraph → the names in it, as spans of the paragraph.
ParagraphNames = Mapping[bytes, tuple[Span, ...]]


class _Paragraph(NamedTuple):
    """Characters ``start`` to ``end`` of a text; ``inherited`` are its names, None where it must be read."""

    start: int
    end: int
    inherited: tuple[Span, ...] | None = None


def paragraph_names(article: Article, names: Names) -> ParagraphNames:
    """Return the names of each paragraph of an article; its shortest paragraphs are left out."""
    names_by_hash: dict[bytes, tuple[Span, ...]] = {}
    mentions = sorted((m for m in names.mentions if m.field == "text"), key=lambda m: m.start)
    index = 0
    for paragraph in _paragraphs(article.text, 0):
        inside = []
        while index < len(mentions) and mentions[index].start < paragraph.end:
            mention = mentions[index]
            if mention.start >= paragraph.start and mention.end <= paragraph.end:
                inside.append(Span(mention.start - paragraph.start, mention.end - paragraph.start, mention.type))
            index += 1
        if paragraph.end - paragraph.start >= _MIN_PARAGRAPH:
            names_by_hash[_hash(article.text[paragraph.start : paragraph.end])] = tuple(inside)
    return names_by_hash


def inheriting_recogniser(recognise: Recogniser, inherited: ParagraphNames, text_start: int) -> Recogniser:
    """Return a recogniser that takes over the names of ``inherited`` paragraphs and lets ``recognise`` read the rest.

    ``text_start`` is the character at which the article's paragraphs begin; the headline stands before it.
    """

    def read(text: str, language: str | None) -> list[Span]:
        paragraphs = [
            paragraph._replace(inherited=inherited.get(_hash(text[paragraph.start : paragraph.end])))
            for paragraph in _paragraphs(text, text_start)
        ]
        old = [paragraph for paragraph in paragraphs if paragraph.inherited is not None]
        if not old:
            return list(recognise(text, language))
        new = [paragraph for paragraph in paragraphs if paragraph.inherited is None]
        if text_start:  # a headline is only understood with what stands below it
            new = [_Paragraph(0, text_start), *sorted([*new, old[0]])]
        spans = [
            Span(paragraph.start + span.start, paragraph.start + span.end, span.type)
            for paragraph in old
            for span in paragraph.inherited or ()
        ]
        return sorted([*spans, *_read_paragraphs(recognise, text, language, new)])

    return read


def _read_paragraphs(
    recognise: Recogniser, text: str, language: str | None, paragraphs: list[_Paragraph]
) -> list[Span]:
    """Return the names in the paragraphs that inherit none; all are read together, each on lines of its own."""
    joined = "\n".join(text[p.start : p.end] for p in paragraphs)
    if not joined.strip():
        return []
    recognised, offset, index = sorted(recognise(joined, language)), 0, 0
    spans: list[Span] = []
    for paragraph in paragraphs:
        end = offset + paragraph.end - paragraph.start
        shift = paragraph.start - offset
        while index < len(recognised) and recognised[index].start < end:
            span = recognised[index]
            if span.end <= end and paragraph.inherited is None:
                spans.append(Span(span.start + shift, span.end + shift, span.type))
            index += 1
        offset = end + 1
    return spans


def _paragraphs(text: str, start: int) -> list[_Paragraph]:
    paragraphs = []
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            paragraphs.append(_Paragraph(start, end))
        start = end + 1
    return paragraphs


def _hash(paragraph: str) -> bytes:
    return hashlib.sha256(paragraph.encode("utf-8", "surrogatepass")).digest()

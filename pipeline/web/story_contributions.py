"""Tell what each article of a story adds to those before it, copies folded. Pure.

An article adds the sentences whose words and numbers no earlier article of its language in the story has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from pipeline.records import Document
from pipeline.text import shorten, split_paragraphs, split_words
from pipeline.web.story_view import document_time

_SENTENCES = 2  # shown of each article
_LEAST_NEW = 3  # words that no earlier article has make a sentence worth showing …
_LEAST_SHARE = 0.3  # … if they are this share of its words
_LEAST_WORD = 4  # letters; shorter words are mostly grammar. Numbers count however short
_LONGEST = 280  # characters of a sentence that is shown
_END = re.compile(r"(?<=[.!?。！？…])[\"”’»)]*\s+|(?<=[。！？])")


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a story with its copies, oldest first, and the sentences that it adds."""

    document: Document
    copies: tuple[Document, ...]
    adds: tuple[str, ...]
    is_first: bool  # of the story in its language

    @property
    def outlets(self) -> int:
        """Return how many outlets printed it, copies included."""
        return len({document.source for document in (self.document, *self.copies)})


def list_contributions(articles: Sequence[Document]) -> list[Contribution]:
    """Return the copy groups of a story's articles, the newest first, with what each adds to those before it."""
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in sorted(articles, key=document_time):
        groups[document.copy_group].append(document)
    known: dict[str | None, set[str]] = defaultdict(set)
    contributions = []
    for members in groups.values():
        shown = next((document for document in members if document.is_primary), members[0])
        is_first = shown.language not in known
        contributions.append(
            Contribution(
                document=shown,
                copies=tuple(document for document in members if document.id != shown.id),
                adds=() if is_first else new_sentences(shown.text, known[shown.language]),
                is_first=is_first,
            )
        )
        for document in members:
            known[document.language] |= _content_words(document.text)
    contributions.sort(key=lambda each: document_time(each.document), reverse=True)
    return contributions


def new_sentences(text: str, known: set[str]) -> tuple[str, ...]:
    """Return the sentences of ``text`` with the most words that aren't ``known``, in the order of the text."""
    scored = []
    for place, sentence in enumerate(_sentences(text)):
        words = _content_words(sentence)
        new = len(words - known)
        if new >= _LEAST_NEW and new >= _LEAST_SHARE * len(words):
            scored.append((-new, place, sentence))
    best = sorted(scored)[:_SENTENCES]
    return tuple(shorten(sentence, _LONGEST) for _, _, sentence in sorted(best, key=lambda item: item[1]))


def _sentences(text: str) -> list[str]:
    sentences = (sentence for paragraph in split_paragraphs(text) for sentence in _END.split(paragraph))
    return [sentence.strip() for sentence in sentences if sentence and sentence.strip()]


def _content_words(text: str) -> set[str]:
    return {word for word in split_words(text) if len(word) >= _LEAST_WORD or not word.isascii() or word.isdigit()}

"""Compare two versions of an article.

Pure: white space makes no difference, and neither do lines that extract took for boilerplate in either version.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Set as AbstractSet

from pipeline.records import Article, Record
from pipeline.text import split_words

# What a reader would call a change of the article; pictures, tags and times change without one.
_FIELDS = ("title", "standfirst", "authors")


class VersionDiff(Record, frozen=True, kw_only=True):
    """How a version differs from its predecessor; paragraphs as they stand in them."""

    fields: tuple[str, ...]
    old_title: str | None = None  # where the title differs
    words_added: int = 0
    words_removed: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return the change in a few words, for people."""
        parts = [f"title was {self.old_title!r}"] if "title" in self.fields else []
        if "text" in self.fields:
            parts.append(f"text +{self.words_added} -{self.words_removed} words")
        return ", ".join(parts + [name for name in self.fields if name not in {"title", "text"}])


def compare_versions(old: Article, new: Article) -> VersionDiff | None:
    """Return how ``new`` differs from ``old``, None where it says the same; white space makes no difference.

    A line that is boilerplate in one of the two does not count as a line of either.
    """
    boilerplate = {" ".join(cut.text.split()) for cut in (*old.cut, *new.cut)}
    old_paragraphs, new_paragraphs = _paragraphs(old, boilerplate), _paragraphs(new, boilerplate)
    fields = tuple(name for name in _FIELDS if _plain(old, name) != _plain(new, name))
    fields = (*fields, "text") if " ".join(old_paragraphs) != " ".join(new_paragraphs) else fields
    if not fields:
        return None
    old_words = Counter(split_words("\n".join(old_paragraphs)))
    new_words = Counter(split_words("\n".join(new_paragraphs)))
    return VersionDiff(
        fields=fields,
        old_title=old.title if "title" in fields else None,
        words_added=(new_words - old_words).total(),
        words_removed=(old_words - new_words).total(),
        added=tuple((Counter(new_paragraphs) - Counter(old_paragraphs)).elements()),
        removed=tuple((Counter(old_paragraphs) - Counter(new_paragraphs)).elements()),
    )


def is_repetition(old: Article, new: Article, now: dt.datetime) -> bool:
    """Tell whether a version says what the one before says, and is held back no longer or shorter than that."""
    embargoes = {old.embargoed, new.embargoed}
    if len(embargoes) > 1 and any(until and until > now for until in embargoes):
        return False
    return compare_versions(old, new) is None


def _plain(article: Article, name: str) -> object:
    value = getattr(article, name)
    return " ".join(value.split()) if isinstance(value, str) else value


def _paragraphs(article: Article, boilerplate: AbstractSet[str]) -> list[str]:
    lines = (" ".join(line.split()) for line in article.text.splitlines())
    return [line for line in lines if line and line not in boilerplate]

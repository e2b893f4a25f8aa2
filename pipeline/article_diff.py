"""What has changed between two versions of an article? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet

from pipeline.records import Article, Record
from pipeline.text import split_words

# What a reader would call a change of the article; pictures, tags and times change without one.
_FIELDS = ("title", "standfirst", "authors")


class VersionDiff(Record, frozen=True, kw_only=True):
    """How one version differs from the one before; paragraphs as they stand in them."""

    fields: tuple[str, ...]
    old_title: str | None = None  # where the title is another one
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


def compare_versions(before: Article, after: Article) -> VersionDiff | None:
    """Return what ``after`` says otherwise than ``before``, None where it says the same; white space is nothing.

    A line that one of them knows to be foreign is none of the other's either.
    """
    foreign = {" ".join(cut.text.split()) for cut in (*before.cut, *after.cut)}
    old, new = _paragraphs(before, foreign), _paragraphs(after, foreign)
    fields = tuple(name for name in _FIELDS if _plain(before, name) != _plain(after, name))
    fields = (*fields, "text") if " ".join(old) != " ".join(new) else fields
    if not fields:
        return None
    old_words, new_words = Counter(split_words("\n".join(old))), Counter(split_words("\n".join(new)))
    return VersionDiff(
        fields=fields,
        old_title=before.title if "title" in fields else None,
        words_added=(new_words - old_words).total(),
        words_removed=(old_words - new_words).total(),
        added=tuple((Counter(new) - Counter(old)).elements()),
        removed=tuple((Counter(old) - Counter(new)).elements()),
    )


def _plain(article: Article, name: str) -> object:
    value = getattr(article, name)
    return " ".join(value.split()) if isinstance(value, str) else value


def _paragraphs(article: Article, foreign: AbstractSet[str]) -> list[str]:
    lines = (" ".join(line.split()) for line in article.text.splitlines())
    return [line for line in lines if line and line not in foreign]

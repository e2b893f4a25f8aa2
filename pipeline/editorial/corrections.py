"""Which copies still say what the article that they were taken from says no more?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

import msgspec

from pipeline.context import Context
from pipeline.dedupe.corrections import SentenceChange, changed_sentences, has_old_wording, is_withdrawn
from pipeline.records import Article, Copy

_USUAL = dt.timedelta(days=7)  # who looks once a week misses nothing


class ArticleReference(msgspec.Struct, frozen=True, kw_only=True):
    """An article by its names."""

    id: str
    url: str | None
    source: str | None
    title: str | None


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that an article says otherwise or no more, or all of it, and who still has it as it stood."""

    article: ArticleReference
    at: dt.datetime  # when the change was read
    old: str | None  # None: all of the text
    new: str | None  # None: taken out
    copies: tuple[ArticleReference, ...]


def find_corrections(
    context: Context, since: dt.datetime | None = None, *, all_of_them: bool = False
) -> Iterator[Correction]:
    """Yield what was corrected or withdrawn ``since`` (else in the last week) and copies still say as it was.

    ``all_of_them``: also what no copy has wrong.
    """
    found = _corrections(context, context.clock() - _USUAL if since is None else since)
    return (one for one in found if one.copies or all_of_them)


def _corrections(context: Context, since: dt.datetime) -> Iterator[Correction]:
    history = context.store.article_history
    with context.store.read() as connection:
        changed_ids = history.list_changed(connection, since)
    for article_id in changed_ids:
        *earlier, (at, now) = _load_texts(context, [article_id])[article_id]
        if at >= since:
            yield from _compared(context, [one for _, one in earlier], now, at)
    with context.store.read() as connection:
        revisions = history.list_revisions(connection, since)
    for copy in revisions:
        older, newer = _in_order(copy)
        known = _load_texts(context, [older, newer])
        if older in known and newer in known:
            at = known[copy.id][-1][0]
            if at >= since:
                yield from _compared(context, [known[older][-1][1]], known[newer][-1][1], at)
    with context.store.read() as connection:
        gone_ids = history.list_gone(connection, since)
    for article_id in gone_ids:
        for at, now in _load_texts(context, [article_id]).get(article_id, [])[-1:]:
            with context.store.read() as connection:
                own = context.store.ledger.latest(connection, [article_id], Article)
            yield from _withdrawn(context, now, at, own)


def _load_texts(context: Context, ids: Collection[str]) -> dict[str, list[tuple[dt.datetime, Article]]]:
    with context.store.read() as connection:
        return context.store.article_history.load_texts(connection, ids)


def _in_order(copy: Copy) -> tuple[str, str]:
    """Return a revision and what it is one of: first what was published first, where that is known, else arrived."""
    pair = (copy.copy_of or copy.id, copy.id)
    return pair if (copy.behind or 0) >= 0 else pair[::-1]


def _compared(context: Context, earlier: Sequence[Article], now: Article, at: dt.datetime) -> Iterator[Correction]:
    own = {now.id, *(one.id for one in earlier)}
    others = _others(context, now.id, own)
    if not others:
        return
    if is_withdrawn(earlier[-1].text, now.text):
        yield _correction(now, at, None, [one for one in others if not is_withdrawn(earlier[-1].text, one.text)])
        return
    seen: set[str] = set()
    for before in earlier:
        for change in changed_sentences(before.text, now.text):
            if change.old not in seen:
                seen.add(change.old)
                yield _correction(now, at, change, [one for one in others if has_old_wording(one.text, change)])


def _withdrawn(context: Context, now: Article, at: dt.datetime, own: dict[str, Article]) -> Iterator[Correction]:
    if others := _others(context, now.id, set(own)):
        yield _correction(now, at, None, others)


def _others(context: Context, article_id: str, own: set[str]) -> list[Article]:
    """Return the present texts of the others in an article's copy group."""
    with context.store.read() as connection:
        item = context.store.ledger.find_article(connection, article_id)
    if item is None or item.copy_group is None:
        return []
    with context.store.read() as connection:
        members = context.store.copy_groups.list_members(connection, [item.copy_group]).get(item.copy_group, [])
        ids = [one.id for one in members if one.id not in own]
        articles = context.store.ledger.latest(connection, ids, Article)
    return [
        msgspec.structs.replace(articles[one.id], source=one.source)
        for one in members
        if one.id in articles and one.id not in own
    ]


def _correction(now: Article, at: dt.datetime, change: SentenceChange | None, carried: Sequence[Article]) -> Correction:
    return Correction(
        article=_named(now),
        at=at,
        old=change.old if change else None,
        new=change.new if change else None,
        copies=tuple(_named(one) for one in carried),
    )


def _named(article: Article) -> ArticleReference:
    return ArticleReference(id=article.id, url=article.url, source=article.source, title=article.title)

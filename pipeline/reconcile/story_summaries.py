"""Rebuild what is known of a story from the articles that it has now.

Whoever moves articles between stories holds cluster's lock, so that no article is placed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.cluster import ArticleToAssign, StoryMemory, rebuild_story
from pipeline.context import Context
from pipeline.reconcile.entity_view import apply_decisions
from pipeline.records import Article, Copy, Names, Stage
from pipeline.store import ArticleRow, StoredStory

_READ = 200  # articles at a time


def rebuild_locked_story(context: Context, story: str) -> None:
    """Rebuild a story from its present articles; without any it is forgotten. The caller holds cluster's lock.

    That the story has lost an article is settled then.
    """
    memory = context.store.story_index(context.settings.cluster)
    with context.store.read() as connection:
        stored = context.store.story_catalog.load_stories(connection, [story]).get(story)
        articles = context.store.ledger.list_story_articles(connection, story)
    rebuilt = rebuild_stored_story(context, memory, story, articles, stored) if stored else None
    with context.store.write() as connection:
        context.store.ledger.assert_lock(connection, Stage.CLUSTER)
        context.store.groups_to_settle.delete(connection, Stage.CLUSTER, [story])
        if stored is None:
            return
        memory.flush(connection)
        if rebuilt is None:
            context.store.story_catalog.delete_story(connection, story)
            return
        context.store.story_catalog.save_stories(connection, {story: rebuilt})
        context.store.ledger.bump_revision(connection, stories=[story])


def rebuild_stored_story(
    context: Context, memory: StoryMemory, story: str, articles: Sequence[ArticleRow], stored: StoredStory | None
) -> StoredStory | None:
    """Rebuild a story in ``memory`` from these articles only; ``stored`` is its present state.

    Return its new state, None where there are no articles.
    """
    if stored:
        memory.delete_story(stored.seq)
    if not articles:
        return None
    summary = rebuild_story(story, iter_cluster_inputs(context, articles), memory)
    return StoredStory(seq=articles[0].seq, summary=summary, given=stored.given if stored else None)


def cluster_input(row: ArticleRow, article: Article, copy: Copy, names: Names | None) -> ArticleToAssign:
    """Return an article as cluster reads it."""
    return ArticleToAssign(
        seq=row.seq,
        first_seen=row.first_seen,
        article=article,
        copy=copy,
        names=names,
        story=row.story,
        vector=names.vector if names else None,
    )


def iter_cluster_inputs(context: Context, rows: Sequence[ArticleRow]) -> Iterator[ArticleToAssign]:
    """Yield articles as cluster reads them; a few are in memory at a time, however many there are."""
    ledger = context.store.ledger
    for start in range(0, len(rows), _READ):
        chunk = rows[start : start + _READ]
        ids = [row.id for row in chunk]
        with context.store.read() as connection:
            articles = ledger.latest(connection, ids, Article)
            copies = ledger.latest(connection, ids, Copy)
            names = ledger.latest(connection, ids, Names)
        names = apply_decisions(context.store, names)
        for row in chunk:
            if row.id in articles and row.id in copies:
                yield cluster_input(row, articles[row.id], copies[row.id], names.get(row.id))


def choose_story_id(context: Context, articles: Sequence[str], preferred: str | None = None) -> str:
    """Return an id for a story of these articles that no other story has now: ``preferred`` where that is free."""
    candidates = [*([preferred] if preferred else []), *(f"s{article}" for article in articles)]
    candidates += [f"s{articles[0]}-{n}" for n in range(2, len(articles) + 100)]
    with context.store.read() as connection:
        taken = context.store.story_catalog.load_stories(connection, candidates)
    return next(candidate for candidate in candidates if candidate not in taken)

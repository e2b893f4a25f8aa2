"""Merge, split and rename stories, and take that back. Each change is one transaction.

A change is made under cluster's lock: no article is placed meanwhile. Links stay whole: the id of a story that becomes
part of another one leads there from then on, and the documents of all articles concerned are indexed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import StorySummary, rebuild_story
from pipeline.context import Context
from pipeline.decisions import DecisionAuthor, DecisionKind, DecisionMove, StoryDecision
from pipeline.editorial.decisions import record_decision
from pipeline.errors import UnknownError, UsageError
from pipeline.reconcile.story_summaries import choose_story_id, iter_cluster_inputs, rebuild_locked_story
from pipeline.records import Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow, StoredStory


def resolve_story(context: Context, story: str) -> str:
    """Return the present id of a story that is named by any of its ids or articles.

    Raises:
        UnknownError: No story has or had this id, nor an article.
    """
    with context.store.read() as connection:
        if present := context.store.story_catalog.resolve(connection, story):
            return present
        article = context.store.ledger.find_article(connection, story)
    if article is None or article.story is None:
        raise UnknownError(f"{story}: no story has or had this id, nor an article; newswire stories list names them")
    return article.story


def merge_stories(context: Context, target: str, absorbed: str, author: DecisionAuthor) -> StoryDecision:
    """Make the story ``absorbed`` part of ``target``; return the decision, whose ``story`` both are now.

    Raises:
        UsageError: They are one story already.
    """
    with exclusive(context, Stage.CLUSTER):
        target, absorbed = resolve_story(context, target), resolve_story(context, absorbed)
        if target == absorbed:
            raise UsageError(f"{target}: that is one story already")
        with context.store.read() as connection:
            articles = context.store.ledger.list_story_articles(connection, target)
            joining = context.store.ledger.list_story_articles(connection, absorbed)
        given = _given_titles(context, [target, absorbed])
        decision = _decision(context, author, DecisionKind.MERGE, target, absorbed, given[absorbed])
        titles = {target: given[target] or given[absorbed]}
        parts = {target: sorted((*articles, *joining), key=lambda row: row.seq)}
        return _regroup(context, parts, titles, [target, absorbed], decision)


def split_story(
    context: Context,
    story: str,
    articles: Sequence[str],
    author: DecisionAuthor,
    preferred_id: str | None = None,
    brought_title: str | None = None,
) -> StoryDecision:
    """Take ``articles`` (ids), with their copies, out of a story; return the decision, whose counterpart they are.

    Their story has the id ``preferred_id`` where that is free; else it is named after its first article.
    ``brought_title`` is the title that an editor had given to them before they came: it goes with them.

    Raises:
        UsageError: One of them isn't in the story, or all of it would be on one side.
    """
    with exclusive(context, Stage.CLUSTER):
        story = resolve_story(context, story)
        with context.store.read() as connection:
            rows = context.store.ledger.list_story_articles(connection, story)
        if foreign := set(articles) - {row.id for row in rows}:
            raise UsageError(f"{min(foreign)}: not an article of story {story}")
        groups = {row.copy_group or row.id for row in rows if row.id in set(articles)}
        leaving = [row for row in rows if (row.copy_group or row.id) in groups]
        staying = [row for row in rows if (row.copy_group or row.id) not in groups]
        if not staying or not leaving:
            raise UsageError(f"{story}: a split leaves at least one article, with its copies, on either side")
        new_id = choose_story_id(context, [row.id for row in leaving], preferred_id)
        given = _given_titles(context, [story])[story]
        # none any more: it has been taken back since
        titles = {story: None if given == brought_title else given, new_id: brought_title if given else None}
        decision = _decision(context, author, DecisionKind.SPLIT, story, new_id)
        return _regroup(context, {story: staying, new_id: leaving}, titles, [story], decision)


def rename_story(context: Context, story: str, title: str | None, author: DecisionAuthor) -> StoryDecision:
    """Give a story a title that stays, or (None) let its articles choose one again; return the decision.

    Raises:
        UsageError: The title is empty.
    """
    if title is not None and not (title := " ".join(title.split())):
        raise UsageError("the new title is empty")
    with exclusive(context, Stage.CLUSTER):
        story = resolve_story(context, story)
        with context.store.write() as connection:
            stored = context.store.story_catalog.load_stories(connection, [story])[story]
            context.store.story_catalog.save_stories(connection, {story: msgspec.structs.replace(stored, given=title)})
            decision = _decision(context, author, DecisionKind.RENAME, story, None, stored.given)
            recorded = record_decision(context, connection, decision)
            context.store.ledger.bump_revision(connection, stories=[story])
    return recorded


def undo_story_decision(context: Context, decision: StoryDecision, author: DecisionAuthor) -> None:
    """Take a decision back by the opposite one. What repair did and an editor takes back, repair doesn't do again."""
    author = msgspec.structs.replace(author, undoes=decision.n, stands=not decision.stands)
    if decision.kind is DecisionKind.RENAME:
        rename_story(context, decision.story, decision.replaced_title, author)
    elif decision.kind is DecisionKind.MERGE:
        story = resolve_story(context, decision.story)
        with context.store.read() as connection:
            moves = context.store.decisions.list_moves(connection, decision.n)
            members = context.store.ledger.list_story_articles(connection, story)
        moved = {move.seq for move in moves if move.moved}
        present = [row.id for row in members if row.seq in moved]
        split_story(context, story, present, author, decision.counterpart, decision.replaced_title)
    elif decision.counterpart:
        merge_stories(context, decision.story, decision.counterpart, author)


def refresh_story(context: Context, story: str) -> None:
    """Rebuild a story from the articles that it still has; without any it is forgotten."""
    with exclusive(context, Stage.CLUSTER):
        rebuild_locked_story(context, story)


def _decision(
    context: Context,
    author: DecisionAuthor,
    kind: DecisionKind,
    story: str,
    counterpart: str | None,
    replaced_title: str | None = None,
) -> StoryDecision:
    return StoryDecision(
        kind=kind,
        at=context.clock(),
        by=author.name,
        note=author.note,
        undoes=author.undoes,
        stands=author.stands,
        story=story,
        counterpart=counterpart,
        replaced_title=replaced_title,
    )


def _regroup(
    context: Context,
    parts: Mapping[str, Sequence[ArticleRow]],
    titles: Mapping[str, str | None],
    sources: Sequence[str],
    decision: StoryDecision,
) -> StoryDecision:
    """Make the stories ``sources`` into ``parts``: story → its articles; return the recorded decision.

    ``titles``: story → the title that an editor gave it. The id of a source that is none of the parts leads to the
    first source.
    """
    store = context.store
    memory = store.story_index(context.settings.cluster)
    with store.read() as connection:
        stored = store.story_catalog.load_stories(connection, sources)
    for story in stored.values():
        memory.delete_story(story.seq)
    summaries = {name: rebuild_story(name, iter_cluster_inputs(context, rows), memory) for name, rows in parts.items()}
    for name, rows in parts.items():
        for row in rows:
            memory.assign_group(row.copy_group or row.id, name, row.first_seen)
    with store.write() as connection:
        store.ledger.assert_lock(connection, Stage.CLUSTER)
        memory.flush(connection)
        _save_summaries(context, connection, parts, sources, summaries, titles)
        recorded = record_decision(context, connection, decision, _first_of_groups(parts))
        for name, rows in parts.items():
            store.ledger.assign_story(connection, name, [row.id for row in rows if row.story != name])
        store.ledger.bump_revision(connection, stories=parts)
    return recorded


def _save_summaries(
    context: Context,
    connection: sa.Connection,
    parts: Mapping[str, Sequence[ArticleRow]],
    sources: Sequence[str],
    summaries: Mapping[str, StorySummary],
    titles: Mapping[str, str | None],
) -> None:
    """Save the summaries of ``parts``, and where the ids of ``sources`` lead."""
    for name in sources:
        if name not in parts:
            context.store.story_catalog.delete_story(connection, name)
            context.store.story_catalog.redirect(connection, name, sources[0])
    for name, rows in parts.items():
        context.store.story_catalog.remove_redirect(connection, name)
        story = StoredStory(seq=rows[0].seq, summary=summaries[name], given=titles[name])
        context.store.story_catalog.save_stories(connection, {name: story})


def _given_titles(context: Context, stories: Sequence[str]) -> dict[str, str | None]:
    """Return story → the title that an editor gave it."""
    with context.store.read() as connection:
        stored = context.store.story_catalog.load_stories(connection, stories)
    return {name: stored[name].given if name in stored else None for name in stories}


def _first_of_groups(parts: Mapping[str, Sequence[ArticleRow]]) -> list[DecisionMove]:
    """Return where one article of each copy group is, and was: the others follow it."""
    first: dict[str, dict[str, ArticleRow]] = defaultdict(dict)
    for name, rows in parts.items():
        for row in rows:
            first[name].setdefault(row.copy_group or row.id, row)
    return [
        DecisionMove(seq=row.seq, target=name, origin=row.story)
        for name, rows in first.items()
        for row in rows.values()
    ]

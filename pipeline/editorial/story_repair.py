"""Are the stories of the last days grouped as they would be if all their articles had come at once?

Stories are taken one by one, the one that was active last first; each is compared with those that share its words, and
its articles with each other. What editors decided stands. A second pass over the same articles changes nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

import msgspec

from pipeline.cluster import repair
from pipeline.cluster.assignment import StoryCluster, article_vectors, decode_story, lookup_terms
from pipeline.context import Context
from pipeline.editorial.stories import DecisionAuthor, iter_cluster_inputs, merge_stories, split_story
from pipeline.records import Stage
from pipeline.stage_lock import exclusive
from pipeline.store import REPAIR, ArticleRow

_log = logging.getLogger(__name__)

# Of a story with more independent articles the latest are compared with each other: each pair is, in memory
MOST_COMPARED = 200


class RepairReport(msgspec.Struct, kw_only=True):
    """What a pass did, or would do."""

    stories: int = 0  # looked at
    merged: int = 0
    split: int = 0
    changes: list[str] = msgspec.field(default_factory=list)


def repair_stories(context: Context, *, days: float, dry_run: bool = False) -> RepairReport:
    """Merge and split the stories that were active in the last ``days``; with ``dry_run`` only say which."""
    done = RepairReport()
    gone: set[str] = set()
    with context.store.read() as connection:
        active = context.store.story_catalog.list_active(connection, context.clock() - dt.timedelta(days=days))
    for name, seq in active:
        if name in gone:
            continue
        done.stories += 1
        if found := _merger(context, seq, gone):
            gone.add(found.absorbed)
            done.merged += 1
            _change(done, f"{found.absorbed} becomes part of {found.target}: {found.score} alike")
            if not dry_run:
                merge_stories(context, found.target, found.absorbed, _who(f"on average {found.score} alike"))
                continue
        for part in _parts(context, name):
            done.split += 1
            _change(done, f"{len(part)} articles leave {name}")
            if not dry_run:
                split_story(context, name, part, _who("its articles are unlike each other"))
    return done


def _who(reason: str) -> DecisionAuthor:
    return DecisionAuthor(name=REPAIR, reason=reason, stands=False)


def _change(done: RepairReport, what: str) -> None:
    done.changes.append(what)
    _log.info("repair: %s", what)


def _merger(context: Context, seq: int, gone: set[str]) -> repair.ProposedMerger | None:
    """Return with which story that of number ``seq`` is one."""
    settings = context.settings.cluster
    with exclusive(context, Stage.CLUSTER):
        memory = context.store.story_index(settings)
        data = memory.get_story(seq)
        if data is None:  # forgotten, or merged a moment ago
            return None
        story = decode_story(data)
        at = dt.datetime.fromtimestamp(story.day * 86_400, dt.UTC)
        wanted = lookup_terms(story.mean_vectors())
        memory.prefetch([(at, wanted)])
        others = [decode_story(other) for _, other in memory.candidates(at, wanted)]
        others = [other for other in others if other.id not in gone]
        first = repair.find_merger(story, others, {}, settings)
        if first is None:
            return None
        pinned = {one.id: _pins(context, one) for one in (story, *others)}
        return repair.find_merger(story, others, pinned, settings)


def _pins(context: Context, story: StoryCluster) -> set[str]:
    """Return the stories into which editors have put members of this one."""
    with context.store.read() as connection:
        ids = [item.id for item in context.store.ledger.list_story_articles(connection, story.id)]
        return set(context.store.story_catalog.find_pinned_stories(connection, ids).values())


def _parts(context: Context, name: str) -> list[list[str]]:
    """Return the articles of each part of a story that is to leave it."""
    store, settings = context.store, context.settings.cluster
    with store.read() as connection:
        items = _one_of_each_group(store.ledger.list_story_articles(connection, name))[-MOST_COMPARED:]
    if len(items) < repair.LEAST_SPLIT:
        return []
    frequencies = store.story_index(settings).frequencies
    found = [(one.article.id, article_vectors(one, frequencies)) for one in iter_cluster_inputs(context, items)]
    ids = [article for article, _ in found]
    with store.read() as connection:
        pinned = store.story_catalog.find_pinned_stories(connection, ids)
    parts = repair.split_members([vectors for _, vectors in found], [pinned.get(article) for article in ids], settings)
    # the largest part keeps the id, or the one into which an editor put something
    keeps = next((part for part in parts if any(pinned.get(ids[n]) == name for n in part)), parts[0])
    return [[ids[n] for n in part] for part in parts if part is not keeps]


def _one_of_each_group(items: Sequence[ArticleRow]) -> list[ArticleRow]:
    found: dict[str, ArticleRow] = {}
    for item in items:
        found.setdefault(item.copy_group or item.id, item)
    return list(found.values())

"""Merge and split the stories of the last days as if all their articles had come at once.

Stories are taken one by one, the one that was active last first; each is compared with those that share its words, and
its articles with each other; then with those that tell the same in other languages. What editors decided stands. A
second pass over the same articles changes nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections import Counter
from collections.abc import Sequence

import msgspec

from pipeline.cluster import repair
from pipeline.cluster.assignment import article_vectors, decode_story, lookup_terms
from pipeline.cluster.late_retelling import StoryVoters, find_late_retelling
from pipeline.context import Context
from pipeline.decisions import DecisionAuthor
from pipeline.editorial.stories import merge_stories, split_story
from pipeline.reconcile.story_summaries import iter_cluster_inputs
from pipeline.records import Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow

_log = logging.getLogger(__name__)

REPAIR = "repair"  # who changes stories beside editors

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
    report = RepairReport()
    mergers: list[repair.ProposedMerger] = []
    absorbed: set[str] = set()
    with context.store.read() as connection:
        active = context.store.story_catalog.list_active(connection, context.clock() - dt.timedelta(days=days))
    for name, seq in active:
        if name in absorbed:
            continue
        report.stories += 1
        if merger := _find_merger(context, seq, absorbed):
            absorbed.add(merger.absorbed)
            mergers.append(merger)
            report.merged += 1
            _add_change(report, f"{merger.absorbed} becomes part of {merger.target}: {merger.score} alike")
            if not dry_run:
                author = _repair_because(f"on average {merger.score} alike")
                merge_stories(context, merger.target, merger.absorbed, author)
                continue
        for part in _find_parts(context, name):
            report.split += 1
            _add_change(report, f"{len(part)} articles leave {name}")
            if not dry_run:
                split_story(context, name, part, _repair_because("its articles are unlike each other"))
    _merge_retellings(context, [name for name, _ in active], mergers, report, dry_run=dry_run)
    return report


def _merge_retellings(
    context: Context,
    active: Sequence[str],
    mergers: Sequence[repair.ProposedMerger],
    report: RepairReport,
    *,
    dry_run: bool,
) -> None:
    """Merge the ``active`` stories that tell the same in different languages; with ``dry_run`` only say which.

    ``mergers`` are those that this pass has made before, or would have made.
    """
    voters = _load_voters(context)
    if voters is None:
        return
    for earlier in mergers:
        voters.merge(earlier)
    absorbed = {earlier.absorbed for earlier in mergers}
    find_pins = functools.partial(_find_pins, context)
    for name in active:
        if name in absorbed:
            continue
        if retelling := find_late_retelling(name, voters, find_pins, context.settings.cluster):
            absorbed.add(retelling.absorbed)
            voters.merge(retelling)
            report.merged += 1
            _add_change(
                report, f"{retelling.absorbed} retells {retelling.target} in another language: {retelling.score}"
            )
            if not dry_run:
                author = _repair_because(f"the same in another language, {retelling.score} sure")
                merge_stories(context, retelling.target, retelling.absorbed, author)


def _load_voters(context: Context) -> StoryVoters | None:
    """Return the voters of the window by their stories; None where all are in one language."""
    with exclusive(context, Stage.CLUSTER):
        memory = context.store.story_index(context.settings.cluster)
        window = memory.voters(context.clock())
        if len(window.languages()) < 2:  # noqa: PLR2004 - there is nothing to compare
            return None
        groups = {voter.group for voter in window}
        memory.prefetch_groups(groups)
        return StoryVoters(window, {group: story for group in groups if (story := memory.story_of(group))})


def _repair_because(note: str) -> DecisionAuthor:
    return DecisionAuthor(name=REPAIR, note=note, stands=False)


def _add_change(report: RepairReport, change: str) -> None:
    report.changes.append(change)
    _log.info("repair: %s", change)


def _find_merger(context: Context, seq: int, absorbed: set[str]) -> repair.ProposedMerger | None:
    """Return with which story that of number ``seq`` is one; those ``absorbed`` are part of others already."""
    settings = context.settings.cluster
    with exclusive(context, Stage.CLUSTER):
        memory = context.store.story_index(settings)
        data = memory.get_story(seq)
        if data is None:  # forgotten, or merged a moment ago
            return None
        story = decode_story(data)
        day = dt.datetime.fromtimestamp(story.day * 86_400, dt.UTC)
        looked_up = [(day, lookup_terms(part.mean_vectors())) for part in story.parts]
        memory.prefetch(looked_up)
        blobs = dict(pair for at, terms in looked_up for pair in memory.candidates(at, terms))
        candidates = [decode_story(data) for data in blobs.values()]
        candidates = [candidate for candidate in candidates if candidate.id not in absorbed]
        unpinned = repair.find_merger(story, candidates, {}, settings)
        if unpinned is None:
            return None
        pinned = {cluster.id: _find_pins(context, cluster.id) for cluster in (story, *candidates)}
        return repair.find_merger(story, candidates, pinned, settings)


def _find_pins(context: Context, story: str) -> set[str]:
    """Return the stories into which editors have put members of this one."""
    with context.store.read() as connection:
        ids = [row.id for row in context.store.ledger.list_story_articles(connection, story)]
        return set(context.store.decisions.find_pinned_stories(connection, ids).values())


def _find_parts(context: Context, name: str) -> list[list[str]]:
    """Return the articles of each part of a story that is to leave it."""
    store, settings = context.store, context.settings.cluster
    with store.read() as connection:
        rows = _first_of_each_group(store.ledger.list_story_articles(connection, name))[-MOST_COMPARED:]
    if len(rows) < repair.LEAST_SPLIT:
        return []
    frequencies = store.story_index(settings).frequencies
    members = [
        (member.article.id, article_vectors(member, frequencies), member.article.base_language)
        for member in iter_cluster_inputs(context, rows)
    ]
    ids = [article for article, *_ in members]
    with store.read() as connection:
        pinned = store.decisions.find_pinned_stories(connection, ids)
    known = Counter(language for *_, language in members if language)
    usual = max(known, key=known.__getitem__, default="")  # of those whose language nobody knows
    parts = repair.split_members(
        [vectors for _, vectors, _ in members],
        [pinned.get(article) for article in ids],
        settings,
        [language or usual for *_, language in members],
    )
    # the largest part keeps the id, or the one into which an editor put something
    keeps = next((part for part in parts if any(pinned.get(ids[n]) == name for n in part)), parts[0])
    return [[ids[n] for n in part] for part in parts if part is not keeps]


def _first_of_each_group(rows: Sequence[ArticleRow]) -> list[ArticleRow]:
    first: dict[str, ArticleRow] = {}
    for row in rows:
        first.setdefault(row.copy_group or row.id, row)
    return list(first.values())

"""Gather what the ledger holds of articles: for their documents, and to explain them.

Records are those of an article's present version, with editors' decisions applied, unless the newest are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pipeline.context import Context
from pipeline.documents import ArticleRecords
from pipeline.editorial.entities import apply_decisions
from pipeline.reconcile.copy_groups import summarise_groups
from pipeline.records import Article, Copy, Entry, Names, Page, Placement, Record, Stage
from pipeline.settings import Source
from pipeline.store import ArticleRow

R = TypeVar("R", bound=Record)


def gather_records(context: Context, rows: Sequence[ArticleRow], *, newest: bool = False) -> list[ArticleRecords]:
    """Return what the ledger holds of each article, in the order of ``rows``.

    With ``newest``, records are the newest that each stage made, an older version's during a look at the page, and
    names are as enrich made them.
    """
    store = context.store
    entries = _load(context, rows, Stage.POLL, Entry, newest)
    pages = _load(context, rows, Stage.FETCH, Page, newest)
    articles = _load(context, rows, Stage.EXTRACT, Article, newest)
    copies = _load(context, rows, Stage.DEDUPE, Copy, newest)
    names = _load(context, rows, Stage.ENRICH, Names, newest)
    placements = _load(context, rows, Stage.CLUSTER, Placement, newest)
    if not newest:
        names = apply_decisions(store, names)
    groups = summarise_groups(context, {copy.group for copy in copies.values()})
    # where an article is now: merges and splits change no record
    stories = {row.id: row.story or placements[row.id].story for row in rows if row.story or row.id in placements}
    facts = store.story_catalog.load_facts(stories.values())
    story_sizes = store.ledger.count_by_story(set(stories.values()))
    stage_versions = store.ledger.stage_versions(rows)
    gone = store.visits.list_gone([row.id for row in rows])
    gathered = []
    for row in rows:
        copy, story = copies.get(row.id), stories.get(row.id)
        group, group_size = groups.get(copy.group, (None, 1)) if copy else (None, 1)
        gathered.append(
            ArticleRecords(
                id=row.id,
                revision=row.revision,
                version=row.version,
                first_seen=row.first_seen,
                entry=entries.get(row.id),
                page=pages.get(row.id),
                article=articles.get(row.id),
                copy=copy,
                names=names.get(row.id),
                placement=placements.get(row.id),
                stages=stage_versions[row.id],
                source=context.sources.get(row.source) or Source(name=row.source),
                gone=gone.get(row.id),
                group=group,
                group_size=group_size,
                story=facts[story] if story else None,
                # 1 where the story became part of another story meanwhile: the document is written again then
                story_size=story_sizes.get(story, 1) if story else 1,
            )
        )
    return gathered


def _load(
    context: Context, rows: Sequence[ArticleRow], stage: Stage, record_type: type[R], newest: bool
) -> dict[str, R]:
    ledger = context.store.ledger
    if newest:
        return ledger.latest([row.id for row in rows], stage, record_type)
    return ledger.current(rows, stage, record_type)

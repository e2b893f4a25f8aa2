"""Gather what the ledger holds of articles: for their documents, and to explain them.

Records are those of an article's present version, with editors' decisions applied, unless the newest are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.context import Context
from pipeline.documents import ArticleRecords
from pipeline.reconcile.copy_groups import summarise_groups
from pipeline.reconcile.entity_view import apply_decisions
from pipeline.records import Article, Copy, Entry, Names, Page, Placement
from pipeline.settings import Source
from pipeline.store import ArticleRow


def gather_records(context: Context, rows: Sequence[ArticleRow], *, newest: bool = False) -> list[ArticleRecords]:
    """Return what the ledger holds of each article, in the order of ``rows``.

    With ``newest``, records are the newest that each stage made, an older version's during a look at the page, and
    names are as enrich made them.
    """
    store = context.store
    with store.read() as connection:
        kinds = (Entry, Page, Article, Copy, Names, Placement)
        records = store.ledger.gather(connection, rows, *kinds, newest=newest)
        entries, pages, articles = records.of(Entry), records.of(Page), records.of(Article)
        copies, names, placements = records.of(Copy), records.of(Names), records.of(Placement)
        # where an article is now: merges and splits change no record
        stories = {row.id: row.story or placements[row.id].story for row in rows if row.story or row.id in placements}
        facts = store.story_catalog.load_facts(connection, stories.values())
        story_sizes = store.ledger.count_by_story(connection, set(stories.values()))
        stage_versions = store.ledger.stage_versions(connection, rows) if newest else records.made_by
        gone_since = store.visits.list_gone(connection, [row.id for row in rows])
    if not newest:
        names = apply_decisions(store, names)
    groups = summarise_groups(context, {copy.group for copy in copies.values()})
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
                gone=gone_since.get(row.id),
                group=group,
                group_size=group_size,
                story=facts[story] if story else None,
                # 1 where the story became part of another story meanwhile: the document is written again then
                story_size=story_sizes.get(story, 1) if story else 1,
            )
        )
    return gathered

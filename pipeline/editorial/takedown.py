"""Remove an article for good, whatever any worker is doing with it.

The ledger decides, in one transaction: from then on nothing that a worker makes of the article is saved, and what is to
go from index and archive is noted. So nothing is forgotten if this is cut off, and a document or page that a worker
writes after it is removed by the next run.
"""

from __future__ import annotations

from pipeline.context import Context
from pipeline.editorial import stories
from pipeline.editorial.copies import repair_groups
from pipeline.records import Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow


def take_down(context: Context, item: ArticleRow) -> None:
    """Remove an article from ledger, index and archive; its copies and its story are told without it.

    The locks of dedupe and cluster raise StoreError where their batches don't finish, the index raises IndexAwayError
    where it doesn't answer; then nothing is removed.
    """
    store, index = context.store, context.index
    index.prepare()
    # in a batch of theirs it would be remembered, and later articles be copies of it
    with exclusive(context, Stage.DEDUPE), exclusive(context, Stage.CLUSTER), store.write() as connection:
        item = store.ledger.find_article(connection, item.id) or item  # in the group and story that it is in by now
        store.admin.remove_articles(connection, [item], context.clock())
    index.delete([item.id])
    store.pending_removals.remove_blobs(context.archive.delete)
    if item.copy_group:
        repair_groups(context, [item.copy_group])
    if item.story:
        stories.refresh_story(context, item.story)

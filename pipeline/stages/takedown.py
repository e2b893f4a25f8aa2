"""How is an article removed for good, whatever any worker is doing with it?

The ledger decides, in one transaction: from then on nothing that a worker makes of the article is saved, and what is to
go from index and archive is noted. So nothing is forgotten if this is cut off, and a document or page that a worker
writes after it is removed by the next run.
"""

from __future__ import annotations

from pipeline.records import Stage
from pipeline.stages import stories
from pipeline.stages.alone import alone
from pipeline.stages.context import Context
from pipeline.stages.rulings import repair
from pipeline.store import Item, upkeep


def take_down(context: Context, item: Item) -> None:
    """Remove an article from ledger, index and archive; its copies and its story are told without it.

    Raises StoreError where dedupe or cluster don't finish their batches, IndexAwayError where the index doesn't answer.
    """
    store, index = context.store, context.index
    index.prepare()
    # in a batch of theirs it would be remembered, and later articles be copies of it
    with alone(context, Stage.DEDUPE), alone(context, Stage.CLUSTER):
        item = store.ledger.find(item.id) or item  # in the group and story that it is in by now
        upkeep.remove(store.database, [item], context.clock())
    index.delete([item.id])
    store.unwanted.remove_blobs(context.archive.delete)
    if item.copy_group:
        repair(context, [item.copy_group])
    if item.story:
        stories.refresh(context, item.story)

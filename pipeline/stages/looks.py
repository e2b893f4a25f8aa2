"""What is remembered of a page after a look at it? Saved beside the look's outcome."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline import visits
from pipeline.stages.context import Context
from pipeline.store import Item
from pipeline.visits import Look, Visit


def note(
    context: Context, connection: sa.Connection, looks: Sequence[tuple[Item, Look]], live: frozenset[str] = frozenset()
) -> None:
    """Plan the next looks at the pages of these articles; index those anew that are gone, or there again.

    ``live`` names the articles that turned out to be live blogs.
    """
    store, now, settings = context.store, context.clock(), context.settings.revisit
    known = store.visits.get(connection, [item.id for item, _ in looks])
    after = []
    for item, look in looks:
        before = known.get(item.id) or Visit(id=item.id, changed=now)
        seen = replace(before, live=before.live or item.id in live)
        after.append(visits.after(seen, look, item.first_seen, now, settings))
    store.visits.put(connection, after)
    turned = {one.id for one in after if bool(one.gone) != bool(one.id in known and known[one.id].gone)}
    store.ledger.touch(connection, ids=turned)

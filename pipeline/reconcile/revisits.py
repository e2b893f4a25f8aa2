"""What is remembered of a page after a look at it? Saved beside the look's outcome."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline import revisit_policy
from pipeline.context import Context
from pipeline.revisit_policy import Visit, VisitOutcome
from pipeline.store import ArticleRow


def record_visits(
    context: Context,
    connection: sa.Connection,
    looks: Sequence[tuple[ArticleRow, VisitOutcome]],
    live: frozenset[str] = frozenset(),
) -> None:
    """Plan the next looks at the pages of these articles; index those anew that are gone, or there again.

    ``live`` names the articles that turned out to be live blogs.
    """
    store, now, settings = context.store, context.clock(), context.settings.revisit
    known = store.visits.load_visits(connection, [item.id for item, _ in looks])
    after = []
    for item, look in looks:
        before = known.get(item.id) or Visit(id=item.id, changed=now)
        seen = replace(before, live=before.live or item.id in live)
        after.append(revisit_policy.update_visit(seen, look, item.first_seen, now, settings))
    store.visits.save_visits(connection, after)
    turned = {one.id for one in after if bool(one.gone) != bool(one.id in known and known[one.id].gone)}
    store.ledger.bump_revision(connection, ids=turned)

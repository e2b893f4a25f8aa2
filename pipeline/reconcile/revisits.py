"""Save what is remembered of pages after a visit, in the transaction that saves its outcome."""

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
    """Plan the next visits to the pages of these articles; index those again that are gone, or no longer gone.

    Args:
        context: the store, clock and settings.
        connection: that of the transaction.
        looks: each article with the outcome of the visit to its page.
        live: ids of the articles that turned out to be live blogs.
    """
    store, now, settings = context.store, context.clock(), context.settings.revisit
    old_visits = store.visits.load_visits(connection, [article.id for article, _ in looks])
    visits = []
    for article, look in looks:
        visit = old_visits.get(article.id) or Visit(id=article.id, changed=now)
        visit = replace(visit, live=visit.live or article.id in live)
        visits.append(revisit_policy.update_visit(visit, look, article.first_seen, now, settings))
    store.visits.save_visits(connection, visits)
    was_gone = {visit.id for visit in old_visits.values() if visit.gone}
    turned = {visit.id for visit in visits if bool(visit.gone) != (visit.id in was_gone)}
    store.ledger.bump_revision(connection, ids=turned)

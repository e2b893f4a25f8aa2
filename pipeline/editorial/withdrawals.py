"""Withdraw articles, as their senders say or editors decide, and reinstate them. Their records and bytes stay.

What a sender says is saved with the file that says it; its article is taken back by whichever run is next. So nothing
is forgotten if a run is cut off.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.decisions import ArticleDecision, DecisionAuthor
from pipeline.editorial.copies import repair_groups
from pipeline.editorial.decisions import mark_undone
from pipeline.editorial.stories import refresh_story
from pipeline.errors import BusyError, UsageError
from pipeline.reconcile.withdrawals import SENDER, NoticeMatch, list_open_notices, match_notice, withdraw_article
from pipeline.records import Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow, StoredNotice
from pipeline.wires import ItemStanding

_log = logging.getLogger(__name__)


def settle_withdrawals(context: Context) -> int:
    """Take back what senders have withdrawn, by itself or by notices; return how many articles that were.

    Where a stage is at work for long, it is left to the next run.
    """
    store = context.store
    with store.read() as connection:
        unsettled = store.wire_items.list_unsettled(connection)
        notices = list_open_notices(context, connection)
        matches = [(notice, match_notice(context, connection, notice)) for notice in notices]
    matches = [(notice, match) for notice, match in matches if match.targets]
    if not unsettled and not matches:
        return 0
    try:
        with exclusive(context, Stage.DEDUPE), exclusive(context, Stage.CLUSTER), store.write() as connection:
            count = sum(_settle_item(context, connection, standing) for standing in unsettled)
            return count + sum(_settle_notice(context, connection, notice, match) for notice, match in matches)
    except BusyError as error:
        _log.warning("withdrawals wait for the next run: %s", error)
        return 0


def _settle_item(context: Context, connection: sa.Connection, standing: ItemStanding) -> bool:
    row = context.store.ledger.get_articles(connection, [standing.id]).get(standing.id)
    version = f"version {standing.version}: " if standing.version else ""
    note = f"{version}its sender says {standing.status}"
    return row is not None and withdraw_article(context, connection, row, by=SENDER, note=note) is not None


def _settle_notice(context: Context, connection: sa.Connection, stored: StoredNotice, match: NoticeMatch) -> int:
    rows = context.store.ledger.get_articles(connection, match.targets)
    note = f"its sender takes it back by notice {stored.id}"  # whose headline may be that of an embargoed article
    decided = [
        withdraw_article(context, connection, row, by=SENDER, note=note, notice=stored.id) for row in rows.values()
    ]
    context.store.withdrawal_notices.settle(connection, stored.id, context.clock())
    return sum(decision is not None for decision in decided)


def withdraw_by_editor(
    context: Context, row: ArticleRow, author: DecisionAuthor, notice: str | None = None
) -> ArticleDecision:
    """Take an article out of the index until the decision is undone; return the decision.

    ``notice`` is the article that asked for it, which waits for nothing more then.

    Raises:
        UsageError: It was withdrawn or taken down before, or no such notice is open.
    """
    store, index = context.store, context.index
    index.prepare()
    with exclusive(context, Stage.DEDUPE), exclusive(context, Stage.CLUSTER), store.write() as connection:
        if notice and not store.withdrawal_notices.settle(connection, notice, context.clock()):
            raise UsageError(f"{notice}: no open notice has this id; newswire corrections lists them")
        row = store.ledger.get_articles(connection, [row.id])[row.id]
        decision = withdraw_article(context, connection, row, by=author.name, note=author.note, notice=notice)
    if decision is None:
        raise UsageError(f"{row.url or row.id}: is {row.state} already; newswire explain tells since when")
    store.pending_removals.remove_documents(index.delete)
    if row.copy_group:
        repair_groups(context, [row.copy_group])
    if row.story:
        refresh_story(context, row.story)
    return decision


def dismiss_notice(context: Context, notice: str) -> None:
    """Note that a notice takes nothing back.

    Raises:
        UsageError: No such notice is open.
    """
    with context.store.write() as connection:
        if not context.store.withdrawal_notices.settle(connection, notice, context.clock()):
            raise UsageError(f"{notice}: no open notice has this id; newswire corrections lists them")


def undo_withdrawal(context: Context, decision: ArticleDecision, author: DecisionAuthor) -> None:
    """Reinstate an article, whatever its sender said of it so far; the next run brings it back.

    Raises:
        UsageError: It was taken down meanwhile, or the decision was taken back.
    """
    store, now = context.store, context.clock()
    detail = f"decision {decision.n} was taken back" + (f": {author.note}" if author.note else "")
    with store.write() as connection:
        mark_undone(context, connection, decision.n, author)
        rows = store.ledger.get_articles(connection, [decision.article])
        row = rows.get(decision.article)
        if row is None or not store.ledger.reinstate(connection, row, detail, now):
            raise UsageError(f"{decision.article}: is not withdrawn any more; newswire explain tells why")
        store.wire_items.mark_usable(connection, row.id)

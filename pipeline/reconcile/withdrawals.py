"""Take an article back that its sender, or an editor, withdraws; find what a notice takes back.

Only the sender of an article may withdraw it: the same source, and a provider that both name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.decisions import ArticleDecision, DecisionKind
from pipeline.records import HANDED_IN, IMPORTED, Outcome, Reason, Stage
from pipeline.store import REMOVED, WITHDRAWN, ArticleRow, StoredNotice
from pipeline.wires import ItemStanding, WithdrawalNotice, is_address, is_same_sender

SENDER = "its sender"  # who decides, where no editor does
UNNAMED_SOURCES = frozenset({IMPORTED, HANDED_IN})  # which say nothing of who sent an item
_PATIENCE = dt.timedelta(days=30)  # in which a notice waits for the article that it takes back, or looks back for it


class NoticeMatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice takes back: the articles where that is sure, else those that an editor may choose from."""

    targets: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


def withdraw_article(
    context: Context,
    connection: sa.Connection,
    row: ArticleRow,
    *,
    by: str | None,
    note: str | None,
    notice: str | None = None,
) -> ArticleDecision | None:
    """Take an article back, until its sender or an editor reinstates it; return the decision, None where it is gone.

    Whoever calls this holds the locks of dedupe and cluster.
    """
    store, now = context.store, context.clock()
    groups = store.copy_groups.list_members(connection, [row.copy_group]) if row.copy_group else {}
    copies = tuple(member.id for members in groups.values() for member in members if member.id != row.id)
    if not store.ledger.withdraw(connection, row, note or "an editor took it back", now):
        return None
    decision = ArticleDecision(
        kind=DecisionKind.WITHDRAW, at=now, by=by, note=note, article=row.id, notice=notice, copies=copies
    )
    return store.decisions.add_decision(connection, decision)


def save_notices(context: Context, connection: sa.Connection, notices: Mapping[ArticleRow, WithdrawalNotice]) -> None:
    """Keep what notices that came as items take back, each with its own item; it is carried out later."""
    if not notices:
        return
    store = context.store
    standings = store.wire_items.get_standings(connection, [row.id for row in notices])
    for row, notice in notices.items():
        providers = standings[row.id].providers if row.id in standings else ()
        stored = StoredNotice(id=row.id, at=context.clock(), source=row.source, providers=providers, notice=notice)
        store.withdrawal_notices.save(connection, stored)


def list_open_notices(context: Context, connection: sa.Connection) -> list[StoredNotice]:
    """Return the notices that have not been carried out and may still be."""
    return context.store.withdrawal_notices.list_open(connection, context.clock() - _PATIENCE)


def match_notice(context: Context, connection: sa.Connection, stored: StoredNotice) -> NoticeMatch:
    """Return the articles that a notice takes back.

    It is sure of an article that its metadata name by identifier or address, of the only one that its text names so,
    else of the only one of its source that has a headline that it names; and only if its sender sent that.
    """
    notice = stored.notice
    linked = _find_named(context, connection, stored, notice.links)
    named = linked or _find_named(context, connection, stored, notice.names)
    if named:
        sure = [article_id for article_id, is_senders in named.items() if is_senders]
        if sure and (linked or len(named) == 1):
            return NoticeMatch(targets=tuple(sure))
        return NoticeMatch(candidates=tuple(named))
    titles = context.store.article_history.list_titles(connection, stored.source, stored.at - _PATIENCE)
    titled = [name for name, title in titles.items() if name != stored.id and notice.names_title(title)]
    if len(titled) == 1 and (sent := _select_sent(context, connection, stored, titled)):
        return NoticeMatch(targets=tuple(sent))
    return NoticeMatch(candidates=tuple(titled))


def _find_named(
    context: Context, connection: sa.Connection, stored: StoredNotice, names: Sequence[str]
) -> dict[str, bool]:
    """Return the articles of the notice's source that ``names`` name, and whether the notice's sender sent each."""
    store = context.store
    standings = store.wire_items.find_standings(connection, stored.source, names)
    by_url = store.ledger.find_ids_by_url(connection, [name for name in names if is_address(name)])
    ids = {*(standing.id for standing in standings), *by_url.values()} - {stored.id}
    rows = store.ledger.get_articles(connection, sorted(ids)).values()
    there = [row.id for row in rows if row.state not in {WITHDRAWN, REMOVED} and row.source == stored.source]
    sent = set(_select_sent(context, connection, stored, there))
    return {name: name in sent for name in there}


def _select_sent(context: Context, connection: sa.Connection, stored: StoredNotice, ids: Collection[str]) -> list[str]:
    """Return those of ``ids``, articles of the notice's source, that came from its sender for sure.

    A source that has a name is one sender, unless notice and article name different providers. Of files that were
    imported without a source, only those in a format of the trade say who sent them: both name one, or neither does.
    """
    standings = context.store.wire_items.get_standings(connection, [*ids, stored.id])
    if stored.source not in UNNAMED_SOURCES:
        return [name for name in ids if is_same_sender(_providers(standings.get(name)), stored.providers)]
    if stored.id not in standings:
        return []
    alike = [name for name in ids if name in standings and bool(standings[name].providers) == bool(stored.providers)]
    return [name for name in alike if is_same_sender(standings[name].providers, stored.providers)]


def _providers(standing: ItemStanding | None) -> tuple[str, ...]:
    return standing.providers if standing else ()


def log_unused_version(context: Context, connection: sa.Connection, article_id: str, detail: str) -> None:
    """Note in a withdrawn article's history that a version of it came, and is not used."""
    now = context.clock()
    context.store.ledger.log_outcome(connection, article_id, Stage.POLL, Outcome.DROPPED, Reason.WITHDRAWN, detail, now)

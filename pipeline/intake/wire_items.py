"""Take in an item in a format of the trade: as a new article, the next version of one, or its withdrawal.

Versions of one identifier are versions of one article, where one sender sent them.
"""

from __future__ import annotations

import enum
import hashlib

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import ArchiveError, ItemError
from pipeline.reconcile.withdrawals import SENDER, UNNAMED_SOURCES, log_unused_version
from pipeline.records import Article, Outcome, Page, Reason, Stage
from pipeline.store import REMOVED, WITHDRAWN, ArticleRow, NewArticle, StoredNotice
from pipeline.text import fold
from pipeline.urls import content_id
from pipeline.wires import (
    USABLE,
    Arrival,
    Format,
    ItemStanding,
    WireItem,
    WithdrawalNotice,
    decide_arrival,
    detect_format,
    find_item_notice,
    is_same_sender,
    merge_standing,
    order_of_version,
    read_wire_item,
    standing_of,
)

_VERSIONED = frozenset({Format.NITF, Format.NEWSML, Format.NINJS})
_REGISTERED = "wire items are registered"


class WireArrival(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it came in a file, and what it says of itself."""

    where: str
    source: str
    data: bytes
    media_type: str | None
    item: WireItem

    @property
    def digest(self) -> str:
        """Return the hash under which the archive would keep it."""
        return hashlib.sha256(self.data).hexdigest()


class Receipt(enum.Enum):
    """What became of an item that was taken in."""

    NEW = "new"
    CHANGED = "taken over as a newer version"
    DIFFERENT = "known in the same version with another text, which --update takes over"
    KNOWN = "known"
    OLDER = "older than the version that is known"
    WITHDRAWN = "withdrawn by its sender"
    REINSTATED = "released again by its sender"
    REFUSED = "not used, because its sender has withdrawn it"


def read_arrival(data: bytes, media_type: str | None, where: str, source: str) -> WireArrival | None:
    """Return the item in ``data``, None where it has no identifier, or is of no format that has one."""
    if detect_format(data, None, media_type) not in _VERSIONED:
        return None
    try:
        item = read_wire_item(data)
    except ItemError:  # extract says why, and counts it
        return None
    if not item.name:
        return None
    return WireArrival(where=where, source=source, data=data, media_type=media_type, item=item)


def register_items(context: Context) -> None:
    """Note once how senders name the items of a ledger that an earlier version of newswire made."""
    store = context.store
    with store.read() as connection:
        if store.values.get(connection, _REGISTERED):
            return
        pages = list(store.wire_items.list_nameless_pages(connection))
    standings = [
        standing for row_id, source, page in pages if (standing := _read_standing(context, row_id, source, page))
    ]
    with store.write() as connection:
        store.wire_items.save(connection, *standings)
        store.values.save(connection, _REGISTERED, str(len(standings)))


def _read_standing(context: Context, article_id: str, source: str, page: Page) -> ItemStanding | None:
    """Return what an article's file says of itself; it was used so far, so that it may be."""
    try:
        data = context.archive.get(page.blob or "")
    except ArchiveError:  # it may not be kept, or is lost: nothing tells how it was named
        return None
    if (arrival := read_arrival(data, page.media_type, article_id, source)) is None:
        return None
    standing = standing_of(arrival.item, article_id=article_id, source=source, digest=arrival.digest)
    return msgspec.structs.replace(standing, status=USABLE, notice=None)


def receive_item(context: Context, connection: sa.Connection, arrival: WireArrival, *, update: bool) -> Receipt:
    """Take in an item; return what became of it.

    A newer version is taken over by itself; with ``update``, also another text of a version that is known.

    Raises:
        ItemError: BUSY (retry) while the known article is being worked on.
    """
    sent = _standing(arrival)
    same = _find_same(context, connection, arrival, sent)
    known = same[0] if same else None
    row = context.store.ledger.get_articles(connection, [known.id]).get(known.id) if known else None
    if known is None or row is None:
        return _insert(context, connection, arrival, sent)
    if row.state == REMOVED:
        return Receipt.KNOWN
    merged = merge_standing(known, sent)
    match decide_arrival(known, sent):
        case Arrival.WITHDRAW:
            context.store.wire_items.save(connection, *(merge_standing(standing, sent) for standing in same))
            receipt = Receipt.WITHDRAWN
        case Arrival.REINSTATE:
            receipt = _reinstate(context, connection, arrival, row, merged)
        case Arrival.STAYS_WITHDRAWN:
            receipt = _keep_withdrawn(context, connection, arrival, row, sent)
        case Arrival.OLDER:
            receipt = Receipt.OLDER
        case _ if _is_read(context, connection, arrival, row):
            receipt = Receipt.KNOWN
        case Arrival.SAME_VERSION if not (update or _is_held_back(context, arrival, row)):
            receipt = Receipt.DIFFERENT
        case Arrival.SAME_VERSION | Arrival.UPDATE:
            receipt = _update(context, connection, arrival, row, merged)
    return receipt


def _standing(arrival: WireArrival) -> ItemStanding:
    sent = standing_of(arrival.item, article_id="", source=arrival.source, digest=arrival.digest)
    name = "\n".join([arrival.source, *sent.providers[:1], sent.guid])
    return msgspec.structs.replace(sent, id=content_id(name.encode()))


def _find_same(
    context: Context, connection: sa.Connection, arrival: WireArrival, sent: ItemStanding
) -> list[ItemStanding]:
    """Return what is known of the item of this sender and identifier, the newest version first.

    Ledgers of earlier versions of newswire hold an article for each version of an item.
    """
    standings = context.store.wire_items.find_standings(connection, sent.source, [sent.guid])
    same = [known for known in standings if is_same_sender(known.providers, sent.providers)]
    if not same:
        by_address = _find_by_address(context, connection, arrival, sent)
        return [by_address] if by_address else []
    same.sort(key=order_of_version, reverse=True)
    same.sort(key=lambda known: set(known.providers).isdisjoint(sent.providers))
    if not all(is_same_sender(same[0].providers, known.providers) for known in same):
        return []  # it names no provider, and items of several ones have its identifier
    return [known for known in same if _is_identified(sent) or _is_alike(known, sent)]


def _find_by_address(
    context: Context, connection: sa.Connection, arrival: WireArrival, sent: ItemStanding
) -> ItemStanding | None:
    """Return the article of the same source whose address a withdrawal gives as the item's identifier."""
    url, store = arrival.item.url, context.store
    if url is None or not sent.is_withdrawn or sent.source in UNNAMED_SOURCES:
        return None
    ids = store.ledger.find_ids_by_url(connection, [url]).values()
    rows = store.ledger.get_articles(connection, ids).values()
    blank = {"status": USABLE, "notice": None, "version": None, "created": None}
    return next((msgspec.structs.replace(sent, id=row.id, **blank) for row in rows if row.source == sent.source), None)


def _is_identified(sent: ItemStanding) -> bool:
    """Tell whether an identifier is one: unique by its form (a URI), or among those of a sender that is known."""
    return ":" in sent.guid or bool(sent.providers) or sent.source not in UNNAMED_SOURCES


def _is_alike(known: ItemStanding, sent: ItemStanding) -> bool:
    """Tell whether two items of unknown senders with one plain identifier have one headline, or one has none."""
    return not known.title or not sent.title or fold(known.title) == fold(sent.title)


def _is_held_back(context: Context, arrival: WireArrival, row: ArticleRow) -> bool:
    """Tell whether an item came under an embargo that its article is not under."""
    return arrival.item.embargoed is not None and not (row.embargoed and row.embargoed > context.clock())


def _is_read(context: Context, connection: sa.Connection, arrival: WireArrival, row: ArticleRow) -> bool:
    """Tell whether the article was read from just these bytes."""
    page = context.store.ledger.latest(connection, [row.id], Page).get(row.id)
    return page is not None and page.blob == arrival.digest


def _archive_page(context: Context, arrival: WireArrival, article_id: str) -> Page:
    return Page(
        id=article_id,
        url=None,
        final_url=None,
        blob=context.archive.put(arrival.data),
        size=len(arrival.data),
        fetched=context.clock(),
        media_type=arrival.media_type,
    )


def _insert(context: Context, connection: sa.Connection, arrival: WireArrival, sent: ItemStanding) -> Receipt:
    store, now = context.store, context.clock()
    article_id = sent.id
    if store.ledger.get_articles(connection, [article_id]):  # an item whose sender can't be told from this one's
        article_id = content_id(arrival.data)
    new_article = NewArticle(
        id=article_id,
        source=arrival.source,
        first_seen=now,
        records=(_archive_page(context, arrival, article_id),),
        stage=Stage.EXTRACT,
    )
    if not store.ledger.insert_articles(connection, [new_article], now, "imported"):
        return Receipt.KNOWN
    store.wire_items.save(connection, msgspec.structs.replace(sent, id=article_id))
    if not sent.is_withdrawn:
        return Receipt.NEW
    named = store.wire_items.find_standings(connection, sent.source, [sent.guid])
    unsure = [known for known in named if known.id != article_id and is_same_sender(known.providers, sent.providers)]
    _save_notice(context, connection, arrival, msgspec.structs.replace(sent, id=article_id), is_unsure=bool(unsure))
    return Receipt.WITHDRAWN


def _save_notice(
    context: Context, connection: sa.Connection, arrival: WireArrival, sent: ItemStanding, *, is_unsure: bool
) -> None:
    """Save what a withdrawn item takes back, should it be a notice about another one.

    Where ``is_unsure`` which of the items with its identifier it is, an editor is asked.
    """
    notice = find_item_notice(arrival.item, context.notice_phrases)
    if notice is None and is_unsure:
        notice = WithdrawalNotice(title=arrival.item.title, links=(sent.guid,))
    if notice:
        stored = StoredNotice(
            id=sent.id, at=context.clock(), source=sent.source, providers=sent.providers, notice=notice
        )
        context.store.withdrawal_notices.save(connection, stored)


def _update(
    context: Context, connection: sa.Connection, arrival: WireArrival, row: ArticleRow, standing: ItemStanding
) -> Receipt:
    """Make an item the next version of its article.

    Raises:
        ItemError: BUSY (retry).
    """
    if row.leased:
        raise ItemError(Outcome.RETRY, Reason.BUSY, f"article {row.id} is being worked on; import it again in a minute")
    store = context.store
    store.wire_items.save(connection, standing)
    page = _archive_page(context, arrival, row.id)
    store.ledger.start_version(connection, row, Stage.EXTRACT, context.clock(), page)
    return Receipt.CHANGED


def _reinstate(
    context: Context, connection: sa.Connection, arrival: WireArrival, row: ArticleRow, standing: ItemStanding
) -> Receipt:
    """Let a withheld item be used in the version that came.

    Raises:
        ItemError: BUSY (retry).
    """
    if row.state != WITHDRAWN:  # what was said is not carried out yet
        _update(context, connection, arrival, row, standing)
        return Receipt.REINSTATED
    store, now = context.store, context.clock()
    version = f"version {standing.version}: " if standing.version else ""
    detail = f"{version}its sender releases it again"
    store.wire_items.save(connection, standing)
    store.ledger.reinstate(connection, row, detail, now, _archive_page(context, arrival, row.id))
    store.decisions.undo_withdrawals(connection, row.id, now, SENDER, detail)
    return Receipt.REINSTATED


def _keep_withdrawn(
    context: Context, connection: sa.Connection, arrival: WireArrival, row: ArticleRow, sent: ItemStanding
) -> Receipt:
    """Note that a version of a withdrawn item came; keep it where an editor would have nothing else to reinstate."""
    if sent.is_withdrawn or _is_read(context, connection, arrival, row):
        return Receipt.KNOWN
    store = context.store
    if not store.ledger.latest(connection, [row.id], Article):
        page = store.ledger.latest(connection, [row.id], Page).get(row.id)
        store.pending_removals.add_blobs(connection, [page.blob] if page and page.blob else [])
        store.ledger.replace_record(connection, row, _archive_page(context, arrival, row.id), context.clock())
    version = f"version {sent.version}" if sent.version else "a version"
    log_unused_version(context, connection, row.id, f"{version} came, and is not used")
    return Receipt.REFUSED

"""Keep what senders say of their own items: the newest version, and whether it may be used.

It also tells which withdrawals have still to be carried out: the status is saved with what a file says, the article is
taken back later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import sqlalchemy as sa

from pipeline.records import Page, Stage, from_json
from pipeline.store.rows import REMOVED, WITHDRAWN
from pipeline.store.schema.articles import items, records
from pipeline.store.schema.wires import wire_items
from pipeline.store.stage_records import join_latest
from pipeline.store.statements import among, upsert
from pipeline.wires import USABLE, ItemStanding

_C = wire_items.c


class WireItems:
    """The items of a database."""

    def find_standings(self, connection: sa.Connection, source: str, guids: Iterable[str]) -> list[ItemStanding]:
        """Return the items of ``source`` with these identifiers, whoever sent them."""
        chosen = sa.select(wire_items).where(_C.source == source, among(connection, _C.guid, guids))
        return [_standing(row) for row in connection.execute(chosen.order_by(_C.id))]

    def get_standings(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, ItemStanding]:
        """Return id → item of these articles; those that came otherwise are left out."""
        rows = connection.execute(sa.select(wire_items).where(among(connection, _C.id, ids)))
        return {row.id: _standing(row) for row in rows}

    def list_nameless_pages(self, connection: sa.Connection) -> Iterator[tuple[str, str, Page]]:
        """Yield id, source and page of the articles that came as files and of whose identifiers nothing is known."""
        read = items.join(records, join_latest(Stage.FETCH)).outerjoin(wire_items, _C.id == items.c.id)
        named = sa.or_(_C.id.isnot(None), items.c.state == REMOVED)
        chosen = sa.select(items.c.id, items.c.source, records.c.data).select_from(read).where(sa.not_(named))
        for row in connection.execute(chosen.order_by(items.c.seq)):
            page = from_json(row.data, Page)
            if page.url is None and page.blob is not None:
                yield row.id, row.source, page

    def save(self, connection: sa.Connection, *standings: ItemStanding) -> None:
        """Save what is known of items now."""
        upsert(connection, wire_items, [_row(standing) for standing in standings])

    def list_unsettled(self, connection: sa.Connection) -> list[ItemStanding]:
        """Return the items that may not be used and whose articles have not been taken back yet."""
        joined = sa.select(wire_items).join(items, items.c.id == _C.id)
        waiting = joined.where(_C.status != USABLE, items.c.state.notin_([WITHDRAWN, REMOVED]))
        return [_standing(row) for row in connection.execute(waiting.order_by(items.c.seq))]

    def mark_usable(self, connection: sa.Connection, article_id: str) -> None:
        """Note that an editor lets an item be used, whatever its sender said so far."""
        connection.execute(wire_items.update().where(_C.id == article_id).values(status=USABLE))


def forget_titles(connection: sa.Connection, ids: Collection[str]) -> None:
    """Forget what the items of these articles were called; their identifiers stay, so that they don't come back."""
    connection.execute(wire_items.update().where(_C.id.in_(ids)).values(title=None))


def _row(standing: ItemStanding) -> dict[str, object]:
    plain = {name: getattr(standing, name) for name in standing.__struct_fields__}
    return plain | {"providers": "\n".join(standing.providers)}


def _standing(row: sa.Row[tuple[object, ...]]) -> ItemStanding:
    plain = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return ItemStanding(**plain | {"providers": tuple(filter(None, plain["providers"].split("\n")))})

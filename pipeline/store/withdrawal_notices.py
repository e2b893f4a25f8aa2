"""Keep notices that take items back, until they are carried out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import msgspec
import sqlalchemy as sa

from pipeline.records import from_json, to_json
from pipeline.store.schema.wires import withdrawal_notices
from pipeline.store.statements import upsert
from pipeline.wires import WithdrawalNotice

_C = withdrawal_notices.c


class StoredNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice, who sent it, and when it was carried out."""

    id: str  # of the article that it came as
    at: dt.datetime
    source: str
    providers: tuple[str, ...]
    notice: WithdrawalNotice
    settled: dt.datetime | None = None


class WithdrawalNotices:
    """The notices of a database."""

    def save(self, connection: sa.Connection, stored: StoredNotice) -> None:
        """Save a notice."""
        row = {
            "id": stored.id,
            "at": stored.at,
            "source": stored.source,
            "providers": "\n".join(stored.providers),
            "data": to_json(stored.notice).decode(),
            "settled": stored.settled,
        }
        upsert(connection, withdrawal_notices, [row])

    def list_open(self, connection: sa.Connection, since: dt.datetime) -> list[StoredNotice]:
        """Return the notices that came ``since`` and have not been carried out, oldest first."""
        chosen = sa.select(withdrawal_notices).where(_C.settled.is_(None), _C.at >= since)
        return [
            StoredNotice(
                id=row.id,
                at=row.at,
                source=row.source,
                providers=tuple(filter(None, row.providers.split("\n"))),
                notice=from_json(row.data, WithdrawalNotice),
            )
            for row in connection.execute(chosen.order_by(_C.at, _C.id))
        ]

    def settle(self, connection: sa.Connection, notice_id: str, now: dt.datetime) -> bool:
        """Note that a notice was carried out, or needs nothing more; return False where none of this id was open."""
        which = withdrawal_notices.update().where(_C.id == notice_id, _C.settled.is_(None))
        return connection.execute(which.values(settled=now)).rowcount == 1


def delete_notices(connection: sa.Connection, ids: Collection[str]) -> None:
    """Forget the notices that came as these articles."""
    connection.execute(withdrawal_notices.delete().where(_C.id.in_(ids)))

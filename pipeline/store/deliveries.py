"""Keep messages until a notifier has sent them: in the order of their numbers, each by one program at a time.

A message that a killed program was sending is sent again when its lease has ended, under the same id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from pipeline.alert_records import Delivery, DeliveryState, Message
from pipeline.records import from_json, to_json
from pipeline.store.schema.alerts import deliveries
from pipeline.store.statements import among

_COLUMNS = [deliveries.c[name] for name in Delivery.__struct_fields__]


class Deliveries:
    """The messages of a database that are on their way, or were."""

    def add(self, connection: sa.Connection, notifiers: Iterable[str], message: Message) -> None:
        """Let each of ``notifiers`` send a message."""
        text = to_json(message).decode()
        rows = [
            {"notifier": name, "state": DeliveryState.WAITING.value, "due": message.at, "attempts": 0, "message": text}
            for name in notifiers
        ]
        if rows:
            connection.execute(deliveries.insert(), rows)

    def claim(self, connection: sa.Connection, notifier: str, now: dt.datetime, seconds: float) -> Delivery | None:
        """Lease the first message that waits for a notifier; None where there is none, or it isn't its time.

        A later message waits for the first: what is over is never told before it began.
        """
        waits = (deliveries.c.notifier == notifier) & (deliveries.c.state == DeliveryState.WAITING.value)
        first = sa.select(*_COLUMNS, deliveries.c.lease_until).where(waits).order_by(deliveries.c.n).limit(1)
        row = connection.execute(first).one_or_none()
        if row is None or row.due > now or (row.lease_until is not None and row.lease_until > now):
            return None
        same = waits & (deliveries.c.n == row.n) & deliveries.c.lease_until.is_not_distinct_from(row.lease_until)
        leased = deliveries.update().where(same).values(lease_until=now + dt.timedelta(seconds=seconds))
        return _delivery(row) if connection.execute(leased).rowcount else None

    def finish(self, connection: sa.Connection, delivery: Delivery) -> None:
        """Save what came of an attempt, and end its lease."""
        values = {
            "state": delivery.state.value,
            "due": delivery.due,
            "attempts": delivery.attempts,
            "error": delivery.error,
            "lease_until": None,
        }
        connection.execute(deliveries.update().where(deliveries.c.n == delivery.n).values(**values))

    def list_deliveries(
        self,
        connection: sa.Connection,
        states: Collection[DeliveryState],
        limit: int | None = None,
        *,
        notifiers: Collection[str] | None = None,
    ) -> list[Delivery]:
        """Return the messages in these states, of all notifiers or of those named, the latest first."""
        chosen = sa.select(*_COLUMNS).where(deliveries.c.state.in_([state.value for state in states]))
        if notifiers is not None:
            chosen = chosen.where(deliveries.c.notifier.in_(list(notifiers)))
        return [_delivery(row) for row in connection.execute(chosen.order_by(deliveries.c.n.desc()).limit(limit))]

    def revive(self, connection: sa.Connection, numbers: Collection[int] | None, now: dt.datetime) -> int:
        """Let dead messages be sent again, those of ``numbers`` or all; return how many."""
        dead = deliveries.update().where(deliveries.c.state == DeliveryState.DEAD.value)
        dead = dead if numbers is None else dead.where(among(connection, deliveries.c.n, list(numbers)))
        fresh = {"state": DeliveryState.WAITING.value, "due": now, "attempts": 0, "lease_until": None}
        return connection.execute(dead.values(**fresh)).rowcount

    def give_up(self, connection: sa.Connection, known: Collection[str], before: dt.datetime, error: str) -> None:
        """Give messages up that have been due since ``before`` for notifiers that aren't ``known`` any more."""
        lost = (deliveries.c.state == DeliveryState.WAITING.value) & (deliveries.c.due < before)
        lost &= deliveries.c.notifier.not_in(list(known))
        connection.execute(deliveries.update().where(lost).values(state=DeliveryState.DEAD.value, error=error))

    def discard(self, connection: sa.Connection, notifiers: Collection[str]) -> None:
        """Forget all messages of notifiers that there are no more."""
        connection.execute(deliveries.delete().where(deliveries.c.notifier.in_(list(notifiers))))

    def delete_old(self, connection: sa.Connection, *, sent: dt.datetime, dead: dt.datetime) -> None:
        """Forget messages that were sent before ``sent``, and those that were given up before ``dead``."""
        for state, before in ((DeliveryState.SENT, sent), (DeliveryState.DEAD, dead)):
            old = (deliveries.c.state == state.value) & (deliveries.c.due < before)
            connection.execute(deliveries.delete().where(old))


def _delivery(row: Any) -> Delivery:
    """Return the delivery of a row that has its columns."""
    values = {name: getattr(row, name) for name in Delivery.__struct_fields__}
    message = from_json(values["message"], Message)
    return Delivery(**values | {"state": DeliveryState(values["state"]), "message": message})

"""Keep alerts: those that are pending or open, and for a while those that are over.

They are changed in transactions that come one after the other, so that several programs that look at the same figures
tell each alert once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.alert_records import Alert, AlertPhase
from pipeline.records import from_json, to_json
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.schema.alerts import alerts
from pipeline.store.statements import among, upsert


class Alerts:
    """The alerts of a database."""

    def take_turn(self, connection: sa.Connection) -> None:
        """Wait until no other transaction changes alerts; this one is alone with them until it ends."""
        take_advisory_lock(connection, AdvisoryLock.ALERTS)

    def save(self, connection: sa.Connection, changed: Sequence[Alert]) -> None:
        """Save alerts, in place of what is known under their ids."""
        rows = [
            {"id": alert.id, "phase": alert.phase.value, "changed": alert.changed, "alert": to_json(alert).decode()}
            for alert in changed
        ]
        upsert(connection, alerts, rows)

    def forget(self, connection: sa.Connection, ids: Collection[str]) -> None:
        """Forget alerts that came to nothing."""
        connection.execute(alerts.delete().where(among(connection, alerts.c.id, list(ids))))

    def list_alerts(
        self,
        connection: sa.Connection,
        phases: Collection[AlertPhase],
        *,
        since: dt.datetime | None = None,
        limit: int | None = None,
    ) -> list[Alert]:
        """Return the alerts in these phases that changed after ``since``, those first that changed last."""
        chosen = sa.select(alerts.c.alert).where(alerts.c.phase.in_([phase.value for phase in phases]))
        chosen = chosen.where(alerts.c.changed > since) if since else chosen
        ordered = chosen.order_by(alerts.c.changed.desc(), alerts.c.id).limit(limit)
        return [from_json(text, Alert) for text in connection.scalars(ordered)]

    def delete_over(self, connection: sa.Connection, before: dt.datetime) -> None:
        """Forget the alerts that were over before a time."""
        is_old = (alerts.c.phase == AlertPhase.OVER.value) & (alerts.c.changed < before)
        connection.execute(alerts.delete().where(is_old))

"""Tables of alerts: what is or was wrong, and the messages that are on their way."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("changed", Utc, nullable=False),  # when it was last opened or ended
    sa.Column("alert", sa.Text, nullable=False),  # an alert_records.Alert as JSON
)
sa.Index("ix_alerts_phase_changed", alerts.c.phase, alerts.c.changed)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),  # those of one notifier are sent in this order
    sa.Column("notifier", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due", Utc, nullable=False),
    sa.Column("lease_until", Utc),  # until then somebody is sending it
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("message", sa.Text, nullable=False),  # an alert_records.Message as JSON
)
sa.Index("ix_deliveries_state_notifier_n", deliveries.c.state, deliveries.c.notifier, deliveries.c.n)

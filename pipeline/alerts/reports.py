"""Take what others have seen, such as Airflow's callbacks: each alert opens at once, and ends when that is reported."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from pipeline.alert_records import Alert, AlertCondition, AlertEvent, AlertPhase, AlertRule, EventKind, hash_id
from pipeline.alerts.lifecycle import end_alert
from pipeline.alerts.watch import CURRENT, save_alerts
from pipeline.context import Context


def report_condition(context: Context, condition: AlertCondition) -> Alert:
    """Open the alert of a condition, unless it is open already; return it as it is now.

    Raises:
        StoreError: The ledger can't be used.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        store.alerts.take_turn(connection)
        for alert in store.alerts.list_alerts(connection, CURRENT):
            if alert.condition.key == condition.key:
                renewed = msgspec.structs.replace(alert, condition=condition)
                store.alerts.save(connection, [renewed])
                return renewed
        opened = Alert(
            id=hash_id(condition.rule, condition.subject, now.isoformat()),
            phase=AlertPhase.OPEN,
            condition=condition,
            since=min(condition.since or now, now),
            seen=now,
            opened=now,
            told=now,
        )
        save_alerts(context, connection, [opened], [AlertEvent(kind=EventKind.OPENED, alert=opened)], now)
    return opened


def report_end(context: Context, subject: str, rules: Collection[AlertRule]) -> list[Alert]:
    """End the open alerts of ``rules`` on a subject; return them.

    Raises:
        StoreError: The ledger can't be used.
    """
    store, now = context.store, context.clock()
    with store.read() as connection:  # it mostly goes well: nothing is to be written then
        if not any(_is_of(alert, subject, rules) for alert in store.alerts.list_alerts(connection, CURRENT)):
            return []
    with store.write() as connection:
        store.alerts.take_turn(connection)
        current = store.alerts.list_alerts(connection, CURRENT)
        ended = [end_alert(alert, now) for alert in current if _is_of(alert, subject, rules)]
        events = [AlertEvent(kind=EventKind.OVER, alert=alert) for alert in ended]
        save_alerts(context, connection, ended, events, now)
    return ended


def end_by_hand(context: Context, ids: Collection[str]) -> list[Alert]:
    """End open alerts by their ids, because a person says so; return them. What is still wrong opens anew.

    Raises:
        StoreError: The ledger can't be used.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        store.alerts.take_turn(connection)
        current = store.alerts.list_alerts(connection, [AlertPhase.OPEN])
        ended = [end_alert(alert, now) for alert in current if alert.id in ids]
        events = [AlertEvent(kind=EventKind.OVER, alert=alert) for alert in ended]
        save_alerts(context, connection, ended, events, now)
    return ended


def _is_of(alert: Alert, subject: str, rules: Collection[AlertRule]) -> bool:
    return alert.condition.subject == subject and alert.condition.rule in rules

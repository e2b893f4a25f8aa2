"""Look at the figures every minute, keep in the ledger what follows, and send what is to be told.

Several programs may do this on one ledger: who comes first looks, and the others find that it was done. So it runs
where something runs anyway (``newswire run --follow``), and in a process of its own, which notices when that was
killed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pipeline.alert_records import Alert, AlertEvent, AlertPhase
from pipeline.alerts.lifecycle import RETURN, follow_conditions
from pipeline.alerts.messages import format_message, site_address
from pipeline.alerts.reader import QUEUE_SAMPLES, is_due, read_readings
from pipeline.alerts.rules import assess, keep_samples
from pipeline.context import Context
from pipeline.notifiers import Notifier, notifier_names, send_waiting
from pipeline.records import to_json

CURRENT = (AlertPhase.PENDING, AlertPhase.OPEN)

_CHECKED = "alerts: checked"  # under which the ledger keeps when the figures were last looked at
_KEPT = dt.timedelta(days=90)  # of alerts that are over, and of messages that were given up
_SENT_KEPT = dt.timedelta(days=7)
_LOST_AFTER = dt.timedelta(days=1)  # that a message waits for a notifier which the settings don't name any more


def tend_alerts(context: Context, notifiers: Mapping[str, Notifier]) -> None:
    """Look at the figures if it is time, and send what waits and is due.

    Raises:
        SettingsError: The names of notifiers can't be used.
        StoreError: The ledger can't be used.
    """
    check_alerts(context)
    send_messages(context, notifiers)


def send_messages(context: Context, notifiers: Mapping[str, Notifier]) -> int:
    """Send what waits for the notifiers and is due; return how many messages were taken."""
    return send_waiting(context.store, notifiers, context.clock)


def check_alerts(context: Context) -> Sequence[AlertEvent]:
    """Look at the figures if it is time; return what is told that wasn't before.

    Raises:
        SettingsError: The names of notifiers can't be used.
        StoreError: The ledger can't be used.
    """
    store, settings, now = context.store, context.settings.alerts, context.clock()
    with store.read() as connection:
        if not is_due(store.values.get(connection, _CHECKED), now, settings):
            return ()
    readings = read_readings(context, now)
    assessment = assess(readings, settings)
    with store.write() as connection:
        store.alerts.take_turn(connection)
        if not is_due(store.values.get(connection, _CHECKED), now, settings):
            return ()  # another program has looked meanwhile
        store.values.save(connection, _CHECKED, now.isoformat())
        samples = to_json(keep_samples(readings, settings)).decode()
        store.values.save(connection, QUEUE_SAMPLES, samples)
        current = store.alerts.list_alerts(connection, CURRENT)
        past = store.alerts.list_alerts(connection, [AlertPhase.OVER], since=now - RETURN)
        changes = follow_conditions(current, past, assessment, now, settings)
        store.alerts.forget(connection, changes.forgotten)
        save_alerts(context, connection, changes.saved, changes.events, now)
        _forget_old(context, connection, now)
    return changes.events


def save_alerts(
    context: Context, connection: sa.Connection, saved: Sequence[Alert], events: Sequence[AlertEvent], now: dt.datetime
) -> None:
    """Save alerts, and let each notifier tell the events, in one transaction: whatever is killed, none is lost."""
    store, settings = context.store, context.settings
    store.alerts.save(connection, saved)
    if events:
        message = format_message(events, now, site_address(settings.serve))
        store.deliveries.add(connection, notifier_names(settings.alerts), message)


def _forget_old(context: Context, connection: sa.Connection, now: dt.datetime) -> None:
    store, names = context.store, notifier_names(context.settings.alerts)
    for state in store.saved_searches.list_states(connection):
        names += state.search.notifier_names
    store.alerts.delete_over(connection, now - _KEPT)
    lost = "the settings name no such notifier any more"
    store.deliveries.give_up(connection, names, now - _LOST_AFTER, lost)
    store.deliveries.delete_old(connection, sent=now - _SENT_KEPT, dead=now - _KEPT)

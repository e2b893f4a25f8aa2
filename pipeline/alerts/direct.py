"""Tell a condition at once and without the ledger, where that is what can't be used."""

from __future__ import annotations

import logging

import msgspec

from pipeline.alert_records import Alert, AlertCondition, AlertEvent, AlertPhase, EventKind, hash_id
from pipeline.alerts.messages import format_message, site_address
from pipeline.context import utc_now
from pipeline.notifiers import NotifierError, open_notifiers
from pipeline.settings import load_settings

_log = logging.getLogger(__name__)


def tell_directly(condition: AlertCondition, fault: str) -> None:
    """Send a condition to all notifiers, each once; it may be told again, since nothing is kept of it.

    Raises:
        SettingsError: A notifier's setting or secret can't be used.
    """
    now, settings = utc_now(), load_settings()
    told = msgspec.structs.replace(condition, what=f"{condition.what}; the ledger can't be used: {fault}")
    alert = Alert(
        id=hash_id(*condition.key, now.isoformat()),
        phase=AlertPhase.OPEN,
        condition=told,
        since=condition.since or now,
        seen=now,
        opened=now,
        told=now,
    )
    _log.warning("%s", told.what)
    event = AlertEvent(kind=EventKind.OPENED, alert=alert)
    message = format_message([event], now, site_address(settings.serve))
    for name, notifier in open_notifiers(settings.alerts, settings.fetch, utc_now).items():
        try:
            notifier.send(message)
        except NotifierError as error:
            _log.warning("notifier %s: %s", name, error)

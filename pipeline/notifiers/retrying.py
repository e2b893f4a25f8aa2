"""Decide what becomes of a message after an attempt to send it. Pure."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.alert_records import Delivery, DeliveryState
from pipeline.notifiers.notifier import NotifierError

_FIRST_RETRY = dt.timedelta(minutes=1)  # doubled after each attempt
_LONGEST_RETRY = dt.timedelta(hours=1)
MOST_ATTEMPTS = 12  # about seven hours: a night's outage of a mail server is over then


def after_attempt(delivery: Delivery, error: NotifierError | None, now: dt.datetime) -> Delivery:
    """Return a delivery after an attempt at ``now``: sent, to be tried again, or given up."""
    attempts = delivery.attempts + 1
    if error is None:
        sent = {"state": DeliveryState.SENT, "due": now, "error": None}
        return msgspec.structs.replace(delivery, attempts=attempts, **sent)
    if error.is_final or attempts >= MOST_ATTEMPTS:
        dead = {"state": DeliveryState.DEAD, "due": now, "error": str(error)}
        return msgspec.structs.replace(delivery, attempts=attempts, **dead)
    wait = min(_FIRST_RETRY * 2 ** (attempts - 1), _LONGEST_RETRY)
    if error.retry_after is not None:
        wait = min(max(wait, dt.timedelta(seconds=error.retry_after)), _LONGEST_RETRY)
    return msgspec.structs.replace(delivery, attempts=attempts, due=now + wait, error=str(error))

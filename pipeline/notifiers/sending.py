"""Send the messages that wait in the ledger, those of each notifier in their order.

A message is sent by one program, and noted as sent. Where that program is killed between the two, it is sent once more,
under the same id.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping

from pipeline.alert_records import DeliveryState
from pipeline.notifiers.notifier import Notifier, NotifierError
from pipeline.notifiers.retrying import after_attempt
from pipeline.store import Store

_log = logging.getLogger(__name__)

_LEASE_SECONDS = 300.0  # more than any notifier takes for a message
_MOST = 100  # messages of one notifier at a time


def send_waiting(store: Store, notifiers: Mapping[str, Notifier], clock: Callable[[], dt.datetime]) -> int:
    """Send what waits for each of ``notifiers`` (by name) and is due; return how many messages were taken.

    Transactions of its own, and none while it sends.
    """
    return sum(_send_waiting(store, name, notifier, clock) for name, notifier in notifiers.items())


def _send_waiting(store: Store, name: str, notifier: Notifier, clock: Callable[[], dt.datetime]) -> int:
    """Send what waits for one notifier, until one message isn't taken and may be later: the others wait for it."""
    sent = 0
    for _ in range(_MOST):
        with store.write() as connection:
            delivery = store.deliveries.claim(connection, name, clock(), _LEASE_SECONDS)
        if delivery is None:
            break
        fault: NotifierError | None = None
        try:
            notifier.send(delivery.message)
        except NotifierError as error:
            fault = error
        result = after_attempt(delivery, fault, clock())
        with store.write() as connection:
            store.deliveries.finish(connection, result)
        if fault is None:
            sent += 1
            continue
        _log.warning("notifier %s: %s; message %d is %s", name, fault, delivery.n, _outlook(result.state))
        if result.state is DeliveryState.WAITING:
            break
    return sent


def _outlook(state: DeliveryState) -> str:
    return "given up: newswire alerts dead" if state is DeliveryState.DEAD else "tried again later"

"""Tell that the ledger itself can't be used: what the ledger can't keep is kept in memory, and sent directly.

For the one process that watches. Where it is started anew meanwhile, it tells it once more.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping

from pipeline.alert_records import Alert, AlertCondition, AlertRule, Message
from pipeline.alerts.lifecycle import Assessment, follow_conditions
from pipeline.alerts.messages import format_message, site_address
from pipeline.notifiers import Notifier, NotifierError
from pipeline.settings import Settings

_log = logging.getLogger(__name__)

_MOST_UNSENT = 20  # messages to a notifier that doesn't take them


class LedgerWatch:
    """Follows whether the ledger can be used.

    Args:
        settings: how long a fault must last, and where our pages are.
        notifiers: who is told, by name.
        clock: the time.
    """

    def __init__(self, settings: Settings, notifiers: Mapping[str, Notifier], clock: Callable[[], dt.datetime]) -> None:
        self._settings = settings
        self._notifiers = notifiers
        self._clock = clock
        self._current: dict[str, Alert] = {}
        self._unsent: dict[str, list[Message]] = {name: [] for name in notifiers}

    def note(self, fault: str | None) -> None:
        """Note that the ledger can't be used now, and why; or (None) that it can. Tell what is to be told."""
        now, settings = self._clock(), self._settings
        assessment = Assessment(conditions=(_condition(fault),) if fault else ())
        changes = follow_conditions(list(self._current.values()), (), assessment, now, settings.alerts)
        for alert in changes.saved:
            self._current[alert.id] = alert
        gone = {*changes.forgotten, *(alert.id for alert in changes.saved if alert.over)}
        self._current = {number: alert for number, alert in self._current.items() if number not in gone}
        if changes.events:
            message = format_message(changes.events, now, site_address(settings.serve))
            for messages in self._unsent.values():
                messages.append(message)
                del messages[:-_MOST_UNSENT]
        for name, notifier in self._notifiers.items():
            self._send(name, notifier)

    def _send(self, name: str, notifier: Notifier) -> None:
        """Send what a notifier hasn't taken yet, in order; what it doesn't take is left to the next time."""
        messages = self._unsent[name]
        while messages:
            try:
                notifier.send(messages[0])
            except NotifierError as error:
                _log.warning("notifier %s: %s", name, error)
                if not error.is_final:
                    return
            messages.pop(0)


def _condition(fault: str) -> AlertCondition:
    return AlertCondition(
        rule=AlertRule.LEDGER,
        what=f"the ledger can't be used, and all stages wait for it: {fault}",
        advice="see whether its database runs and has room; what was saved is kept, and everything goes on by itself",
    )

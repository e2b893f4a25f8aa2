"""Send messages to the log: each as one warning."""

from __future__ import annotations

import logging

from pipeline.alert_records import Message

_log = logging.getLogger(__name__)


class LogNotifier:
    """Writes each message as one line of the log."""

    def send(self, message: Message) -> None:
        """Write a message."""
        _log.warning("%s", "; ".join(line for line in message.text.splitlines() if line))

"""Define what every notifier promises."""

from __future__ import annotations

from typing import Protocol

from pipeline.alert_records import Message
from pipeline.errors import NewswireError


class NotifierError(NewswireError):
    """A message wasn't taken.

    Args:
        detail: why, without secrets.
        is_final: whether the same message will never be taken.
        retry_after: seconds after which it may be tried again, where the receiver said so.
    """

    def __init__(self, detail: str, *, is_final: bool = False, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.is_final = is_final
        self.retry_after = retry_after


class Notifier(Protocol):
    """Sends messages one way, to those whom it was made for."""

    def send(self, message: Message) -> None:
        """Send a message; it was taken where this returns. Blocks, for a bounded time.

        Raises:
            NotifierError: It wasn't taken.
        """

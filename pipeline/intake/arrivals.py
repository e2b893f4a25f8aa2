"""Watch the ledger for what a scheduler should start a run for; changes nothing."""

from __future__ import annotations

import contextlib
import logging

from pipeline.context import utc_now
from pipeline.errors import NewswireError
from pipeline.settings import load_environment
from pipeline.store import Arrivals, Store

_log = logging.getLogger(__name__)


class ArrivalsWatch:
    """Looks whether anything waits for a run; what goes on waiting is told again after ``again`` seconds."""

    def __init__(self, again: float) -> None:
        self._again = again
        self._told_at = float("-inf")
        self._fault: str | None = None

    def look(self, now: float) -> Arrivals | None:
        """Return what waits, where that is news at ``now`` (seconds of a monotonic clock); else None.

        A ledger that can't be read is told once in the log.
        """
        try:
            arrivals = _read()
        except NewswireError as error:
            if str(error) != self._fault:
                _log.warning("nothing is looked for: %s", error)
            self._fault = str(error)
            return None
        self._fault = None
        if not any(arrivals):
            self._told_at = float("-inf")
            return None
        if now - self._told_at < self._again:
            return None
        self._told_at = now
        return arrivals


def _read() -> Arrivals:
    """Return what waits now; the ledger is opened anew, as it may have been exchanged since.

    Raises:
        NewswireError: Where the ledger is, isn't said, or it can't be read.
    """
    with contextlib.closing(Store(load_environment().store_url, read_only=True)) as store:
        return store.count_arrivals(utc_now())

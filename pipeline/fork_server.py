"""Prepare the process that workers are forked from.

Only the fork server imports this module (``pipeline.workers.preload``), which can do nothing but import. Where it can't
fork, as there is no memory or no process left, it says so in one line and ends; the next worker starts it anew.
"""

from __future__ import annotations

import signal
import sys
from types import TracebackType


def _tell_error(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if isinstance(error, OSError):
        print(f"newswire: no worker process can be started: {error}", file=sys.stderr, flush=True)  # noqa: T201
    else:
        sys.__excepthook__(kind, error, at)


sys.excepthook = _tell_error
# A service manager sends it to all processes of a service at once; this one ends when the program and its workers have.
signal.signal(signal.SIGTERM, signal.SIG_IGN)

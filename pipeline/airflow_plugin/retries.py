"""Say which failures of a task are worth another try, and when: by kind of error, once for all DAGs.

``default_args=TASK_DEFAULTS`` gives it to every task of a DAG.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from pipeline.errors import NewswireError

_RETRY_DELAY = dt.timedelta(seconds=20)  # a server that restarts is back within a minute
_RETRIES = 2


def _error_kinds(kind: type[NewswireError]) -> Iterator[type[NewswireError]]:
    """Yield the errors of ``pipeline.errors`` from ``kind`` downwards, in the order of its tree."""
    yield kind
    for narrower in kind.__subclasses__():
        if narrower.__module__ == NewswireError.__module__:
            yield from _error_kinds(narrower)


def _path(kind: type[NewswireError]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[_path(kind) for kind in _error_kinds(NewswireError) if not kind.retryable],
            action=RetryAction.FAIL,
            reason="somebody must mend it first",
        ),
        RetryRule(
            exception=_path(NewswireError),
            action=RetryAction.RETRY,
            retry_delay=_RETRY_DELAY,
            reason="it may pass by itself",
        ),
    ]
)

# What a task is given unless it says otherwise. An error that is none of ours is tried again as well.
TASK_DEFAULTS: dict[str, Any] = {
    "owner": "newsroom",
    "retries": _RETRIES,
    "retry_delay": _RETRY_DELAY,
    "retry_policy": RETRY_POLICY,
    "execution_timeout": dt.timedelta(hours=1),  # what is done until then is saved; the next run goes on
}

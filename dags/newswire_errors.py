"""Tell Airflow which errors of newswire are worth another try.

A task imports this module in its body: Airflow puts the folder of the dags on the module path.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from airflow.sdk.exceptions import AirflowException, AirflowFailException


@contextlib.contextmanager
def airflow_errors() -> Iterator[None]:
    """Raise newswire's errors as Airflow's.

    Raises:
        AirflowFailException: Somebody must mend it first; the task isn't tried again.
        AirflowException: It may pass; the task is tried again.
    """
    from pipeline.errors import NewswireError

    try:
        yield
    except NewswireError as error:
        kind = AirflowException if error.retryable else AirflowFailException
        raise kind(str(error)) from None

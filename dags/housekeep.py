"""Maintenance of the ledger once a night: repair stories, delete what is outside all windows.

Both tasks may be cut off and run again at any time: each merger or split is saved whole or not at all.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import chain, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

_TASK = {
    "retries": 2,
    "retry_delay": dt.timedelta(minutes=1),  # stage cluster, which locks the stories, may be running
    "execution_timeout": dt.timedelta(hours=1),
}


@task(**_TASK)
def repair_stories() -> dict[str, int]:
    """Merge and split the stories of the last days."""
    from pipeline import errors
    from pipeline.maintenance import run_repair

    try:
        return run_repair()
    except (errors.SettingsError, errors.StoreVersionError) as error:
        raise AirflowFailException(str(error)) from None  # a person must act first
    except errors.NewswireError as error:
        raise AirflowException(str(error)) from None  # may pass: tried again


@task(trigger_rule="all_done", **_TASK)
def expire() -> dict[str, int]:
    """Delete what nothing is compared with any more."""
    from pipeline import errors
    from pipeline.maintenance import run_expire

    try:
        return run_expire()
    except (errors.SettingsError, errors.StoreVersionError) as error:
        raise AirflowFailException(str(error)) from None
    except errors.NewswireError as error:
        raise AirflowException(str(error)) from None


@dag(
    schedule="20 3 * * *",
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),  # any past time: missed runs are not caught up
    catchup=False,
    max_active_runs=1,
    tags=["newswire"],
    doc_md=__doc__,
)
def housekeep() -> None:
    """Maintain the ledger."""
    chain(repair_stories(), expire())


housekeep()

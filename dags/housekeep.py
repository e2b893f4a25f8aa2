"""Maintenance of the ledger once a night: repair stories, delete what is outside all windows.

Both tasks may be cut off and run again at any time: each merger or split is saved whole or not at all.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import chain, dag, task

_TASK = {
    "retries": 2,
    "retry_delay": dt.timedelta(minutes=1),  # stage cluster, which locks the stories, may be running
    "execution_timeout": dt.timedelta(hours=1),
}


@task(**_TASK)
def repair_stories() -> dict[str, int]:
    """Merge and split the stories of the last days."""
    from newswire_errors import airflow_errors

    from pipeline.maintenance import run_repair

    with airflow_errors():
        return run_repair()


@task(trigger_rule="all_done", **_TASK)
def expire() -> dict[str, int]:
    """Delete what nothing is compared with any more."""
    from newswire_errors import airflow_errors

    from pipeline.maintenance import run_expire

    with airflow_errors():
        return run_expire()


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

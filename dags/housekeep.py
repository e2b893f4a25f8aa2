"""Maintain newswire once a night: repair stories, forget what has expired, look at sources and pages, make a backup.

Each task may be cut off and run again at any time. What a task finds wrong is in its log, a line each; its counts are
its result. The backup is skipped unless `NEWSWIRE_BACKUP_URL` says where it goes.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, chain, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.airflow_plugin.dag_defaults import DAG_DEFAULTS
from pipeline.airflow_plugin.retries import TASK_DEFAULTS

PARAMS = {
    "archive": Param(
        "sample",
        type="string",
        enum=["sample", "all"],
        values_display={"sample": "a thousand pages", "all": "all pages"},
        title="Check of the archive",
        description="How many pages are read and compared with what was fetched.",
    ),
    "backup": Param(
        True,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Backup",
        description="Make a backup, where NEWSWIRE_BACKUP_URL says where it goes.",
    ),
}

# The counts of a task are one value; what one task can't do keeps no other from its work.


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Merge and split the stories of the last days, as if all their articles had come at once.",
)
def repair_stories() -> dict[str, int]:
    """Return how many stories there are, and how many were merged and split."""
    from pipeline.housekeeping import run_repair

    return run_repair()


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Delete what nothing is compared with any more, old history, and pages of no article.",
)
def expire() -> dict[str, int]:
    """Return how many lines of history and how many pages went."""
    from pipeline.housekeeping import run_expire

    return run_expire()


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Delete old indices of outcomes and runs, where `NEWSWIRE_OPERATIONS_URL` says where these are.",
)
def drop_operations() -> dict[str, int]:
    """Return how many indices went.

    Raises:
        AirflowSkipException: Operations are written nowhere.
    """
    from pipeline.housekeeping import run_drop_operations

    counts = run_drop_operations()
    if counts is None:
        raise AirflowSkipException("NEWSWIRE_OPERATIONS_URL doesn't say where operations are")
    return counts


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Count the pages that are to be visited again, and warn where they are late.",
)
def report_revisits() -> dict[str, int]:
    """Return how many pages are late, due within a day, and due later."""
    from pipeline.housekeeping import run_revisit_report

    return run_revisit_report()


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Name feeds that fail, are silent or lose entries, and sites whose pages have changed.",
)
def report_sources() -> dict[str, int]:
    """Return how many feeds are in which condition, and how many sites have drifted."""
    from pipeline.housekeeping import run_source_report

    return run_source_report()


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    doc_md="Read pages of the archive, and name those that are lacking or damaged.",
)
def check_archive() -> dict[str, int]:
    """Return how many pages are lacking or damaged."""
    from pipeline.audit import Depth
    from pipeline.housekeeping import run_archive_check

    return run_archive_check(Depth(get_current_context()["params"]["archive"]))


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    execution_timeout=dt.timedelta(hours=12),  # the first one copies all pages
    doc_md="Copy ledger and archive to the place that `NEWSWIRE_BACKUP_URL` names; only new pages travel.",
)
def backup() -> dict[str, Any]:
    """Return the backup's name and counts.

    Raises:
        AirflowSkipException: No place is set, or this run leaves it out.
    """
    from pipeline.housekeeping import run_backup

    if not get_current_context()["params"]["backup"]:
        raise AirflowSkipException("this run leaves the backup out")
    counts = run_backup()
    if counts is None:
        raise AirflowSkipException("NEWSWIRE_BACKUP_URL doesn't say where backups go")
    return counts


@task(trigger_rule="none_failed", doc_md="Fail where any task has failed, so that the run isn't green.")
def conclude() -> None:
    """Do nothing: that it can't begin is what shows."""


@dag(
    dag_display_name="Keep house",
    schedule="20 3 * * *",
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),  # any past time: missed runs are not caught up
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(hours=18),
    # stage cluster, which locks the stories, may be running
    default_args={**TASK_DEFAULTS, "retry_delay": dt.timedelta(minutes=1)},
    params=PARAMS,
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def housekeep() -> None:
    """Maintain the system."""
    tasks = [repair_stories(), expire(), drop_operations()]
    tasks += [report_revisits(), report_sources(), check_archive(), backup()]
    chain(*tasks)  # one after the other: none of them is urgent, and each reads much
    tasks >> conclude()


housekeep()

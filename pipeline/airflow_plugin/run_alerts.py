"""Tell newswire's alerts of runs that failed or are late: ``@dag(..., **RUN_CALLBACKS, deadline=DEADLINES)``.

Airflow's DAG processor calls back when a run has ended, also where a task of it was killed; its triggerer when a
deadline has passed. Both only write into the ledger: who watches there (``newswire alerts watch``) tells people.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from airflow.sdk import (  # type: ignore[attr-defined]  # its stubs lack what belongs to deadlines
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
)

_DEADLINE = dt.timedelta(minutes=30)  # of a run that starts every few minutes


def report_failed_run(context: Mapping[str, Any]) -> None:
    """Open the alert of a DAG whose run failed; for ``on_failure_callback`` of the DAG.

    Where the ledger can't be used, people are told directly.
    """
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    task = getattr(context.get("ti"), "task_id", None)
    _open_failed(dag_id, run_id, task, context.get("reason"))


def report_passed_run(context: Mapping[str, Any]) -> None:
    """End the alerts of a DAG whose run went through; for ``on_success_callback`` of the DAG.

    Raises:
        StoreError: The ledger can't be used.
    """
    from pipeline.alert_records import REPORTED_RULES  # noqa: PLC0415  (DAG files import this module)
    from pipeline.alerts import report_end  # noqa: PLC0415
    from pipeline.context import open_context  # noqa: PLC0415

    with open_context() as newswire:
        report_end(newswire, context["dag"].dag_id, REPORTED_RULES)


async def report_late_run(minutes: float, context: Mapping[str, Any] | None = None) -> str:
    """Open the alert of a DAG whose run is not through in time; for a ``DeadlineAlert``.

    Args:
        minutes: that it may take.
        context: what Airflow knows of the run.

    Returns:
        What was done, for Airflow's log.
    """
    run = (context or {}).get("dag_run") or {}
    if run.get("end_date") or "dag_id" not in run:  # it has failed meanwhile: that is told apart
        return "the run has ended"
    return await asyncio.to_thread(
        _open_late, run["dag_id"], run.get("dag_run_id") or "", minutes, run.get("queued_at")
    )


def deadlines(minutes: float) -> list[DeadlineAlert]:
    """Return the deadline by which a run must be through, counted from when it was queued."""
    callback = AsyncCallback(report_late_run, kwargs={"minutes": minutes})
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=dt.timedelta(minutes=minutes), callback=callback
    )
    return [alert]


RUN_CALLBACKS: dict[str, Any] = {
    "on_failure_callback": [report_failed_run],
    "on_success_callback": [report_passed_run],
}
DEADLINES = deadlines(_DEADLINE.total_seconds() / 60)


def _open_failed(dag_id: str, run_id: str, task: str | None, reason: str | None) -> None:
    """Open the alert of a failed run, and end the one that it is late."""
    from pipeline.alert_records import AlertCondition, AlertRule  # noqa: PLC0415
    from pipeline.alerts import report_condition, report_end  # noqa: PLC0415
    from pipeline.alerts.direct import tell_directly  # noqa: PLC0415
    from pipeline.context import open_context  # noqa: PLC0415
    from pipeline.errors import StoreError  # noqa: PLC0415

    last = f", last task {task}" if task else ""
    condition = AlertCondition(
        rule=AlertRule.FAILED_RUN,
        subject=dag_id,
        what=f"Airflow: a run of {dag_id} failed ({run_id}{last}){f': {reason}' if reason else ''}",
        advice=(
            "the last line of the failed task's log says why and what to do; a task without one was killed: see "
            "whether memory runs out. Clear the task, or let the next run go on: nothing is lost"
        ),
        page=_run_page(dag_id, run_id),
    )
    try:
        with open_context() as newswire:
            report_end(newswire, dag_id, [AlertRule.LATE_RUN])
            report_condition(newswire, condition)
    except StoreError as error:
        tell_directly(condition, str(error))


def _open_late(dag_id: str, run_id: str, minutes: float, queued: str | None) -> str:
    """Open the alert of a late run; return what was done."""
    from pipeline.alert_records import AlertCondition, AlertRule  # noqa: PLC0415
    from pipeline.alerts import report_condition  # noqa: PLC0415
    from pipeline.alerts.direct import tell_directly  # noqa: PLC0415
    from pipeline.context import open_context  # noqa: PLC0415
    from pipeline.errors import StoreError  # noqa: PLC0415

    condition = AlertCondition(
        rule=AlertRule.LATE_RUN,
        subject=dag_id,
        what=f"Airflow: a run of {dag_id} is not through after {minutes:g} minutes ({run_id})",
        since=dt.datetime.fromisoformat(queued) if queued else None,
        advice=(
            "its page shows which task takes so long, newswire top what waits for what; a run may be ended at any "
            "time: the next one goes on"
        ),
        page=_run_page(dag_id, run_id),
    )
    try:
        with open_context() as newswire:
            report_condition(newswire, condition)
    except StoreError as error:
        tell_directly(condition, str(error))
        return "the ledger can't be used; told directly"
    return "an alert is open"


def _run_page(dag_id: str, run_id: str) -> str:
    return f"/runs/{quote(dag_id, safe='')}/{quote(run_id, safe='')}"

"""Put into the note of a run what it did: a listener of Airflow's scheduler.

A task can't write the note of its run; the scheduler can, when the run ends. It takes what the run's last task left
under the key ``SUMMARY``, and leaves a note that a person wrote as it is.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

SUMMARY = "summary"


@hookimpl
def on_dag_run_success(dag_run: Any) -> None:
    """Note what a run did that went well."""
    _note_summary(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any) -> None:
    """Note what went wrong in a run."""
    _note_summary(dag_run)


def _note_summary(dag_run: Any) -> None:
    import sqlalchemy as sa  # noqa: PLC0415  (DAG files import this module)
    from airflow.models.xcom import XComModel  # noqa: PLC0415
    from sqlalchemy.orm import object_session  # noqa: PLC0415

    session = object_session(dag_run)
    if session is None or dag_run.note:
        return
    of_run = (XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == SUMMARY)
    values = session.scalars(sa.select(XComModel.value).where(*of_run)).all()
    if values:
        dag_run.note = str(values[-1])

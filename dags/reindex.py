"""A new version of the search index, built beside the one that is searched; searches never see less.

`build` fills it from the ledger, `verify` compares it with the ledger and with what searches see, `switch` lets them
see it, all at once. Ingestion goes on meanwhile: what is written goes into both. Trigger it where `newswire check` says
that another version of newswire made the index, or where documents are to be made anew. A task that is cut off, cleared
or tried again goes on where it was. The former version is kept until a run drops it (`which`), or this run does
after a person has confirmed it (`drop_old`).

The same as `newswire reindex` and `newswire reindex --drop-old`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, chain, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.airflow_plugin.dag_defaults import DAG_DEFAULTS
from pipeline.airflow_plugin.retries import TASK_DEFAULTS

ALL, BUILD, DROP = "build and switch", "build only", "drop"

PARAMS = {
    "which": Param(
        ALL,
        type="string",
        enum=[ALL, BUILD, DROP],
        title="What",
        description="'build only' leaves the switch to a later run; 'drop' only removes what searches don't see.",
    ),
    "drop_old": Param(
        False,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Drop the former version",
        description="Once searches see the new one, and a person has confirmed it on this run's page.",
    ),
}


def skip_unless(wanted: bool, why: str) -> None:
    """Skip the task that calls it, unless it is wanted.

    Raises:
        AirflowSkipException: It isn't.
    """
    if not wanted:
        raise AirflowSkipException(why)


def label(counts: dict[str, int]) -> dict[str, int]:
    """Show counts beside the task, such as ``2 generation, 100000 articles``; return them."""
    get_current_context()["counts"] = ", ".join(f"{count} {name}" for name, count in counts.items())  # type: ignore[typeddict-unknown-key]  # Airflow's way to label a task
    return counts


def asked() -> dict[str, Any]:
    """Return the parameters of the run."""
    return get_current_context()["params"]


@task(multiple_outputs=False, map_index_template="{{ counts }}", execution_timeout=dt.timedelta(hours=12))
def build() -> dict[str, int]:
    """Fill a new version of the index, or go on with the one that was begun."""
    from pipeline.reindex import run_build

    skip_unless(asked()["which"] != DROP, "only to drop")
    return label(run_build())


@task(multiple_outputs=False, map_index_template="{{ counts }}", execution_timeout=dt.timedelta(hours=3))
def verify() -> dict[str, int]:
    """Compare all its documents' revisions, and what a sample says, with the ledger; and with what searches see."""
    from pipeline.reindex import run_verify

    return label(run_verify())


@task(multiple_outputs=False, map_index_template="{{ counts }}")
def switch() -> dict[str, int]:
    """Let searches see it: the alias leads to it from one request to the next."""
    from pipeline.reindex import run_switch

    skip_unless(asked()["which"] == ALL, "only to be built")
    return label(run_switch())


@task(trigger_rule="none_failed")
def may_drop() -> None:
    """Go on to drop the former version, if this run was asked to."""
    wanted = asked()
    skip_unless(
        wanted["which"] == DROP or (wanted["which"] == ALL and wanted["drop_old"]), "the former version is kept"
    )


@task(multiple_outputs=False, map_index_template="{{ counts }}")
def drop() -> dict[str, int]:
    """Remove the versions that searches don't see."""
    from pipeline.reindex import run_drop

    return label(run_drop())


@dag(
    schedule=None,
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    params=PARAMS,
    dag_display_name="Build the index anew",
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def reindex() -> None:
    """A new version of the index beside the old one."""
    confirm = ApprovalOperator(
        task_id="confirm",
        subject="Drop the former version of the index?",
        body="Searches see the new version. What is dropped can't be brought back, but built anew.",
        fail_on_reject=False,
        execution_timeout=None,  # it waits for a person
    )
    chain(build(), verify(), switch(), may_drop(), confirm, drop())


reindex()

"""The main job: the seven stages in their order, every five minutes.

``pipeline.stages`` does the work and saves it in the ledger, so that a run that fails or is cut off loses nothing: the
next run goes on from there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, chain, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

# pipeline.records.Stage, which must not be imported while Airflow parses this file
STAGES = ("poll", "fetch", "extract", "dedupe", "enrich", "cluster", "index")

PARAMS = {
    "sources": Param(
        [],
        type="array",
        items={"type": "string"},
        title="Sources",
        description="Names from config/feeds.toml, one a line; none means all.",
    ),
    "stages": Param(
        list(STAGES),
        type="array",
        items={"type": "string", "enum": list(STAGES)},
        examples=list(STAGES),
        title="Stages",
        description="A stage that is left out is skipped; those after it still run.",
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Limit",
        description="How many items each stage takes at most; empty means all that wait.",
    ),
    "dry_run": Param(
        False,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Dry run",
        description="Only count what waits for each stage.",
    ),
}


@task(
    multiple_outputs=False,  # the counts are one value
    trigger_rule="none_failed",  # goes on after a skipped stage, not after a failed one
    retries=2,
    retry_delay=dt.timedelta(seconds=20),  # a server that restarts is back within a minute
    execution_timeout=dt.timedelta(hours=1),  # what is done until then is saved; the next run goes on
    map_index_template="{{ counts }}",
)
def run(stage: str) -> dict[str, Any]:
    """Run one stage, show its counts beside the task, and return them.

    Raises:
        AirflowSkipException: The run leaves this stage out.
    """
    from newswire_errors import airflow_errors

    from pipeline.stages import run_stage

    context = get_current_context()
    params = context["params"]
    if stage not in params["stages"]:
        raise AirflowSkipException(f"{stage} is left out of this run")
    with airflow_errors():
        counts = run_stage(stage, sources=params["sources"], limit=params["limit"], dry_run=params["dry_run"])
    context["counts"] = describe_counts(counts)  # type: ignore[typeddict-unknown-key]  # Airflow's way to label a task
    return counts


def describe_counts(counts: dict[str, Any]) -> str:
    """Return counts as a short line: ``60 in, 58 done, 2 dropped``."""
    sums = {name: sum(value.values()) if isinstance(value, dict) else value for name, value in counts.items()}
    return ", ".join(f"{n} {name}" for name, n in sums.items() if isinstance(n, int) and n) or "nothing waits"


@dag(
    schedule="*/5 * * * *",
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),  # any past time: missed runs are not caught up
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    tags=["newswire"],
    doc_md=__doc__,
)
def ingest() -> None:
    """Feeds to searchable stories."""
    chain(*(run.override(task_id=stage)(stage) for stage in STAGES))


ingest()

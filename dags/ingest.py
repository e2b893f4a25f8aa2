"""The main job: feeds to searchable stories, whenever something waits in the ledger, and every five minutes.

Each stage takes what waits for it, for a limited time, and leaves the rest to the next run: a slow host holds up
nothing. `pipeline.stages` does the work and saves it in the ledger, so a run that fails or is cut off loses nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import (
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Param,
    chain,
    dag,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowSkipException

from pipeline.airflow_plugin.assets import ARRIVALS, PRODUCTS, add_products
from pipeline.airflow_plugin.dag_defaults import DAG_DEFAULTS
from pipeline.airflow_plugin.pools import HEAVY_POOL, ORDER_POOL
from pipeline.airflow_plugin.retries import TASK_DEFAULTS
from pipeline.airflow_plugin.run_alerts import DEADLINES
from pipeline.airflow_plugin.run_notes import SUMMARY

# pipeline.records.Stage, with what each does
STAGES = {
    "poll": "Read the feeds that are due, and what hubs pushed; note the articles that they list.",
    "fetch": "Fetch the pages of articles, politely, and keep them in the archive.",
    "extract": "Read title, authors, times and text from each page.",
    "dedupe": "Find copies of known copy, in the order of arrival.",
    "enrich": "Find the names in each text, and tie each to a person, body or place.",
    "cluster": "Put each article into its story, in the order of arrival.",
    "index": "Write each document that is new, or says something else now, into the index.",
}

PARAMS = {
    "sources": Param(
        [],
        type=["array", "null"],  # the form sends null for a list that was emptied
        items={"type": "string"},
        title="Sources",
        description="Names from config/feeds.toml, one a line; none means all.",
        section="What",
    ),
    "stages": Param(
        list(STAGES),
        type=["array", "null"],
        items={"type": "string", "enum": list(STAGES)},
        examples=list(STAGES),
        title="Stages",
        description="A stage that is left out is skipped; those after it still run. None means all.",
        section="What",
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Limit",
        description="How many items each task takes at most; empty means all that wait.",
        section="How much",
    ),
    "request_seconds": Param(
        20,
        type=["null", "number"],
        exclusiveMinimum=0,
        title="Seconds for poll and fetch",
        description="For how long each asks for more; what is under way then gets the time of one request. "
        "Empty means until nothing is due.",
        section="How much",
    ),
    "work_seconds": Param(
        120,
        type=["null", "number"],
        exclusiveMinimum=0,
        title="Seconds for each other stage",
        description="For how long each takes more; the next run goes on from there. Empty means until all is done.",
        section="How much",
    ),
    "dry_run": Param(
        False,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Dry run",
        description="Only count what waits for each stage.",
        section="How much",
    ),
}


@task(doc_md="Check the parameters, and choose into how many shards the heavy stages are split.")
def plan() -> list[str]:
    """Return the names of the run's shards.

    Raises:
        UsageError: No source has one of the names that were given.
    """
    from pipeline.stages.shards import plan_shards

    return plan_shards(get_current_context()["params"]["sources"] or ())


@task(multiple_outputs=False, trigger_rule="none_failed", map_index_template="{{ counts }}")
def run(stage: str, shard: str | None = None) -> dict[str, Any]:
    """Run one stage, show its counts beside the task, announce what it brought, and return the counts.

    Raises:
        AirflowSkipException: The run leaves this stage out.
    """
    from pipeline.stages import run_stage

    context = get_current_context()
    params, dag_run = context["params"], context["dag_run"]
    if stage not in (params["stages"] or STAGES):
        raise AirflowSkipException(f"{stage} is left out of this run")
    counts = run_stage(
        stage,
        sources=params["sources"] or (),
        limit=params["limit"],
        dry_run=params["dry_run"],
        seconds=params["request_seconds" if stage in {"poll", "fetch"} else "work_seconds"],
        run_id=f"{dag_run.dag_id}/{dag_run.run_id}",
        started_by=dag_run.triggering_user_name,
    )
    label = describe_counts(counts)
    context["counts"] = f"{shard}: {label}" if shard else label  # type: ignore[typeddict-unknown-key]  # Airflow's way to label a task
    add_products(context["outlet_events"], counts.get("brought"))
    return counts


@task(
    multiple_outputs=False,
    trigger_rule="all_done",  # also of a run that failed
    map_index_template="{{ summary }}",
    doc_md="Say what the run did, beside the task and in the note of the run. Fails where a stage failed, and where "
    "no source could be read.",
)
def report() -> str:
    """Close the run in the ledger, and return in a line what it did.

    Raises:
        RunFailedError: A stage failed, or whatever the run tried.
    """
    from pipeline.errors import RunFailedError
    from pipeline.stages import close_run

    context = get_current_context()
    dag_run, instance = context["dag_run"], context["ti"]
    states = instance.get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])[dag_run.run_id]
    failed = sorted({name for name, state in states.items() if state == "failed"})
    faults = [f"failed: {', '.join(failed)}"] if failed else []
    try:
        summary = close_run(f"{dag_run.dag_id}/{dag_run.run_id}").get("summary", "nothing was done")
    except RunFailedError as error:
        summary = str(error)
        faults.append(summary)
    line = "; ".join(faults or [summary])
    instance.xcom_push(key=SUMMARY, value=line)
    context["summary"] = line  # type: ignore[typeddict-unknown-key]
    if faults:
        raise RunFailedError(line)
    return line


def describe_counts(counts: dict[str, Any]) -> str:
    """Return counts as a short line: ``60 in, 58 done, 2 dropped``."""
    names = ("waiting", "in", "done", "dropped", "retry", "quarantined", "new", "changed", "gaps")
    sums = {name: sum(n.values()) if isinstance(n := counts.get(name, 0), dict) else n for name in names}
    return ", ".join(f"{n} {name}" for name, n in sums.items() if n) or "nothing waits"


def stage_task(stage: str, **options: Any) -> Any:
    """Return the task that runs ``stage``."""
    return run.override(task_id=stage, doc_md=STAGES[stage], **options)


@dag(
    dag_display_name="Ingest the news",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[ARRIVALS]),
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),  # any past time: missed runs are not caught up
    catchup=False,
    max_active_runs=1,  # the next one takes all that waits
    dagrun_timeout=dt.timedelta(hours=2),
    deadline=DEADLINES,
    default_args={**TASK_DEFAULTS, "priority_weight": 10, "weight_rule": "absolute"},  # before repetitions
    params=PARAMS,
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def ingest() -> None:
    """Feeds to searchable stories."""
    shards = plan()

    @task_group(prefix_group_id=False, tooltip="Fetched pages are read while other shards still fetch.")
    def pages(shard: str) -> None:
        fetched = stage_task("fetch", pool=HEAVY_POOL)(stage="fetch", shard=shard)
        fetched >> stage_task("extract", pool=HEAVY_POOL)(stage="extract", shard=shard)

    names = stage_task("enrich", pool=HEAVY_POOL).partial(stage="enrich").expand(shard=shards)
    chain(
        shards,
        stage_task("poll")("poll"),
        pages.expand(shard=shards),
        stage_task("dedupe", pool=ORDER_POOL, outlets=[PRODUCTS])("dedupe"),
        names,
        stage_task("cluster", pool=ORDER_POOL, outlets=[PRODUCTS])("cluster"),
        stage_task("index", outlets=[PRODUCTS])("index"),
        report(),
    )


ingest()

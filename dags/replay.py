"""Do a stage again over articles that it has passed: look first, then ask, then go on in batches.

`replay` is triggered by hand. `replay_days` is the same for backfills, one run for each day of first sight:
`airflow backfill create --dag-id replay_days --from-date 2026-11-01 --to-date 2026-11-07`.

1. **plan** notes in the ledger what is asked for, and how many articles that is.
2. **compare** lets the stage decide on all of them and saves nothing. What would differ stands on newswire's own page.
3. **approve** waits for a person, unless `ask` is off. Of *everything* it asks in any case.
4. **batch** sends back the articles that would differ, and takes them up to the index. It may be cleared at any time:
   what was sent isn't sent again.
5. **index** makes it searchable, and **close** says whether it became what the dry run had shown.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import CronPartitionTimetable, Param, chain, dag, get_current_context, task

from pipeline.airflow_plugin.dag_defaults import DAG_DEFAULTS
from pipeline.airflow_plugin.pools import HEAVY_POOL
from pipeline.airflow_plugin.retries import TASK_DEFAULTS
from pipeline.records import Reason

# pipeline.replay.plan.REPLAYED_STAGES, which must not be imported while Airflow parses this file
STAGES = ("extract", "dedupe", "enrich", "cluster")
_WHAT, _WHICH, _HOW = "What", "Which articles: all that meet every condition", "How"

_MOMENT = {"type": ["null", "string"], "format": "date-time", "section": _WHICH}
_LIST = {"type": ["array", "null"], "items": {"type": "string"}, "section": _WHICH}

PARAMS = {
    "stage": Param(
        "extract",
        type="string",
        enum=list(STAGES),
        title="Stage",
        description="It and the later ones are done again, on what is kept: no page is fetched.",
        section=_WHAT,
    ),
    "sources": Param(None, **_LIST, title="Sources", description="Names, one a line; none means all."),
    "version": Param(
        None,
        type=["null", "string"],
        title="Made by version",
        description="Only what this version of the stage has made.",
        section=_WHICH,
    ),
    "reason": Param(
        None,
        type=["null", "string"],
        enum=[None, *map(str, Reason)],
        title="Reason of a failure",
        description="Only what the stage gave up, or did not simply pass on, for this reason.",
        section=_WHICH,
    ),
    "addresses": Param(None, **_LIST, title="Addresses", description="Addresses or ids of articles, one a line."),
    "ask": Param(
        True,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Ask before anything changes",
        description="Off: what would differ is done at once; of everything it is asked all the same.",
        section=_HOW,
    ),
}
TIMES = {
    "since": Param(None, **_MOMENT, title="First seen since", description="At this time or later."),
    "until": Param(None, **_MOMENT, title="First seen until", description="Before this time."),
}


@task(multiple_outputs=False, map_index_template="{{ label }}")
def plan() -> dict[str, Any]:
    """Note what is asked for; return its number and how many articles it is."""
    from pipeline.replay import tasks

    context = get_current_context()
    run = context["dag_run"]
    by = getattr(run, "triggering_user_name", None) or _name_run()
    planned = tasks.plan(context["params"], by=by, day=run.partition_key)
    _label(f"replay {planned['replay']}: {planned['articles']} articles")
    return planned


@task(multiple_outputs=False, pool=HEAVY_POOL, execution_timeout=dt.timedelta(hours=12))
def compare(planned: dict[str, Any]) -> dict[str, Any]:
    """Let the stage decide on all of them and save nothing; return what would differ. It may be cut off and cleared."""
    from pipeline.replay import tasks

    return tasks.compare(planned["replay"])


@task.branch
def choose(planned: dict[str, Any], compared: dict[str, Any]) -> str:
    """Tell whether a person is asked: not where nothing would differ, nor where ``ask`` is off and a part is meant."""
    is_asked = planned["everything"] or get_current_context()["params"]["ask"]
    return "approve" if compared["changed"] and is_asked else "start"


@task(multiple_outputs=False, trigger_rule="none_failed_min_one_success")
def start(planned: dict[str, Any]) -> list[dict[str, Any]]:
    """Note that it was approved, and by whom; return the batches."""
    from pipeline.replay import tasks

    context = get_current_context()
    answer = context["ti"].xcom_pull(task_ids="approve") or {}
    by = (answer.get("responded_by_user") or {}).get("name")
    return tasks.start(planned["replay"], by or _name_run())


@task(
    multiple_outputs=False,
    pool=HEAVY_POOL,
    max_active_tis_per_dag=1,  # each takes what waits, so that two at once would only wait for each other
    map_index_template="{{ label }}",
)
def batch(number: int, batch: int, label: str) -> dict[str, int]:
    """Send one batch back, and take it up to the index."""
    from pipeline.replay import tasks

    report = tasks.run_batch(number, batch)
    _label(f"{label}: {report['sent']} of {report['articles']} sent, {report['left']} on their way")
    return report


@task(multiple_outputs=False)
def index() -> dict[str, Any]:
    """Make it searchable."""
    from pipeline.replay import tasks

    return tasks.index()


@task(trigger_rule="none_failed", map_index_template="{{ label }}")
def close(planned: dict[str, Any]) -> None:
    """Say what became of it; note where it was rejected."""
    from pipeline.replay import tasks

    # a rejection returns no value, and skips what follows; who it was, Airflow's audit log tells
    is_rejected = get_current_context()["ti"].xcom_pull(task_ids="start") is None
    _label(tasks.reject(planned["replay"], _name_run()) if is_rejected else tasks.close(planned["replay"]))


def _name_run() -> str:
    run = get_current_context()["dag_run"]
    return f"{run.dag_id} {run.run_id}"


def _label(text: str) -> None:
    """Show ``text`` beside the task."""
    get_current_context()["label"] = text  # type: ignore[typeddict-unknown-key]  # Airflow's way to label a task


def _add_tasks() -> None:
    """Add the steps of a replay to the DAG that is being defined."""
    planned = plan()
    compared = compare(planned)
    approve = ApprovalOperator(
        task_id="approve",
        subject="Replay {{ ti.xcom_pull('plan')['replay'] }}: {{ ti.xcom_pull('plan')['what'] }}: "
        "{{ ti.xcom_pull('plan')['articles'] }} articles",
        body="{{ ti.xcom_pull('compare')['summary'] }}.\n\n"
        "[How they would read otherwise]({{ ti.xcom_pull('compare')['page'] }})",
        defaults=ApprovalOperator.REJECT,  # the answer where nobody gives one
        response_timeout=dt.timedelta(days=7),
        execution_timeout=None,
    )
    started = start(planned)
    chain(choose(planned, compared), [approve, started])
    approve >> started
    done = batch.expand_kwargs(started)
    chain(done, index(), close(planned))


@dag(
    schedule=None,
    params=PARAMS | TIMES,
    default_args=TASK_DEFAULTS,
    max_active_runs=4,
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def replay() -> None:
    """Do a stage again over chosen articles."""
    _add_tasks()


# It never starts by itself: its schedule ended before it began, and says only which days there are. A backfill asks for
# each day, and its runs are the only ones that may be.
@dag(
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", key_format="%Y-%m-%d"),
    start_date=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
    end_date=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    allowed_run_types=["scheduled", "backfill"],
    params=PARAMS,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def replay_days() -> None:
    """Do a stage again, day by day of first sight, as a backfill asks for it."""
    _add_tasks()


replay()
replay_days()

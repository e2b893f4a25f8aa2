"""Bring in archives that lie on a disk: WARC files, JSON lines, folders of pages and of files of the news trade.

It is triggered by hand. Each file of records is a task of its own, other files go by groups. Only reading is done here:
pages go to the archive and wait in the ledger for `extract`, where `ingest` finds them. It starts by itself as soon as
something waits, shares its stages among its own workers and takes no more than its budget in a run, so that two ways
lead no article through one stage at once.

How far each file was read is kept in the ledger. A task that was cut off goes on there when it is tried again or
cleared, and another run reads only what is new. The log of a task names each record that could not be used.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from pipeline.airflow_plugin.dag_defaults import DAG_DEFAULTS
from pipeline.airflow_plugin.pools import HEAVY_POOL
from pipeline.airflow_plugin.retries import TASK_DEFAULTS

_WHAT, _HOW = "What", "How"

PARAMS = {
    "paths": Param(
        None,
        type=["array", "null"],  # the form sends null for a list that was emptied
        items={"type": "string"},
        title="Paths",
        description="Files, folders or patterns, one a line, from / on, as the workers see them: "
        "`/data/crawl/**/*.warc.gz`",
        section=_WHAT,
    ),
    "source": Param(
        "import",  # pipeline.records.IMPORTED, which must not be imported while Airflow parses this file
        type="string",
        minLength=1,
        title="Source",
        description="The source of articles that name none.",
        section=_WHAT,
    ),
    "limit": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Limit",
        description="How many new articles each task takes at most; the next run goes on behind them. "
        "Empty means all: they are in line before news that comes later.",
        section=_HOW,
    ),
    "again": Param(
        False,  # noqa: FBT003 - a parameter's default value
        type="boolean",
        title="Read again",
        description="Also what was read before, such as after a setting was changed. Known articles stay as they are.",
        section=_HOW,
    ),
}


@task(multiple_outputs=False)
def plan() -> list[dict[str, Any]]:
    """Find the files, and divide them among tasks.

    Raises:
        UsageError: There is nothing at a path.
    """
    from pipeline.intake.import_plan import plan_import

    return plan_import(get_current_context()["params"]["paths"])


@task(
    multiple_outputs=False,
    map_index_template="{{ label | default(task.op_kwargs.part.label) }}",
    pool=HEAVY_POOL,
    execution_timeout=dt.timedelta(hours=6),  # what is read until then is saved; the next try goes on
)
def take_in(part: dict[str, Any]) -> dict[str, Any]:
    """Take what the files hold into archive and ledger; return what became of it.

    Raises:
        UsageError: Nothing of them can be used.
    """
    from pipeline.intake.file_importer import run_import

    context = get_current_context()
    params = context["params"]
    counts = run_import(part["paths"], params["source"], again=params["again"], limit=params["limit"])
    label = f"{part['label']}: {describe_counts(counts)}"
    context["label"] = label  # type: ignore[typeddict-unknown-key]  # Airflow's way to label a task
    return counts


def describe_counts(counts: dict[str, Any]) -> str:
    """Return counts as a short line: ``812 new, 3 known, 40 left_out``."""
    sums = {name: sum(value.values()) if isinstance(value, dict) else value for name, value in counts.items()}
    return ", ".join(f"{n} {name}" for name, n in sums.items() if n and name != "read") or "nothing new"


@dag(
    dag_display_name="Import an archive",
    schedule=None,
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,  # of two that read one file the second would wait, try again and find nothing
    default_args={**TASK_DEFAULTS, "priority_weight": 1, "weight_rule": "absolute"},  # behind fresh news
    params=PARAMS,
    doc_md=__doc__,
    **DAG_DEFAULTS,
)
def import_archive() -> None:
    """Files to archive and ledger."""
    take_in.expand(part=plan())


import_archive()

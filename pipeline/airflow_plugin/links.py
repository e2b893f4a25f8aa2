"""Lead from Airflow's pages to ours: from a run to what it did, from a task to what its stage did in that run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from airflow.sdk import BaseOperatorLink

from pipeline.airflow_plugin.pages import pages_url
from pipeline.records import Stage

TAG = "newswire"  # that our DAGs bear: tasks of other DAGs get no links


def run_path(dag_id: str, run_id: str, stage: str | None = None) -> str:
    """Return the path of our page of a run, narrowed to one stage's articles where ``stage`` is one of the seven."""
    query = f"?{urlencode({'stage': stage})}" if stage in {*Stage} - {Stage.POLL} else ""
    return f"/runs/{quote(dag_id, safe='')}/{quote(run_id, safe='')}{query}"


class RunLink(BaseOperatorLink):
    """The button on a task's page that leads to what its stage did in that run."""

    name = "What this run did"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return our page of the task's run; nothing for a DAG that isn't ours, which shows no button."""
        tags = getattr(getattr(operator, "dag", None), "tags", None) or ()
        if TAG not in tags:
            return ""
        return pages_url() + run_path(ti_key.dag_id, ti_key.run_id, ti_key.task_id)

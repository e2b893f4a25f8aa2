"""Hold what all DAGs of newswire have: a tag, a link from their owner to our pages, and whom their runs alert."""

from __future__ import annotations

from typing import Any

from pipeline.airflow_plugin.links import TAG
from pipeline.airflow_plugin.pages import pages_url
from pipeline.airflow_plugin.retries import TASK_DEFAULTS
from pipeline.airflow_plugin.run_alerts import RUN_CALLBACKS

DAG_DEFAULTS: dict[str, Any] = {
    "tags": [TAG],
    "owner_links": {TASK_DEFAULTS["owner"]: pages_url()},
    **RUN_CALLBACKS,
}

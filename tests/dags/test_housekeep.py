"""dags/housekeep.py: parsed by Airflow, and its tasks called as Airflow calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, airflow_environment

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
sys.path.append({folder!r})  # as Airflow does for a bundle of dags
bag = DagBag({folder!r})
dag = bag.dags["housekeep"]
parsed = {{
    "errors": bag.import_errors,
    "pipeline": [name for name in sys.modules if name.split(".")[0] == "pipeline"],
    "edges": {{task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}},
    "schedule": dag.schedule,
    "runs": [dag.max_active_runs, dag.catchup],
}}
parsed["counts"] = {{task.task_id: task.python_callable() for task in dag.tasks}}
print(json.dumps(parsed))
"""


@pytest.mark.slow
def test_every_night_stories_are_repaired_and_then_what_is_old_is_forgotten(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PARSE.format(folder=str(REPO / "dags"))],
        env=airflow_environment(tmp_path, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
        | {"NEWSWIRE_HOME": str(tmp_path), "NEWSWIRE_CONFIG": str(REPO / "config")},
        capture_output=True,
        text=True,
        check=True,
    )
    parsed = json.loads(done.stdout.splitlines()[-1])
    assert (parsed["errors"], parsed["pipeline"]) == ({}, [])
    assert parsed["edges"] == {"repair_stories": ["expire"], "expire": []}
    assert (parsed["schedule"], parsed["runs"]) == ("20 3 * * *", [1, False])
    assert parsed["counts"] == {"repair_stories": {"stories": 0, "merged": 0, "split": 0}, "expire": {"history": 0}}

"""dags/reindex.py: parsed by Airflow, and its tasks called as Airflow calls them, on a real ledger and index."""

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
bag = DagBag({folder!r})
dag = bag.dags["reindex"]
module = sys.modules[dag.get_task("build").python_callable.__module__]
parsed = {{
    "errors": {{name: error for name, error in bag.import_errors.items() if "reindex" in name}},
    "stages": [name for name in sys.modules if name.startswith(("pipeline.stages", "pipeline.store"))],
    "edges": {{task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}},
    "schedule": dag.schedule,
}}


def run(which, drop_old=False):
    context = {{"params": {{"which": which, "drop_old": drop_old}}}}
    module.get_current_context = lambda: context
    done = {{}}
    for name in ("build", "verify", "switch", "may_drop", "drop"):
        if name == "verify" and "build" not in done:
            continue
        try:
            done[name] = dag.get_task(name).python_callable()
        except module.AirflowSkipException as skipped:
            if name == "may_drop":
                break
    return done


parsed["runs"] = [
    run(module.BUILD), run(module.ALL), run(module.ALL, drop_old=True), run(module.DROP)
]
print(json.dumps(parsed))
"""


@pytest.mark.slow
def test_a_new_version_is_built_verified_and_switched_to_as_the_run_is_asked(tmp_path):
    environment = airflow_environment(tmp_path, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}) | {
        "NEWSWIRE_HOME": str(tmp_path),
        "NEWSWIRE_CONFIG": str(REPO / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE.format(folder=str(REPO / "dags"))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    parsed = json.loads(done.stdout.splitlines()[-1])
    assert (parsed["errors"], parsed["stages"], parsed["schedule"]) == ({}, [], None)
    assert parsed["edges"] == {
        "build": ["verify"], "verify": ["switch"], "switch": ["may_drop"], "may_drop": ["confirm"],
        "confirm": ["drop"], "drop": [],
    }  # fmt: skip
    built, switched, dropped, only_dropped = parsed["runs"]
    assert built.keys() == {"build", "verify"}
    assert switched["switch"]["generation"] == built["build"]["generation"] == 2
    assert (dropped["switch"]["generation"], dropped["drop"]) == (3, {"dropped": 1})
    assert only_dropped == {"may_drop": None, "drop": {"dropped": 0}}

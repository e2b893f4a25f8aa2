"""pipeline/airflow_plugin/run_alerts.py: asked of a real Airflow, which is killed at work, late, and well again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.alert_records import AlertPhase
from pipeline.store import Store

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, Airflow, airflow_environment

# under the name that the helper waits for
DAG = """
import os, time
from airflow.sdk import Param, dag, get_current_context, task
from pipeline.airflow_plugin.run_alerts import RUN_CALLBACKS, deadlines

@task
def work():
    todo = get_current_context()["params"]["todo"]
    if todo == "die":
        os.kill(os.getpid(), 9)
    time.sleep(30 if todo == "dawdle" else 0)

@dag(schedule=None, params={"todo": Param("nothing")}, **RUN_CALLBACKS, deadline=deadlines(0.1))
def ingest():
    work()

ingest()
"""

CALL = """
import asyncio, json, sys
from types import SimpleNamespace as Facts
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
heavy = {"sqlalchemy.orm", "pipeline.store", "pipeline.stages", "pipeline.context"}
from pipeline.airflow_plugin import run_alerts
loaded = sorted(heavy & set(sys.modules) - {"sqlalchemy.orm"})
bag = DagBag(sys.argv[1])
dag = bag.dags["ingest"]
plain = [json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str) for _ in range(2)]
context = {"dag": Facts(dag_id="ingest"), "run_id": "r/1", "reason": "task_failure", "ti": Facts(task_id="extract")}
late = {"dag_id": "ingest", "dag_run_id": "r/1", "queued_at": "2026-11-20T12:00:00Z", "end_date": None}
for _ in range(2):
    asyncio.run(run_alerts.report_late_run(30, context={"dag_run": late}))
asyncio.run(run_alerts.report_late_run(30, context={"dag_run": late | {"end_date": "2026-11-20T12:40:00Z"}}))
callbacks = dag.on_failure_callback * 2 if "fail" in sys.argv else []
callbacks = callbacks + dag.on_success_callback if "pass" in sys.argv else callbacks
for callback in callbacks:
    callback(context)
print(json.dumps({"errors": bag.import_errors, "loaded": loaded, "same": plain[0] == plain[1]}))
"""


@pytest.fixture
def dags(tmp_path):
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "ingest.py").write_text(DAG, encoding="utf-8")
    return folder


def call(dags, *events):
    home = dags.parent
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(dags), *events],
        env=airflow_environment(
            home, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "NEWSWIRE_CONFIG": str(REPO / "config")}
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def listed(home):
    """Return (phase, rule) of the ledger's alerts with the alerts, the oldest first."""
    store = Store(f"sqlite:///{home}/ledger.db")
    with store.read() as connection:
        alerts = store.alerts.list_alerts(connection, list(AlertPhase))
    store.close()
    return [((alert.phase.value, alert.condition.rule.value), alert) for alert in reversed(alerts)]


@pytest.mark.slow
def test_the_callbacks_of_a_dag_open_its_alerts_once_and_end_them(dags, tmp_path):
    said = call(dags)
    assert said == {"errors": {}, "loaded": [], "same": True}
    ((standing, late),) = listed(tmp_path)
    assert standing == ("open", "late run")
    assert "ingest is not through after 30 minutes (r/1)" in late.condition.what
    assert late.condition.page == "/runs/ingest/r%2F1"
    call(dags, "fail")
    standings = [standing for standing, _ in listed(tmp_path)]
    assert sorted(standings) == [("open", "failed run"), ("over", "late run")]
    (failed,) = [alert for (_, rule), alert in listed(tmp_path) if rule == "failed run"]
    assert "a run of ingest failed (r/1, last task extract): task_failure" in failed.condition.what
    call(dags, "pass")
    assert {phase for (phase, _), _ in listed(tmp_path)} == {"over"}


def wait_until_open(home, wanted, seconds=300):
    """Wait until these rules have open alerts; a run that failed may have been late before, on a slow machine."""
    end = time.monotonic() + seconds
    while (present := {rule for (phase, rule), _ in listed(home) if phase == "open"}) != wanted:
        assert time.monotonic() < end, f"{present} and not {wanted}"
        time.sleep(1)


@pytest.mark.servers
def test_a_task_that_is_killed_and_a_run_that_is_late_open_alerts_that_a_run_that_goes_through_ends(dags, tmp_path):
    environment = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "NEWSWIRE_CONFIG": str(REPO / "config")}
    with Airflow(tmp_path, environment) as airflow:
        assert airflow.wait(airflow.trigger({"todo": "die"})) == "failed"
        wait_until_open(tmp_path, {"failed run"})
        run = airflow.trigger({"todo": "dawdle"})
        wait_until_open(tmp_path, {"failed run", "late run"})
        assert airflow.wait(run) == "success"
        wait_until_open(tmp_path, set())

"""dags/housekeep.py: parsed by Airflow, and its tasks called as Airflow calls them."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
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
parsed["leaves"] = [task.task_id for task in dag.tasks if not task.downstream_task_ids]
parsed["outputs"] = [task.task_id for task in dag.tasks if task.multiple_outputs]
parsed["rules"] = {{task.task_id: task.trigger_rule.value for task in dag.tasks}}
import pipeline.housekeeping as work
names = ("repair", "expire", "drop_operations", "revisit_report", "source_report", "archive_check", "backup")
parsed["counts"] = {{name: getattr(work, "run_" + name)() for name in names}}
print(json.dumps(parsed))
"""


ORDER = ["repair_stories", "expire", "drop_operations", "report_revisits", "report_sources", "check_archive", "backup"]
ORDER += ["conclude"]


@pytest.mark.slow
def test_every_night_each_task_does_its_work_whatever_became_of_the_others_and_any_fault_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PARSE.format(folder=str(REPO / "dags"))],
        env=airflow_environment(tmp_path, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
        | {"NEWSWIRE_HOME": str(tmp_path), "NEWSWIRE_CONFIG": str(REPO / "config")},
        capture_output=True,
        text=True,
        check=True,
    )
    parsed = json.loads(done.stdout.splitlines()[-1])
    assert parsed["errors"] == {}
    heavy = ("pipeline.housekeeping", "pipeline.stages", "pipeline.store")
    assert [name for name in parsed["pipeline"] if name.startswith(heavy)] == []
    assert parsed["edges"] == {
        task: sorted({ORDER[at + 1], "conclude"}) if task != "conclude" else [] for at, task in enumerate(ORDER)
    }
    assert parsed["rules"] == dict.fromkeys(ORDER[:-1], "all_done") | {"conclude": "none_failed"}
    assert (parsed["schedule"], parsed["runs"]) == ("20 3 * * *", [1, False])
    assert (parsed["leaves"], parsed["outputs"]) == (["conclude"], [])
    assert parsed["counts"] == {
        "repair": {"stories": 0, "merged": 0, "split": 0},
        "expire": {"history": 0, "pages": 0},
        "drop_operations": None,
        "revisit_report": {"late": 0, "within_a_day": 0, "later": 0},
        "source_report": {"feeds": 0, "drifted": 0},
        "archive_check": {"faults": 0},
        "backup": None,
    }


CLEAN = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
columns = [row[1] for row in ledger.execute("PRAGMA table_info(dag_run)")]
start = columns.index("start_date")
run = list(ledger.execute("SELECT * FROM dag_run WHERE dag_id = 'housekeep'").fetchone())
for number, (dag, at) in enumerate([("housekeep", "2026-01-01"), ("others", "2026-01-01")]):
    for column, value in {"id": 900 + number, "dag_id": dag, "run_id": str(number), "logical_date": None}.items():
        run[columns.index(column)] = value
    run[start] = at + " 00:00:00.000000"
    ledger.execute(f"INSERT INTO dag_run VALUES ({', '.join('?' * len(run))})", run)
ledger.commit()
"""


@pytest.mark.slow
def test_a_run_makes_a_backup_and_old_runs_of_our_dags_alone_are_removed_from_airflow(tmp_path):
    environment = airflow_environment(
        tmp_path, {"NEWSWIRE_CONFIG": str(REPO / "config"), "NEWSWIRE_BACKUP_URL": str(tmp_path / "backups")}
    ) | {
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    run = [str(REPO / "scripts" / "airflow"), "test", "housekeep"]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert len(list((tmp_path / "backups" / "backups").glob("*/manifest.json"))) == 1
    database = tmp_path / "airflow" / "airflow.db"
    subprocess.run([sys.executable, "-c", CLEAN, database], check=True)
    clean = [REPO / "deploy" / "airflow-clean", "30"]
    cleaned = subprocess.run(clean, env=environment, capture_output=True, text=True, check=False)
    assert cleaned.returncode == 0, cleaned.stdout[-3000:] + cleaned.stderr[-3000:]
    with contextlib.closing(sqlite3.connect(database)) as connection:
        runs = connection.execute("SELECT dag_id, id >= 900 FROM dag_run ORDER BY 1, 2").fetchall()
    assert runs == [("housekeep", 0), ("others", 1)]

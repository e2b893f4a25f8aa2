"""dags/import_archive.py: run as Airflow runs it, on real files and a real ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, airflow_environment

RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.cli import get_db_dag
from airflow.models.pool import Pool
from pipeline.airflow_plugin.pools import HEAVY_POOL
sys.path.append({folder!r})  # as Airflow does for a bundle of dags
Pool.create_or_update_pool(HEAVY_POOL, slots=2, description="", include_deferred=False)
dag = DagBag({folder!r} + "/import_archive.py").dags["import_archive"]
loaded = [name for name in sys.modules if name.startswith(("pipeline.stages", "pipeline.store", "pipeline.intake."))]
runs = []
for conf in {confs!r}:
    run = dag.test(run_conf=conf)
    tasks = run.get_task_instances()
    runs.append({{
        "state": run.state,
        "tasks": sorted([one.task_id, one.map_index, one.state, one.rendered_map_index or ""] for one in tasks),
    }})
print("FOUND " + json.dumps({{"runs": runs, "loaded": loaded}}))
"""


@pytest.mark.slow
def test_files_are_read_by_tasks_of_their_own_and_a_second_run_reads_nothing_twice(tmp_path):
    crawl = tmp_path / "crawl"
    crawl.mkdir()
    for name in ("a", "b"):
        lines = [
            json.dumps({"id": f"{name}{n}", "text": f"{name}: the bridge closes for {n} weeks."}) for n in range(9)
        ]
        (crawl / f"{name}.jsonl").write_text("\n".join([*lines, "nonsense", ""]), encoding="utf-8")
    (crawl / "bad.warc").write_bytes(b"no archive")
    confs = [{"paths": [f"{crawl}/*.jsonl"], "limit": 5}, {"paths": [str(crawl)]}, {"paths": None}]
    environ = airflow_environment(tmp_path, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
    environ |= {"NEWSWIRE_CONFIG": str(REPO / "config"), "AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags")}
    subprocess.run(
        [Path(sys.executable).with_name("airflow"), "db", "migrate"], env=environ, check=True, capture_output=True
    )
    program = RUN.format(folder=str(REPO / "dags"), confs=confs)
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    (found,) = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")] or [done.stderr[-3000:]]
    first, second, third = (found := json.loads(found.removeprefix("FOUND ")))["runs"]
    assert found["loaded"] == []
    assert first["state"] == "success"
    assert first["tasks"][1:] == [
        ["take_in", 0, "success", "a.jsonl: 5 new"],
        ["take_in", 1, "success", "b.jsonl: 5 new"],
    ]
    assert [task[2:] for task in second["tasks"][1:]] == [
        ["success", "a.jsonl: 4 new, 1 failed"],
        ["success", "b.jsonl: 4 new, 1 failed"],
        ["failed", "bad.warc"],
    ]
    assert (second["state"], third["state"]) == ("failed", "failed")
    assert "name at least one file, folder or pattern" in done.stdout + done.stderr
    assert "bad.warc can be used: 1 times unreadable" in done.stdout + done.stderr

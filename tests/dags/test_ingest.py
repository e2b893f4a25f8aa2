"""dags/ingest.py: parsed by Airflow, run by ``airflow dags test``, and by a whole Airflow through its REST API."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pipeline.demo.newsroom import feeds_toml
from pipeline.demo.server import serve_newsroom
from pipeline.records import Stage

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, SCRIPT, Airflow, airflow_environment

STAGES = [str(stage) for stage in Stage]

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
sys.path.append({folder!r})  # as Airflow does for a bundle of dags
bag = DagBag({folder!r})
dag = bag.dags["ingest"]
print(json.dumps({{
    "errors": bag.import_errors,
    "pipeline": [name for name in sys.modules if name.split(".")[0] == "pipeline"],
    "tasks": [task.task_id for task in dag.topological_sort()],
    "edges": {{task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}},
    "trigger_rules": sorted({{task.trigger_rule.value for task in dag.tasks}}),
    "schedule": dag.schedule,
    "catchup": dag.catchup,
    "max_active_runs": dag.max_active_runs,
    "params": {{name: dag.params.get_param(name).schema | {{"default": dag.params[name]}} for name in dag.params}},
    "stages": list(sys.modules[dag.tasks[0].python_callable.__module__].STAGES),
}}))
"""


WHICH = """
import airflow.settings
airflow.settings.prepare_syspath_for_config_and_plugins()
import pipeline
print(pipeline.__file__)
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """What Airflow makes of the file, in a process of its own."""
    home = tmp_path_factory.mktemp("parse")
    done = subprocess.run(
        [sys.executable, "-c", PARSE.format(folder=str(REPO / "dags"))],
        env=airflow_environment(home, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_dag_parses_without_errors_and_without_the_pipeline(parsed):
    assert parsed["errors"] == {}
    assert parsed["pipeline"] == []


def test_the_seven_verbs_are_tasks_one_after_the_other(parsed):
    assert parsed["stages"] == STAGES
    assert parsed["tasks"] == STAGES
    assert parsed["edges"] == {one: [after] for one, after in itertools.pairwise(STAGES)} | {"index": []}


def test_a_skipped_stage_does_not_stop_those_after_it(parsed):
    assert parsed["trigger_rules"] == ["none_failed"]


def test_it_runs_every_five_minutes_once_at_a_time_and_catches_nothing_up(parsed):
    assert parsed["schedule"] == "*/5 * * * *"
    assert parsed["max_active_runs"] == 1
    assert parsed["catchup"] is False


def test_sources_stages_limit_and_dry_run_can_be_chosen(parsed):
    params = parsed["params"]
    assert {name: one["default"] for name, one in params.items()} == {
        "sources": [],
        "stages": STAGES,
        "limit": None,
        "dry_run": False,
    }
    assert params["stages"]["items"]["enum"] == STAGES
    assert params["limit"]["type"] == ["null", "integer"]


@pytest.mark.slow
def test_what_a_task_imports_is_the_project_even_beside_namesakes(tmp_path):
    """Airflow appends its folders ``config`` and ``plugins`` to the module path."""
    make_decoys(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", WHICH],
        env=airflow_environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.split()[-1]) == REPO / "pipeline" / "__init__.py"


MAIN = """
if __name__ != "__main__":
    raise SystemExit("the main program was run anew")
from pipeline.workers import Workers
with Workers(len, count=1, seconds=20) as workers:
    print(*workers.map([[1, 2]]))
"""


def test_parsers_do_not_run_the_main_program_anew(tmp_path):
    """It would be Airflow's, which refuses to start inside one of its own tasks."""
    program = tmp_path / "program.py"
    program.write_text(MAIN)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_the_settings_folder_holds_no_python():
    assert not list((REPO / "config").rglob("*.py"))


def make_decoys(home):
    for folder in ("config", "plugins"):
        decoy = home / "airflow" / folder / "pipeline"
        decoy.mkdir(parents=True)
        # Airflow itself runs what lies in plugins, under another name
        (decoy / "__init__.py").write_text("if __name__ == 'pipeline': raise SystemExit('the wrong pipeline')\n")


@pytest.fixture
def newsroom():
    with serve_newsroom() as server:
        yield server


@pytest.fixture
def variables(tmp_path, newsroom):
    """An environment with the demo newsroom as its sources and, where one runs, a real Elasticsearch as its index."""
    alias = f"dags-{secrets.token_hex(4)}"
    config = tmp_path / "settings"
    config.mkdir()
    (config / "feeds.toml").write_text(feeds_toml(newsroom.sources), encoding="utf-8")
    (config / "newswire.toml").write_text(
        f'[index]\nalias = "{alias}"\n[fetch]\nper_host_delay_seconds = 0\n'
        f'allow_addresses = ["127.0.0.0/8"]\nallow_ports = {list(newsroom.ports)}\n'
    )
    for file in (REPO / "config").glob("*.toml"):
        if not (config / file.name).exists():
            (config / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    chosen = {"NEWSWIRE_CONFIG": str(config)}
    if server := os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH"):
        chosen["NEWSWIRE_INDEX_URL"] = server
    yield chosen
    if server:
        for index in call(f"{server}/{alias}*"):  # none where the test ended before
            call(f"{server}/{index}", "DELETE")


def call(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        return json.load(answer)


def newswire(home, variables, *words):
    """Run the command in the same environment as the tasks; return what it prints as JSON."""
    command = [Path(sys.executable).with_name("newswire"), *words]
    done = subprocess.run(command, env=airflow_environment(home, variables), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def dags_test(home, variables, conf):
    environment = airflow_environment(home, variables)
    return subprocess.run(
        [SCRIPT, "test", json.dumps(conf)], env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.servers
def test_dags_test_ingests_the_newsroom(tmp_path, variables):
    make_decoys(tmp_path)
    done = dags_test(tmp_path, variables, {})
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert newswire(tmp_path, variables, "search", "port", "--json")["total"] > 0


@pytest.mark.servers
def test_an_index_that_is_away_fails_the_last_task_with_one_line(tmp_path, variables):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    done = dags_test(tmp_path, variables | {"NEWSWIRE_INDEX_URL": away}, {"limit": 3})
    log = done.stdout + done.stderr
    assert done.returncode == 1
    reasons = {line for line in log.splitlines() if line.startswith("airflow.sdk.exceptions.Airflow")}
    assert len(reasons) == 1, log[-3000:]
    assert away in reasons.pop()


@pytest.mark.servers
def test_a_whole_airflow_runs_what_its_rest_api_triggers(tmp_path, variables):
    make_decoys(tmp_path)
    with Airflow(tmp_path, variables) as airflow:
        dry = airflow.trigger({"dry_run": True, "stages": ["poll", "index"]})
        assert airflow.wait(dry) == "success"
        states = {name: task["state"] for name, task in airflow.tasks(dry).items()}
        assert states == dict.fromkeys(STAGES, "skipped") | {"poll": "success", "index": "success"}

        run = airflow.trigger()
        assert airflow.wait(run) == "success"
        tasks = airflow.tasks(run)
        assert {name: task["state"] for name, task in tasks.items()} == dict.fromkeys(STAGES, "success")
        indexed = airflow.counts(run, "index")["done"]
        assert indexed > 0
        assert f"{indexed} done" in tasks["index"]["rendered_map_index"]
    assert newswire(tmp_path, variables, "search", "port", "--json")["total"] > 0

"""dags/ingest.py: parsed by Airflow, run by ``airflow dags test``, and by a whole Airflow through its REST API."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipeline.demo.newsroom import feeds_toml
from pipeline.demo.server import serve_newsroom
from pipeline.records import Stage

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, SCRIPT, Airflow, airflow_environment
from dag_runs import DagRuns

STAGES = [str(stage) for stage in Stage]
TASKS = ["plan", *STAGES, "report"]

PARSE = """
import json, sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
sys.path.append({folder!r})  # as Airflow does for a bundle of dags

def parse(file):
    began = time.process_time()
    bag = DagBag(file, collect_dags=False)
    bag.collect_dags(dag_folder=file)
    return bag, time.process_time() - began

parsed, seconds = {{}}, {{}}
for file in {files!r}:
    bag, seconds[file] = parse(file)
    again, _ = parse(file)
    written = [
        {{name: json.dumps(DagSerialization.to_dict(dag), sort_keys=True) for name, dag in of.dags.items()}}
        for of in (bag, again)
    ]
    parsed[file] = {{"errors": bag.import_errors, "dags": list(bag.dags), "same": written[0] == written[1]}}
loaded = [name for name in sys.modules if name.startswith("pipeline.")]

dag = parse({ingest!r})[0].dags["ingest"]
print(json.dumps({{
    "files": parsed,
    "seconds": seconds,
    "loaded": loaded,
    "edges": {{task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}},
    "pools": {{task.task_id: task.pool for task in dag.tasks}},
    "timetable": dag.timetable.timetable.expression,
    "assets": [asset.name for asset in dag.timetable.asset_condition.objects],
    "catchup": dag.catchup,
    "max_active_runs": dag.max_active_runs,
    "params": {{name: dag.params.get_param(name).schema | {{"default": dag.params[name]}} for name in dag.params}},
    "stages": [task.task_id for task in dag.topological_sort() if task.task_id in {stages!r}],
}}))
"""


WHICH = """
import airflow.settings
airflow.settings.prepare_syspath_for_config_and_plugins()
import pipeline
print(pipeline.__file__)
"""


DAG_FILES = sorted(str(path) for path in [*(REPO / "dags").glob("*.py"), *(REPO / "docs" / "examples").glob("*.py")])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """What Airflow makes of the files, in a process of its own."""
    home = tmp_path_factory.mktemp("parse")
    folder = str(REPO / "dags")
    program = PARSE.format(folder=folder, files=DAG_FILES, ingest=f"{folder}/ingest.py", stages=STAGES)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=airflow_environment(home, {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_dag_file_parses_to_a_dag_and_to_the_same_one_twice(parsed):
    assert parsed["files"].keys() == set(DAG_FILES)
    for file, found in parsed["files"].items():
        assert (found["errors"], bool(found["dags"]), found["same"]) == ({}, True, True), file


def test_parsing_takes_little_and_loads_nothing_that_works(parsed):
    assert max(parsed["seconds"].values()) < 1  # of CPU time
    working = ("pipeline.stages", "pipeline.store", "pipeline.context", "pipeline.extract", "pipeline.enrich")
    assert [name for name in parsed["loaded"] if name.startswith(working)] == []


def test_the_seven_verbs_follow_one_another_between_the_plan_and_the_report(parsed):
    assert parsed["stages"] == STAGES
    edges = {one: set(after) for one, after in parsed["edges"].items()}
    for one, after in itertools.pairwise(["plan", *STAGES, "report"]):
        assert after in edges[one]
    assert parsed["edges"]["report"] == []


def test_heavy_stages_and_those_that_keep_the_order_have_their_pools(parsed):
    heavy, order = ("fetch", "extract", "enrich"), ("dedupe", "cluster")
    expected = dict.fromkeys(heavy, "newswire_heavy") | dict.fromkeys(order, "newswire_order")
    assert {task: pool for task, pool in parsed["pools"].items() if pool != "default_pool"} == expected


def test_it_runs_every_five_minutes_and_on_arrivals_once_at_a_time_and_catches_nothing_up(parsed):
    assert parsed["timetable"] == "*/5 * * * *"
    assert parsed["assets"] == ["newswire/arrivals"]
    assert parsed["max_active_runs"] == 1
    assert parsed["catchup"] is False


def test_what_a_run_takes_and_how_much_can_be_chosen_and_an_emptied_list_means_all(parsed):
    params = parsed["params"]
    assert {name: one["default"] for name, one in params.items()} == {
        "sources": [],
        "stages": STAGES,
        "limit": None,
        "request_seconds": 20,
        "work_seconds": 120,
        "dry_run": False,
    }
    assert params["stages"]["items"]["enum"] == STAGES
    assert {name for name, one in params.items() if "null" not in one["type"]} == {"dry_run"}


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
    """Return what the command prints as JSON."""
    return json.loads(call_newswire(home, variables, *words))


def dags_test(home, variables, conf, dag="ingest"):
    environment = airflow_environment(home, variables)
    return subprocess.run(
        [SCRIPT, "test", dag, json.dumps(conf)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    with DagRuns(tmp_path_factory.mktemp("runs")) as made:
        yield made


@pytest.fixture
def run(runs, tmp_path, variables):
    """What runs a DAG with these parameters, without the script: its exit code and what it wrote."""
    return lambda conf, dag="ingest": runs.run(dag, conf, variables | {"NEWSWIRE_HOME": str(tmp_path)})


@pytest.mark.servers
def test_dags_test_ingests_the_newsroom(tmp_path, variables):
    make_decoys(tmp_path)
    done = dags_test(tmp_path, variables, {})
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert newswire(tmp_path, variables, "search", "port", "--json")["total"] > 0


@pytest.mark.servers
@pytest.mark.parametrize("dag", sorted({path.stem for path in (REPO / "dags").glob("*.py")} - {"ingest"}))
def test_dags_test_runs_every_other_dag(run, tmp_path, dag):
    (tmp_path / "old.jsonl").write_text('{"id": "old", "text": "The swing bridge at Millgate closes for weeks."}\n')
    conf = {"import_archive": {"paths": [str(tmp_path / "old.jsonl")]}}.get(dag, {})
    done = run(conf, dag)
    assert done.code == 0, done.log[-3000:]


@pytest.mark.servers
def test_dags_test_runs_the_example_of_another_team(tmp_path, variables):
    examples = {"AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "docs" / "examples")}
    done = dags_test(tmp_path, variables | examples, {}, "new_articles")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.mark.servers
def test_an_index_that_is_away_fails_the_last_stage_with_one_line(run, variables):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    variables["NEWSWIRE_INDEX_URL"] = away
    code, log = run({"limit": 3})
    assert code == 1
    reasons = {line for line in log.splitlines() if line.startswith("pipeline.errors.IndexAwayError")}
    assert len(reasons) == 1, log[-3000:]
    assert away in reasons.pop()
    assert "RunFailedError: failed: index" in log


@pytest.mark.servers
def test_an_unknown_source_fails_the_plan_at_once_with_one_line(run):
    code, log = run({"sources": ["Nobody's Post"]})
    assert code == 1
    assert 'UsageError: no source is called "Nobody\'s Post"' in log
    assert "up_for_retry" not in log.lower()


@pytest.mark.servers
def test_a_run_in_which_no_source_can_be_read_is_not_green(run, variables):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    config = Path(variables["NEWSWIRE_CONFIG"])
    sources = (f'[[source]]\nname = "S{n}"\nfeeds = ["http://127.0.0.1:{port}/{n}"]\n' for n in range(4))
    (config / "feeds.toml").write_text("".join(sources), encoding="utf-8")
    (config / "newswire.toml").write_text(f'[fetch]\nallow_addresses = ["127.0.0.0/8"]\nallow_ports = [{port}]\n')
    done = run({})
    assert done.code == 1
    assert "sources asked could be read" in done.log


@pytest.mark.servers
def test_a_whole_airflow_runs_what_its_rest_api_triggers(tmp_path, variables):
    make_decoys(tmp_path)
    with Airflow(tmp_path, variables) as airflow:
        dry = airflow.trigger({"dry_run": True, "stages": ["poll", "index"]})
        assert airflow.wait(dry) == "success"
        states = {name: task["state"] for name, task in airflow.tasks(dry).items()}
        worked = dict.fromkeys(["plan", "poll", "index", "report"], "success")
        assert states == dict.fromkeys(STAGES, "skipped") | worked

        run = airflow.trigger({"sources": None, "stages": None})  # as the form sends lists that were emptied
        assert airflow.wait(run) == "success"
        tasks = airflow.tasks(run)
        assert {name: task["state"] for name, task in tasks.items()} == dict.fromkeys(TASKS, "success")
        indexed = airflow.counts(run, "index")["done"]
        assert indexed > 0
        assert f"{indexed} done" in tasks["index"]["rendered_map_index"]
        assert f"{indexed} indexed" in airflow.call(f"/api/v2/dags/ingest/dagRuns/{run}")["note"]
        brought = {event["name"]: event["extra"] for event in airflow.call("/api/v2/assets/events")["asset_events"]}
        assert brought["newswire/articles"]["articles"] == indexed
        assert {"newswire/copies", "newswire/stories"} <= brought.keys()

        before = export(tmp_path, variables)
        assert len(before) == indexed
        call_newswire(tmp_path, variables, "redo", "extract", "--yes")
        everything = {"dag_run_id": run, "dry_run": False, "only_failed": False}
        airflow.call("/api/v2/dags/ingest/clearTaskInstances", everything)
        with pytest.raises(urllib.error.HTTPError) as refused:
            airflow.trigger({"stages": ["polish"]})
        assert "polish" in refused.value.read().decode()
        call_newswire(tmp_path, variables, "run")  # two runs at once
        assert airflow.wait(run) == "success"
        assert export(tmp_path, variables) == before
    assert newswire(tmp_path, variables, "search", "port", "--json")["total"] > 0


def call_newswire(home, variables, *words):
    """Run the command in the same environment as the tasks; return what it prints."""
    command = [Path(sys.executable).with_name("newswire"), *words]
    environment = airflow_environment(home, variables)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def export(home, variables):
    """Return what no second reading of the same pages changes, of every document of the index."""
    documents = map(json.loads, call_newswire(home, variables, "export").splitlines())
    stable = ("id", "url", "source", "title", "text", "authors", "published", "first_seen", "people", "places")
    return sorted(json.dumps({name: document.get(name) for name in stable}) for document in documents)

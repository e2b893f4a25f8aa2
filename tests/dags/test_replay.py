"""dags/replay.py: parsed by Airflow, and its tasks called as Airflow calls them, on a real ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.replay.plan import REPLAYED_STAGES
from pipeline.urls import article_id
from tests.helpers.replaying import NOTE, NOTED, PAGES, change_rule, open_newsroom, publish, url
from tests.helpers.support import NOW

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, airflow_environment

RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from pipeline.errors import UsageError
folder, day = sys.argv[1:]
sys.path.append(folder)  # as Airflow does for a bundle of dags
bag, again = DagBag(folder), DagBag(folder)
parsed_without = [name for name in sys.modules if name in ("pipeline.stages", "pipeline.store", "pipeline.replay")]
dag = bag.dags["replay"]
module = dag.get_task("plan").python_callable.__globals__

class Run:
    dag_id, run_id, partition_key, triggering_user_name = "replay", "r1", None, "ines"

class Instance:
    values = {}
    def xcom_pull(self, task_ids):
        return self.values.get(task_ids)

run, instance, context = Run(), Instance(), {}
context |= {"params": {"stage": "extract", "ask": True}, "dag_run": run, "ti": instance}
module["get_current_context"] = lambda: context

def call(task, *args):
    return dag.get_task(task).python_callable(*args)

def refused(params):
    context["params"] = params
    try:
        call("plan")
    except UsageError as error:
        return str(error)

told = {"errors": bag.import_errors, "parsed_without": parsed_without}
told["same"] = all(DagSerialization.serialize_dag(bag.dags[name]) == DagSerialization.serialize_dag(again.dags[name])
    for name in ("replay", "replay_days"))
told["stages"] = list(module["STAGES"])
told["edges"] = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
days = bag.dags["replay_days"]
told["days"] = [sorted(str(t.value) for t in days.allowed_run_types), days.start_date == days.end_date]
told["refused"] = [refused({"stage": "extract", **wrong}) for wrong in (
    {"sources": ["Nobody"]}, {"since": "yesterday"}, {"addresses": ["https://nobody.example/"]}, {"stage": "fetch"})]
context["params"] = {"stage": "extract", "ask": False}
everything = call("plan")
told["everything"] = [everything["everything"], call("choose", everything, {"changed": 1})]
context["params"] = {"stage": "extract", "ask": True, "sources": ["Herald"]}
rejected = call("plan")
compared = call("compare", rejected)
told["compared"] = [compared["articles"], compared["changed"], compared["page"]]
told["asks"] = [call("choose", rejected, compared), call("choose", rejected, {"changed": 0})]
instance.values = {}
call("close", rejected)
told["rejected"] = context["label"]
context["params"] = {"stage": "extract", "ask": False}
run.partition_key = day
planned = call("plan")
compared = call("compare", planned)
told["by_day"] = [planned["articles"], compared["changed"], call("choose", planned, compared)]
instance.values = {"approve": {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ines"}}}
batches = call("start", planned)
told["batches"] = [call("batch", *batch.values())["sent"] for batch in [*batches, *batches]]
call("index")
instance.values["start"] = batches
call("close", planned)
told["closed"] = context["label"]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What Airflow makes of the file and what its tasks return, in a process of its own, on a newsroom's ledger."""
    home = tmp_path_factory.mktemp("replay")
    with open_newsroom(home) as context:
        publish(context)
    change_rule(home)
    outlets = "".join(
        f'[[source]]\nname = "{name}"\nfeeds = ["https://{name}.example/"]\n' for name in ("Herald", "Post")
    )
    (home / "config" / "feeds.toml").write_text(outlets)
    (home / "config" / "newswire.toml").write_text("[extract]\ntimeout_seconds = 300.0\n[run]\nworkers = 1\n")
    places = {
        "NEWSWIRE_CONFIG": str(home / "config"),
        "NEWSWIRE_STORE_URL": f"sqlite:///{home}/ledger.db",
        "NEWSWIRE_INDEX_URL": f"sqlite:///{home}/index.db",
        "NEWSWIRE_ARCHIVE_URL": str(home / "archive"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(REPO / "dags"), f"{NOW:%Y-%m-%d}"],
        env=airflow_environment(home, places),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with open_newsroom(home) as context:
        texts = {number: context.index.get(article_id(url(number))).text for number in range(PAGES)}
    return json.loads(done.stdout.splitlines()[-1]) | {"texts": texts}


@pytest.mark.slow
def test_it_is_parsed_without_the_pipeline_s_stages_and_always_alike(told):
    assert (told["errors"], told["parsed_without"], told["same"]) == ({}, [], True)
    assert told["stages"] == [str(stage) for stage in REPLAYED_STAGES]
    assert told["edges"]["choose"] == ["approve", "start"]
    assert told["edges"]["approve"] == ["start"]
    assert told["edges"]["index"] == ["close"]


@pytest.mark.slow
def test_days_are_for_backfills_alone(told):
    assert told["days"] == [["backfill", "scheduled"], True]


@pytest.mark.slow
def test_what_is_unknown_in_the_form_is_refused_in_one_line(told):
    source, since, address, stage = told["refused"]
    assert source.startswith("no source is called 'Nobody'")
    assert since.startswith("since: 'yesterday' is not a day or time")
    assert address.startswith("https://nobody.example/: no article")
    assert stage.startswith("fetch can't be compared")


@pytest.mark.slow
def test_a_person_is_asked_unless_that_is_switched_off_and_of_everything_in_any_case(told):
    assert told["everything"] == [True, "approve"]
    assert told["asks"] == ["approve", "start"]
    assert told["compared"] == [6, 2, "http://127.0.0.1:8000/replays/2"]
    assert told["rejected"] == "replay 2 is rejected: nothing has changed"


@pytest.mark.slow
def test_a_day_is_replayed_in_batches_of_which_none_is_sent_twice(told):
    assert told["by_day"] == [PAGES, len(NOTED), "start"]
    assert told["batches"] == [len(NOTED), 0]
    assert told["closed"].endswith("3 became what was expected, 0 did not")
    assert not any(NOTE in text for text in told["texts"].values())

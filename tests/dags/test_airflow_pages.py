"""Airflow's pages lead to ours, and show them in frames: asked of a real Airflow in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.airflow_plugin.pages import pages_url

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import ask

ASK = """
import json
from types import SimpleNamespace as S
from airflow.plugins_manager import get_global_operator_extra_links, get_plugin_info
from pipeline.airflow_plugin.links import RunLink, run_path

ours = [link for link in get_global_operator_extra_links() if isinstance(link, RunLink)]

def link(tag, task):
    key = S(dag_id="ingest", run_id="manual__2026-11-30T01:02:03+00:00", task_id=task)
    return ours[0].get_link(S(dag=S(tags={tag})), ti_key=key)

views = [info["external_views"] for info in get_plugin_info(["external_views"]) if info["name"] == "newswire"]
print(json.dumps({
    "count": len(ours),
    "links": {task: link("newswire", task) for task in ("fetch", "poll", "plan")},
    "foreign": link("sales", "fetch"),
    "odd": run_path("a b", "x/y?z"),
    "views": {view["name"]: [view["destination"], view["href"]] for view in views[0]},
    "routes": [view["url_route"] for view in views[0]],
}))
"""
RUN = "http://127.0.0.1:8000/runs/ingest/manual__2026-11-30T01%3A02%3A03%2B00%3A00"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    home = tmp_path_factory.mktemp("pages")
    return ask(ASK, home, home)


@pytest.mark.slow
def test_a_task_of_ours_leads_to_what_its_stage_did_in_that_run(answers):
    assert answers["count"] == 1
    assert answers["links"] == {"fetch": f"{RUN}?stage=fetch", "poll": RUN, "plan": RUN}
    assert answers["odd"] == "/runs/a%20b/x%2Fy%3Fz"


@pytest.mark.slow
def test_tasks_of_other_dags_get_no_button(answers):
    assert answers["foreign"] == ""


@pytest.mark.slow
def test_airflow_shows_our_pages_in_its_menu_and_each_run_beside_its_own(answers):
    assert answers["views"] == {
        "Search": ["nav", "http://127.0.0.1:8000/"],
        "Sources": ["nav", "http://127.0.0.1:8000/sources"],
        "Operations": ["nav", "http://127.0.0.1:8000/operations"],
        "Runs": ["nav", "http://127.0.0.1:8000/runs"],
        "newswire": ["dag_run", "http://127.0.0.1:8000/runs/{DAG_ID}/{RUN_ID}"],
    }
    assert len(set(answers["routes"])) == len(answers["routes"])


@pytest.fixture
def settings_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(tmp_path))
    monkeypatch.delenv("NEWSWIRE_SERVE_URL", raising=False)
    return tmp_path


def test_the_address_of_our_pages_is_the_stated_one_else_that_of_the_settings(settings_folder, monkeypatch):
    assert pages_url() == "http://127.0.0.1:8000"
    (settings_folder / "newswire.toml").write_text('[serve]\nport = 8100\npublic_url = "https://news.example.org/"\n')
    assert pages_url() == "https://news.example.org"
    monkeypatch.setenv("NEWSWIRE_SERVE_URL", "http://localhost:9000")
    assert pages_url() == "http://localhost:9000"


def test_faulty_settings_do_not_keep_airflow_from_starting(settings_folder, caplog):
    (settings_folder / "newswire.toml").write_text("[serve\n")
    assert pages_url() == "http://127.0.0.1:8000"
    assert "newswire.toml" in caplog.text

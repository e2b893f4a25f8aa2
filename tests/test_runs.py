"""What is done between the begin and the end of a run belongs to it, and it is judged at its end."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys

import pytest

from pipeline.errors import RunFailedError
from pipeline.feeds.feeds_toml import sources_to_toml
from pipeline.figures import RunState
from pipeline.runs import begin_run, end_run, recorded_run, renew_run
from pipeline.settings import Source
from pipeline.stages import close_run, open_context, run_all, run_stage
from pipeline.store import Store
from tests.helpers.arriving import NOW, STAGES, arrive
from tests.helpers.support import write_config

TEXT = "The council met on Monday and agreed to mend the old bridge over the river before winter comes."
NAME = "ingest/manual__2026-11-20T12:00:00+00:00"


def latest(context, limit=5):
    with context.store.read() as connection:
        return context.store.runs.list_latest(connection, limit)


def test_a_run_counts_what_was_done_for_it_alone(context):
    arrive(context, "a", TEXT)
    with recorded_run(context, "import"):
        arrive(context, "c", TEXT)
        run_all(context, STAGES)
    (run,) = latest(context)
    assert (run.command, run.began, run.ended, run.id.startswith("import/20")) == ("import", NOW, NOW, True)
    assert run.state is RunState.WELL
    assert {stage: figures.done_total for stage, figures in run.counts.stages.items()} == dict.fromkeys(STAGES, 2)
    assert run.counts.new_articles == 1
    assert context.store.ledger.run is None


def test_several_processes_work_for_one_run(context, store_url):
    begin_run(context, NAME, command="airflow: ingest", started_by="ann")
    arrive(context, "a", TEXT)
    other = Store(store_url)
    with other.write() as connection:
        assert other.runs.begin(connection, NAME, NOW, command="airflow: ingest") == context.store.ledger.run
    other.close()
    run = end_run(context, NAME)
    assert (run.started_by, run.counts.new_articles, run.program) == ("ann", 1, None)


def test_a_run_that_is_gone_on_with_has_not_ended(context):
    begin_run(context, NAME, command="airflow: ingest")
    arrive(context, "a", TEXT)
    end_run(context, NAME)
    begin_run(context, NAME, command="airflow: ingest")
    (run,) = latest(context)
    assert (run.ended, run.counts) == (None, None)
    arrive(context, "b", TEXT)
    assert end_run(context, NAME).counts.new_articles == 2


def test_a_run_whose_program_was_killed_is_cut_off(context):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for name, program in (("run/1", f"{socket.gethostname()}/{ended.pid}/a"), ("run/2", context.store.owner)):
        begin_run(context, name, command="run", program=program)
    assert [run.state for run in latest(context)] == [RunState.RUNNING, RunState.CUT_OFF]


def test_a_program_that_goes_on_for_days_begins_a_run_each_day(context):
    with recorded_run(context, "run --follow"):
        arrive(context, "a", TEXT)
        renew_run(context, "run --follow")
        arrive(context, "b", TEXT)
    assert [run.counts.new_articles for run in latest(context)] == [1, 1]
    assert [run.state for run in latest(context)] == [RunState.WELL] * 2


def test_runs_are_forgotten_with_their_history(context):
    with recorded_run(context, "run"):
        arrive(context, "a", TEXT)
    for later, count in ((-1, 1), (1, 0)):
        until = NOW + dt.timedelta(seconds=later)
        context.store.admin.delete_expired(copies_before=NOW, names_before=NOW, history=until)
        assert len(latest(context)) == count


@pytest.fixture
def two_feeds(site, tmp_path, monkeypatch):
    """A site that serves the feeds of two outlets, which the settings name, as far as a test says."""
    sources = [Source(name=name, feeds=(site.url(f"/{name}.xml"),)) for name in ("good", "bad")]
    folder = write_config(tmp_path / "config", [])
    (folder / "feeds.toml").write_text(sources_to_toml(sources), encoding="utf-8")
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(folder))
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    return site


def test_a_run_in_which_every_source_failed_is_closed_with_an_error(two_feeds):
    run_stage("poll", run_id=NAME)
    with pytest.raises(RunFailedError, match=r"none of the 2 sources asked could be read \(bad, good\): 2 not found"):
        close_run(NAME)


def test_a_run_in_which_a_source_was_read_is_closed_with_what_it_did(two_feeds):
    two_feeds.page("/good.xml", '<rss version="2.0"><channel><item><link>/a</link></item></channel></rss>')
    run_stage("poll", run_id=NAME, started_by="ann")
    assert close_run(NAME) == {
        "summary": "2 feeds asked, 1 failed; 1 new articles",
        "stages": {"poll": {"taken": 2, "done": 1}},
    }
    with open_context() as context, context.store.read() as connection:
        days = context.store.source_days.list_days(connection, dt.date(2026, 1, 1))
    assert [(day.source, day.polls, day.failed, day.articles) for day in days] == [("bad", 1, 1, 0), ("good", 1, 0, 1)]


def test_a_dry_run_leaves_no_trace(two_feeds):
    assert run_stage("poll", run_id=NAME, dry_run=True)["waiting"] == 2
    assert close_run(NAME) == {}

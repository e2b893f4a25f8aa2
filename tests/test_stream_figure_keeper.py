"""A run keeps its figures in the ledger while it works and when it has ended, and tells them to whoever watches."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from pipeline.alert_records import AlertPhase, AlertRule
from pipeline.context import Context
from pipeline.figures import ProgramState
from pipeline.records import Stage
from pipeline.runs import recorded_run
from pipeline.settings import AlertSettings, Settings
from pipeline.stages.coordination import SoloCoordinator
from pipeline.stream import Stream, StreamOptions
from pipeline.stream.figure_keeper import begin_daily
from tests.helpers.arriving import NOW, STAGES, arrive
from tests.helpers.support import REPO, places

LONG = 120  # seconds until a test gives up on what should have happened
AFTER_EXTRACT = frozenset(STAGES)


def programs(context):
    with context.store.read() as connection:
        return context.store.programs.list_programs(connection, context.clock())


def runs(context):
    with context.store.read() as connection:
        return context.store.runs.list_latest(connection, 5)


class _NewDayError(Exception):
    """The day was renewed."""


class OneDay(SoloCoordinator):
    """A coordinator that ends with the first call."""

    async def call(self, function):
        function()
        raise _NewDayError


def test_a_program_that_follows_begins_a_run_at_midnight(context, monkeypatch):
    monkeypatch.setattr(context, "clock", lambda: NOW.replace(hour=23, minute=59, second=59, microsecond=990_000))
    with recorded_run(context, "run --follow"):
        with pytest.raises(_NewDayError):
            asyncio.run(begin_daily(context, OneDay(), "run --follow"))
        assert [run.ended is None for run in runs(context)] == [True, False]


def test_a_run_that_has_ended_leaves_its_figures(context):
    arrive(context, "a", "The harbour bridge was closed on Monday after an inspection found cracks in two supports.")
    Stream(context, StreamOptions(stages=AFTER_EXTRACT, command="run"), lambda _: None).run()
    (program,) = programs(context)
    figures = program.figures
    assert (program.state, figures.program, figures.command) == (ProgramState.ENDED, context.store.owner, "run")
    assert {stage: counts.done_total for stage, counts in figures.total.stages.items()} == dict.fromkeys(STAGES, 1)
    assert figures.total.searchable_seconds.count == 1
    assert figures.total.stages[Stage.INDEX].ready_to_saved_seconds.count == 1
    assert figures.total.stages[Stage.ENRICH].busy_seconds_total > 0
    assert figures.memory_bytes > 0
    (run,) = runs(context)
    assert (run.command, run.program, run.ended) == ("run", context.store.owner, context.clock())
    assert {stage: counts.done_total for stage, counts in run.counts.stages.items()} == dict.fromkeys(STAGES, 1)


def test_a_run_that_follows_shows_itself_and_tells_how_it_fares(context):
    arrive(context, "a", "The harbour bridge was closed on Monday after an inspection found cracks in two supports.")
    told, seen = [], []
    stream = Stream(context, StreamOptions(stages=AFTER_EXTRACT, follows=True, every=0.2), told.append)

    def watch():
        until = time.monotonic() + LONG
        while time.monotonic() < until and not (seen and any("latency p50" in line for line in told)):
            seen.extend(each for each in programs(context) if each.figures.total.searchable_seconds.count)
            time.sleep(0.05)
        stream.end()

    watching = threading.Thread(target=watch)
    watching.start()
    stream.run()
    watching.join()
    assert seen[0].state is ProgramState.RUNNING
    assert any(" articles/s searchable; latency p50 " in line for line in told)
    assert [program.state for program in programs(context)] == [ProgramState.ENDED]


def test_a_run_that_follows_looks_at_what_is_wrong(tmp_path):
    # a disk of which more than all must be free is always too full
    settings = Settings(alerts=AlertSettings(every_seconds=0.1, hold_minutes=0, disk_percent=101))
    opened = []
    with Context(settings, (), places(tmp_path), config=REPO / "config") as context:
        stream = Stream(context, StreamOptions(stages=AFTER_EXTRACT, follows=True), lambda _: None)

        def watch():
            until = time.monotonic() + LONG
            while time.monotonic() < until and not opened:
                with context.store.read() as connection:
                    opened.extend(context.store.alerts.list_alerts(connection, [AlertPhase.OPEN]))
                time.sleep(0.05)
            stream.end()

        watching = threading.Thread(target=watch)
        watching.start()
        stream.run()
        watching.join()
    assert [alert.condition.rule for alert in opened] == [AlertRule.DISK]

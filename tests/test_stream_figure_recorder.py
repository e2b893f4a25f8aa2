"""A recorder counts what a program does, and keeps it in the ledger."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from pipeline.records import Outcome, Reason, Stage
from pipeline.report import Report
from pipeline.store import ArticleRow, StageResult
from pipeline.stream.figure_recorder import FigureRecorder
from pipeline.stream.process_usage import ProcessUsage
from pipeline.worker_turnover import WorkerTurnover
from tests.helpers.support import NOW

WORKERS = WorkerTurnover(started=3, replaced=1, died=1)


class Time:
    """A clock and a timer that go on when they are told to."""

    def __init__(self):
        self.now, self.seconds = NOW, 50.0

    def pass_by(self, seconds):
        self.now += dt.timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def recorder(time):
    usage = ProcessUsage(processes=3, memory_bytes=5 * 2**20, cpu_seconds=7.0)
    return FigureRecorder(
        "h/1/a",
        "run",
        clock=lambda: time.now,
        timer=lambda: time.seconds,
        measure=lambda: usage,
        workers=lambda: WorkerTurnover(started=3, replaced=1, died=1),
    )


def result(outcome=Outcome.DONE, reason=None, *, due=1.0, seen=30.0, indexed=0, version=1, embargoed=None):
    """The result of an article that could be taken ``due`` seconds ago and was first seen ``seen`` seconds ago."""
    article = ArticleRow(
        seq=1, id="a", source="S", url=None, first_seen=NOW - dt.timedelta(seconds=seen), version=version,
        stage="index", state="pending", attempts=0, revision=1, indexed=indexed, copy_group=None, story=None,
        lease_owner=None, embargoed=embargoed, due=None if due is None else NOW - dt.timedelta(seconds=due),
    )  # fmt: skip
    return StageResult(article=article, outcome=outcome, reason=reason)


def test_results_are_counted_by_stage_outcome_and_reason(recorder):
    recorder.count_results(Stage.FETCH, [result(), result(Outcome.RETRY, Reason.TIMEOUT)])
    fetch = recorder.snapshot().total.stages["fetch"]
    assert (fetch.taken_total, fetch.done_total, fetch.retry_total) == (2, 1, {"timeout": 1})
    assert fetch.ready_to_saved_seconds.count == 2
    assert fetch.ready_to_saved_seconds.percentile(100) == pytest.approx(1, rel=0.1)


def test_an_article_is_searchable_when_it_is_indexed_for_the_first_time(recorder):
    recorder.count_results(Stage.CLUSTER, [result()])
    assert recorder.snapshot().total.searchable_seconds.count == 0
    recorder.count_results(
        Stage.INDEX, [result(), result(indexed=2), result(version=2), result(Outcome.RETRY, Reason.INDEX_REFUSED)]
    )
    searchable = recorder.snapshot().total.searchable_seconds
    assert searchable.count == 1
    assert searchable.percentile(50) == pytest.approx(30, rel=0.1)


def test_an_article_that_was_on_its_way_when_the_index_was_made_anew_is_new_to_it(recorder):
    recorder.count_results(Stage.INDEX, [result(indexed=-1)])
    assert recorder.snapshot().total.searchable_seconds.count == 1


def test_what_an_embargo_held_back_says_nothing_of_speed(recorder):
    recorder.count_results(Stage.INDEX, [result(embargoed=NOW)])
    assert recorder.snapshot().total.searchable_seconds.count == 0


def test_a_document_that_is_written_again_waited_for_nobody(recorder):
    recorder.count_results(Stage.INDEX, [result(indexed=1, due=30 * 86400)])
    assert recorder.snapshot().total.stages["index"].ready_to_saved_seconds.count == 0


def test_a_result_that_does_not_tell_since_when_it_was_due_is_counted_without_it(recorder):
    recorder.count_results(Stage.DEDUPE, [result(due=None)])
    dedupe = recorder.snapshot().total.stages["dedupe"]
    assert (dedupe.taken_total, dedupe.ready_to_saved_seconds.count) == (1, 0)


def test_feeds_count_as_what_poll_takes(recorder):
    report = Report(Stage.POLL)
    for _ in range(3):  # what was taken over before is not counted again
        report.add(Outcome.DONE)
        report.add(Outcome.RETRY, Reason.TIMEOUT)
        report.notes.update({"new": 4})
        recorder.note_polls(report)
    total = recorder.snapshot().total
    poll = total.stages["poll"]
    assert (poll.taken_total, poll.done_total, poll.retry_total) == (6, 3, {"timeout": 3})
    assert total.new_articles_total == 12


def test_time_at_work_is_counted_while_it_lasts_and_for_each_lane(recorder, time):
    with recorder.at_work(Stage.EXTRACT):
        time.pass_by(3)
        assert recorder.snapshot().total.stages["extract"].busy_seconds_total == 3
        with recorder.at_work(Stage.EXTRACT):
            time.pass_by(2)
    time.pass_by(10)
    assert recorder.snapshot().total.stages["extract"].busy_seconds_total == 7


def test_a_window_tells_what_was_done_lately(recorder, time):
    for _ in range(40):
        time.pass_by(2)
        recorder.count_results(Stage.FETCH, [result()] * 6)
        figures = recorder.snapshot()
    ten, minute, all_since_start = figures.windows
    assert (ten.seconds, ten.rate(ten.figures.stages["fetch"].done_total)) == (10, 3)
    assert (minute.seconds, minute.rate(minute.figures.stages["fetch"].done_total)) == (60, 3)
    assert all_since_start.seconds == 80


def test_a_pause_keeps_its_beginning_until_it_is_over(recorder, time):
    recorder.pause(Stage.INDEX, "no answer")
    time.pass_by(5)
    recorder.pause(Stage.INDEX, "still no answer")
    pause = recorder.snapshot().pauses["index"]
    assert (pause.since, pause.reason) == (NOW, "still no answer")
    recorder.resume(Stage.INDEX)
    recorder.resume(Stage.INDEX)
    assert recorder.snapshot().pauses == {}


def test_workers_are_counted(recorder):
    total = recorder.snapshot().total
    assert (total.workers_started_total, total.workers_replaced_total, total.workers_died_total) == (3, 1, 1)


def listed(store):
    with store.read() as connection:
        return [program.figures for program in store.programs.list_programs(connection, NOW)]


def test_saved_figures_can_be_read_by_another_program(recorder, store):
    async def call(function):
        return await asyncio.to_thread(function)

    recorder.count_results(Stage.FETCH, [result()])
    saved = asyncio.run(recorder.save(store, call))
    assert listed(store) == [saved]
    assert (saved.host, saved.pid, saved.processes, saved.memory_bytes) == ("h", 1, 3, 5 * 2**20)
    assert saved.total.cpu_seconds_total == 7
    ended = asyncio.run(recorder.save(store, call, ended=True))
    assert listed(store) == [ended]
    assert ended.ended == NOW

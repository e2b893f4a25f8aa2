"""The loop of all stages: how many articles are taken at a time."""

from __future__ import annotations

import time

import pytest

from pipeline.errors import BusyError
from pipeline.records import Stage
from pipeline.settings import RunSettings, Settings
from pipeline.stages import HANDLERS, Context, runner
from pipeline.stages.dedupe import DedupeHandler
from pipeline.stages.runner import StageRun, run_handler
from tests.helpers.arriving import NOW, SOURCES, arrive
from tests.helpers.copies import invented
from tests.helpers.support import REPO, places
from tests.helpers.transactions import ask


class Counted(DedupeHandler):
    """Dedupe that notes the sizes of its batches."""

    def __init__(self, context):
        super().__init__(context)
        self.sizes = []

    def decide(self, claimed, emit):
        self.sizes.append(len(claimed))
        return super().decide(claimed, emit)


class Unordered(Counted):
    """The same, as if the order of arrival didn't matter."""

    ordered = False


def test_a_stage_that_works_in_order_takes_batches_of_its_own_size(tmp_path, store_url):
    settings = Settings(run=RunSettings(batch=2, ordered_batch=5))
    with Context(settings, SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as context:
        for kind, taken in ((Counted, [5, 2, 0]), (Unordered, [2, 2, 2, 1, 0])):
            for n in range(7):
                arrive(context, f"{kind.__name__}{n}", invented(n))
            work = kind(context)
            assert (run_handler(work).taken, work.sizes) == (7, taken)


class Waiting(Counted):
    """Decides one article, then waits until that is saved before it decides the rest."""

    ordered = False

    def decide(self, claimed, emit):
        if not claimed:
            return
        first, *others = claimed
        emit(self.crash_result(first, ValueError("whatever")))
        until = time.monotonic() + 120
        while ask(self.context.store).ledger.find_article(first.id).state == "pending":
            assert time.monotonic() < until
            self.meanwhile()
        super().decide(others, emit)


def test_results_are_saved_while_others_are_awaited(tmp_path, store_url):
    with Context(
        Settings(), SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW
    ) as context:
        for n in range(3):
            arrive(context, f"a{n}", invented(n))
        assert StageRun(Waiting(context), hurries=True).step() == 3


def test_a_run_that_hurries_saves_a_result_at_once_and_those_that_follow_soon_together(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_SAVE_SECONDS", 1e9)
    saved = []
    with Context(Settings(), SOURCES, places(tmp_path), config=REPO / "config", clock=lambda: NOW) as context:
        for n in range(3):
            arrive(context, f"a{n}", invented(n))
        StageRun(Unordered(context), hurries=True, on_saved=lambda results: saved.append(len(results))).step()
    assert saved == [1, 2]


def test_a_limit_ends_a_batch_early(tmp_path, store_url):
    settings = Settings(run=RunSettings(ordered_batch=5))
    with Context(settings, SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as context:
        for n in range(7):
            arrive(context, f"a{n}", invented(n))
        work = Counted(context)
        assert (run_handler(work, limit=6).taken, work.sizes) == (6, [5, 1])


def test_every_stage_but_poll_has_a_handler_of_its_own():
    assert list(HANDLERS) == [stage for stage in Stage if stage not in {Stage.POLL, Stage.FETCH}]
    assert [load().stage for load in HANDLERS.values()] == list(HANDLERS)


class Timer:
    """A timer that goes off when the test says so."""

    def __init__(self, seconds, ring):
        Timer.ring = ring

    def start(self):
        pass

    cancel = start


class Endless(Counted):
    """Decides one article, and is at the others when the time is over."""

    ordered = False

    def decide(self, claimed, emit):
        emit(self.crash_result(claimed[0], ValueError("whatever")))
        Timer.ring()
        self.meanwhile()
        pytest.fail("it was not interrupted")


def test_when_its_time_is_over_a_stage_keeps_what_it_has_and_gives_the_rest_back(tmp_path, store_url, monkeypatch):
    monkeypatch.setattr(runner.threading, "Timer", Timer)
    with Context(
        Settings(), SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW
    ) as context:
        for n in range(5):
            arrive(context, f"a{n}", invented(n))
        assert run_handler(Endless(context), seconds=60).taken == 1
        assert ask(context.store).ledger.count_waiting(Stage.DEDUPE, NOW) == 4


def test_who_insists_is_told_that_another_worker_stays_at_an_ordered_stage(tmp_path, store_url, monkeypatch):
    monkeypatch.setattr(runner, "_LOCK_WAIT_SECONDS", 0.0)
    environment = places(tmp_path, store_url)
    with (
        Context(Settings(), SOURCES, environment, config=REPO / "config", clock=lambda: NOW) as context,
        Context(Settings(), SOURCES, environment, config=REPO / "config", clock=lambda: NOW) as other,
    ):
        arrive(context, "a", invented(1))
        with other.store.lock(Stage.DEDUPE, NOW, 600):
            assert run_handler(DedupeHandler(context)).taken == 0
            with pytest.raises(BusyError, match="another worker is at it"):
                run_handler(DedupeHandler(context), insists=True)
        assert run_handler(DedupeHandler(context), insists=True).taken == 1

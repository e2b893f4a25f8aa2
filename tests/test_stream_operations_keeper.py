"""A run that follows sends operations after articles, and keeps samples for its own pages."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.errors import IndexAwayError
from pipeline.records import Stage
from pipeline.settings import OperationsSettings, Settings
from pipeline.stream import operations_keeper
from pipeline.stream.coordinator import CoordinatorPlan, StreamCoordinator
from pipeline.stream.operations_keeper import keep_operations, keep_samples, pages_now
from pipeline.stream.queues import StageQueues
from pipeline.telemetry.sending import SentCounts
from tests.helpers.arriving import NOW


def coordinator(told=None) -> StreamCoordinator:
    plan = CoordinatorPlan(stages=frozenset(Stage), follows=True)
    tell = (lambda _: None) if told is None else told.append
    return StreamCoordinator(plan, StageQueues(articles=10, size=10**6), lambda: NOW, None, tell)


def test_articles_go_first():
    async def look():
        run = coordinator()
        quiet = pages_now(run)
        run.set_queue({Stage.INDEX: 3})
        busy = pages_now(run)
        run.begin_pause(Stage.INDEX, "Elasticsearch is away")
        paused = pages_now(run)
        run.note_working(Stage.INDEX)
        return quiet, busy, paused, pages_now(run)

    quiet, busy, paused, again = asyncio.run(look())
    assert quiet > busy == again == 1
    assert paused == 0


class Sender:
    """Answers, one after the other, as ``answers`` say; then the test is over."""

    def __init__(self, *answers):
        self.answers, self.is_closed = list(answers), False

    def send(self, *, pages):
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.is_closed = True


def test_a_receiver_that_is_away_is_told_once_and_tried_again(context, monkeypatch):
    sender = Sender(IndexAwayError("away"), IndexAwayError("away"), SentCounts(outcomes=1), IndexAwayError("away"))
    monkeypatch.setattr(operations_keeper, "open_sender", lambda _: sender)
    context.settings = Settings(operations=OperationsSettings(every_seconds=0.001))
    told = []

    async def run():
        await keep_operations(context, coordinator(told))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert told == ["operations are sent later: away", "operations are sent again", "operations are sent later: away"]
    assert sender.is_closed


def test_samples_are_kept_whether_they_are_sent_or_not(context, monkeypatch):
    monkeypatch.setattr(operations_keeper, "_SAMPLE_SECONDS", 0)

    async def run():
        with_end = asyncio.create_task(keep_samples(context, coordinator()))
        while True:
            await asyncio.sleep(0)
            with context.store.read() as connection:
                if context.store.samples.last(connection):
                    break
        with_end.cancel()
        await asyncio.gather(with_end, return_exceptions=True)

    asyncio.run(run())
    with context.store.read() as connection:
        (sample,) = context.store.samples.list_after(connection, None, 10)
    assert sample.at == NOW.replace(second=0, microsecond=0)
    assert len(sample.queues) == len(Stage)

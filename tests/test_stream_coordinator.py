"""The loops of a run wake each other, wait for room, and end when all of them rest."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from pipeline.records import Article, Outcome, Page, Reason, Stage
from pipeline.store import ArticleRow, StageResult
from pipeline.stream.batch_loop import seconds_for_company
from pipeline.stream.coordinator import CoordinatorPlan, StreamCoordinator
from pipeline.stream.queues import StageQueues
from tests.helpers.support import NOW
from tests.helpers.virtual_time import run_virtually

TWO = frozenset({Stage.EXTRACT, Stage.DEDUPE})


def coordinator(stages=TWO, *, follows=True, articles=10, size=10**6, told=None) -> StreamCoordinator:
    loop = asyncio.get_running_loop()
    plan = CoordinatorPlan(stages=frozenset(stages), follows=follows)
    queues = StageQueues(articles=articles, size=size)
    tell = (lambda _: None) if told is None else told.append
    return StreamCoordinator(plan, queues, lambda: NOW + dt.timedelta(seconds=loop.time()), None, tell)


def row(name: str) -> ArticleRow:
    return ArticleRow(
        seq=1, id=name, source="Daily", url=None, first_seen=NOW, version=1, stage=None, state="pending", attempts=0,
        revision=0, indexed=0, copy_group=None, story=None, lease_owner=None,
    )  # fmt: skip


def done(number=1, size=1000) -> list[StageResult]:
    page = Page(id="a", url="u", final_url="u", blob="b", size=size, fetched=NOW)
    return [StageResult(article=row(str(i)), outcome=Outcome.DONE, record=page) for i in range(number)]


def test_a_stage_that_rests_gets_up_when_it_is_woken():
    async def main():
        made = coordinator()
        resting = asyncio.create_task(made.rest(Stage.DEDUPE))
        await asyncio.sleep(0)
        made.wake(Stage.DEDUPE)
        assert await resting
        assert asyncio.get_running_loop().time() == 0

    run_virtually(main())


def test_a_run_is_busy_while_more_than_a_few_articles_wait_for_the_stages_that_do_most_of_the_work():
    async def main():
        made = coordinator({Stage.FETCH, Stage.EXTRACT, Stage.DEDUPE})
        made.set_queue({Stage.DEDUPE: 100, Stage.EXTRACT: 8})
        assert not made.is_busy()
        made.count(Stage.FETCH, done())
        assert made.is_busy()

    run_virtually(main())


@pytest.mark.parametrize(("since", "took", "seconds"), [(0.0, 0.04, 0.12), (0.1, 1.0, 0.15), (9.0, 1.0, 0.01)])
def test_where_a_run_is_busy_a_stage_waits_for_company_in_proportion_to_what_its_last_batch_took(since, took, seconds):
    assert seconds_for_company(since, took) == pytest.approx(seconds)


def test_who_attends_to_a_stage_hears_each_wake_also_while_nobody_rests():
    async def main():
        made, heard = coordinator(), []
        made.attend(Stage.DEDUPE, lambda: heard.append("dedupe"))
        made.wake(Stage.DEDUPE)
        made.hear({Stage.DEDUPE, Stage.EXTRACT})
        assert heard == ["dedupe", "dedupe"]

    run_virtually(main())


def test_a_wake_while_nobody_rests_is_not_lost():
    async def main():
        made = coordinator()
        made.wake(Stage.DEDUPE)
        assert await made.rest(Stage.DEDUPE)
        assert not await made.rest(Stage.DEDUPE)

    run_virtually(main())


def test_one_wake_gets_one_lane_up():
    async def main():
        made = coordinator()
        made.set_lanes(Stage.EXTRACT, 2)
        lanes = [asyncio.create_task(made.rest(Stage.EXTRACT)) for _ in range(2)]
        await asyncio.sleep(0)
        made.wake(Stage.EXTRACT)
        assert sorted([await lane for lane in lanes]) == [False, True]

    run_virtually(main())


def test_a_loop_that_follows_rests_until_it_is_due_and_never_longer_than_a_slow_look():
    async def main():
        made, loop = coordinator(), asyncio.get_running_loop()
        await made.rest(Stage.DEDUPE, until=NOW + dt.timedelta(seconds=2))
        assert loop.time() == pytest.approx(2)
        for until in (None, NOW + dt.timedelta(hours=5), NOW - dt.timedelta(hours=5)):
            before = loop.time()
            await made.rest(Stage.DEDUPE, until=until)
            assert before < loop.time() <= before + made.plan.slow_look

    run_virtually(main())


def test_a_run_that_ends_by_itself_ends_when_all_its_loops_rest():
    async def main():
        made = coordinator(follows=False)
        first = asyncio.create_task(made.rest(Stage.EXTRACT))
        await asyncio.sleep(1000)
        assert not made.is_ending
        await made.rest(Stage.DEDUPE, until=NOW + dt.timedelta(days=3))
        assert made.is_ending
        assert not await first
        assert asyncio.get_running_loop().time() == 1000

    run_virtually(main())


def test_it_looks_once_more_where_something_changed_since_its_last_round():
    async def main():
        made = coordinator(follows=False)
        rounds = []

        async def loop(stage):
            while not made.is_ending:
                rounds.append((stage, made.round))
                await made.rest(stage)

        made.hear({Stage.INDEX})  # by which nobody of this run is woken
        await asyncio.gather(loop(Stage.EXTRACT), loop(Stage.DEDUPE))
        assert sorted(rounds) == sorted((stage, number) for stage in TWO for number in (0, 1))

    run_virtually(main())


def test_a_stage_that_has_ended_keeps_no_run_from_ending():
    async def main():
        made = coordinator(follows=False)
        made.set_lanes(Stage.EXTRACT, 0)
        made.wake(Stage.EXTRACT)
        await made.rest(Stage.DEDUPE)
        assert made.is_ending

    run_virtually(main())


@pytest.mark.parametrize(("number", "size"), [(10, 1), (2, 10**6)])
def test_no_more_is_brought_to_a_stage_than_may_wait_for_it_in_number_and_bytes(number, size):
    async def main():
        made = coordinator(articles=10, size=2 * 10**6)
        await made.wait_for_room(Stage.EXTRACT)
        made.count(Stage.FETCH, done(number, size))
        waiting = asyncio.create_task(made.wait_for_room(Stage.EXTRACT))
        await asyncio.sleep(1)
        assert not waiting.done()
        dropped = [StageResult(article=row("0"), outcome=Outcome.DROPPED, reason=Reason.EMPTY)]
        made.count(Stage.EXTRACT, dropped)
        await waiting
        assert made.queues.queues[Stage.EXTRACT].articles == number - 1

    run_virtually(main())


def test_there_is_room_before_a_stage_that_does_not_run_that_found_nothing_or_when_the_run_ends():
    async def main():
        made = coordinator(articles=1)
        made.count(Stage.FETCH, done(5))
        made.count(Stage.CLUSTER, done(5))
        await made.wait_for_room(Stage.INDEX)
        waiting = asyncio.create_task(made.wait_for_room(Stage.EXTRACT))
        await asyncio.sleep(1)
        assert not waiting.done()
        resting = asyncio.create_task(made.rest(Stage.EXTRACT))
        await waiting
        made.count(Stage.FETCH, done(5))
        waiting = asyncio.create_task(made.wait_for_room(Stage.EXTRACT))
        await asyncio.sleep(1)
        assert not waiting.done()
        made.end()
        await asyncio.gather(waiting, resting)

    run_virtually(main())


def test_what_waits_for_its_page_is_not_bounded():
    async def main():
        made = coordinator([Stage.POLL, Stage.FETCH], articles=1)
        made.count(Stage.POLL, done(50))
        assert made.queues.queues[Stage.FETCH].articles == 50
        await made.wait_for_room(Stage.FETCH)

    run_virtually(main())


def test_counts_are_put_right_by_the_ledger():
    async def main():
        made = coordinator(articles=5)
        made.count(Stage.FETCH, done(5, size=100))
        waiting = asyncio.create_task(made.wait_for_room(Stage.EXTRACT))
        await asyncio.sleep(1)
        made.set_queue({Stage.EXTRACT: 3})
        await waiting
        assert made.queues.queues[Stage.EXTRACT].size == 300

    run_virtually(main())


def test_an_article_waits_at_once_only_where_its_result_says_so():
    async def main():
        made = coordinator()
        later = NOW + dt.timedelta(minutes=10)
        text = Article(id="a", url="u", source="Daily", text="x" * 40)
        made.count(
            Stage.EXTRACT,
            [
                StageResult(article=row("1"), outcome=Outcome.DONE, record=text),
                StageResult(article=row("2"), outcome=Outcome.RETRY, reason=Reason.TIMEOUT, retry_at=later),
                StageResult(article=row("3"), outcome=Outcome.RETRY, reason=Reason.WALL, again_from=Stage.FETCH),
                StageResult(article=row("4"), outcome=Outcome.QUARANTINED, reason=Reason.CRASHED),
            ],
        )
        waiting = {stage: queue.articles for stage, queue in made.queues.queues.items() if queue.articles}
        assert waiting == {Stage.DEDUPE: 1, Stage.FETCH: 1}
        assert made.queues.queues[Stage.DEDUPE].size == 40

    run_virtually(main())


def test_a_fault_is_told_when_it_begins_and_when_it_is_over_and_once_for_all_stages_that_it_stops():
    async def main():
        told = []
        made = coordinator(told=told)
        waits = [made.begin_pause(Stage.EXTRACT, "the ledger is away") for _ in range(9)]
        assert waits == sorted(waits)
        assert waits[-1] == 60
        made.begin_pause(Stage.DEDUPE, "the ledger is away")
        assert len(told) == 1
        assert "the ledger is away" in told[0]
        made.note_working(Stage.EXTRACT)
        assert len(told) == 1
        made.count(Stage.DEDUPE, done())
        assert len(told) == 2
        assert "dedupe goes on" in told[1]
        made.note_working(Stage.DEDUPE)
        assert len(told) == 2

    run_virtually(main())

"""A part of a day on virtual time: some dozen feeds, hosts that are away, no network for a while, then no index."""

from __future__ import annotations

import gc
from collections.abc import Collection

import msgspec
import pytest

from bench import day
from bench.day_web import DayPlan
from pipeline.records import Stage
from pipeline.stages.poll import PollLoop

PLAN = DayPlan(feeds=36, hours=0.3, articles=4000, backlog=20, outage=(0.3, 0.35), index_away=(0.45, 0.8), looks=6)


@pytest.fixture(scope="module")
def looks():
    return []


@pytest.fixture(scope="module")
def result(tmp_path_factory, looks):
    def look(figures):
        (loop,) = (each for each in gc.get_objects() if isinstance(each, PollLoop) and not each._is_over)
        looks.append((figures, sum(len(each) for each in vars(loop).values() if isinstance(each, Collection))))

    return day.run_day(PLAN, tmp_path_factory.mktemp("day"), look)


def test_what_came_out_is_searchable_and_no_queue_grows(result):
    on_the_way = sum(result.hours[-1].waiting.values())
    assert result.documents >= result.total.new_articles_total - on_the_way
    assert result.documents > PLAN.backlog
    assert result.grown_queues() == []


def test_while_the_index_is_away_it_alone_pauses(result):
    pauses = [line for line in result.told if "pauses" in line]
    assert len(pauses) == 1
    assert "index pauses: the index is away" in pauses[0]
    assert any("index goes on" in line for line in result.told)
    away = [look for look in result.hours if 0.6 < look.hour / PLAN.hours < 0.7]
    assert all(look.indexed == 0 and look.pages and look.waiting[Stage.INDEX] for look in away)
    assert away
    assert result.hours[-1].waiting[Stage.INDEX] == 0


@pytest.mark.usefixtures("result")
def test_polls_that_are_over_are_not_kept(looks):
    polls = sum(look.polls for look, _ in looks)
    assert polls > 2 * PLAN.feeds
    assert max(held for _, held in looks) < 2 * PLAN.feeds  # a feed's source at most, and what is to be saved


@pytest.mark.parametrize("seen", [0, 3])
def test_a_day_that_ends_before_its_time_is_no_good_one_and_says_so(result, capsys, seen):
    cut_off = msgspec.structs.replace(result, hours=result.hours[:seen])
    assert not day.print_verdict(cut_off, PLAN.looks)
    assert f"ended after {seen} of {PLAN.looks} looks" in capsys.readouterr().out

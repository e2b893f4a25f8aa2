"""Figures of programs add up, and those of two moments have a difference, in any order and grouping."""

from __future__ import annotations

import collections

from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures import FigureWindow, RunFigures, merge_figures, subtract_figures
from pipeline.records import Outcome, Reason, Stage, from_json, to_json

REASONS = st.none() | st.sampled_from([Reason.TIMEOUT, Reason.GONE, Reason.CRASHED])
# sums of such parts of a second are exact
SECONDS = st.integers(0, 2**20).map(lambda parts: parts / 1024)
EVENTS = st.lists(st.tuples(st.sampled_from(list(Stage)), st.sampled_from(list(Outcome)), REASONS, SECONDS))


def counted(events):
    figures = RunFigures()
    for stage, outcome, reason, seconds in events:
        of_stage = figures.stage(stage)
        of_stage.add(outcome, reason)
        of_stage.busy_seconds_total += seconds
        of_stage.ready_to_saved_seconds.add(seconds)
        figures.searchable_seconds.add(seconds)
        figures.workers_started_total += 1
    return figures


@given(EVENTS)
def test_what_is_taken_is_done_dropped_tried_again_or_quarantined(events):
    figures = counted(events)
    for stage, of_stage in figures.stages.items():
        expected = collections.Counter(outcome for where, outcome, *_ in events if where == stage)
        counts = [of_stage.dropped_total, of_stage.retry_total, of_stage.quarantined_total]
        dropped, retry, quarantined = (sum(reasons.values()) for reasons in counts)
        assert of_stage.taken_total == of_stage.done_total + dropped + retry + quarantined
        assert of_stage.done_total == expected[Outcome.DONE]
        assert (dropped, retry) == (expected[Outcome.DROPPED], expected[Outcome.RETRY])


@given(EVENTS, EVENTS, EVENTS)
def test_sums_are_those_of_all_events_however_they_are_grouped(first, second, third):
    one, two, three = map(counted, (first, second, third))
    together = counted([*first, *second, *third])
    assert merge_figures(merge_figures(one, two), three) == together
    assert merge_figures(one, merge_figures(two, three)) == together
    assert merge_figures(three, one, two) == together


@given(EVENTS, EVENTS)
def test_the_difference_of_two_moments_is_what_came_between(before, between):
    difference = subtract_figures(counted([*before, *between]), counted(before))
    expected = counted(between)
    untouched = {stage: figures for stage, figures in difference.stages.items() if stage not in expected.stages}
    assert {figures.taken_total for figures in untouched.values()} <= {0}
    assert merge_figures(difference, counted(before)) == counted([*before, *between])
    assert difference.searchable_seconds == expected.searchable_seconds
    assert {stage: difference.stages[stage] for stage in expected.stages} == expected.stages


@given(EVENTS)
def test_a_sum_shares_nothing_with_its_parts(events):
    figures = counted(events)
    merge_figures(figures).stage(Stage.FETCH).add(Outcome.RETRY, Reason.TIMEOUT)
    assert figures == counted(events)


@given(EVENTS)
def test_figures_survive_being_kept(events):
    assert from_json(to_json(counted(events)), RunFigures) == counted(events)


def test_failures_come_by_stage_and_reason_the_most_frequent_first():
    figures = RunFigures()
    figures.stage(Stage.INDEX).add(Outcome.QUARANTINED, Reason.BAD_RECORD)
    for outcome in (Outcome.RETRY, Outcome.RETRY, Outcome.QUARANTINED, Outcome.DROPPED):
        figures.stage(Stage.FETCH).add(outcome, Reason.TIMEOUT)
    assert list(figures.failures().items()) == [(("fetch", "timeout"), 3), (("index", "bad record"), 1)]


def test_a_rate_is_a_count_by_the_seconds_of_its_window():
    assert FigureWindow(seconds=10, figures=RunFigures()).rate(25) == 2.5
    assert FigureWindow(seconds=0, figures=RunFigures()).rate(25) == 0

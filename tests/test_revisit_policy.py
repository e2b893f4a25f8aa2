from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.revisit_policy import Visit, VisitOutcome, is_last_visit, register_feed_update, update_visit
from pipeline.settings import RevisitSettings

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
RULE = RevisitSettings()
NEW = Visit(id="a", changed=NOON)


def begin(visit):
    """Return what is stored when a visit begins."""
    return replace(visit, due=None)


def dues(*looks, visit=NEW, settings=RULE):
    """Look when it is due, finding ``looks``; return the hours at which the looks were due."""
    now, hours = NOON, []
    for look in looks:
        visit = update_visit(begin(visit), look, NOON, now, settings)
        hours.append(visit.due and (visit.due - NOON) / HOUR)
        now = visit.due or now
    return hours


def test_a_page_is_looked_at_after_an_hour_a_day_and_a_week_and_then_no_more():
    assert dues(*[VisitOutcome.PRESENT] * 4) == [1, 24, 168, None]
    assert dues(VisitOutcome.PRESENT, VisitOutcome.CHANGED, VisitOutcome.FAILED, VisitOutcome.PRESENT) == [
        1,
        24,
        168,
        None,
    ]


def test_a_look_that_comes_late_does_not_make_up_for_those_that_were_missed():
    assert update_visit(NEW, VisitOutcome.PRESENT, NOON, NOON + 30 * HOUR, RULE).due == NOON + 168 * HOUR


def test_without_hours_nothing_is_looked_at_again():
    assert dues(VisitOutcome.PRESENT, settings=RevisitSettings(hours=())) == [None]


def test_what_is_gone_is_asked_for_once_more_after_an_hour_and_then_by_the_rule():
    assert dues(VisitOutcome.PRESENT, VisitOutcome.GONE, VisitOutcome.GONE, VisitOutcome.GONE) == [1, 2, 24, 168]


def test_what_is_gone_is_marked_from_then_on_until_it_is_there_again():
    gone = update_visit(NEW, VisitOutcome.GONE, NOON, NOON + HOUR, RULE)
    assert gone.gone == NOON + HOUR
    assert update_visit(gone, VisitOutcome.GONE, NOON, NOON + 2 * HOUR, RULE).gone == NOON + HOUR
    assert update_visit(gone, VisitOutcome.FAILED, NOON, NOON + 2 * HOUR, RULE).gone == NOON + HOUR
    assert update_visit(gone, VisitOutcome.PRESENT, NOON, NOON + 2 * HOUR, RULE).gone is None


def test_a_live_blog_is_looked_at_every_quarter_of_an_hour_until_it_rests():
    live = Visit(id="a", changed=NOON, live=True)
    assert dues(VisitOutcome.PRESENT, VisitOutcome.CHANGED, visit=live) == [0.25, 0.5]
    assert update_visit(live, VisitOutcome.PRESENT, NOON, NOON + 12 * HOUR, RULE).due == NOON + 24 * HOUR
    assert update_visit(live, VisitOutcome.CHANGED, NOON, NOON + 12 * HOUR, RULE).due == NOON + 12.25 * HOUR


def test_a_feed_that_says_at_every_poll_that_an_article_changed_is_heard_four_times_an_hour():
    visit, times = NEW, []
    for minute in range(60):
        now = NOON + minute * MINUTE
        at_once, visit = register_feed_update(visit, now, RULE)
        times += [minute] if at_once or (visit.due and visit.due <= now) else []
    assert times == [0, 15, 30, 45]


def test_what_a_feed_says_too_early_is_looked_into_when_it_may_be():
    _, visit = register_feed_update(NEW, NOON, RULE)
    assert register_feed_update(visit, NOON + MINUTE, RULE) == (
        False,
        Visit(id="a", changed=NOON, asked=NOON, due=NOON + 15 * MINUTE),
    )


def test_an_article_that_was_never_looked_at_is_looked_at_at_once():
    assert register_feed_update(NEW, NOON, RULE) == (True, Visit(id="a", changed=NOON, asked=NOON))


@pytest.mark.parametrize("look", VisitOutcome)
def test_what_a_feed_says_during_a_visit_is_looked_into_after_it(look):
    _, visit = register_feed_update(NEW, NOON, RULE)
    _, visit = register_feed_update(visit, NOON + MINUTE, RULE)
    assert update_visit(visit, look, NOON, NOON + 20 * MINUTE, RULE).due == NOON + 15 * MINUTE


@pytest.mark.parametrize(("hours", "last"), [(0, False), (24, False), (168, True), (1000, True)])
def test_the_last_look_is_the_one_after_which_none_is_planned(hours, last):
    assert is_last_visit(NOON, NOON + hours * HOUR, RULE) is last


@given(st.lists(st.tuples(st.sampled_from(VisitOutcome), st.floats(0, 500)), max_size=20), st.booleans())
def test_looks_end_and_never_come_sooner_than_a_quarter_of_an_hour(looks, live):
    visit, now = Visit(id="a", changed=NOON, live=live), NOON
    for look, later in looks:
        visit = update_visit(begin(visit), look, NOON, now, RULE)
        assert visit.due is None or visit.due > now
        assert visit.due is None or visit.due - now >= 15 * MINUTE or visit.due in {NOON + h * HOUR for h in RULE.hours}
        now += later * HOUR

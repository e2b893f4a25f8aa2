"""An alert opens when its condition has lasted, is over when that is gone for long, and each is told once, in turn."""

from __future__ import annotations

import collections
import datetime as dt

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alert_records import AlertCondition, AlertPhase, AlertRule, EventKind
from pipeline.alerts.lifecycle import RETURN, Assessment, follow_conditions, quiet_time
from pipeline.settings import AlertSettings
from tests.helpers.support import NOW

MINUTE = dt.timedelta(minutes=1)
SETTINGS = AlertSettings(hold_minutes=2, quiet_minutes=10, remind_hours=24)


def condition(subject="fetch", **values):
    rule = values.pop("rule", AlertRule.WAITING)
    return AlertCondition(rule=rule, subject=subject, what=f"{subject} waits", advice="look", **values)


class Watched:
    """Alerts as a ledger would keep them, followed step by step."""

    def __init__(self, settings=SETTINGS):
        self.settings, self.alerts, self.events = settings, {}, []

    def look(self, minute, *conditions, unknown=()):
        now = NOW + minute * MINUTE
        alerts = list(self.alerts.values())
        changes = follow_conditions(
            [alert for alert in alerts if alert.phase is not AlertPhase.OVER],
            [alert for alert in alerts if alert.phase is AlertPhase.OVER and now - alert.over < RETURN],
            Assessment(conditions=conditions, unknown=frozenset(unknown)),
            now,
            self.settings,
        )
        self.alerts |= {alert.id: alert for alert in changes.saved}
        for name in changes.forgotten:
            del self.alerts[name]
        self.events += [(minute, event.kind, event.alert.condition.subject) for event in changes.events]
        return [event.kind for event in changes.events]


def test_what_does_not_last_is_not_told():
    watched = Watched()
    for minute in range(0, 20, 2):
        watched.look(minute, condition())
        watched.look(minute + 1)
    assert watched.events == []
    assert watched.alerts == {}


def test_an_alert_opens_when_it_has_lasted_and_is_over_when_it_is_gone_for_long():
    watched = Watched()
    for minute in range(30):
        watched.look(minute, *([condition(since=NOW - 5 * MINUTE)] if minute < 9 else []))
    assert [(minute, kind) for minute, kind, _ in watched.events] == [(2, EventKind.OPENED), (19, EventKind.OVER)]
    (alert,) = watched.alerts.values()
    assert (alert.since, alert.missing) == (NOW - 5 * MINUTE, NOW + 9 * MINUTE)


def test_what_comes_and_goes_stays_one_alert():
    watched = Watched()
    for minute in range(60):
        watched.look(minute, *([condition()] if minute < 3 or minute % 8 == 0 else []))
    assert [kind for _, kind, _ in watched.events] == [EventKind.OPENED]


def test_what_comes_back_again_and_again_must_be_gone_for_longer_each_time():
    watched = Watched()
    for round_ in range(5):
        start = round_ * 400
        for minute in range(start, start + 3):
            watched.look(minute, condition())
        for minute in range(start + 3, start + 400):
            watched.look(minute)
    overs = [minute % 400 - 3 for minute, kind, _ in watched.events if kind is EventKind.OVER]
    assert overs == [10, 20, 40, 80, 160]


def test_an_alert_that_goes_on_is_told_again_after_a_day():
    watched = Watched()
    for hour in range(60):
        watched.look(hour * 60, condition())
    assert [(minute // 60, kind) for minute, kind, _ in watched.events] == [
        (1, EventKind.OPENED),
        (25, EventKind.GOES_ON),
        (49, EventKind.GOES_ON),
    ]
    never = Watched(msgspec.structs.replace(SETTINGS, remind_hours=0))
    for hour in range(60):
        never.look(hour * 60, condition())
    assert len(never.events) == 1


def test_an_alert_of_which_nothing_is_known_stays_as_it_is():
    watched = Watched()
    for minute in range(3):
        watched.look(minute, condition())
    for minute in range(3, 90):
        assert watched.look(minute, unknown=[AlertRule.WAITING]) == []
    assert watched.look(91, condition()) == []


steps = st.lists(
    st.tuples(st.integers(min_value=1, max_value=40), st.frozensets(st.sampled_from("abc"))), min_size=1, max_size=60
)


@given(steps, st.sampled_from([0, 2, 7]), st.sampled_from([0, 10]))
def test_however_conditions_come_and_go_openings_and_ends_are_told_once_and_in_turn(steps, hold, quiet):
    watched = Watched(AlertSettings(hold_minutes=hold, quiet_minutes=quiet, remind_hours=3))
    minute, held = 0, collections.defaultdict(list)
    for wait, subjects in steps:
        minute += wait
        watched.look(minute, *(condition(subject) for subject in subjects))
        for subject in "abc":
            held[subject].append((minute, subject in subjects))
    for _ in range(400):  # in the end all is well, for longer than anything must be gone
        minute += 1
        watched.look(minute)
    for subject in "abc":
        kinds = [kind for _, kind, of in watched.events if of == subject]
        turns = [kind for kind in kinds if kind is not EventKind.GOES_ON]
        assert turns == [EventKind.OPENED, EventKind.OVER] * (len(turns) // 2)
        is_open = False
        for kind in kinds:
            assert (kind is EventKind.OPENED) is not is_open
            is_open = kind is not EventKind.OVER
        lasted = longest_hold(held[subject])
        assert bool(turns) is (lasted is not None and lasted >= hold)
    assert all(alert.phase is AlertPhase.OVER for alert in watched.alerts.values())


def longest_hold(looks):
    """Return the minutes between the first and last of the longest row of looks at which a condition held."""
    longest, began = None, None
    for minute, holds in looks:
        began = (minute if began is None else began) if holds else None
        if began is not None:
            longest = max(longest or 0, minute - began)
    return longest


def test_the_time_that_an_alert_must_be_gone_is_bounded():
    watched = Watched()
    watched.look(0, condition())
    (alert,) = watched.alerts.values()
    assert quiet_time(msgspec.structs.replace(alert, returns=1000), SETTINGS) == 160 * MINUTE

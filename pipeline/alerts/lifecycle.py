"""Decide which alerts open, go on and end. Pure.

However often something is looked at, and however it comes and goes: of each alert an opening is told, then its end,
and in between now and then that it goes on. What doesn't last isn't told, and what comes back at once isn't over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import msgspec

from pipeline.alert_records import (
    Alert,
    AlertCondition,
    AlertEvent,
    AlertPhase,
    AlertRule,
    EventKind,
    hash_id,
)
from pipeline.records import Record
from pipeline.settings import AlertSettings

RETURN = dt.timedelta(days=1)  # what comes back within it has come back, and must be gone for longer
_MOST_DOUBLINGS = 4  # of the time that it must be gone


class Assessment(Record, frozen=True, kw_only=True):
    """What is wrong at a moment; of ``unknown`` rules nothing can be said, so that their alerts stay as they are."""

    conditions: tuple[AlertCondition, ...] = ()
    unknown: frozenset[AlertRule] = frozenset()


class AlertChanges(Record, frozen=True, kw_only=True):
    """What follows from an assessment."""

    saved: tuple[Alert, ...] = ()
    forgotten: tuple[str, ...] = ()  # ids of alerts that came to nothing
    events: tuple[AlertEvent, ...] = ()


def follow_conditions(
    current: Collection[Alert],
    past: Collection[Alert],
    assessment: Assessment,
    now: dt.datetime,
    settings: AlertSettings,
) -> AlertChanges:
    """Return how alerts change, and what is told.

    Args:
        current: the alerts that are pending or open.
        past: those that were over within the last RETURN.
        assessment: what is wrong now.
        now: when it was looked at.
        settings: how long something must last, or be gone.
    """
    holding = {condition.key: condition for condition in assessment.conditions}
    known = {alert.condition.key for alert in current}
    judged = [a for a in current if a.condition.key in holding or a.condition.rule not in assessment.unknown]
    steps: list[tuple[Alert | None, Alert | None]] = [
        (alert, _follow(alert, holding.get(alert.condition.key), now, settings)) for alert in judged
    ]
    for key, condition in holding.items():
        if key not in known:
            steps.append((None, _continue(_begin(condition, past, now), condition, now, settings)))
    return AlertChanges(
        saved=tuple(after for before, after in steps if after is not None and after != before),
        forgotten=tuple(before.id for before, after in steps if before is not None and after is None),
        events=tuple(event for before, after in steps if after is not None and (event := _event(before, after))),
    )


def end_alert(alert: Alert, now: dt.datetime) -> Alert:
    """Return an alert that is over."""
    return msgspec.structs.replace(alert, phase=AlertPhase.OVER, over=now, missing=alert.missing or now)


def quiet_time(alert: Alert, settings: AlertSettings) -> dt.timedelta:
    """Return how long the condition of an alert must be gone until it is over: longer each time that it came back."""
    times: int = 2 ** min(alert.returns, _MOST_DOUBLINGS)
    return dt.timedelta(minutes=settings.quiet_minutes) * times


def _begin(condition: AlertCondition, past: Collection[Alert], now: dt.datetime) -> Alert:
    """Return the alert of a condition that is seen for the first time, or comes back."""
    returns = [a.returns + 1 for a in past if a.condition.key == condition.key and a.over and now - a.over < RETURN]
    return Alert(
        id=hash_id(condition.rule, condition.subject, now.isoformat()),
        phase=AlertPhase.PENDING,
        condition=condition,
        since=min(condition.since or now, now),
        seen=now,
        returns=max(returns, default=0),
    )


def _follow(alert: Alert, condition: AlertCondition | None, now: dt.datetime, settings: AlertSettings) -> Alert | None:
    """Return what becomes of an alert whose condition holds, or (None) doesn't; None where it comes to nothing."""
    if condition is not None:
        return _continue(alert, condition, now, settings)
    if alert.phase is AlertPhase.PENDING:
        return None
    missing = msgspec.structs.replace(alert, missing=alert.missing or now)
    is_over = now - (alert.missing or now) >= quiet_time(alert, settings)
    return end_alert(missing, now) if is_over else missing


def _continue(alert: Alert, condition: AlertCondition, now: dt.datetime, settings: AlertSettings) -> Alert:
    """Return an alert whose condition holds: open where it has lasted, and told again when it is time."""
    seen = msgspec.structs.replace(alert, condition=condition, missing=None)
    if alert.phase is AlertPhase.PENDING:
        if now - alert.seen < dt.timedelta(minutes=settings.hold_minutes):
            return seen
        return msgspec.structs.replace(seen, phase=AlertPhase.OPEN, opened=now, told=now)
    remind = dt.timedelta(hours=settings.remind_hours)
    is_due = remind and alert.told is not None and now - alert.told >= remind
    return msgspec.structs.replace(seen, told=now) if is_due else seen


def _event(before: Alert | None, after: Alert) -> AlertEvent | None:
    """Return what is told of a step of an alert."""
    phase = before.phase if before else AlertPhase.PENDING
    if after.phase is not phase:
        return AlertEvent(kind=EventKind.OPENED if after.phase is AlertPhase.OPEN else EventKind.OVER, alert=after)
    if before is not None and after.told != before.told:
        return AlertEvent(kind=EventKind.GOES_ON, alert=after)
    return None

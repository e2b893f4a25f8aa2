"""Define the records of alerts: what is wrong, since when it is told, and the messages that tell it."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from typing import Any

import msgspec

from pipeline.records import Record


class AlertRule(enum.StrEnum):
    """What is looked at. An alert is of one rule, and of one subject: a stage, a source, a disk."""

    WAITING = "waiting"  # an article waits for too long
    QUEUE = "queue"  # what waits before a stage is much, and grows
    POLLS = "polls"  # feeds are due, and nobody asks for them
    PROGRAM = "program"  # a program died and didn't come back
    WORKERS = "workers"  # worker processes die
    PAUSE = "pause"  # a stage can't work
    RUN = "run"  # a run that should have ended goes on
    FAILURES = "failures"  # most of what a stage does fails
    SOURCE = "source"  # feeds of a source fail
    SILENT = "silent"  # a source has nothing new
    DRIFT = "drift"  # a source's pages have changed
    DISK = "disk"
    INDEX = "index"  # it can't be used, or lags behind the ledger
    AIRFLOW = "airflow"  # a part of Airflow is not well
    LEDGER = "ledger"  # it can't be used
    # Reported by whoever sees it, not looked at: they are over when that is reported.
    LATE_RUN = "late run"  # a run of Airflow's is not through by its deadline
    FAILED_RUN = "failed run"


REPORTED_RULES = frozenset({AlertRule.LATE_RUN, AlertRule.FAILED_RUN})


class AlertCondition(Record, frozen=True, kw_only=True):
    """Something that is wrong now."""

    rule: AlertRule
    subject: str = ""  # what it is about, where a rule may be broken in several places
    what: str  # in one line
    since: dt.datetime | None = None  # None: since it was first seen
    advice: str  # what to do
    page: str | None = None  # where to look: the path of a page of ours

    @property
    def key(self) -> tuple[AlertRule, str]:
        """Return what tells it from others."""
        return (self.rule, self.subject)


class AlertPhase(enum.StrEnum):
    """How far an alert has come."""

    PENDING = "pending"  # it isn't told before it has lasted
    OPEN = "open"
    OVER = "over"


class Alert(Record, frozen=True, kw_only=True):
    """A condition that was seen, for as long as it lasts and as it was seen last."""

    id: str  # of this time that the condition arose
    phase: AlertPhase
    condition: AlertCondition
    since: dt.datetime
    seen: dt.datetime  # for the first time
    opened: dt.datetime | None = None
    told: dt.datetime | None = None  # when a message last said that it goes on
    missing: dt.datetime | None = None  # since when it isn't seen any more, while it is open
    over: dt.datetime | None = None
    returns: int = 0  # times that it came back within a day

    @property
    def changed(self) -> dt.datetime:
        """Return when it was last opened or ended."""
        return self.over or self.opened or self.seen


class EventKind(enum.StrEnum):
    """What is told of an alert."""

    OPENED = "opened"
    GOES_ON = "goes on"
    OVER = "over"


class AlertEvent(Record, frozen=True, kw_only=True):
    """Something that people are told of an alert."""

    kind: EventKind
    alert: Alert


class Message(Record, frozen=True, kw_only=True):
    """What a notifier sends: the same text to people as a mail, the same data to programs as JSON."""

    id: str  # however often it is sent: a receiver can tell a second one
    at: dt.datetime
    subject: str  # one line
    text: str
    data: dict[str, Any] = msgspec.field(default_factory=dict)


class DeliveryState(enum.StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # given up; a person may have it sent again


class Delivery(Record, frozen=True, kw_only=True):
    """A message on its way through one notifier."""

    n: int
    notifier: str
    state: DeliveryState
    message: Message
    due: dt.datetime  # when it is tried next
    attempts: int = 0
    error: str | None = None  # of the last attempt


def hash_id(*parts: object) -> str:
    """Return a short id that follows from ``parts``."""
    return hashlib.sha256(msgspec.json.encode([str(part) for part in parts])).hexdigest()[:16]

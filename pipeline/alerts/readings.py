"""Define what the rules of alerts look at: the figures of a moment."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.feeds.health import Health
from pipeline.figures import Overview
from pipeline.index import IndexHealth
from pipeline.records import Record
from pipeline.sites import Alarm


class DiskReading(Record, frozen=True, kw_only=True):
    """A disk on this machine, and what newswire keeps there."""

    holds: tuple[str, ...]  # ledger, index, archive
    folder: str
    free_bytes: int
    free_share: float  # of room or of file names, whichever is less


class QueueSample(Record, frozen=True, kw_only=True):
    """How many articles stood before each stage at a moment."""

    at: dt.datetime
    waiting: dict[str, int]


class AirflowReading(Record, frozen=True, kw_only=True):
    """How Airflow says that its parts are; ``fault`` says why it can't be asked."""

    parts: dict[str, str] = msgspec.field(default_factory=dict)  # those that aren't healthy, and what is said of them
    fault: str | None = None


class Readings(Record, frozen=True, kw_only=True):
    """The figures of a moment."""

    at: dt.datetime
    overview: Overview
    feeds: tuple[Health, ...] = ()  # without sitemaps that only fill gaps
    drift: dict[str, Alarm] = msgspec.field(default_factory=dict)  # by source
    samples: tuple[QueueSample, ...] = ()  # of the time before, oldest first
    disks: tuple[DiskReading, ...] = ()
    index_fault: str | None = None  # why the index can't be used
    index_health: IndexHealth | None = None  # None: it isn't kept by several machines, or that isn't known
    airflow: AirflowReading | None = None  # None: it isn't known where it is

"""Define what is read of a system beside its programs' own figures: ages, holds, sources and sizes.

How many sources and hosts are told is bounded, however many there are.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from pipeline.figures.overview import Overview
from pipeline.figures.queues import HostBacklog


class PauseReading(msgspec.Struct, frozen=True, kw_only=True):
    """That a stage of a program can't work."""

    paused: Annotated[int, Meta(description="1 where the stage can't work, and is tried again later")] = 0


class QueueAge(msgspec.Struct, frozen=True, kw_only=True):
    """How long the first of a queue waits."""

    oldest_seconds: Annotated[float, Meta(description="how long the one waits that could be taken first")] = 0.0


class HostHold(msgspec.Struct, frozen=True, kw_only=True):
    """For how long a host wants to be left alone."""

    held_seconds: Annotated[float, Meta(description="seconds until it may be asked again, where it is held")] = 0.0


class SourceReading(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh a source is."""

    source: str
    silent_seconds: Annotated[
        float | None, Meta(description="seconds since its feeds named an article that was new")
    ] = None
    unread_seconds: Annotated[float | None, Meta(description="seconds since a feed of it was last read")] = None
    failures: Annotated[int, Meta(description="polls that failed in a row, the most of its feeds")] = 0


class SizeReading(msgspec.Struct, frozen=True, kw_only=True):
    """How large ledger and index are; what can't be told is None."""

    ledger_bytes: Annotated[int | None, Meta(description="room that the ledger takes")] = None
    index_documents: Annotated[int | None, Meta(description="documents that searches see")] = None
    index_bytes: Annotated[int | None, Meta(description="room that the index takes, replicas included")] = None


class OutcomeReading(msgspec.Struct, frozen=True, kw_only=True):
    """How many attempts there were, of whatever programs."""

    outcomes_total: Annotated[
        dict[str, int],
        Meta(description="attempts of all programs and of Airflow's tasks, since the first reading of this ledger"),
    ] = {}  # by "stage outcome reason"


class OperationsReading(msgspec.Struct, frozen=True, kw_only=True):
    """What of the history is still to be sent elsewhere."""

    waiting: Annotated[int, Meta(description="outcomes that were not sent as documents yet")] = 0
    oldest_seconds: Annotated[float, Meta(description="since the first of them was saved")] = 0.0


class SystemReadings(msgspec.Struct, frozen=True, kw_only=True):
    """All that is exported of a moment; ``hosts`` are those of the overview that are told.

    ``totals`` is empty where one program alone is told of, ``operations`` is None where nothing is sent anywhere.
    """

    overview: Overview
    hosts: tuple[HostBacklog, ...] = ()
    sources: tuple[SourceReading, ...] = ()
    sizes: SizeReading = SizeReading()
    totals: OutcomeReading = OutcomeReading()
    operations: OperationsReading | None = None

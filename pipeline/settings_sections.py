"""Define what all tables of settings are, and those of what others read of our work: documents, metrics and traces.

``settings`` has the other tables, and loads them all.
"""

from __future__ import annotations

from typing import Annotated

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a settings file."""


class OperationsSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[operations]: what is written of outcomes, runs and sources where NEWSWIRE_OPERATIONS_URL says."""

    write: bool = True  # False: nothing, wherever it would go
    # of the names of its indices; no index of articles may begin so
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")] = "newswire"
    every_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0  # between two times that ``run --follow`` writes
    outcome_days: Annotated[int, msgspec.Meta(ge=1)] = 30  # that outcomes are kept there
    run_days: Annotated[int, msgspec.Meta(ge=1)] = 90  # that runs, samples and days of sources are


class MetricSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[metrics]: how figures leave the program, for Prometheus and for OpenTelemetry."""

    host: str = "127.0.0.1"  # where ``run --follow`` lets Prometheus read
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0: nowhere
    sources: Annotated[int, msgspec.Meta(ge=0)] = 200  # that have metrics of their own, those silent longest first
    hosts: Annotated[int, msgspec.Meta(ge=0)] = 50  # the same, those held and those with most pages first
    push_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # between two times that OTLP gets them; 0: never


class TraceSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[traces]: whose way through the stages is told by OTLP."""

    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # of all articles; 0: nobody's

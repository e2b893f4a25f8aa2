"""Define Kibana's data views of how the pipeline does: outcomes, runs and samples, sources.

Names, types and meanings of the fields are those of ``telemetry.fields``, by which the indices are written as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.kibana.data_views import MINUTES, PLAIN_NUMBER, SECONDS, DataView, page_link
from pipeline.telemetry.fields import FAMILIES, DocumentFamily

TIME_FIELD = "@timestamp"

_HOURS = {**MINUTES, "params": {**MINUTES["params"], "inputFormat": "hours"}}  # type: ignore[dict-item]


def outcome_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of what became of each article and poll at each attempt of a stage."""
    formats = {
        "article": page_link(pages_url, "explain"),
        "run": page_link(pages_url, "runs"),
        "status": PLAIN_NUMBER,
        **dict.fromkeys(("age_seconds", "step_seconds", "latency_seconds"), SECONDS),
    }
    return _view(prefix, DocumentFamily.OUTCOMES, formats)


def run_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of runs, and of what was sampled each minute."""
    seconds = [field.name for field in FAMILIES[DocumentFamily.RUNS] if field.name.endswith("seconds")]
    formats = {
        "run": page_link(pages_url, "runs"),
        "memory_bytes": {"id": "bytes"},
        "busy_share": {"id": "percent", "params": {"pattern": "0%"}},
        **dict.fromkeys(seconds, SECONDS),
    }
    return _view(prefix, DocumentFamily.RUNS, formats)


def source_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of how each source does."""
    formats = {"source": page_link(pages_url, "sources"), "silent_hours": _HOURS, "every_minutes": MINUTES}
    return _view(prefix, DocumentFamily.SOURCES, formats)


def _view(prefix: str, family: DocumentFamily, formats: Mapping[str, Mapping[str, Any]]) -> DataView:
    fields = FAMILIES[family]
    return DataView(
        id=f"newswire-{family}",
        pattern=f"{prefix}-{family}",
        name=f"newswire {family}",
        time_field=TIME_FIELD,
        types={field.name: field.type for field in fields},
        descriptions={field.name: field.meaning for field in fields},
        formats=formats,
    )

"""Build the columns of a Lens chart: what is counted or measured, and by what it is split. Pure.

A column is as Lens keeps it in its form-based state (``kbn-lens-common/datasources/operations.ts``): its id, and what
it holds. Columns that split come before those that measure, the outermost first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

RECORDS = "___records___"  # what Lens calls the documents themselves


class LensColumn(NamedTuple):
    """A column: its id within the chart, and its state."""

    id: str
    state: Mapping[str, Any]


def count_articles(column_id: str, label: str, *, kql: str = "", last: str = "") -> LensColumn:
    """Return a column that counts documents: those that ``kql`` matches, of the ``last`` (``1d``) of the time shown."""
    return LensColumn(column_id, _metric("count", label, RECORDS, {"emptyAsNull": False}, kql=kql, last=last))


def measure(
    column_id: str,
    label: str,
    operation: str,
    field: str,
    *,
    kql: str = "",
    kind: str = "number",
) -> LensColumn:
    """Return a column that measures a field: average, median, sum, min, max or unique_count, where it has a value.

    The figure looks as the data view says that the field's values do.
    """
    return LensColumn(column_id, _metric(operation, label, field, {"emptyAsNull": False}, kql=kql, kind=kind))


def percentile(column_id: str, label: str, field: str, percent: float) -> LensColumn:
    """Return a column of the value that so many percent of a field's values don't exceed."""
    return LensColumn(column_id, _metric("percentile", label, field, {"percentile": percent}))


def last_value(
    column_id: str, label: str, field: str, *, time_field: str = "seen_at", kind: str = "string"
) -> LensColumn:
    """Return a column of the value, or values, of the latest document that has one."""
    params: dict[str, Any] = {"sortField": time_field, "showArrayValues": True}
    state = _metric("last_value", label, field, params, kql=f"{field} : *", kind=kind)
    return LensColumn(column_id, {**state, "scale": "ratio" if kind == "number" else "ordinal"})


def top_values(  # noqa: PLR0913 - what a split by values has
    column_id: str,
    label: str,
    field: str,
    *,
    by: str | None,
    size: int,
    other: bool = False,
    ascending: bool = False,
    kind: str = "string",
) -> LensColumn:
    """Return a column that splits by the values of a field.

    Args:
        column_id: its id within the chart.
        label: what it is called.
        field: whose values.
        by: the column that ranks them; None sorts them by themselves.
        size: how many are shown.
        other: whether all others are shown together.
        ascending: whether the lowest come first.
        kind: Lens's name of the field's type.
    """
    order: dict[str, Any] = {"type": "column", "columnId": by} if by else {"type": "alphabetical", "fallback": False}
    params: dict[str, Any] = {
        "size": size,
        "orderBy": order,
        "orderDirection": "asc" if ascending or not by else "desc",
        "otherBucket": other,
        "missingBucket": False,
        "accuracyMode": True,  # each month is an index: without it, counts of what is rare in one of them are too low
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    }
    return LensColumn(column_id, _bucket("terms", label, params, field=field, kind=kind, scale="ordinal"))


def over_time(column_id: str, label: str, field: str = "seen_at", *, interval: str = "auto") -> LensColumn:
    """Return a column that splits by time, in steps that fit the time shown, those without documents as well."""
    params = {"interval": interval, "includeEmptyRows": True, "dropPartials": False}
    return LensColumn(column_id, _bucket("date_histogram", label, params, field=field, kind="date", scale="interval"))


def by_filters(column_id: str, label: str, filters: Sequence[tuple[str, str]]) -> LensColumn:
    """Return a column that splits by searches: what each is called, and its KQL."""
    params = {
        "filters": [{"label": name, "input": {"language": "kuery", "query": kql}} for name, kql in filters],
    }
    return LensColumn(column_id, _bucket("filters", label, params, scale="ordinal"))


def _metric(
    operation: str,
    label: str,
    field: str,
    params: Mapping[str, Any],
    *,
    kql: str = "",
    last: str = "",
    kind: str = "number",
) -> dict[str, Any]:
    return {
        "customLabel": True,
        "dataType": kind,
        "isBucketed": False,
        "label": label,
        "operationType": operation,
        "params": dict(params),
        "scale": "ratio",
        "sourceField": field,
        **({"filter": {"language": "kuery", "query": kql}} if kql else {}),
        **({"reducedTimeRange": last} if last else {}),
    }


def _bucket(
    operation: str,
    label: str,
    params: Mapping[str, Any],
    *,
    field: str | None = None,
    kind: str = "string",
    scale: str,
) -> dict[str, Any]:
    return {
        "customLabel": True,
        "dataType": kind,
        "isBucketed": True,
        "label": label,
        "operationType": operation,
        "params": dict(params),
        "scale": scale,
        **({"sourceField": field} if field else {}),
    }

"""Read Elasticsearch's answer to a chart's request as rows: a value for each column. Pure.

As ``data/common/search/tabify`` does: a row for each innermost bucket, in the order of the buckets; what no value shown
has comes last, as "Other".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.kibana.lens_request import OTHER, OTHER_FILTER, Json, LensQuery, Split, percent_of

Row = dict[str, Any]


def read_rows(query: LensQuery, response: Json, other: Json | None = None) -> list[Row]:
    """Return the rows of a chart.

    Args:
        query: what was asked.
        response: Elasticsearch's answer to it.
        other: its answer to the further request for what is left over, where there was one.
    """
    total = response["hits"]["total"]["value"]
    aggregations = {"doc_count": total, **response.get("aggregations", {})}
    rows = list(_walk(query, query.splits, aggregations, {}))
    return [*rows, *_other_rows(query, other)] if other else rows


def _walk(query: LensQuery, splits: list[Split], level: Json, row: Row) -> Iterator[Row]:
    if not splits:
        yield {**row, **{column_id: _measured(query, column_id, level) for column_id in query.measures}}
        return
    split, *further = splits
    for value, bucket in _buckets(split, level):
        yield from _walk(query, further, bucket, {**row, split.column_id: value})


def _buckets(split: Split, level: Json) -> Iterator[tuple[Any, Json]]:
    buckets = level[split.number]["buckets"]
    if isinstance(buckets, Mapping):
        yield from buckets.items()
        return
    is_boolean = split.state["dataType"] == "boolean"
    for bucket in buckets:
        yield bucket["key_as_string"] if is_boolean else bucket["key"], bucket


def _measured(query: LensQuery, column_id: str, level: Json) -> Any:
    column = query.columns[column_id]
    number = str(query.order.index(column_id))
    bucket_level = level
    if column.get("filter") or column.get("reducedTimeRange"):
        bucket_level, number = level[f"{number}-filter"], f"{number}-metric"
    operation = column["operationType"]
    if operation == "count":
        return bucket_level["doc_count"]
    if operation in {"median", "percentile"}:
        return bucket_level[number]["values"][str(percent_of(column))]
    if operation == "last_value":
        hits = bucket_level[number]["hits"]["hits"]
        values = hits[0].get("fields", {}).get(column["sourceField"], []) if hits else []
        return ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values) or None
    return bucket_level[number]["value"]


def _other_rows(query: LensQuery, other: Json) -> Iterator[Row]:
    """Yield the rows of what no value shown has, below the values that stand above it."""
    splits = query.splits
    for path, bucket in other["aggregations"][OTHER_FILTER]["buckets"].items():
        if not bucket["doc_count"]:
            continue
        above = json.loads(path)
        row = {split.column_id: value for split, value in zip(splits, [*above, OTHER], strict=False)}
        yield from _walk(query, splits[len(above) + 1 :], bucket, row)

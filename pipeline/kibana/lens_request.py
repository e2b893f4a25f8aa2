"""Make the search that Kibana makes of a Lens chart: from the state that is saved to Elasticsearch's request. Pure.

Follows ``lens/public/datasources/form_based/to_expression.ts`` and the operations beside it, and
``data/common/search/aggs``: columns are numbered in their order; those that split nest, those that measure stand in the
innermost; what ranks a split stands in that split too. It reads the very JSON of the file, so a chart that can't be
asked for is found without a Kibana.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.kibana.kql import parse_kql
from pipeline.kibana.time_steps import TimeRange, stated_interval

Json = Mapping[str, Any]

# operation → Elasticsearch's aggregation, of those that measure a field
_MEASURES = {"average": "avg", "sum": "sum", "min": "min", "max": "max", "unique_count": "cardinality"}
_MIN_SHARD_SIZE = 25  # of terms, up to size 10 (``terms.ts``)
_SMALL_SIZE = 10
_ACCURATE_SHARD_SIZE = 1000  # of terms in accuracy mode, at least (Lens, ``terms/index.tsx``)
OTHER = "Other"
OTHER_FILTER = "other-filter"


class ViewState(NamedTuple):
    """What a search needs to know of a data view, out of its saved object."""

    pattern: str
    time_field: str
    runtime: Json
    types: Mapping[str, str]  # field → Elasticsearch's type, runtime fields included


class Split(NamedTuple):
    """A column that splits, with its number among all."""

    number: str
    column_id: str
    state: Json


class LensQuery:
    """A Lens chart as a question to Elasticsearch.

    Raises:
        UsageError: The chart has an operation, a field or a column that can't be asked for.
    """

    def __init__(self, lens: Json, view: ViewState, time: TimeRange) -> None:
        state = lens["attributes"]["state"]
        (self._layer,) = state["datasourceStates"]["formBased"]["layers"].values()
        self._view = view
        self._time = time
        self._kql = state["query"]["query"]
        self.columns: Json = self._layer["columns"]
        self.order: Sequence[str] = self._layer["columnOrder"]
        self._numbers = {column_id: str(number) for number, column_id in enumerate(self.order)}
        for column_id, column in self.columns.items():
            self._check_field(column_id, column)

    def _check_field(self, column_id: str, column: Json) -> None:
        field = column.get("sourceField", "___records___")
        if field != "___records___" and field not in self._view.types:
            raise UsageError(f"column {column_id}: there is no field {field!r} in {self._view.pattern}")

    @property
    def splits(self) -> list[Split]:
        """Return the columns that split, the outermost first."""
        return [
            Split(self._numbers[column_id], column_id, self.columns[column_id])
            for column_id in self.order
            if self.columns[column_id]["isBucketed"]
        ]

    @property
    def measures(self) -> list[str]:
        """Return the ids of the columns that measure."""
        return [column_id for column_id in self.order if not self.columns[column_id]["isBucketed"]]

    def body(self) -> dict[str, Any]:
        """Return the request."""
        return request_body(self._view, self._time, self._kql, aggs=self._nest(self.splits))

    def other_body(self, response: Json) -> dict[str, Any] | None:
        """Return the further request for what the answer's values leave over, None where nothing is asked or left."""
        splits = self.splits
        for position, split in enumerate(splits):
            if split.state["operationType"] == "terms" and split.state["params"]["otherBucket"]:
                filters = dict(self._other_filters(splits, position, response["aggregations"], (), ()))
                if not filters:
                    return None
                inner = self._nest(splits[position + 1 :])
                aggs = {OTHER_FILTER: {"filters": {"filters": filters}, **({"aggs": inner} if inner else {})}}
                return request_body(self._view, self._time, self._kql, aggs=aggs)
        return None

    def _other_filters(
        self, splits: Sequence[Split], position: int, level: Json, path: tuple[str, ...], above: tuple[Json, ...]
    ) -> Iterator[tuple[str, Json]]:
        """Yield, by the path of values above it, the search for what the split at ``place`` leaves over."""
        split = splits[len(path)]
        field, buckets = split.state["sourceField"], level[split.number]["buckets"]
        if len(path) < position:
            for bucket in buckets:
                clause = {"match_phrase": {field: bucket["key"]}}
                yield from self._other_filters(splits, position, bucket, (*path, str(bucket["key"])), (*above, clause))
        elif buckets and level[split.number]["sum_other_doc_count"]:
            shown = [{"match_phrase": {field: bucket["key"]}} for bucket in buckets]
            filters = [*above, {"exists": {"field": field}}]
            yield json.dumps(path), {"bool": {"must": [], "filter": filters, "should": [], "must_not": shown}}

    def _nest(self, splits: Sequence[Split]) -> dict[str, Any]:
        """Return the aggregations of these splits and all that they hold."""
        if not splits:
            return dict(filter(None, map(self._measure, self.measures)))
        split, *further = splits
        inner = self._nest(further)
        ranked = self._ranking(split)
        if ranked and ranked not in inner and (aggregation := self._measure(ranked)):
            inner = {**inner, aggregation[0]: aggregation[1]}
        return {split.number: {**self._split(split), **({"aggs": inner} if inner else {})}}

    def _ranking(self, split: Split) -> str | None:
        """Return the column that ranks the values of a split, None where they are ranked by themselves."""
        if split.state["operationType"] != "terms":
            return None
        order = split.state["params"]["orderBy"]
        return str(order["columnId"]) if order["type"] == "column" else None

    def _split(self, split: Split) -> dict[str, Any]:
        params, operation = split.state["params"], split.state["operationType"]
        if operation == "terms":
            shard = {"shard_size": _MIN_SHARD_SIZE} if params["size"] <= _SMALL_SIZE else {}
            if params.get("accuracyMode"):
                shard = {"shard_size": max(_ACCURATE_SHARD_SIZE, round(1.5 * params["size"]) + 10)}
            order = {self._order_key(split): params["orderDirection"]}
            return {"terms": {"field": split.state["sourceField"], "order": order, "size": params["size"], **shard}}
        if operation == "date_histogram":
            step = stated_interval(params["interval"], self._time)
            empty = params.get("includeEmptyRows")
            histogram: dict[str, Any] = {
                "field": split.state["sourceField"],
                **step,
                "time_zone": "UTC",
                "min_doc_count": 0 if empty else 1,
            }
            if empty:
                bounds = [round(moment.timestamp() * 1000) for moment in self._time]
                histogram["extended_bounds"] = dict(zip(("min", "max"), bounds, strict=True))
            return {"date_histogram": histogram}
        if operation == "filters":
            filters = {
                item["label"] or item["input"]["query"]: parse_kql(item["input"]["query"], self._view.types)
                for item in params["filters"]
            }
            return {"filters": {"filters": filters}}
        raise UsageError(f"column {split.column_id}: can't split by {operation!r}")

    def _order_key(self, split: Split) -> str:
        """Return by what terms are ranked, as Elasticsearch names it (``getValueBucketPath``)."""
        ranked = self._ranking(split)
        if ranked is None:
            return "_key"
        if ranked not in self.columns:
            raise UsageError(f"column {split.column_id}: ranked by {ranked!r}, which is no column")
        column, number = self.columns[ranked], self._numbers[ranked]
        if column["operationType"] == "last_value":  # ``last_value.tsx``: lists rank nothing
            raise UsageError(f"column {split.column_id}: a last value can't rank")
        inner = _inner_path(column)
        if _is_filtered(column):
            return (
                f"{number}-filter>{number}-metric{inner}" if column["operationType"] != "count" else f"{number}-filter"
            )
        return "_count" if column["operationType"] == "count" else f"{number}{inner}"

    def _measure(self, column_id: str) -> tuple[str, dict[str, Any]] | None:
        """Return name and aggregation of a column that measures; a plain count needs none."""
        column, number = self.columns[column_id], self._numbers[column_id]
        metric = self._metric(column_id, column)
        if not _is_filtered(column):
            return (number, metric) if metric else None
        clauses = []
        if column.get("filter"):
            clauses.append(parse_kql(column["filter"]["query"], self._view.types))
        if column.get("reducedTimeRange"):
            clauses.append(self._time.last(column["reducedTimeRange"]).clause(self._view.time_field))
        inner = {"aggs": {f"{number}-metric": metric}} if metric else {}
        return f"{number}-filter", {"filter": {"bool": {"filter": clauses}}, **inner}

    def _metric(self, column_id: str, column: Json) -> dict[str, Any] | None:
        operation, field = column["operationType"], column["sourceField"]
        if operation == "count":
            return None if field == "___records___" else {"value_count": {"field": field}}
        if operation in _MEASURES:
            return {_MEASURES[operation]: {"field": field}}
        if operation in {"median", "percentile"}:
            return {"percentiles": {"field": field, "percents": [percent_of(column)]}}
        if operation == "last_value":
            if not column["params"]["showArrayValues"]:
                raise UsageError(f"column {column_id}: shows no lists, for which Kibana needs top_metrics")
            sort = [{column["params"]["sortField"]: {"order": "desc"}}]
            return {"top_hits": {"fields": [{"field": field}], "_source": False, "size": 1, "sort": sort}}
        raise UsageError(f"column {column_id}: can't measure by {operation!r}")


def percent_of(column: Json) -> float:
    """Return which percentile a column is."""
    return 50.0 if column["operationType"] == "median" else float(column["params"]["percentile"])


def _inner_path(column: Json) -> str:
    """Return what of a measure ranks, where it gives several values."""
    return f".{percent_of(column):g}" if column["operationType"] in {"median", "percentile"} else ""


def _is_filtered(column: Json) -> bool:
    return bool(column.get("filter") or column.get("reducedTimeRange"))


def request_body(
    view: ViewState, time: TimeRange, kql: str, *, aggs: Json | None = None, size: int = 0, **more: Any
) -> dict[str, Any]:
    """Return a request over a data view: what KQL and time let through, its runtime fields, and what is asked."""
    filters = [parse_kql(kql, view.types)] if kql.strip() else []
    return {
        "size": size,
        "track_total_hits": True,
        "query": {
            "bool": {"must": [], "filter": [*filters, time.clause(view.time_field)], "should": [], "must_not": []}
        },
        "runtime_mappings": dict(view.runtime),
        **({"aggs": dict(aggs)} if aggs else {}),
        **more,
    }


def view_state(view: Json, types: Mapping[str, str]) -> ViewState:
    """Return what a search needs of a data view's saved object; ``types`` are those of the fields in the index."""
    attributes = view["attributes"]
    runtime = json.loads(attributes.get("runtimeFieldMap", "{}"))
    computed = {name: field["type"] for name, field in runtime.items()}
    return ViewState(attributes["title"], attributes["timeFieldName"], runtime, {**types, **computed})

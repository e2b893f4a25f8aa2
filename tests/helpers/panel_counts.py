"""Recount what Kibana's panels show, document by document: plain Python over the documents themselves."""

from __future__ import annotations

import datetime as dt
import fnmatch
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.kibana.lens_request import OTHER, LensQuery


def values_of(plain: Mapping, field: str) -> list:
    """Return the values of a field, dates as milliseconds; parts of objects and `raw` texts by their dotted names."""
    if field in plain:
        value = plain[field]
        values = value if isinstance(value, list | tuple) else [value]
    elif field.endswith(".raw"):
        return values_of(plain, field.removesuffix(".raw"))
    else:
        head, _, part = field.partition(".")
        inner = plain.get(head)
        items = inner if isinstance(inner, list | tuple) else [inner]
        values = [item.get(part) for item in items if isinstance(item, Mapping)] if part else []
    return [_comparable(value) for value in values if value is not None]


def _comparable(value):
    if isinstance(value, dt.datetime):
        return value.timestamp() * 1000
    if isinstance(value, str) and len(value) > 18 and value[4] == value[7] == "-" and value[10] == "T":
        return dt.datetime.fromisoformat(value).timestamp() * 1000
    return value


def computed(plain: Mapping) -> dict:
    """Return an article with the fields that the data view computes."""
    if "first_seen" not in plain:
        return dict(plain)
    seen_at = dt.datetime.fromisoformat(plain["published"] or plain["first_seen"])
    first, published = values_of(plain, "first_seen")[0], values_of(plain, "published")
    known = published and plain["published_precision"] == "instant"
    return {
        **plain,
        "seen_at": seen_at,
        "hour": seen_at.hour,
        "weekday": seen_at.isoweekday(),
        **({"latency": (first - published[0]) / 60_000} if known else {}),
    }


def matches(plain: Mapping, query: Mapping) -> bool:
    """Tell whether a document matches a query of those kinds that KQL gives."""
    ((kind, body),) = query.items()
    if kind == "match_all":
        return True
    if kind == "bool":
        must = [*_listed(body.get("filter")), *_listed(body.get("must"))]
        should = _listed(body.get("should"))
        return (
            all(matches(plain, part) for part in must)
            and (not should or any(matches(plain, part) for part in should))
            and not any(matches(plain, part) for part in _listed(body.get("must_not")))
        )
    if kind == "exists":
        return bool(values_of(plain, body["field"]))
    ((field, wanted),) = body.items()
    values = values_of(plain, field)
    if kind == "range":
        return any(_within(value, wanted) for value in values)
    if kind == "wildcard":
        return any(fnmatch.fnmatchcase(str(value), wanted["value"]) for value in values)
    assert kind in {"match", "match_phrase"}, kind
    return str(wanted) in {str(value).lower() if isinstance(value, bool) else str(value) for value in values}


def _listed(value) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _within(value: float, bounds: Mapping) -> bool:
    low, high = _bound(bounds, "gte", -math.inf), _bound(bounds, "lte", math.inf)
    return low <= value <= high and value > _bound(bounds, "gt", -math.inf) and value < _bound(bounds, "lt", math.inf)


def _bound(bounds: Mapping, name: str, default: float) -> float:
    bound = bounds.get(name, default)
    return _comparable(bound.replace("Z", "+00:00")) if isinstance(bound, str) and "T" in bound else float(bound)


class Recount:
    """A chart counted again over the documents that its search lets through."""

    def __init__(self, query: LensQuery, plain_documents: Sequence[Mapping]) -> None:
        self._query = query
        self._body = query.body()
        self.documents = [plain for plain in plain_documents if matches(plain, self._body["query"])]
        self._splits = query.splits

    def check(self, rows: Sequence[Mapping]) -> None:
        """Assert that each row has the figures of its documents, and that the first split shows the right values."""
        for row in rows:
            within = self._within_row(row, rows)
            for column_id in self._query.measures:
                self._check_measure(column_id, row[column_id], within, row)
        if self._splits and self._splits[0].state["operationType"] == "terms":
            self._check_ranking(rows)

    def _within_row(self, row: Mapping, rows: Sequence[Mapping]) -> list[Mapping]:
        within = self.documents
        for place, split in enumerate(self._splits):
            value, state = row[split.column_id], split.state
            kind, field = state["operationType"], state.get("sourceField", "")
            if kind == "filters":
                clause = self._aggregation(place)["filters"]["filters"][value]
                within = [plain for plain in within if matches(plain, clause)]
            elif kind == "date_histogram":
                following = self._next_step(split.column_id, value, rows)
                within = [p for p in within if any(value <= v < following for v in values_of(p, field))]
            elif value == OTHER:
                shown = self._shown(place, row, rows)
                within = [p for p in within if (vs := set(map(str, values_of(p, field)))) and not vs & shown]
            else:
                wanted = str(value).lower() if state["dataType"] == "boolean" else str(value)
                within = [p for p in within if wanted in {_key(v) for v in values_of(p, field)}]
        return within

    def _aggregation(self, place: int) -> Mapping:
        level = self._body["aggs"]
        for split in self._splits[:place]:
            level = level[split.number]["aggs"]
        return level[self._splits[place].number]

    def _next_step(self, column_id: str, value: float, rows: Sequence[Mapping]) -> float:
        return min((row[column_id] for row in rows if row[column_id] > value), default=math.inf)

    def _shown(self, place: int, row: Mapping, rows: Sequence[Mapping]) -> set[str]:
        above = [split.column_id for split in self._splits[:place]]
        here = self._splits[place].column_id
        alike = [other for other in rows if all(other[name] == row[name] for name in above)]
        return {_key(other[here]) for other in alike if other[here] != OTHER}

    def _check_measure(self, column_id: str, figure, within: Sequence[Mapping], row: Mapping) -> None:
        column, number = self._query.columns[column_id], str(self._query.order.index(column_id))
        if column.get("filter") or column.get("reducedTimeRange"):
            level = self._body["aggs"]
            for split in self._splits:
                level = level[split.number]["aggs"]
            clause = level[f"{number}-filter"]["filter"]
            within = [plain for plain in within if matches(plain, clause)]
        operation, field = column["operationType"], column["sourceField"]
        if operation == "count":
            assert figure == len(within), (column_id, row)
            return
        values = [value for plain in within for value in values_of(plain, field)]
        if operation == "unique_count":
            assert figure == len(set(values)), (column_id, row)
        elif not values:
            assert figure in {None, 0}, (column_id, row)
        elif operation == "last_value":
            assert set(str(figure).split(", ")) <= {_key(v) for v in values} or figure in values, (column_id, row)
        elif operation in {"median", "percentile"}:
            assert min(values) - 1e-6 <= figure <= max(values) + 1e-6, (column_id, row)
            if operation == "median" and len(values) <= 100:  # beyond, Elasticsearch estimates
                assert math.isclose(figure, statistics.median(values), rel_tol=0.02, abs_tol=0.02), (column_id, row)
        else:
            exact = {"average": statistics.fmean, "sum": sum, "min": min, "max": max}[operation](values)
            assert math.isclose(figure, exact, rel_tol=1e-5, abs_tol=1e-3), (column_id, row, exact)

    def _check_ranking(self, rows: Sequence[Mapping]) -> None:
        """Assert that the values shown are those that rank highest; of equal ones, any."""
        split = self._splits[0]
        params, field = split.state["params"], split.state["sourceField"]
        shown = list(dict.fromkeys(_key(row[split.column_id]) for row in rows if row[split.column_id] != OTHER))
        counts = Counter(value for p in self.documents for value in {_key(v) for v in values_of(p, field)})
        assert len(shown) == min(params["size"], len(counts)) or len(self._splits) > 1
        order = params["orderBy"]
        by_count = order["type"] == "column" and self._query.columns[order["columnId"]] == {
            **self._query.columns[order["columnId"]],
            "operationType": "count",
        }
        column = self._query.columns.get(order.get("columnId"), {})
        if by_count and not column.get("filter") and not column.get("reducedTimeRange"):
            best = sorted(counts.values(), reverse=True)[: len(shown)]
            assert [counts[value] for value in shown] == best, (field, shown)


def _key(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

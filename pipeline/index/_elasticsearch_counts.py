"""Ask Elasticsearch for counts, and read them: facets, copies of hits, and articles over time.

Nothing here speaks to a server. A search takes up to three requests: what matches and its facets, then, for the hits of
the page alone, their copies and originals, and the counts over time, whose interval follows from the first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.index._elasticsearch_query import SORTS, render_query, render_ranked, render_values
from pipeline.index.query import Query
from pipeline.index.time_histogram import (
    Interval,
    TimeCounts,
    TimeHistogram,
    bucket_number,
    build_histogram,
    resolve_interval,
)
from pipeline.index.value_pattern import value_pattern

Body = dict[str, Any]
Buckets = Mapping[str, Any]

# A cardinality counts exactly up to this many values, which is the most that can be asked for.
_PRECISE = 40_000
# Each shard returns this many times the values asked for, so that what the sum puts first is not missed.
_SHARD_VALUES = 20
# Outlets of one copy group; a text in more is counted as in these
_MAX_OUTLETS = 1000
# Copy groups asked for at once: times their outlets they stay below the 65,536 buckets of one answer
GROUPS_AT_ONCE = 200
_ORIGINALS: Body = {"term": {"is_primary": True}}
_GROUPS, _TIMES, _ENDS = "copy groups", "over time", ("first time", "last time")


def search_body(query: Query) -> Body:
    """Return the body of the search that answers ``query`` but for highlights, copies and counts over time."""
    own = query.own_fields
    aggregations = {field: _facet(query, field) for field in query.facets}
    if not query.copies:
        cardinality = {"cardinality": {"field": "copy_group", "precision_threshold": _PRECISE}}
        aggregations[_GROUPS] = _filtered(_own_clauses(query, own), cardinality)
    if query.interval is not None:
        for name, metric in zip(_ENDS, ("min", "max"), strict=True):
            aggregations[name] = _filtered(_counted_clauses(query, own), {metric: {"field": "seen_at"}})
    body: Body = {
        "query": render_ranked(_without_own(query)),
        "from": query.offset,
        "size": query.size,
        "sort": SORTS[query.sort],
        "track_total_hits": True,
        "aggs": aggregations,
    }
    if query.after is not None:
        body["search_after"] = list(query.after)
    if clauses := _own_clauses(query, own):
        body["post_filter"] = _all_of(clauses)
    if not query.copies:
        body["collapse"] = {"field": "copy_group"}
    return body


def _without_own(query: Query) -> Query:
    """Return ``query`` without what is filtered by the fields whose own counts it must not narrow."""
    kept, left_out = (
        {field: values for field, values in named.items() if field not in query.own_fields}
        for named in (query.filters, query.exclude)
    )
    return msgspec.structs.replace(query, filters=kept, exclude=left_out)


def _own_clauses(query: Query, fields: Collection[str]) -> list[Body]:
    """Return the clauses of what is filtered and excluded by ``fields``."""
    wanted, unwanted = (
        [render_values(field, values) for field, values in named.items() if field in fields]
        for named in (query.filters, query.exclude)
    )
    return [*wanted, {"bool": {"must_not": unwanted}}] if unwanted else wanted


def _counted_clauses(query: Query, fields: Collection[str]) -> list[Body]:
    """Return these and, where originals alone are counted, a clause that keeps them."""
    clauses = _own_clauses(query, fields)
    return [*clauses, _ORIGINALS] if query.count == "originals" else clauses


def _facet(query: Query, field: str) -> Body:
    others = [name for name in query.own_fields if name != field]
    values = _most_frequent(field, query.facet_size)
    if within := query.within.get(field):
        values["terms"]["include"] = value_pattern(within)
    return _filtered(_counted_clauses(query, others), values)


def _most_frequent(field: str, size: int) -> Body:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": field, "size": size, "shard_size": size * _SHARD_VALUES, "order": order}}


def _all_of(clauses: Sequence[Body]) -> Body:
    return {"bool": {"filter": list(clauses)}}


def _filtered(clauses: Sequence[Body], aggregation: Body) -> Body:
    """Return an aggregation over what passes the clauses; ``_unwrap`` reads its answer."""
    return {"filter": _all_of(clauses), "aggs": {"of these": aggregation}} if clauses else aggregation


def _unwrap(answer: Buckets) -> Buckets:
    inner: Buckets = answer.get("of these", answer)
    return inner


def decode_facets(query: Query, answer: Buckets) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the facets that Elasticsearch answers to ``search_body``."""
    counts = answer.get("aggregations", {})
    return {
        field: tuple((_key(bucket), bucket["doc_count"]) for bucket in _unwrap(counts[field])["buckets"])
        for field in query.facets
    }


def decode_groups(answer: Buckets) -> int:
    """Return in how many copy groups the articles are that ``search_body`` finds, copies folded."""
    return int(_unwrap(answer["aggregations"][_GROUPS])["value"])


def _key(bucket: Buckets) -> str:
    return str(bucket.get("key_as_string", bucket["key"]))


# copies ---------------------------------------------------------------------------------------------------------------


class GroupFacts(msgspec.Struct, frozen=True):
    """What is known of a copy group: its articles, those of each outlet, and its original, if that matches."""

    articles: int
    outlets: Mapping[str, int]
    original: dict[str, Any] | None = None

    def others(self, source: str | None) -> tuple[int, int]:
        """Return how many articles there are beside one of the outlet ``source``, and in how many outlets."""
        others = {name: count - (name == source) for name, count in self.outlets.items()}
        return self.articles - 1, sum(count > 0 for count in others.values())


def groups_body(query: Query, groups: Sequence[str], sought: Sequence[str]) -> Body:
    """Return the body of the search for how many articles copy groups have, and for the originals of those sought."""
    outlets = {"terms": {"field": "source", "size": _MAX_OUTLETS}}
    in_groups = {"terms": {"field": "copy_group", "size": len(groups)}}
    body: Body = {
        "query": _all_of([_in_groups(groups if query.copy_counts else sought)]),
        "size": len(sought),
        "track_total_hits": False,
        "aggs": {_GROUPS: {**in_groups, "aggs": {"outlets": outlets}}} if query.copy_counts else {},
    }
    if sought:
        originals = _all_of([_in_groups(sought), _ORIGINALS, render_query(query)])
        body |= {"post_filter": originals, "sort": [{"id": "asc"}], "collapse": {"field": "copy_group"}}
    return body


def _in_groups(groups: Sequence[str]) -> Body:
    return {"terms": {"copy_group": list(groups)}}


def decode_copy_groups(groups: Sequence[str], answer: Buckets) -> dict[str, GroupFacts]:
    """Return copy group → facts, as Elasticsearch answers to ``groups_body``."""
    originals = {hit["_source"]["copy_group"]: hit for hit in answer["hits"]["hits"]}
    buckets = {_key(bucket): bucket for bucket in answer.get("aggregations", {}).get(_GROUPS, {}).get("buckets", ())}
    return {
        group: GroupFacts(
            articles=buckets[group]["doc_count"] if group in buckets else 1,
            outlets={
                _key(outlet): outlet["doc_count"]
                for outlet in (buckets[group]["outlets"]["buckets"] if group in buckets else ())
            },
            original=originals.get(group),
        )
        for group in groups
    }


# counts over time -----------------------------------------------------------------------------------------------------


def decode_interval(query: Query, answer: Buckets) -> Interval | None:
    """Return the interval to count by over what ``search_body`` finds; None where there is nothing to count.

    Raises:
        UsageError: It is too short for the time that the articles span.
    """
    if query.interval is None:
        return None
    first, last = (_unwrap(answer["aggregations"][name])["value"] for name in _ENDS)
    if first is None:
        return None
    return resolve_interval(query.interval, _time(first), _time(last))


def histogram_body(query: Query, interval: Interval) -> Body:
    """Return the body of the search that counts over time."""
    times = _over_time(interval)
    by = {"values": {**_most_frequent(query.by, query.by_size), "aggs": {_TIMES: times}}} if query.by else {}
    originals = [_ORIGINALS] if query.count == "originals" else []
    return {
        "query": _all_of([render_query(query), *originals]),
        "size": 0,
        "track_total_hits": False,
        "aggs": {_TIMES: times, **by},
    }


def _over_time(interval: Interval) -> Body:
    return {"date_histogram": {"field": "seen_at", "calendar_interval": interval, "min_doc_count": 1}}


def decode_histogram(
    query: Query, interval: Interval | None, answer: Buckets | None, of_all: Buckets | None
) -> TimeHistogram | None:
    """Return what Elasticsearch answers to ``histogram_body``, and for all articles, as a histogram."""
    if query.interval is None:
        return None
    if interval is None or answer is None:
        return TimeHistogram(interval="day" if query.interval == "auto" else query.interval, field=query.by)
    counts = answer["aggregations"]
    values = counts["values"]["buckets"] if query.by else ()
    read = TimeCounts(
        hits=_bucket_counts(interval, counts),
        values=[(_key(bucket), _bucket_counts(interval, bucket)) for bucket in values],
        all=_bucket_counts(interval, of_all["aggregations"]) if of_all else None,
    )
    return build_histogram(interval, read, field=query.by, since=query.since, until=query.until)


def _bucket_counts(interval: Interval, answer: Buckets) -> dict[int, int]:
    buckets = answer[_TIMES]["buckets"]
    return {bucket_number(_time(bucket["key"]), interval): bucket["doc_count"] for bucket in buckets}


def _time(milliseconds: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds)

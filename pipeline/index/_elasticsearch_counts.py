"""Ask Elasticsearch for counts, and read them: facets, copies of hits, and articles over time.

Nothing here speaks to a server. A search takes two requests: what matches with all that is counted, then, for the hits
of the page alone, their copies, originals and marks. Counts over time by week or month are made of those by day; those
by hour, of a field's values or of all articles come with the second request.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.index._elasticsearch_mapping import GROUP_NUMBER
from pipeline.index._elasticsearch_query import SORTS, decode_hit, render_query, render_ranked, render_values
from pipeline.index.query import Hit, Query
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
# Hits whose copy groups are asked for at once: times their outlets they stay below the 65,536 buckets of one answer
HITS_AT_ONCE = 200
_ORIGINALS: Body = {"term": {"is_primary": True}}
_GROUPS, _TIMES, _FIRST, _LAST = "copy groups", "over time", "first time", "last time"


def search_body(query: Query) -> Body:
    """Return the body of the search for a page of hits and all counts but such over time that aren't by day or longer.

    Where no hit is asked for, nothing is scored: shards answer from their caches as long as nothing comes to them.
    """
    own = query.own_fields
    body: Body = {"size": query.size, "track_total_hits": True, "aggs": _aggregations(query)}
    if clauses := _own_clauses(query, own):
        body["post_filter"] = _all_of(clauses)
    if not query.size:
        return body | {"query": _all_of([render_query(_without_own(query))])}
    body |= {"query": render_ranked(_without_own(query)), "from": query.offset, "sort": SORTS[query.sort]}
    if query.after is not None:
        body["search_after"] = list(query.after)
    if not query.copies:
        body["collapse"] = {"field": "copy_group"}
    return body


def _aggregations(query: Query) -> Body:
    own = query.own_fields
    aggregations = {field: _facet(query, field) for field in query.facets}
    if not query.copies:
        cardinality = {"cardinality": {"field": GROUP_NUMBER, "precision_threshold": _PRECISE}}
        aggregations[_GROUPS] = _filtered(_own_clauses(query, own), cardinality)
    if query.interval is not None:
        times = {_FIRST: {"min": {"field": "seen_at"}}, _LAST: {"max": {"field": "seen_at"}}, _TIMES: _over_time("day")}
        aggregations |= {name: _filtered(_counted_clauses(query, own), counted) for name, counted in times.items()}
    return aggregations


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
    """What is known of a copy group: its articles, and those of each outlet."""

    articles: int = 1
    outlets: Mapping[str, int] = {}

    def others(self, source: str | None) -> tuple[int, int]:
        """Return how many articles there are beside one of the outlet ``source``, and in how many outlets."""
        others = {name: count - (name == source) for name, count in self.outlets.items()}
        return self.articles - 1, sum(count > 0 for count in others.values())


def details_body(query: Query, hits: Sequence[Buckets], marks: Body) -> Body | None:
    """Return the body of the search for what a page shows of ``hits``, beside the documents that they hold.

    That is how many articles their copy groups have, what is marked in them, as ``marks`` says, and the originals of
    those that are copies, where copies are folded and an original matches: it comes in place of its copy. None where
    nothing of that is wanted.
    """
    groups = list(dict.fromkeys(hit["_source"]["copy_group"] for hit in hits))
    copies = [] if query.copies else [hit["_source"]["copy_group"] for hit in hits if not hit["_source"]["is_primary"]]
    if not (query.copy_counts or copies or marks):
        return None
    shown: list[Body] = [{"ids": {"values": [hit["_id"] for hit in hits]}}] if marks else []
    if copies:
        shown.append(_all_of([_in_groups(copies), _ORIGINALS, render_query(query)]))
    body: Body = {
        "query": _any_of([*shown, _in_groups(groups)] if query.copy_counts else shown),
        "size": len(hits) if marks else len(copies),
        "sort": [{"is_primary": "desc"}, {"id": "asc"}],
        "track_total_hits": False,
        "_source": bool(copies),
    }
    if shown:
        body["post_filter"] = _any_of(shown)
    if not query.copies:
        body["collapse"] = {"field": "copy_group"}
    if marks:
        body["highlight"] = marks
    if query.copy_counts:
        outlets = {"terms": {"field": "source", "size": _MAX_OUTLETS}}
        in_groups = {"terms": {"field": "copy_group", "size": len(groups)}}
        body["aggs"] = {_GROUPS: {**in_groups, "aggs": {"outlets": outlets}}}
    return body


def _any_of(clauses: Sequence[Body]) -> Body:
    return {"bool": {"filter": [{"bool": {"should": list(clauses), "minimum_should_match": 1}}]}}


def _in_groups(groups: Sequence[str]) -> Body:
    return {"terms": {"copy_group": list(groups)}}


def complete_hits(query: Query, hits: Sequence[dict[str, Any]], answers: Sequence[Buckets]) -> tuple[Hit, ...]:
    """Return a page's hits as ours, with what Elasticsearch answers to ``details_body`` of all of them."""
    facts: dict[str, GroupFacts] = {}
    for answer in answers:
        facts |= _decode_groups(answer)
    details = [hit for answer in answers for hit in answer["hits"]["hits"]]
    marked = {hit["_id"]: hit for hit in details}
    originals = {hit["_source"]["copy_group"]: hit for hit in details if hit.get("_source", {}).get("is_primary")}
    complete = []
    for hit in hits:
        group, is_copy = hit["_source"]["copy_group"], not hit["_source"]["is_primary"]
        original = originals.get(group) if is_copy and not query.copies else None
        decoded = decode_hit(query, original or marked.get(hit["_id"], {}) | hit, hit["_score"])
        if query.copy_counts:
            copies, outlets = facts.get(group, GroupFacts()).others(decoded.document.source)
            decoded = msgspec.structs.replace(decoded, copies=copies, outlets=outlets)
        complete.append(decoded)
    return tuple(complete)


def _decode_groups(answer: Buckets) -> dict[str, GroupFacts]:
    """Return copy group → facts; none where they weren't asked for."""
    return {
        _key(bucket): GroupFacts(
            articles=bucket["doc_count"],
            outlets={_key(outlet): outlet["doc_count"] for outlet in bucket["outlets"]["buckets"]},
        )
        for bucket in answer.get("aggregations", {}).get(_GROUPS, {}).get("buckets", ())
    }


# counts over time -----------------------------------------------------------------------------------------------------


def decode_interval(query: Query, answer: Buckets) -> Interval | None:
    """Return the interval to count by over what ``search_body`` finds; None where there is nothing to count.

    Raises:
        UsageError: It is too short for the time that the articles span.
    """
    if query.interval is None:
        return None
    first, last = (_unwrap(answer["aggregations"][name])["value"] for name in (_FIRST, _LAST))
    if first is None:
        return None
    return resolve_interval(query.interval, _time(first), _time(last))


def needs_histogram(query: Query, interval: Interval) -> bool:
    """Tell whether counts over time must be asked for: days are in the answer to ``search_body``, hours aren't."""
    return interval == "hour" or query.by is not None


def histogram_body(query: Query, interval: Interval) -> Body:
    """Return the body of the search that counts over time."""
    times = _over_time("hour" if interval == "hour" else "day")
    by = (
        {"values": {**_most_frequent(query.by, query.by_size), "aggs": {_TIMES: _over_time(interval)}}}
        if query.by
        else {}
    )
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
    query: Query, interval: Interval | None, answer: Buckets, of_all: Buckets | None
) -> TimeHistogram | None:
    """Return what Elasticsearch answers to ``histogram_body`` or ``search_body``, and of all articles, as one."""
    if query.interval is None:
        return None
    if interval is None:
        return TimeHistogram(interval="day" if query.interval == "auto" else query.interval, field=query.by)
    counts = answer["aggregations"]
    values = counts["values"]["buckets"] if query.by else ()
    read = TimeCounts(
        hits=_bucket_counts(interval, counts),
        values=[(_key(bucket), _bucket_counts(interval, bucket)) for bucket in values],
        all=_bucket_counts(interval, of_all["aggregations"]) if of_all else None,
    )
    return build_histogram(interval, read, field=query.by, since=query.since, until=query.until)


def _bucket_counts(interval: Interval, answer: Buckets) -> Counter[int]:
    """Return the number of each bucket of an interval → count, from buckets of it or shorter ones."""
    counts: Counter[int] = Counter()
    for bucket in _unwrap(answer[_TIMES])["buckets"]:
        counts[bucket_number(_time(bucket["key"]), interval)] += bucket["doc_count"]
    return counts


def _time(milliseconds: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds)

"""Count, order and fold what matched in the embedded index, in columns of numbers.

A search reads each document that matches once, as a row of a few numbers and its facet values; all else is arithmetic
on these, so that the time that facets take grows little with what is found.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.index._sqlite_schema import CODE, VALUE_BITS, VALUE_MASK
from pipeline.index.fields import FACETS, stored_value
from pipeline.index.query import Query, Sort, SortKey
from pipeline.index.time_histogram import (
    Interval,
    TimeCounts,
    TimeHistogram,
    build_histogram,
    resolve_interval,
)
from pipeline.index.value_pattern import value_pattern
from pipeline.records import to_json

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
# Of a search: all that lies in certain times and has certain values, as (seen_at, is_primary)
ReadAll = Callable[[Query], Iterable[tuple[float, int]]]

# What a row of a match holds, in this order
COLUMNS = ("number", "seen_at", "first_seen", "is_primary", "copy_group", "codes")
_DAY, _HOUR = 86_400, 3_600
# So many times the documents that a page may need are put in order at first: more than all but much copied texts need
_AT_FIRST = 8


class Matches:
    """The documents that match a search but for the filters of ``query.own_fields``, which are applied here.

    ``rows`` have the rank (the better the lower) and ``COLUMNS``.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query, rows: Sequence[tuple[object, ...]]) -> None:
        self._connection = connection
        self._query = query
        ranks, numbers, seen_at, first_seen, primary, groups, codes = zip(*rows, strict=True) if rows else ((),) * 7
        self._ranks = np.array(ranks, np.float64)
        self._numbers: Numbers = np.array(numbers, np.int64)
        self._seen_at = np.array(seen_at, np.float64)
        self._first_seen = np.array(first_seen, np.float64)
        self._is_primary: Mask = np.array(primary, np.bool_)
        self._groups: Numbers = np.array(groups, np.int64)
        self._codes = np.frombuffer(b"".join(codes), CODE)
        self._fields = (self._codes >> VALUE_BITS).astype(np.uint8)
        self._lengths: Numbers = np.fromiter(map(len, codes), np.int64, len(rows)) // self._codes.itemsize
        self._allowed = {field: self._allow(field) for field in query.own_fields}
        self._chosen = self._choose(self._allowed)

    def _allow(self, field: str) -> Mask:
        """Return which documents the filter and the exclusion by one field let pass."""
        allowed = np.ones(len(self._numbers), np.bool_)
        if (values := self._query.filters.get(field)) is not None:
            allowed &= self._have(field, values)
        if values := self._query.exclude.get(field):
            allowed &= ~self._have(field, values)
        return allowed

    def _have(self, field: str, values: Collection[str]) -> Mask:
        """Return which documents have any of a field's values."""
        wanted = to_json([stored_value(field, value) for value in values]).decode()
        rows = self._connection.execute(
            "SELECT number FROM value WHERE field = ? AND value IN (SELECT each.value FROM json_each(?) AS each)",
            (field, wanted),
        )
        codes = np.array([FACETS.index(field) << VALUE_BITS | number for (number,) in rows], CODE)
        owners = np.repeat(np.arange(len(self._numbers)), self._lengths)
        having = np.zeros(len(self._numbers), np.bool_)
        having[owners[np.isin(self._codes, codes)]] = True
        return having

    def _choose(self, allowed: Mapping[str, Mask]) -> Mask:
        chosen = np.ones(len(self._numbers), np.bool_)
        for mask in allowed.values():
            chosen &= mask
        return chosen

    def count(self) -> tuple[int, int]:
        """Return how many documents there are, and how many copy groups these are in."""
        groups = self._groups[self._chosen]
        return len(groups), int(np.count_nonzero(np.bincount(groups)))

    # the page --------------------------------------------------------------------------------------------------------

    def page(self) -> list[tuple[int, float]]:
        """Return (number, rank) of the documents to show, in order.

        A folded group stands where its first document does, and has that one's rank; what is shown of it is the
        original, where that matches.
        """
        query = self._query
        wanted = query.offset + query.size
        if not query.size or not len(self._numbers):
            return []
        order = self._first_in_order(wanted)
        if query.copies:
            return [(int(self._numbers[i]), float(self._ranks[i])) for i in order[query.offset : wanted]]
        leading: dict[int, int] = {}
        for i in order:
            leading.setdefault(int(self._groups[i]), i)
        shown = list(leading.items())[query.offset : wanted]
        originals = self._originals([group for group, _ in shown])
        return [(originals.get(group, int(self._numbers[i])), float(self._ranks[i])) for group, i in shown]

    def _first_in_order(self, wanted: int) -> list[int]:
        """Return the places of the first documents in order, at least so many hits of them, ties ordered by id."""
        chosen = np.flatnonzero(self._chosen)
        if self._query.after is not None:
            chosen = self._behind(self._query.after, chosen)
        keys = self._sort_keys(self._query.sort, chosen)
        count = _AT_FIRST * wanted
        while True:
            # those that are first by their first key are first by all; sorting everything takes longer than counting it
            some = np.arange(len(chosen))
            if count < len(chosen):
                some = np.flatnonzero(keys[0] <= np.partition(keys[0], count)[count])
            order = some[np.lexsort([key[some] for key in reversed(keys)])]
            end = self._end_of(wanted, chosen[order])
            if end is not None or len(some) == len(chosen):
                break
            count *= _AT_FIRST
        end = len(order) if end is None else end
        while 0 < end < len(order) and all(key[order[end]] == key[order[end - 1]] for key in keys):
            end += 1
        places = chosen[order[:end]]
        values = zip(
            *(key[order[:end]].tolist() for key in keys), self._ids(self._numbers[places]), places.tolist(), strict=True
        )
        return [place for *_, place in sorted(values)]

    def sort_key(self, number: int) -> SortKey:
        """Return what a document is sorted by: what stands behind it has a greater key."""
        place = np.flatnonzero(self._numbers == number)
        keys = self._sort_keys(self._query.sort, place)
        return (*(float(key[0]) for key in keys), self._ids(self._numbers[place])[0])

    def _behind(self, after: SortKey, chosen: Numbers) -> Numbers:
        """Return those of the places whose documents have a greater key than ``after``."""
        bounds, last_id = [float(bound) for bound in after[:-1]], str(after[-1])
        is_behind, is_equal = np.zeros(len(chosen), np.bool_), np.ones(len(chosen), np.bool_)
        for key, bound in zip(self._sort_keys(self._query.sort, chosen), bounds, strict=True):
            is_behind |= is_equal & (key > bound)
            is_equal &= key == bound
        ties = np.flatnonzero(is_equal)
        is_behind[ties] = [document_id > last_id for document_id in self._ids(self._numbers[chosen[ties]])]
        return chosen[is_behind]

    def _end_of(self, wanted: int, places: Numbers) -> int | None:
        """Return how many of the documents make so many hits, None where all of them make fewer."""
        if self._query.copies:
            return wanted if wanted <= len(places) else None
        _, firsts = np.unique(self._groups[places], return_index=True)
        return int(np.partition(firsts, wanted - 1)[wanted - 1]) + 1 if wanted <= len(firsts) else None

    def _sort_keys(self, sort: Sort, chosen: Numbers) -> tuple[npt.NDArray[np.float64], ...]:
        if sort == "arrived":
            return (self._first_seen[chosen],)
        secondary = np.where(self._is_primary[chosen], 0.0, 1.0)
        seen_at = self._seen_at[chosen]
        if sort == "oldest":
            return seen_at, secondary
        return (self._ranks[chosen], secondary, -seen_at) if sort == "relevance" else (-seen_at, secondary)

    def _ids(self, numbers: Numbers) -> list[str]:
        rows = self._connection.execute(
            "SELECT number, id FROM document WHERE number IN (SELECT each.value FROM json_each(?) AS each)",
            (to_json(numbers.tolist()).decode(),),
        )
        ids = dict(rows.fetchall())
        return [ids[number] for number in numbers.tolist()]

    def _originals(self, groups: Sequence[int]) -> dict[int, int]:
        """Return group → the number of its original among what is chosen; of several that with the lowest id."""
        places = np.flatnonzero(self._chosen & self._is_primary & np.isin(self._groups, np.array(groups, np.int64)))
        ordered = sorted(zip(self._ids(self._numbers[places]), places.tolist(), strict=True), reverse=True)
        return {int(self._groups[place]): int(self._numbers[place]) for _, place in ordered}

    # counts ----------------------------------------------------------------------------------------------------------

    def facet(self, field: str) -> tuple[tuple[str, int], ...]:
        """Return the most frequent values of a field with their counts, narrowed by all filters but its own."""
        others = {name: mask for name, mask in self._allowed.items() if name != field}
        chosen = self._counted(self._choose(others) if field in self._allowed else self._chosen)
        counts = self._count_values(field, chosen)
        return tuple(
            (value, count)
            for _, value, count in self._most_frequent(counts, self._query.facet_size, self._query.within.get(field))
        )

    def _counted(self, chosen: Mask) -> Mask:
        return chosen & self._is_primary if self._query.count == "originals" else chosen

    def _count_values(self, field: str, chosen: Mask) -> Numbers:
        """Return how many of the documents chosen have each value, by the values' numbers."""
        of_field = self._fields == FACETS.index(field)
        if not chosen.all():
            of_field &= np.repeat(chosen, self._lengths)
        return np.bincount(self._codes[of_field] & VALUE_MASK)

    def _most_frequent(self, counts: Numbers, size: int, within: str | None = None) -> list[tuple[int, str, int]]:
        """Return (number, value, count) of the most frequent values, those of one count in their order."""
        numbers = np.flatnonzero(counts)
        if within is None and len(numbers) > size:
            least = np.partition(counts[numbers], -size)[-size]
            numbers = numbers[counts[numbers] >= least]
        rows = self._connection.execute(
            "SELECT number, value FROM value WHERE number IN (SELECT each.value FROM json_each(?) AS each)",
            (to_json(numbers.tolist()).decode(),),
        )
        pattern = re.compile(value_pattern(within) if within else ".*", re.DOTALL)
        values = [(number, value, int(counts[number])) for number, value in rows if pattern.fullmatch(value)]
        return sorted(values, key=lambda item: (-item[2], item[1]))[:size]

    def histogram(self, read_all: ReadAll) -> TimeHistogram | None:
        """Return how many documents there are over time; None where that wasn't asked for.

        Raises:
            UsageError: The interval is too short for the time that they span.
        """
        query = self._query
        if query.interval is None:
            return None
        counted = self._counted(self._chosen)
        seen_at = self._seen_at[counted]
        if not len(seen_at):
            interval: Interval = "day" if query.interval == "auto" else query.interval
            return TimeHistogram(interval=interval, field=query.by)
        first, last = (dt.datetime.fromtimestamp(bound, dt.UTC) for bound in (seen_at.min(), seen_at.max()))
        interval = resolve_interval(query.interval, first, last)
        counts = TimeCounts(
            hits=_count_buckets(_bucket_numbers(seen_at, interval)),
            values=self._count_by(query.by, interval, counted) if query.by else (),
            all=self._count_all(interval, read_all) if query.share else None,
        )
        return build_histogram(interval, counts, field=query.by, since=query.since, until=query.until)

    def _count_by(self, field: str, interval: Interval, counted: Mask) -> list[tuple[str, Mapping[int, int]]]:
        """Return value → counts over time, of the most frequent values of a field."""
        most = self._most_frequent(self._count_values(field, counted), self._query.by_size)
        buckets = np.repeat(_bucket_numbers(self._seen_at, interval), self._lengths)
        kept = np.repeat(counted, self._lengths)
        number_of = FACETS.index(field) << VALUE_BITS
        return [
            (value, _count_buckets(buckets[kept & (self._codes == (number_of | number))])) for number, value, _ in most
        ]

    def _count_all(self, interval: Interval, read_all: ReadAll) -> Mapping[int, int]:
        """Return counts over time of all that there is, as ``Query.of_all`` says."""
        rows = [
            seen_at
            for seen_at, is_primary in read_all(self._query.of_all())
            if is_primary or self._query.count == "articles"
        ]
        return _count_buckets(_bucket_numbers(np.array(rows, np.float64), interval))


def _bucket_numbers(seen_at: npt.NDArray[np.float64], interval: Interval) -> Numbers:
    """Return what ``bucket_number`` returns for each time."""
    if interval == "month":
        return np.floor(seen_at).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    if interval == "hour":
        return np.floor(seen_at / _HOUR).astype(np.int64)
    days = np.floor(seen_at / _DAY).astype(np.int64)
    return days if interval == "day" else (days + 3) // 7


def _count_buckets(numbers: Numbers) -> dict[int, int]:
    buckets, counts = np.unique(numbers, return_counts=True)
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


def count_copies(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return number of a document → how many others are in its copy group, and in how many outlets these are."""
    rows = connection.execute(
        "SELECT shown.number, other.number, other.codes FROM document AS shown "
        "JOIN document AS other ON other.copy_group = shown.copy_group "
        "WHERE shown.number IN (SELECT each.value FROM json_each(?) AS each)",
        (to_json(list(numbers)).decode(),),
    )
    copies = dict.fromkeys(numbers, 0)
    outlets: dict[int, set[int]] = defaultdict(set)
    source = FACETS.index("source")
    for shown, other, codes in rows:
        if other != shown:
            copies[shown] += 1
            values = np.frombuffer(codes, CODE)
            outlets[shown].update(values[values >> VALUE_BITS == source].tolist())
    return {number: (copies[number], len(outlets[number])) for number in numbers}

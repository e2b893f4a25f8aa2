"""What every index promises of reading on: nothing is missed or repeated, however much is written meanwhile."""

from __future__ import annotations

import datetime as dt
import random

import msgspec
import pytest

from pipeline.errors import UsageError
from pipeline.index import Query
from tests.contracts.test_index import NOON, document, index, put, unprepared

__all__ = ["index", "unprepared"]  # fixtures

HOUR = dt.timedelta(hours=1)


def number_of(hit):
    return int(hit.document.id, 16)


def walk(index, query, between=lambda: None):
    """Return the numbers of all hits, page by page; ``between`` is called behind each page."""
    numbers, pages = [], 0
    while True:
        results = index.search(query)
        numbers += map(number_of, results.hits)
        pages += 1
        if len(results.hits) < query.size:
            return numbers, pages
        query = msgspec.structs.replace(query, after=results.last)
        between()


@pytest.mark.parametrize("sort", ["newest", "oldest", "arrived"])
def test_pages_behind_each_other_are_the_whole_result_in_its_order(index, sort):
    same = [document(n, text="flood", published=NOON, is_primary=n % 3 == 0) for n in range(1, 8)]
    others = [document(n, text="flood", published=NOON + n * HOUR, first_seen=NOON - n * HOUR) for n in range(8, 14)]
    put(index, *same, *others, document(99, text="drought"))
    whole = [number_of(hit) for hit in index.search(Query(text="flood", sort=sort, size=50)).hits]
    assert len(whole) == 13
    assert walk(index, Query(text="flood", sort=sort, size=3)) == (whole, 5)


@pytest.mark.parametrize("sort", ["newest", "oldest", "arrived"])
def test_what_is_there_all_the_time_is_met_once_whatever_is_written_meanwhile(index, sort):
    chance = random.Random(7)

    def at(number):
        return NOON + chance.randrange(48) * HOUR + number * dt.timedelta(microseconds=1000)

    stays = [document(n, text="flood", published=at(n), first_seen=at(n)) for n in range(1, 31)]
    put(index, *stays, *[document(n, text="flood", published=at(n)) for n in range(100, 120)])
    written = iter(range(200, 1000))

    def write():
        new = next(written)
        put(index, *[document(n, text="flood", published=at(n), first_seen=at(n)) for n in (new, new + 300)])
        # the words of one differ, and all of a story's size
        put(index, *[msgspec.structs.replace(one, revision=new, story_size=new) for one in stays])
        index.delete([f"{chance.randrange(100, 120):020x}"])
        index.refresh()

    numbers, _ = walk(index, Query(text="flood", sort=sort, size=4), write)
    assert len(set(numbers)) == len(numbers)
    assert set(range(1, 31)) <= set(numbers)


def test_a_scan_goes_through_all_that_matches_by_first_sight(index):
    put(index, *[document(n, text="flood", first_seen=NOON - n * HOUR, source=f"S{n % 2}") for n in range(1, 9)])
    put(index, document(9, text="drought"))
    assert [int(one.id, 16) for one in index.scan(Query(text="flood"))] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [int(one.id, 16) for one in index.scan(Query(filters={"source": ("S1",)}))] == [7, 5, 3, 1]
    assert list(index.scan(Query(text="nothing"))) == []


def test_several_documents_are_read_at_once(index):
    put(index, document(1), document(2))
    got = index.get_many([f"{1:020x}", f"{3:020x}"])
    assert list(got) == [f"{1:020x}"]
    assert got[f"{1:020x}"] == index.get(f"{1:020x}")
    assert index.get_many([]) == {}


def test_a_flag_is_true_or_false_and_nothing_else(index):
    put(index, document(1, is_primary=True), document(2, is_primary=False))
    assert [int(one.id, 16) for one in index.scan(Query(filters={"is_primary": ("true",)}))] == [1]
    assert index.search(Query(filters={"is_primary": ("false", "true")})).articles == 2
    for value in ("yes", "", "True"):
        with pytest.raises(UsageError, match="is_primary is true or false"):
            index.search(Query(filters={"is_primary": ("true", value)}))


def test_what_has_no_order_that_lasts_can_not_be_gone_on_with(index):
    put(index, document(1))
    for query in (Query(sort="relevance", after=(1,)), Query(sort="newest", copies=False, after=(1,))):
        with pytest.raises(UsageError, match="newest, oldest or arrived"):
            index.search(query)
    with pytest.raises(UsageError, match="no page"):
        index.search(Query(sort="newest", after=(1, 1, "a"), offset=10))
    assert index.search(Query(text="untitled", sort="relevance")).last is None

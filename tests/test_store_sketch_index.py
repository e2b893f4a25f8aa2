"""What dedupe and cluster remember, on both databases."""

from __future__ import annotations

import contextlib
import datetime as dt
from functools import partial

import numpy as np
import pytest
import sqlalchemy as sa

from pipeline.count_min import CountMinSketch
from pipeline.errors import StoreError
from pipeline.settings import ClusterSettings, DedupeSettings
from pipeline.store import frequency_memory, posting_tables, sketch_index, story_index
from pipeline.store.frequency_memory import FrequencyMemory
from pipeline.store.schema.copies import copy_sketches
from pipeline.store.schema.stories import stories, story_groups, story_postings
from pipeline.store.schema.term_frequencies import frequencies
from pipeline.store.story_postings import unpack_postings
from tests.helpers.copies import AT

DAY = dt.timedelta(days=1)


@pytest.fixture
def flush(store):
    def write(memory):
        with store.write() as connection:
            memory.flush(connection)

    return write


def rows(store, table):
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def postings(store, tables):
    with store.read() as connection:
        return sum(rows(store, table) for table in posting_tables.tables_with_postings(connection, tables))


def story_posting_count(store):
    with store.read() as connection:
        return sum(len(unpack_postings(packed)) for packed in connection.scalars(sa.select(story_postings.c.postings)))


def found(store, seq, at, terms):
    memory = store.sketch_index(DedupeSettings())
    memory.prefetch([(seq, at, terms)])
    return memory.candidates(seq, at, terms)


def test_what_shares_most_terms_comes_first_then_what_came_first(store, flush):
    memory = store.sketch_index(DedupeSettings())
    for seq, terms in ((1, (10,)), (2, (10, 11, 12)), (3, (10, 11)), (4, (11, 12))):
        memory.add(seq, AT, terms, f"sketch {seq}".encode())
    before = memory.candidates(9, AT, (10, 11, 12))
    flush(memory)
    assert before == found(store, 9, AT, (10, 11, 12)) == [b"sketch 2", b"sketch 3", b"sketch 4", b"sketch 1"]


def test_only_other_articles_within_the_window_are_found(store, flush):
    memory = store.sketch_index(DedupeSettings(window_days=14))
    memory.add(1, AT - 20 * DAY, (10,), b"too old")
    memory.add(2, AT - 10 * DAY, (10,), b"in time")
    memory.add(5, AT, (10,), b"itself")
    memory.add(8, AT, (10,), b"that overtook it")
    flush(memory)
    assert found(store, 5, AT, (10,)) == [b"in time", b"that overtook it"]


def test_a_common_term_leads_to_the_first_articles_alone(store, flush):
    memory = store.sketch_index(DedupeSettings())
    for seq in range(1, 3 * sketch_index.MOST_POSTINGS):
        memory.add(seq, AT, (10, seq + 100), b"%d" % seq)
    flush(memory)
    assert len(found(store, 1000, AT, (10,))) == sketch_index.MOST_POSTINGS
    assert found(store, 1000, AT, (240,)) == [b"140"]


def test_writing_twice_leaves_one_set_of_rows(store, flush):
    for terms in ((10, 11), (11, 12)):
        memory = store.sketch_index(DedupeSettings())
        memory.prefetch([(1, AT, terms)])
        memory.add(1, AT, terms, b"sketch")
        flush(memory)
    assert (rows(store, copy_sketches), postings(store, posting_tables.COPIES)) == (1, 2)
    assert found(store, 2, AT, (10,)) == []


def test_the_largest_terms_and_many_look_ups_fit(store, flush):
    memory = store.sketch_index(DedupeSettings())
    memory.add(1, AT, (2**32 - 1,), b"sketch")
    flush(memory)
    memory = store.sketch_index(DedupeSettings())
    memory.prefetch([(2, AT, range(2**32 - 70_000, 2**32))])
    assert memory.candidates(2, AT, (2**32 - 1,)) == [b"sketch"]


def test_old_sketches_are_forgotten_with_their_postings(store, flush):
    memory = store.sketch_index(DedupeSettings())
    for seq in range(1, 11):
        memory.add(seq, AT + seq * DAY, (10, 100 + seq), b"sketch")
    flush(memory)
    with store.write() as connection:
        assert sketch_index.delete_sketches_before(connection, AT + 5 * DAY) == 4
    assert (rows(store, copy_sketches), postings(store, posting_tables.COPIES)) == (6, 12)


def test_single_articles_are_forgotten_with_their_postings(store, flush):
    memory = store.sketch_index(DedupeSettings())
    memory.add(1, AT, (10, 11), b"one")
    memory.add(2, AT, (10, 12), b"two")
    flush(memory)
    with store.write() as connection:
        sketch_index.delete_sketches(connection, [1])
    assert found(store, 3, AT, (10, 11, 12)) == [b"two"]
    assert postings(store, posting_tables.COPIES) == 2


@pytest.mark.slow
def test_how_common_terms_are_is_written_in_parts_and_now_and_then_as_a_whole(store):
    parts, counted, kept = [], CountMinSketch(), FrequencyMemory(store.read)
    for n in range(700):
        with store.write() as connection:
            memory = kept.load("dedupe")
            for one in (memory, counted):
                one.add_document(np.arange(n, n + 200, dtype=np.uint32))
            kept.save(connection, "dedupe", memory)
        if n % 50 == 0:
            parts.append(rows(store, frequencies))
    assert bytes(kept.load("dedupe")) == bytes(FrequencyMemory(store.read).load("dedupe")) == bytes(counted)
    assert max(parts) > parts[0] == 1
    assert rows(store, frequencies) < 650


def stories_found(store, at, worth):
    memory = store.story_index(ClusterSettings())
    memory.prefetch([(at, worth)])
    return memory.candidates(at, worth)


def test_stories_are_found_by_the_worth_of_their_terms_the_newest_first(store, flush):
    memory = store.story_index(ClusterSettings())
    for seq in (1, 2, 3):
        memory.save_story(seq, AT, (10, 11 + seq % 2), (), b"story %d" % seq)
    flush(memory)
    assert stories_found(store, AT, {10: 0.2, 12: 0.1}) == [(3, b"story 3"), (1, b"story 1"), (2, b"story 2")]
    assert stories_found(store, AT, {10: 0.2, 11: 0.1}) == [(2, b"story 2"), (3, b"story 3"), (1, b"story 1")]


def test_a_common_term_leads_to_the_newest_stories(store, flush):
    memory = store.story_index(ClusterSettings())
    for seq in range(1, story_index.MOST_POSTINGS + 21):
        memory.save_story(seq, AT, (10,), (), b"story")
    flush(memory)
    assert story_posting_count(store) == story_index.MOST_POSTINGS
    assert stories_found(store, AT, {10: 0.2})[0] == (story_index.MOST_POSTINGS + 20, b"story")


def test_a_dropped_term_leads_no_more_to_the_story(store, flush):
    memory = store.story_index(ClusterSettings())
    memory.save_story(1, AT, (10, 11), (), b"first")
    flush(memory)
    memory = store.story_index(ClusterSettings())
    memory.prefetch([(AT, {10: 0.1, 12: 0.1})])
    memory.save_story(1, AT, (12,), (11,), b"second")
    flush(memory)
    assert stories_found(store, AT, {11: 0.1}) == []
    assert stories_found(store, AT, {12: 0.1}) == [(1, b"second")]


def test_a_copy_group_is_remembered_in_its_story_until_it_is_old(store, flush):
    memory = store.story_index(ClusterSettings())
    memory.save_story(1, AT, (10,), (), b"story")
    memory.assign_group("group", "s1", AT)
    flush(memory)
    memory = store.story_index(ClusterSettings())
    memory.prefetch_groups(["group", "other"])
    assert (memory.story_of("group"), memory.story_of("other")) == ("s1", None)
    with store.write() as connection:
        assert story_index.delete_stories_before(connection, AT + DAY) == 1
    assert (rows(store, story_groups), story_posting_count(store)) == (0, 0)


def test_two_processes_that_count_one_after_the_other_lose_nothing(store):
    first, second = FrequencyMemory(store.read), FrequencyMemory(store.read)
    counted = CountMinSketch()
    for n in range(12):
        memory = (first, first, second)[n % 3]
        counts = memory.load("dedupe")
        assert bytes(counts) == bytes(counted)
        for one in (counts, counted):
            one.add_document(np.arange(n, n + 200, dtype=np.uint32))
        with store.write() as connection:
            memory.save(connection, "dedupe", counts)
    assert bytes(first.load("dedupe")) == bytes(second.load("dedupe")) == bytes(counted)


def test_what_was_counted_in_a_transaction_that_failed_is_forgotten(store):
    memory = FrequencyMemory(store.read)

    def count(first, error=None):
        counts = memory.load("dedupe")
        counts.add_document(np.arange(first, first + 10, dtype=np.uint32))
        with contextlib.suppress(ValueError), store.write() as connection:
            memory.save(connection, "dedupe", counts)
            if error:
                raise error

    count(1)
    count(100, ValueError("the disk is full"))
    assert bytes(memory.load("dedupe")) == bytes(FrequencyMemory(store.read).load("dedupe"))
    count(200)
    assert memory.load("dedupe").documents == 2
    assert bytes(memory.load("dedupe")) == bytes(FrequencyMemory(store.read).load("dedupe"))


def test_counts_are_found_again_after_the_whole_was_written_anew(store, monkeypatch):
    monkeypatch.setattr(frequency_memory, "_REWRITTEN_AFTER", 100)
    first, second = FrequencyMemory(store.read), FrequencyMemory(store.read)
    for n in range(9):
        counts = (first, second)[n % 2].load("dedupe")
        counts.add_document(np.arange(n, n + 10, dtype=np.uint32))
        with store.write() as connection:
            (first, second)[n % 2].save(connection, "dedupe", counts)
        assert first.load("dedupe").documents == second.load("dedupe").documents == n + 1


@pytest.mark.parametrize("name", ["sketch_index", "story_index"])
def test_a_ledger_that_cannot_be_read_is_an_error_that_pauses_the_stage(store, name):
    settings = DedupeSettings() if name == "sketch_index" else ClusterSettings()
    memory = getattr(store, name)(settings)
    look_up = partial(memory.prefetch, [(1, AT, ())]) if name == "sketch_index" else partial(memory.get_story, 1)
    with store.write() as connection:
        for table in (copy_sketches, stories, frequencies):
            table.drop(connection)
    for read in (look_up, partial(FrequencyMemory(store.read).load, "dedupe")):
        with pytest.raises(StoreError, match="ledger"):
            read()

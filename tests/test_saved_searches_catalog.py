"""Saved searches are changed, rest and go on: what comes is told once, and nothing of the time of a pause."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from pipeline.alert_records import DeliveryState
from pipeline.errors import UnknownError, UsageError
from pipeline.saved_searches import add_search, catalog, change_search, find_search, pause_search
from pipeline.saved_searches.digests import put_digests
from pipeline.saved_searches.matching import match_changes
from pipeline.search_records import DigestRhythm, SearchRequest
from tests.helpers.searching import Clock, open_program, publish
from tests.test_saved_searches_matching import HOOK, SETTINGS

MINUTE = dt.timedelta(minutes=1)
FLOODS = SearchRequest(name="floods", q="flood", webhook=HOOK)


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCHES_KEY", "sixteen-characters-and-more")
    with open_program(tmp_path, Clock(), SETTINGS) as program:
        yield program


def told(context):
    """Return the articles that messages tell, in order, each message's notifier beside."""
    with context.store.read() as connection:
        waiting = context.store.deliveries.list_deliveries(connection, list(DeliveryState))
    return [
        (each.notifier.rpartition(":")[2], [match["article"] for match in each.message.data["matches"]])
        for each in reversed(waiting)
    ]


def come(context, name, text):
    context.clock.now += MINUTE
    publish(context, name, text)
    context.clock.now += MINUTE
    match_changes(context)


def changed(**fields):
    return msgspec.structs.replace(FLOODS, **fields)


def test_what_comes_while_a_search_rests_is_never_told_also_where_it_changes_later(context):
    saved = add_search(context, FLOODS).search
    come(context, "a", "The flood came.")
    pause_search(context, "floods", paused=True)
    come(context, "b", "The flood went on.")
    publish(context, "c", "The flood was seen late.")
    pause_search(context, saved.id, paused=False)
    match_changes(context)
    publish(context, "b", "The flood went on and on.", revision=2)
    come(context, "d", "The flood ended.")
    assert told(context) == [("webhook", ["a"]), ("webhook", ["d"])]


def test_a_search_that_can_not_be_answered_any_more_can_rest_but_not_go_on(context, monkeypatch):
    add_search(context, FLOODS)
    monkeypatch.delenv("NEWSWIRE_SEARCHES_KEY")
    assert pause_search(context, "floods", paused=True).search.paused
    with pytest.raises(UsageError, match="NEWSWIRE_SEARCHES_KEY"):
        pause_search(context, "floods", paused=False)


def test_a_search_that_asks_otherwise_tells_what_comes_from_now_on_and_another_name_changes_nothing(context):
    add_search(context, FLOODS)
    come(context, "a", "The flood came after a drought.")
    publish(context, "b", "The drought came.")
    state = change_search(context, "floods", changed(q="drought"))
    assert (state.search.text, state.search.created) == ("drought", find_search(context, "floods").search.created)
    come(context, "c", "The drought and the flood.")
    publish(context, "d", "Another drought.")
    change_search(context, "floods", changed(q="drought", name="dry"))
    match_changes(context)
    assert told(context) == [("webhook", ["a"]), ("webhook", ["c"]), ("webhook", ["d"])]
    with pytest.raises(UnknownError):
        change_search(context, "floods", FLOODS)
    add_search(context, FLOODS)
    with pytest.raises(UsageError, match="already"):
        change_search(context, "dry", FLOODS)


def test_what_waits_for_a_receiver_that_is_no_more_is_forgotten(context):
    add_search(context, FLOODS)
    come(context, "a", "The flood came.")
    change_search(context, "floods", changed(webhook=None, mail=("ana@example.org",)))
    come(context, "b", "The flood went on.")
    assert told(context) == [("mail", ["b"])]


def test_mails_that_are_gathered_otherwise_leave_out_nothing_and_repeat_nothing(context):
    mailed = changed(webhook=None, mail=("ana@example.org",))
    daily = msgspec.structs.replace(mailed, digest=DigestRhythm.DAILY)
    add_search(context, mailed)
    come(context, "a", "The flood came.")
    change_search(context, "floods", daily)
    come(context, "b", "The flood went on.")
    change_search(context, "floods", mailed)
    come(context, "c", "The flood ended.")
    change_search(context, "floods", daily)
    come(context, "d", "A flood again.")
    context.clock.now += dt.timedelta(days=1)
    put_digests(context)
    assert told(context) == [("mail", ["a"]), ("mail", ["b"]), ("mail", ["c"]), ("mail", ["d"])]


def test_values_are_left_out_and_one_word_is_enough_where_that_is_asked_for(context):
    add_search(context, changed(q="flood drought", match="any", exclude={"source": ("Evening",)}))
    come(context, "a", "The flood came.")
    context.clock.now += MINUTE
    publish(context, "b", "The drought came.", source="Evening")
    match_changes(context)
    assert told(context) == [("webhook", ["a"])]


def test_two_that_change_a_search_at_the_same_time_do_not_undo_each_other(context, monkeypatch):
    search = add_search(context, FLOODS).search
    pause_search(context, "floods", paused=True)
    with pytest.raises(UsageError, match="changed meanwhile"):
        catalog._replace(context, search, msgspec.structs.replace(search, text="storm"))
    assert find_search(context, "floods").search.text == "flood"

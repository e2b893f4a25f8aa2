"""Save searches, change, pause, find and remove them; whether one can be answered is tried before it is saved."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

import msgspec

from pipeline.context import Context
from pipeline.errors import UnknownError, UsageError
from pipeline.records import Document
from pipeline.saved_searches.digests import put_digest
from pipeline.saved_searches.receivers import check_mail, check_webhook
from pipeline.saved_searches.rules import first_of_each, next_digest, to_query
from pipeline.search_records import DigestRhythm, SavedSearch, SavedSearchState, SearchRequest
from pipeline.text import without_control_characters

SHOWN_AT_FIRST = 50  # the newest hits, with which a feed begins

_LONGEST_NAME = 100
_MOST_SEARCHES = 1000  # each is asked of every batch of changes


def add_search(context: Context, request: SearchRequest) -> SavedSearchState:
    """Save a search under a name that is free. What matches already stands in its feeds, and is told to nobody.

    Raises:
        UsageError: The name is none or taken, the query can't be answered, or a receiver is none or can't be sent to.
        SearchIndexError: The index can't be used.
        StoreError: The ledger can't be used.
    """
    search = _make_search(context, request, secrets.token_hex(8), context.clock())
    hits = context.index.search(to_query(search, size=SHOWN_AT_FIRST)).hits
    return _save(context, search, first_of_each(search.scope, [hit.document for hit in hits]))


def _make_search(context: Context, request: SearchRequest, search_id: str, created: dt.datetime) -> SavedSearch:
    """Return what is asked for as a search to which all is new that comes from now on."""
    if request.digest is not DigestRhythm.NOW and not request.mail:
        raise UsageError("digest: only mails are gathered; webhooks and feeds have each match at once")
    settings = context.settings
    context.store.changes.number_committed()
    with context.store.read() as connection:
        begins = context.store.changes.last_position(connection)
    return SavedSearch(
        id=search_id,
        name=_check_name(request.name),
        text=request.q,
        filters=request.filters,
        exclude=request.exclude,
        match=request.match,
        scope=request.each,
        webhook=check_webhook(request.webhook, settings) if request.webhook else None,
        mail=check_mail(request.mail, settings),
        digest=request.digest,
        created=created,
        begins=begins,
        paused=request.paused,
    )


def _save(context: Context, search: SavedSearch, present: Sequence[Document]) -> SavedSearchState:
    saved_searches = context.store.saved_searches
    due = next_digest(search.digest, search.created, context.settings.searches.digest_hour)
    with context.store.write() as connection:
        saved_searches.take_turn(connection)
        if len(saved_searches.list_states(connection)) >= _MOST_SEARCHES:
            raise UsageError(f"{_MOST_SEARCHES} searches are saved, and no more can be: newswire searches remove")
        state = SavedSearchState(search=search, due=due)
        if not saved_searches.add(connection, state):
            raise _taken(search.name)
        oldest_first = [document.id for document in reversed(present)]
        matches = saved_searches.add_matches(connection, search.id, oldest_first, search.created)
        saved_searches.save_mailed(connection, search.id, max((match.n for match in matches), default=0), due)
    return state


def change_search(context: Context, name: str, request: SearchRequest) -> SavedSearchState:
    """Put another search in the place of the one of this name or id: its feeds stay where they are, and go on.

    Where it asks otherwise, or was paused, it tells what comes from now on; what has matched stands in its feeds. What
    waits for a receiver that it has no more is forgotten.

    Raises:
        UnknownError: There is none of this name or id.
        UsageError: As ``add_search``.
        SearchIndexError: The index can't be used.
        StoreError: The ledger can't be used.
    """
    before = find_search(context, name).search
    search = _make_search(context, request, before.id, before.created)
    context.index.search(to_query(search, size=0))
    if before.paused == search.paused and _asks_alike(before, search):
        search = msgspec.structs.replace(search, begins=before.begins, changed=before.changed)
    else:
        search = msgspec.structs.replace(search, changed=context.clock())
    if before.digest is not search.digest is DigestRhythm.NOW:
        put_digest(context, find_search(context, before.id))  # what was gathered so far
    return _replace(context, before, search)


def _replace(context: Context, before: SavedSearch, search: SavedSearch) -> SavedSearchState:
    """Put a search in the place of another one, unless that was changed meanwhile."""
    saved_searches = context.store.saved_searches
    with context.store.write() as connection:
        saved_searches.take_turn(connection)
        state = saved_searches.find(connection, before.id)
        if state is None or state.search != before:
            raise UsageError(f"the saved search {before.name!r} was changed meanwhile; look at it again")
        mailed, due = state.mailed, state.due
        if search.digest is not before.digest:
            due = next_digest(search.digest, context.clock(), context.settings.searches.digest_hour)
            if before.digest is DigestRhythm.NOW:  # its matches are told
                mailed = max(
                    (match.n for match in saved_searches.list_matches(connection, search.id, limit=1)), default=0
                )
        state = SavedSearchState(search=search, mailed=mailed, due=due, fault=state.fault if search.paused else None)
        if not saved_searches.replace(connection, state):
            raise _taken(search.name)
        context.store.deliveries.discard(connection, set(before.notifier_names) - set(search.notifier_names))
    return state


def pause_search(context: Context, name: str, *, paused: bool) -> SavedSearchState:
    """Let a saved search rest, or go on: what comes while it rests is never told.

    Raises:
        UnknownError: There is none of this name or id.
        UsageError: It goes on, and can't be answered or sent any more.
    """
    search = find_search(context, name).search
    if paused:  # also one that can't be answered any more
        return _replace(context, search, msgspec.structs.replace(search, paused=True))
    return change_search(context, search.id, msgspec.structs.replace(to_request(search), paused=False))


def to_request(search: SavedSearch) -> SearchRequest:
    """Return the request that asks for a saved search as it is."""
    return SearchRequest(
        name=search.name,
        q=search.text,
        filters=search.filters,
        exclude=search.exclude,
        match=search.match,
        each=search.scope,
        webhook=search.webhook,
        mail=search.mail,
        digest=search.digest,
        paused=search.paused,
    )


def _asks_alike(one: SavedSearch, other: SavedSearch) -> bool:
    return to_query(one, size=0) == to_query(other, size=0) and one.scope is other.scope


def find_search(context: Context, name: str) -> SavedSearchState:
    """Return the saved search of this name or id.

    Raises:
        UnknownError: There is none.
    """
    with context.store.read() as connection:
        state = context.store.saved_searches.find(connection, name)
    if state is None:
        raise _unknown(name)
    return state


def remove_search(context: Context, name: str) -> SavedSearch:
    """Forget a saved search, its matches, and the messages that wait for its receivers; return it.

    Raises:
        UnknownError: There is none of this name or id.
    """
    search = find_search(context, name).search
    with context.store.write() as connection:
        context.store.saved_searches.take_turn(connection)
        context.store.saved_searches.remove(connection, search.id)
        context.store.deliveries.discard(connection, search.notifier_names)
    return search


def _unknown(name: str) -> UnknownError:
    return UnknownError(f"there is no saved search {name[:_LONGEST_NAME]!r}; newswire searches list names them")


def _taken(name: str) -> UsageError:
    return UsageError(f"there is a saved search {name!r} already; give this one another name")


def _check_name(name: str) -> str:
    cleaned = " ".join(without_control_characters(name).split())
    if not cleaned or cleaned != name or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{name[:_LONGEST_NAME]!r} is no name for a search: 1 to {_LONGEST_NAME} characters in one line"
        )
    return name

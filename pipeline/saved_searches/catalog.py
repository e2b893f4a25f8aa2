"""Save searches, find and remove them; whether one can be answered is tried before it is saved."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from pipeline.context import Context
from pipeline.errors import UnknownError, UsageError
from pipeline.records import Document
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
    if request.digest is not DigestRhythm.NOW and not request.mail:
        raise UsageError("digest: only mails are gathered; webhooks and feeds have each match at once")
    settings = context.settings
    context.store.changes.number_committed()
    with context.store.read() as connection:
        begins = context.store.changes.last_position(connection)
    search = SavedSearch(
        id=secrets.token_hex(8),
        name=_check_name(request.name),
        text=request.q,
        filters=request.filters,
        scope=request.each,
        webhook=check_webhook(request.webhook, settings) if request.webhook else None,
        mail=check_mail(request.mail, settings),
        digest=request.digest,
        created=context.clock(),
        begins=begins,
    )
    hits = context.index.search(to_query(search, size=SHOWN_AT_FIRST)).hits
    return _save(context, search, first_of_each(search.scope, [hit.document for hit in hits]))


def _save(context: Context, search: SavedSearch, present: Sequence[Document]) -> SavedSearchState:
    saved_searches = context.store.saved_searches
    due = next_digest(search.digest, search.created, context.settings.searches.digest_hour)
    with context.store.write() as connection:
        saved_searches.take_turn(connection)
        if len(saved_searches.list_states(connection)) >= _MOST_SEARCHES:
            raise UsageError(f"{_MOST_SEARCHES} searches are saved, and no more can be: newswire searches remove")
        state = SavedSearchState(search=search, due=due)
        if not saved_searches.add(connection, state):
            raise UsageError(f"there is a saved search {search.name!r} already; give this one another name")
        oldest_first = [document.id for document in reversed(present)]
        matches = saved_searches.add_matches(connection, search.id, oldest_first, search.created)
        saved_searches.save_mailed(connection, search.id, max((match.n for match in matches), default=0), due)
    return state


def find_search(context: Context, name: str) -> SavedSearchState:
    """Return the saved search of this name or id.

    Raises:
        UnknownError: There is none.
    """
    with context.store.read() as connection:
        state = context.store.saved_searches.find(connection, name)
    if state is None:
        raise UnknownError(f"there is no saved search {name[:_LONGEST_NAME]!r}; newswire searches list names them")
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


def _check_name(name: str) -> str:
    cleaned = " ".join(without_control_characters(name).split())
    if not cleaned or cleaned != name or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{name[:_LONGEST_NAME]!r} is no name for a search: 1 to {_LONGEST_NAME} characters in one line"
        )
    return name

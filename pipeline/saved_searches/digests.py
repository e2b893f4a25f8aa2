"""Mail the matches of saved searches that are gathered: hourly, daily or weekly."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.context import Context
from pipeline.index import Query
from pipeline.saved_searches.matching import put_mail
from pipeline.saved_searches.messages import MatchedDocument
from pipeline.saved_searches.rules import next_digest
from pipeline.search_records import SavedSearchState, SearchMatch

_MOST = 1000  # matches that a digest counts


def put_digests(context: Context) -> None:
    """Put the digests that are due on their way; of no match none is sent.

    Raises:
        SearchIndexError: The index can't be used; they stay due.
        StoreError: The ledger can't be used.
    """
    now = context.clock()
    with context.store.read() as connection:
        states = context.store.saved_searches.list_states(connection)
    for state in states:
        if state.due is not None and state.due <= now:
            put_digest(context, state)


def put_digest(context: Context, state: SavedSearchState) -> None:
    """Put what a search has gathered on its way as one mail, unless another program has.

    Raises:
        SearchIndexError: The index can't be used.
    """
    search, store = state.search, context.store
    with store.read() as connection:
        matches = store.saved_searches.list_matches(connection, search.id, after=state.mailed, limit=_MOST)
    matches.reverse()
    documents = load_matches(context, matches)
    due = next_digest(search.digest, context.clock(), context.settings.searches.digest_hour)
    with store.write() as connection:
        store.saved_searches.take_turn(connection)
        current = store.saved_searches.find(connection, search.id)
        if current is None or (current.mailed, current.due) != (state.mailed, state.due):
            return  # it was removed, or another program has put its digest on its way
        if documents:
            put_mail(context, connection, search, documents)
        store.saved_searches.save_mailed(connection, search.id, matches[-1].n if matches else state.mailed, due)


def load_matches(context: Context, matches: Sequence[SearchMatch]) -> list[MatchedDocument]:
    """Return matches with their documents, in order; those whose document is gone are left out.

    Raises:
        SearchIndexError: The index can't be used.
    """
    if not matches:
        return []
    ids = tuple(match.article for match in matches)
    hits = context.index.search(Query(ids=ids, size=len(ids), sort="newest", highlight=False)).hits
    documents = {hit.document.id: hit.document for hit in hits}
    return [MatchedDocument(match, documents[match.article]) for match in matches if match.article in documents]

"""Ask saved searches of the documents that have changed, and note what matches: each match once.

What was looked at is read outside of any transaction. Matches, the messages that tell them, and how far was looked are
saved in one: whatever is killed, and however many programs look, nothing is lost or noted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.alerts.messages import site_address
from pipeline.change_records import ENDINGS
from pipeline.context import Context
from pipeline.errors import UsageError
from pipeline.records import Document
from pipeline.saved_searches.messages import MOST_MATCHES, MatchedDocument, compose_message, compose_messages
from pipeline.saved_searches.rules import (
    earliest_arrival,
    first_of_each,
    in_order,
    new_articles,
    to_query,
)
from pipeline.search_records import ArticleArrival, DigestRhythm, MatchScope, SavedSearch, SavedSearchState

_LOOKED = "saved searches: looked"  # under which the ledger keeps up to which position was looked
_AT_ONCE = 500  # documents that searches are asked of
_MOST_STEPS = 100  # at one look: the next look goes on
_OF_A_STORY = 20  # matching articles that are read to see whether a story is new


class ChangedDocuments(NamedTuple):
    """The documents that changed from one position of the change feed to another one."""

    looked: int
    until: int
    arrivals: Sequence[ArticleArrival]  # when their articles came, where that may be lately enough


class Answer(NamedTuple):
    """The documents that a search tells of, in order; or why it can't be answered."""

    search: SavedSearch
    documents: Sequence[Document]
    fault: str | None = None


def match_changes(context: Context) -> int:
    """Ask all saved searches of what has changed since this was done last; return how many matches were noted.

    Raises:
        SearchIndexError: The index can't be used; the next look goes on where this one ended.
        StoreError: The ledger can't be used.
    """
    count = 0
    for _ in range(_MOST_STEPS):
        with context.store.read() as connection:
            states = context.store.saved_searches.list_states(connection)
        searches = [state.search for state in states if not state.search.paused]
        if not searches or (changed := _read_changes(context, searches)) is None:
            break
        answers = ask_searches(context, searches, changed.arrivals) if changed.arrivals else []
        count += _note_answers(context, changed, states, answers)
    return count


def _looked(context: Context, connection: sa.Connection) -> int:
    return int(context.store.values.get(connection, _LOOKED) or 0)


def _read_changes(context: Context, searches: Sequence[SavedSearch]) -> ChangedDocuments | None:
    """Return what is to be looked at next, None where nothing has changed."""
    store, now = context.store, context.clock()
    store.changes.number_committed()
    with store.read() as connection:
        looked = _looked(context, connection)
        # before the first search was saved nothing was asked
        start = max(looked, min(search.begins for search in searches))
        changes = store.changes.list_after(connection, start, _AT_ONCE)
        present = {change.id for change in changes if change.kind not in ENDINGS}
        arrivals = store.saved_searches.list_arrivals(connection, sorted(present))
    if not changes:
        return None
    earliest = min(earliest_arrival(search, now) for search in searches)
    recent = [arrival for arrival in arrivals if arrival.came >= earliest]
    return ChangedDocuments(looked, changes[-1].position, recent)


def ask_searches(context: Context, searches: Sequence[SavedSearch], arrivals: Sequence[ArticleArrival]) -> list[Answer]:
    """Return what each search tells of articles whose documents have changed.

    Raises:
        SearchIndexError: The index can't be used.
    """
    context.index.refresh()
    answers = []
    for search in searches:
        try:
            answers.append(Answer(search, _find_new_matches(context, search, arrivals)))
        except UsageError as error:  # a field that another version of newswire had
            answers.append(Answer(search, (), str(error)))
    return answers


def _find_new_matches(context: Context, search: SavedSearch, arrivals: Sequence[ArticleArrival]) -> list[Document]:
    store, now = context.store, context.clock()
    with store.read() as connection:
        ids = [arrival.article for arrival in arrivals]
        indexed_before = store.changes.find_indexed_by(connection, ids, search.begins)
        articles = new_articles(search, arrivals, indexed_before, now)
    if not articles:
        return []
    hits = context.index.search(to_query(search, size=len(articles), ids=articles)).hits
    matching = in_order(articles, {hit.document.id: hit.document for hit in hits})
    with store.read() as connection:
        repeated = store.saved_searches.find_told(connection, search, [document.id for document in matching])
    fresh = first_of_each(search.scope, [document for document in matching if document.id not in repeated])
    if search.scope is MatchScope.STORY:
        fresh = [document for document in fresh if not _is_old_story(context, search, document.story, articles)]
    return fresh


def _is_old_story(context: Context, search: SavedSearch, story: str, articles: Sequence[str]) -> bool:
    """Tell whether an article of a story but these new ones matched before the search was saved."""
    query = to_query(search, size=_OF_A_STORY)
    narrowed = {**query.filters, "story": (story,)}
    hits = context.index.search(msgspec.structs.replace(query, filters=narrowed, sort="oldest")).hits
    documents = [hit.document for hit in hits if hit.document.id not in articles]
    return any(document.first_seen < search.since for document in documents)


def _note_answers(
    context: Context, changed: ChangedDocuments, states: Sequence[SavedSearchState], answers: Sequence[Answer]
) -> int:
    """Save matches, the messages that tell them, and how far was looked, unless another program has meanwhile."""
    store = context.store
    faults = {state.search.id: state.fault for state in states}
    count = 0
    with store.write() as connection:
        store.saved_searches.take_turn(connection)
        if _looked(context, connection) != changed.looked:
            return 0
        present = {state.search.id: state.search for state in store.saved_searches.list_states(connection)}
        for answer in answers:
            if present.get(answer.search.id) != answer.search:
                continue  # it was removed, paused or changed meanwhile
            if answer.fault != faults[answer.search.id]:
                store.saved_searches.save_fault(connection, answer.search.id, answer.fault)
            count += _tell(context, connection, answer)
        store.values.save(connection, _LOOKED, str(changed.until))
    return count


def _tell(context: Context, connection: sa.Connection, answer: Answer) -> int:
    """Note the matches of a search, and put the messages that tell them on their way; return how many there are."""
    search, store, now = answer.search, context.store, context.clock()
    documents = {document.id: document for document in answer.documents}
    noted = store.saved_searches.add_matches(connection, search.id, list(documents), now)
    matches = [MatchedDocument(match, documents[match.article]) for match in noted]
    if not matches:
        return 0
    site = site_address(context.settings.serve)
    if search.webhook:
        for message in compose_messages(search, matches, now, site):
            store.deliveries.add(connection, [search.webhook_name], message)
    if search.mail and search.digest is DigestRhythm.NOW:
        put_mail(context, connection, search, matches)
    return len(matches)


def put_mail(
    context: Context, connection: sa.Connection, search: SavedSearch, matches: Sequence[MatchedDocument]
) -> None:
    """Put one mail on its way that tells the first of ``matches``, and how many more there are."""
    shown = matches[:MOST_MATCHES]
    message = compose_message(
        search, shown, context.clock(), site_address(context.settings.serve), left_out=len(matches) - len(shown)
    )
    context.store.deliveries.add(connection, [search.mail_name], message)

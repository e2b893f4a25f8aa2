"""Keep saved searches, and what they have told: of one search each article once.

They are changed in transactions that come one after the other, so that several programs which look at the same changes
tell each match once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.records import from_json, to_json
from pipeline.search_records import ArticleArrival, MatchScope, SavedSearch, SavedSearchState, SearchMatch
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.schema.articles import items
from pipeline.store.schema.saved_searches import saved_searches, search_matches
from pipeline.store.statements import among, columns_of, insert_new, rows_as

# by which column of ``items`` articles are one thing that is told once
_TOLD_BY = {MatchScope.ORIGINAL: items.c.copy_group, MatchScope.STORY: items.c.story}


class SavedSearches:
    """The saved searches of a database, and their matches."""

    def take_turn(self, connection: sa.Connection) -> None:
        """Wait until no other transaction changes saved searches; this one is alone with them until it ends."""
        take_advisory_lock(connection, AdvisoryLock.SEARCHES)

    def add(self, connection: sa.Connection, state: SavedSearchState) -> bool:
        """Add a saved search; return False where there is one of this name."""
        search = state.search
        if connection.scalar(sa.select(saved_searches.c.id).where(saved_searches.c.name == search.name)):
            return False
        connection.execute(saved_searches.insert().values(id=search.id, **_values(state)))
        return True

    def replace(self, connection: sa.Connection, state: SavedSearchState) -> bool:
        """Put a saved search in the place of that of its id; return False where another one has its name."""
        search = state.search
        same_name = saved_searches.c.name == search.name
        other = sa.select(saved_searches.c.id).where(same_name, saved_searches.c.id != search.id)
        if connection.scalar(other):
            return False
        chosen = saved_searches.update().where(saved_searches.c.id == search.id)
        connection.execute(chosen.values(**_values(state)))
        return True

    def remove(self, connection: sa.Connection, search_id: str) -> None:
        """Forget a saved search and its matches."""
        connection.execute(search_matches.delete().where(search_matches.c.search == search_id))
        connection.execute(saved_searches.delete().where(saved_searches.c.id == search_id))

    def list_states(self, connection: sa.Connection) -> list[SavedSearchState]:
        """Return all saved searches, by name."""
        rows = connection.execute(sa.select(saved_searches).order_by(saved_searches.c.name))
        return [_state(row) for row in rows]

    def find(self, connection: sa.Connection, name: str) -> SavedSearchState | None:
        """Return the saved search of this id or name, None where there is none."""
        of_id, of_name = saved_searches.c.id == name, saved_searches.c.name == name
        for condition in (of_id, of_name):
            if row := connection.execute(sa.select(saved_searches).where(condition)).one_or_none():
                return _state(row)
        return None

    def save_fault(self, connection: sa.Connection, search_id: str, fault: str | None) -> None:
        """Note why a search can't be answered, None where it can."""
        connection.execute(saved_searches.update().where(saved_searches.c.id == search_id).values(fault=fault))

    def save_mailed(self, connection: sa.Connection, search_id: str, mailed: int, due: dt.datetime | None) -> None:
        """Note up to which number matches are in mails, and when the next digest is."""
        values = {"mailed": mailed, "due": due}
        connection.execute(saved_searches.update().where(saved_searches.c.id == search_id).values(**values))

    def add_matches(
        self, connection: sa.Connection, search_id: str, articles: Sequence[str], now: dt.datetime
    ) -> list[SearchMatch]:
        """Note that articles match; return those matches that weren't noted before, in the order of ``articles``."""
        rows = [{"search": search_id, "article": article, "at": now} for article in articles]
        numbers = insert_new(connection, search_matches, rows)
        chosen = sa.select(*_MATCH).where(among(connection, search_matches.c.n, sorted(numbers)))
        return rows_as(SearchMatch, connection.execute(chosen.order_by(search_matches.c.n)))

    def list_matches(
        self, connection: sa.Connection, search_id: str, *, after: int = 0, limit: int | None = None
    ) -> list[SearchMatch]:
        """Return the matches of a search with numbers behind ``after``, the latest first."""
        chosen = sa.select(*_MATCH).where(search_matches.c.search == search_id, search_matches.c.n > after)
        return rows_as(SearchMatch, connection.execute(chosen.order_by(search_matches.c.n.desc()).limit(limit)))

    def count_matches(self, connection: sa.Connection, search_id: str) -> int:
        """Return how many matches of a search are remembered."""
        counted = sa.select(sa.func.count()).where(search_matches.c.search == search_id)
        return connection.scalar(counted) or 0

    def find_told(self, connection: sa.Connection, search: SavedSearch, articles: Collection[str]) -> set[str]:
        """Return those of ``articles`` that a search need not tell: it told of them, or of their group or story.

        Groups and stories count as they are now, also where they were merged since.
        """
        match = search_matches.alias()
        is_of_search = match.c.search == search.id
        same = sa.select(match.c.article).where(is_of_search, among(connection, match.c.article, articles))
        repeated = set(connection.scalars(same))
        if (column := _TOLD_BY.get(search.scope)) is None:
            return repeated
        matched = items.alias()
        beside = sa.select(items.c.id).where(among(connection, items.c.id, articles))
        beside = beside.join(matched, matched.c[column.name] == column)
        beside = beside.join(match, sa.and_(match.c.article == matched.c.id, is_of_search))
        return repeated | set(connection.scalars(beside.distinct()))

    def list_arrivals(self, connection: sa.Connection, articles: Collection[str]) -> list[ArticleArrival]:
        """Return when articles came, in the order in which the ledger got them."""
        chosen = sa.select(items.c.id, items.c.first_seen, items.c.embargoed)
        rows = connection.execute(chosen.where(among(connection, items.c.id, articles)).order_by(items.c.seq))
        return [ArticleArrival(row.id, max(row.first_seen, row.embargoed or row.first_seen)) for row in rows]

    def delete_matches_before(self, connection: sa.Connection, before: dt.datetime) -> int:
        """Forget matches that were noted before a time; return how many."""
        return connection.execute(search_matches.delete().where(search_matches.c.at < before)).rowcount


_MATCH = columns_of(search_matches, SearchMatch)


def _values(state: SavedSearchState) -> dict[str, object]:
    """Return the columns of a state but its id."""
    return {
        "name": state.search.name,
        "search": to_json(state.search).decode(),
        "mailed": state.mailed,
        "due": state.due,
        "fault": state.fault,
    }


def _state(row: sa.Row[tuple[object, ...]]) -> SavedSearchState:
    search = from_json(row.search, SavedSearch)
    return SavedSearchState(search=search, mailed=row.mailed, due=row.due, fault=row.fault)

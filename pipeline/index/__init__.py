"""The search index: the protocol that both engines implement, and the function that opens one of them.

An index is a view of the ledger: it may be deleted and rebuilt. The engines are SQLite FTS5 in one file and
Elasticsearch 9; ``tests/contracts/test_index.py`` tests what both promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.index.query import MAX_HITS, Hit, Query, Refusal, Results, Sort
from pipeline.records import Document
from pipeline.settings import IndexSettings

__all__ = ["MAX_HITS", "Hit", "Index", "Query", "Refusal", "Results", "Sort", "open_index"]


class Index(Protocol):
    """Documents, searched by words, filters and time. Safe to use from several threads.

    Every method raises IndexAwayError where the index does not answer and may do so later, and IndexRefusedError where
    it refuses and a person must act; among these is IndexVersionError, for an index that another version of newswire
    made, which ``wipe`` makes anew. Searches see what ``upsert`` and ``delete`` did after ``refresh``, or soon.
    """

    def prepare(self) -> None:
        """Create what is missing; raise IndexRefusedError for what isn't newswire's or of another version."""

    def identity(self) -> str:
        """Return the id that the index got when it was created; a different one means that it was lost or exchanged."""

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents by id, except where a newer revision is there; return those not taken."""

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are fine."""

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""

    def search(self, query: Query) -> Results:
        """Return the results of a query; raise UsageError for a query that no index can answer."""

    def count(self) -> int:
        """Return how many documents there are."""

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, in no particular order."""

    def refresh(self) -> None:
        """Make what was put and deleted so far visible to searches."""

    def wipe(self) -> None:
        """Remove all documents and create the index anew, under a new identity."""

    def close(self) -> None:
        """Close files and connections."""


def open_index(url: str, settings: IndexSettings, *, api_key: str | None = None, ca_file: str | None = None) -> Index:
    """Return the index at ``url``: ``sqlite:///path`` or ``http(s)://host:9200``. Nothing is read or written yet.

    Raises:
        SettingsError: It is another address, or one that can't be used.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite" and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from pipeline.index._sqlite import SqliteIndex  # noqa: PLC0415 - an engine is loaded where it is used

        return SqliteIndex(url.removeprefix("sqlite:///"), timeout=settings.timeout_seconds)
    if scheme in {"http", "https"} and urlsplit(url).hostname:
        from pipeline.index._elasticsearch import ElasticsearchIndex  # noqa: PLC0415 - takes 0.3 s to import

        return ElasticsearchIndex(url, settings, api_key=api_key, ca_file=ca_file)
    raise SettingsError(f"NEWSWIRE_INDEX_URL: {_hidden(url)!r} is neither sqlite:///PATH nor http(s)://HOST:PORT")


def _hidden(url: str) -> str:
    """Return ``url`` without the name and password that it may hold."""
    start, at, host = url.rpartition("@")
    return f"{start.partition('://')[0]}://…@{host}" if at else url

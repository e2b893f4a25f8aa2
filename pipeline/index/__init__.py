"""The search index: the protocols that both engines implement, and the function that opens one of them.

An index is a view of the ledger: it may be deleted and rebuilt. The engines are SQLite FTS5 in one file and
Elasticsearch 9; ``tests/contracts/test_index.py`` tests what both promise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.index.generation import Generation
from pipeline.index.index_health import IndexHealth
from pipeline.index.query import MAX_HITS, Hit, Query, Refusal, Results, Sort, SortKey, Unit, WordsWanted
from pipeline.index.query_language.spelling import Completion
from pipeline.index.time_histogram import Interval, TimeBucket, TimeHistogram
from pipeline.records import Document
from pipeline.settings import IndexSettings

__all__ = [
    "MAX_HITS",
    "Completion",
    "Generation",
    "Hit",
    "Index",
    "IndexGeneration",
    "IndexHealth",
    "IndexSnapshots",
    "Interval",
    "Query",
    "Refusal",
    "Results",
    "Sort",
    "SortKey",
    "TimeBucket",
    "TimeHistogram",
    "Unit",
    "WordsWanted",
    "open_index",
]


class IndexSnapshots(Protocol):
    """Copies of an index that its own engine keeps. Every method raises SearchIndexError where the engine refuses."""

    def save(self, name: str) -> None:
        """Save a snapshot, and wait until it is there."""

    def restore(self, name: str) -> None:
        """Restore a snapshot in place of an empty index."""

    def delete(self, name: str) -> None:
        """Delete a snapshot; nothing happens where there is none."""


class IndexGeneration(Protocol):
    """The documents of one generation of an index, searched by words, filters and time.

    It may be used from several threads. Every method raises IndexAwayError where the index does not answer and may do
    so later, and IndexRefusedError where it refuses and a person must act; among these is IndexVersionError, for an
    index that another version of newswire made. Searches see what ``upsert`` and ``delete`` did after ``refresh``, or
    soon.
    """

    def identity(self) -> str:
        """Return the id that the generation got when it was created; that of an index is its current generation's."""

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents by id, except where a newer revision is there; return those not taken."""

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are fine."""

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        """Return id → document of those that there are."""

    def scan(self, query: Query) -> Iterator[Document]:
        """Yield all documents that match, however many, by first sight, the oldest first; highlights nothing.

        What comes or goes meanwhile may be among them; what is there all the time is, once. ``query`` says nothing of
        sort, size, offset and facets.
        """

    def search(self, query: Query) -> Results:
        """Return the results of a query; raise UsageError for a query that no index can answer."""

    def complete(self, beginning: str, size: int) -> tuple[Completion, ...]:
        """Return values that have a word that begins so, of the fields of names, the most frequent first."""

    def count(self) -> int:
        """Return how many documents there are."""

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, in no particular order."""

    def refresh(self) -> None:
        """Make what was put and deleted so far visible to searches."""

    def close(self) -> None:
        """Close files and connections."""


class Index(IndexGeneration, Protocol):
    """An index: one or more generations of documents, of which one is *current*.

    Reading means the current generation. A generation with a higher number than the current one is being built:
    ``upsert`` writes into it as well, and first, so that searches that come to see it miss nothing that others have
    seen. ``delete`` removes from all generations, from the current one last. What is there is looked up by each call:
    all programs that share an index agree on it.
    """

    def prepare(self) -> None:
        """Create what is missing; raise IndexRefusedError for what isn't newswire's or of another version."""

    def wipe(self) -> None:
        """Remove all documents of all generations and create the index anew, under a new identity."""

    def health(self) -> IndexHealth | None:
        """Return how the index is kept; None where it lies in a file, or its key doesn't allow to ask."""

    def size_bytes(self) -> int | None:
        """Return the room that all its generations take, with copies on other nodes; None where it can't be told."""

    def snapshots(self, repository: str) -> IndexSnapshots | None:
        """Return what saves snapshots in ``repository``; None where the engine has none."""

    def list_generations(self) -> list[Generation]:
        """Return the generations that there are, by number."""

    def add_generation(self) -> int:
        """Create an empty generation beside those that there are; return its number, the highest."""

    def open_generation(self, number: int) -> IndexGeneration:
        """Return a generation that there is, or shall be; nothing is read yet. ``close`` of the index closes it."""

    def switch_to(self, number: int) -> None:
        """Make a generation the current one: every search sees either the former one or this one, as a whole."""

    def drop_generation(self, number: int) -> None:
        """Remove a generation that isn't the current one; one that isn't there is fine."""


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

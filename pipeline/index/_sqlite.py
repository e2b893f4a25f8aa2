"""Which documents lie in an SQLite file? The embedded index."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import IndexAwayError, IndexRefusedError, SearchIndexError
from pipeline.index import _sqlite_schema as schema
from pipeline.index._sqlite_search import run_search
from pipeline.index.query import Query, Refusal, Results, check_query
from pipeline.records import Document, Reason, from_json, to_json

# Errors of the moment: another process writes, the disk is full, the medium fails. All others need a person.
_AWAY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_ADVICE = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked; try again",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked; try again",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written",
    sqlite3.SQLITE_CANTOPEN: "can't be opened; check the path and its permissions",
    sqlite3.SQLITE_READONLY: "can't be written; check its permissions and those of its folder",
    sqlite3.SQLITE_NOTADB: "is not an SQLite file; name another or move it away",
    sqlite3.SQLITE_CORRUPT: "is damaged; delete it and run newswire reindex",
}


class SqliteIndex:
    """An index in the file ``path``; a writer waits up to ``timeout`` seconds for another one."""

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path = Path(path)
        self._timeout = timeout
        self._thread = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def prepare(self) -> None:
        """Create the file and its tables; raise IndexRefusedError for a file that isn't a newswire index."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexRefusedError(f"index {self._path}: no folder can be made for it: {error.strerror}") from error
        with self._errors():
            if not self._path.exists():
                sqlite3.connect(self._path).close()
            connection = self._connection(checked=False)
            with self._writing(connection):
                if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    self._create(connection)
            self._check(connection)
            connection.execute("PRAGMA journal_mode = WAL")  # stays with the file: readers never wait for the writer

    def _create(self, connection: sqlite3.Connection) -> None:
        for statement in schema.SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('identity', ?)", (str(uuid.uuid4()),))

    def identity(self) -> str:
        """Return the uuid made when the file was created."""
        with self._reading() as connection:
            return str(connection.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone()[0])

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents in one transaction; return those that can't be stored."""
        refused = []
        with self._reading() as connection, self._writing(connection):
            for document in documents:
                try:
                    _put(connection, document)
                except UnicodeError as error:  # half of a surrogate pair; raised before anything is written
                    refused.append(Refusal(id=document.id, reason=Reason.BAD_RECORD, detail=str(error), retry=False))
        return refused

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are fine."""
        with self._reading() as connection, self._writing(connection):
            for one in ids:
                if row := connection.execute("SELECT number FROM document WHERE id = ?", (one,)).fetchone():
                    _delete(connection, row[0])

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT json FROM document WHERE id = ?", (document_id,)).fetchone()
            return from_json(row[0], Document) if row else None

    def search(self, query: Query) -> Results:
        """Return what a query finds."""
        check_query(query)
        with self._reading() as connection:
            return run_search(connection, query)

    def count(self) -> int:
        """Return how many documents there are."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM document").fetchone()[0])

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, by id."""
        last = ""
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT id, revision FROM document WHERE id > ? ORDER BY id LIMIT 10000", (last,)
                ).fetchall()
            if not rows:
                return
            yield from rows
            last = rows[-1][0]

    def refresh(self) -> None:
        """Do nothing: what is committed is found."""

    def wipe(self) -> None:
        """Remove all documents; a new identity is made."""
        with self._reading() as connection, self._writing(connection):
            for table in ("document", "words", "facet", "value"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            connection.execute("UPDATE meta SET value = ? WHERE key = 'identity'", (str(uuid.uuid4()),))

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._opened:
            self._opened.pop().close()
        self._thread = threading.local()

    def _connection(self, *, checked: bool = True) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            if not self._path.exists():
                raise IndexRefusedError(f"there is no index at {self._path} yet; newswire run makes it")
            connection = sqlite3.connect(
                self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            self._opened.append(connection)
            if checked:
                self._check(connection)
            # the index can be rebuilt: losing the last seconds to a power cut is fine, damage is not
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            self._thread.connection = connection
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != schema.APPLICATION:
            raise IndexRefusedError(
                f"{self._path} is an SQLite file, but not a newswire index; name another in NEWSWIRE_INDEX_URL"
            )
        if version != schema.VERSION:
            raise IndexRefusedError(
                f"{self._path} was made by another version of newswire (index version {version}, this one writes "
                f"{schema.VERSION}); delete the file and run newswire reindex"
            )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            yield self._connection()

    @contextlib.contextmanager
    def _writing(self, connection: sqlite3.Connection) -> Iterator[None]:
        # IMMEDIATE waits for another writer; a transaction that starts by reading fails at once instead
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
            kind = IndexAwayError if code in _AWAY else IndexRefusedError if code in _ADVICE else SearchIndexError
            raise kind(f"index {self._path}: {_ADVICE.get(code, 'SQLite fails')} ({error})") from error


def _put(connection: sqlite3.Connection, document: Document) -> None:
    json, columns = to_json(document).decode(), schema.word_columns(document)
    row = connection.execute("SELECT number, revision FROM document WHERE id = ?", (document.id,)).fetchone()
    if row and row[1] > document.revision:
        return
    if row:
        _delete(connection, row[0])
    number = connection.execute(
        "INSERT INTO document (id, revision, seen_at, is_primary, copy_group, json) VALUES (?, ?, ?, ?, ?, ?)",
        (document.id, document.revision, schema.seen_at(document), document.is_primary, document.copy_group, json),
    ).lastrowid
    marks = ", ".join("?" * (len(columns) + 1))
    connection.execute(
        f"INSERT INTO words (rowid, {', '.join(schema.COLUMNS)}) VALUES ({marks})",  # noqa: S608 - names of ours
        (number, *columns),
    )
    for place, field, value in schema.facet_rows(document):
        connection.execute("INSERT OR IGNORE INTO value (field, value) VALUES (?, ?)", (field, value))
        connection.execute(
            "INSERT INTO facet SELECT ?, ?, number FROM value WHERE field = ? AND value = ?",
            (number, place, field, value),
        )


def _delete(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM document WHERE number = ?", (number,))
    connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
    connection.execute("DELETE FROM facet WHERE document = ?", (number,))

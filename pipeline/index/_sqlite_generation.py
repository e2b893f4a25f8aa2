"""Keep one generation of the embedded index: documents in one SQLite file.

Readers never wait for the writer; a writer waits for another one.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from pipeline.errors import IndexAwayError, IndexRefusedError, IndexVersionError, SearchIndexError
from pipeline.index import _sqlite_schema as schema
from pipeline.index._sqlite_search import list_ids, run_search
from pipeline.index._sqlite_spelling import find_completions
from pipeline.index.fields import FACETS
from pipeline.index.folding import split_words
from pipeline.index.query import Query, Refusal, Results, check_query
from pipeline.index.query_language.spelling import Completion
from pipeline.records import Document, Reason, from_json, to_json

# Errors of the moment: another process writes, the disk is full, the medium fails. All others need a person.
_AWAY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
# Of a scan: the ids that are looked for at once, for each of which SQLite goes through all that matches, and the
# documents that are in memory.
_SCANNED, _DECODED = 20_000, 200
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


_WORD_TABLES = {"searched": schema.SEARCHED, "valued": schema.VALUED, "exact": schema.EXACT}


class SqliteGeneration:
    """A generation in the file ``path``; a writer waits up to ``timeout`` seconds for another one."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._thread = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._uses = 0  # under way now, in all threads
        self._lock = threading.Lock()  # guards these

    def prepare(self) -> None:
        """Create the file and its tables.

        Raises:
            IndexVersionError: Another version of newswire made the file.
            IndexRefusedError: It is something else, or can't be created.
        """
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

    @property
    def is_of_this_version(self) -> bool:
        """Tell whether this version of newswire made the file; raise IndexRefusedError for what is no index."""
        try:
            with self._reading():
                return True
        except IndexVersionError:
            return False

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents in one transaction; return those that can't be stored."""
        refused = []
        with self._reading() as connection, self._writing(connection):
            for document in documents:
                try:
                    _upsert(connection, document)
                except UnicodeError as error:
                    refused.append(Refusal(id=document.id, reason=Reason.BAD_RECORD, detail=str(error), retry=False))
        return refused

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are fine."""
        with self._reading() as connection, self._writing(connection):
            for document_id in ids:
                row = connection.execute(
                    "SELECT number, json FROM document JOIN stored ON document = number WHERE id = ?", (document_id,)
                ).fetchone()
                if row:
                    _delete(connection, row[0], from_json(row[1], Document))

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT json FROM document JOIN stored ON document = number WHERE id = ?", (document_id,)
            ).fetchone()
            return from_json(row[0], Document) if row else None

    def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        """Return id → document of those that there are."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT id, json FROM document JOIN stored ON document = number "
                "WHERE id IN (SELECT each.value FROM json_each(?) AS each)",
                (to_json(ids).decode(),),
            ).fetchall()
        return {row[0]: from_json(row[1], Document) for row in rows}

    def scan(self, query: Query) -> Iterator[Document]:
        """Yield all documents that match, by first sight."""
        check_query(query)
        after = None
        while True:
            with self._reading() as connection:
                page = list_ids(connection, query, after, _SCANNED)
            ids = [document_id for _, document_id in page]
            for start in range(0, len(ids), _DECODED):
                documents = self.get_many(ids[start : start + _DECODED])
                yield from (documents[each] for each in ids[start : start + _DECODED] if each in documents)
            if len(page) < _SCANNED:
                return
            after = page[-1]

    def search(self, query: Query) -> Results:
        """Return what a query finds."""
        check_query(query)
        with self._reading() as connection:
            return run_search(connection, query)

    def complete(self, beginning: str, size: int) -> tuple[Completion, ...]:
        """Return values that have a word that begins so, the most frequent first."""
        with self._reading() as connection:
            return find_completions(connection, beginning, size)

    def count(self) -> int:
        """Return how many documents there are."""
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM document").fetchone()[0])

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, by id."""
        last_id = ""
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT id, revision FROM document WHERE id > ? ORDER BY id LIMIT 10000", (last_id,)
                ).fetchall()
            if not rows:
                return
            yield from rows
            last_id = rows[-1][0]

    def refresh(self) -> None:
        """Do nothing: searches see what is committed."""

    def wipe(self) -> None:
        """Drop all tables, whatever version made them, and create them anew, with a new identity."""
        with self._errors():
            connection = self._connection(checked=False)
            self._check_application(connection)
            with self._writing(connection):
                for name in _tables(connection):
                    connection.execute(f'DROP TABLE "{name}"')
                self._create(connection)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            self._close()

    def close_if_idle(self) -> None:
        """Close the connections unless one is at work; a file that was removed takes room as long as it is open."""
        with self._lock:
            if not self._uses:
                self._close()

    def _close(self) -> None:
        while self._opened:
            self._opened.pop().close()
        self._thread = threading.local()

    def _connection(self, *, checked: bool = True) -> sqlite3.Connection:
        """Return this thread's connection, ``checked`` to be to an index of this version.

        Another process may have made the file anew since it was opened.

        Raises:
            IndexVersionError: Another version of newswire made the file.
            IndexRefusedError: There is no file, or it is something else.
        """
        connection: sqlite3.Connection | None = getattr(self._thread, "connection", None)
        if connection is None:
            if not self._path.exists():
                raise IndexRefusedError(f"there is no index at {self._path} yet; newswire run makes it")
            connection = sqlite3.connect(
                self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            self._opened.append(connection)
            # the index can be rebuilt: losing the last seconds to a power cut is fine, damage is not
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA temp_store = MEMORY")
            self._thread.connection = connection
        if checked:
            self._check(connection)
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Raise IndexVersionError, or IndexRefusedError, for what this version can't use."""
        self._check_application(connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != schema.VERSION:
            raise IndexVersionError(f"{self._path} was made by another version of newswire; newswire run makes it anew")

    def _check_application(self, connection: sqlite3.Connection) -> None:
        """Raise IndexRefusedError for a file that isn't newswire's."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION:
            raise IndexRefusedError(
                f"{self._path} is an SQLite file, but not a newswire index; name another in NEWSWIRE_INDEX_URL"
            )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._uses += 1
        try:
            with self._errors():
                yield self._connection()
        finally:
            with self._lock:
                self._uses -= 1

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
        """Turn SQLite's errors into ours.

        Raises:
            IndexAwayError: It may work later.
            IndexRefusedError: A person must act.
            SearchIndexError: SQLite fails otherwise.
        """
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended code
            kind = IndexAwayError if code in _AWAY else IndexRefusedError if code in _ADVICE else SearchIndexError
            raise kind(f"index {self._path}: {_ADVICE.get(code, 'SQLite fails')} ({error})") from error


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the file's tables, virtual ones first: what belongs to these goes with them."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND sql {} LIKE 'CREATE VIRTUAL%'"
    )
    virtual = [row[0] for row in connection.execute(query.format(""))]
    plain = (row[0] for row in connection.execute(query.format("NOT")))
    return virtual + [name for name in plain if not name.startswith(tuple(f"{table}_" for table in virtual))]


def _upsert(connection: sqlite3.Connection, document: Document) -> None:
    """Add or replace a document, except where a newer revision is there.

    Raises:
        UnicodeError: It holds half of a surrogate pair; nothing is written then.
    """
    document = msgspec.structs.replace(document, vector=None)  # cluster compares vectors, in the ledger
    json = to_json(document).decode()
    row = connection.execute(
        "SELECT number, revision, json FROM document JOIN stored ON document = number WHERE id = ?", (document.id,)
    ).fetchone()
    if row and row[1] > document.revision:
        return
    old = from_json(row[2], Document) if row else None
    if old is not None and not schema.words_differ(old, document):
        # its story has grown, say. What words are looked for in has all that facets count
        connection.execute(
            "UPDATE document SET revision = ?, seen_at = ?, present = ? WHERE number = ?",
            (document.revision, schema.seen_at(document), schema.present_bits(document), row[0]),
        )
        connection.execute("UPDATE stored SET json = ? WHERE document = ?", (json, row[0]))
        _replace_quantities(connection, row[0], old, document)
        return
    columns = schema.word_columns(document)
    if old is not None:
        _delete(connection, row[0], old)
    values = _number_values(connection, document)
    codes = np.array([schema.facet_code(field, value) for (field, _), value in values.items()], schema.CODE)
    is_primary, group = document.is_primary, values[FACETS.index("copy_group"), document.copy_group]
    number = connection.execute(
        "INSERT INTO document (id, revision, seen_at, first_seen, is_primary, copy_group, codes, present) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.revision,
            schema.seen_at(document),
            document.first_seen.timestamp(),
            is_primary,
            group,
            codes.tobytes(),
            schema.present_bits(document),
        ),
    ).lastrowid
    connection.execute("INSERT INTO stored VALUES (?, ?)", (number, json))
    for table, fields in _WORD_TABLES.items():
        _insert_words(connection, table, {"rowid": number, **{field: columns[field] for field in fields}})
    _replace_quantities(connection, number, None, document)
    connection.executemany("INSERT INTO facet VALUES (?, ?)", [(value, number) for value in values.values()])


def _number_values(connection: sqlite3.Connection, document: Document) -> dict[tuple[int, str], int]:
    """Return (number of the field, value) → number of the value, for all facet values; new ones get theirs."""
    facets = schema.facet_rows(document)
    connection.executemany(
        "INSERT OR IGNORE INTO value (field, value, folded) VALUES (?, ?, ?)",
        [(field, value, " ".join(split_words(value))) for _, field, value in facets],
    )
    find = "SELECT number FROM value WHERE field = ? AND value = ?"
    return {(number, value): connection.execute(find, (field, value)).fetchone()[0] for number, field, value in facets}


def _insert_words(connection: sqlite3.Connection, table: str, values: dict[str, object]) -> None:
    markers = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({markers})", tuple(values.values()))  # noqa: S608 - names of ours


def _replace_quantities(
    connection: sqlite3.Connection, number: int | None, old: Document | None, document: Document
) -> None:
    """Write a document's numbers and times, of one that is there already those that differ."""
    before = schema.quantities(old) if old is not None else {}
    after = schema.quantities(document)
    connection.executemany(
        "DELETE FROM quantity WHERE document = ? AND field = ?",
        [(number, field) for field, value in before.items() if after.get(field) != value],
    )
    connection.executemany(
        "INSERT INTO quantity (document, field, value) VALUES (?, ?, ?)",
        [(number, field, value) for field, value in after.items() if before.get(field) != value],
    )


def _delete(connection: sqlite3.Connection, number: int, document: Document) -> None:
    """Remove a document; a table of FTS5 that keeps no texts must be told the words that it forgets."""
    codes = connection.execute("SELECT codes FROM document WHERE number = ?", (number,)).fetchone()[0]
    values = np.frombuffer(codes, schema.CODE) & schema.VALUE_MASK
    connection.executemany(
        "DELETE FROM facet WHERE value = ? AND document = ?", [(value, number) for value in values.tolist()]
    )
    columns = schema.word_columns(document)
    connection.execute("DELETE FROM document WHERE number = ?", (number,))
    connection.execute("DELETE FROM stored WHERE document = ?", (number,))
    connection.execute("DELETE FROM searched WHERE rowid = ?", (number,))
    for table in ("valued", "exact"):
        words = {field: columns[field] for field in _WORD_TABLES[table]}
        _insert_words(connection, table, {table: "delete", "rowid": number, **words})
    connection.execute("DELETE FROM quantity WHERE document = ?", (number,))

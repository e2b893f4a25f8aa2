"""Keep the embedded index: each generation is one SQLite file, and a small file beside them names the current one.

The first generation is the file that the index's address names, the second has ``.g2`` behind that name, and so on. The
current one is named by the file with ``.current`` behind it, which is replaced at once; without that it is the first.
"""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pipeline.errors import IndexRefusedError, IndexVersionError, SearchIndexError
from pipeline.index._sqlite_generation import SqliteGeneration
from pipeline.index.generation import Generation
from pipeline.index.query import Query, Refusal, Results
from pipeline.index.query_language.spelling import Completion
from pipeline.records import Document

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST = 1
_ENDINGS = ("", "-wal", "-shm")  # of the files that SQLite keeps for one


class SqliteIndex:
    """An index in the file ``path`` and files beside it; a writer waits up to ``timeout`` seconds for another one."""

    def __init__(self, path: str, *, timeout: float) -> None:
        self._base = Path(path)
        self._pointer = self._base.with_name(f"{self._base.name}.current")
        self._timeout = timeout
        self._generations: dict[int, SqliteGeneration] = {}
        self._lock = threading.Lock()  # guards these

    def prepare(self) -> None:
        """Create the current generation's file and its tables.

        Raises:
            IndexVersionError: Another version of newswire made the file.
            IndexRefusedError: It is something else, or can't be created.
        """
        self.open_generation(self._current_number()).prepare()

    def identity(self) -> str:
        """Return the uuid of the current generation."""
        return self._read(SqliteGeneration.identity)

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents, first in what is being built; return those that can't be stored."""
        current, refused = self._current_number(), dict[str, Refusal]()
        for number in sorted({current, *(n for n in self._numbers() if n > current)}, reverse=True):
            try:
                refused |= {refusal.id: refusal for refusal in self.open_generation(number).upsert(documents)}
            except IndexRefusedError:
                if number == current or number in self._numbers():
                    raise
                # it was given up meanwhile: it needn't have anything
        return list(refused.values())

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents from all generations, the current one last; unknown ids are fine.

        A former generation of another version, from which this one can't remove them, is dropped.
        """
        if not ids:
            return
        current = self._current_number()
        for number in self._numbers():
            if number == current:
                continue
            try:
                self.open_generation(number).delete(ids)
            except IndexVersionError:
                if number > current:
                    raise
                _log.warning("generation %s of %s is dropped, as it has documents that must go", number, self._base)
                self.drop_generation(number)
        self.open_generation(current).delete(ids)

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        return self._read(lambda generation: generation.get(document_id))

    def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        """Return id → document of those that there are."""
        return self._read(lambda generation: generation.get_many(ids))

    def scan(self, query: Query) -> Iterator[Document]:
        """Yield all documents that match, by first sight, of the generation that is the current one now."""
        return self.open_generation(self._current_number()).scan(query)

    def search(self, query: Query) -> Results:
        """Return what a query finds."""
        return self._read(lambda generation: generation.search(query))

    def complete(self, beginning: str, size: int) -> tuple[Completion, ...]:
        """Return values that have a word that begins so, the most frequent first."""
        return self._read(lambda generation: generation.complete(beginning, size))

    def count(self) -> int:
        """Return how many documents there are."""
        return self._read(SqliteGeneration.count)

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, by id, of what is the current generation now."""
        return self.open_generation(self._current_number()).revisions()

    def refresh(self) -> None:
        """Do nothing: searches see what is committed."""

    def wipe(self) -> None:
        """Remove all documents of all generations, whatever version made them, under a new identity."""
        current = self._current_number()
        for number in self._numbers():
            if number != current:
                self.drop_generation(number)
        self.open_generation(current).wipe()

    def list_generations(self) -> list[Generation]:
        """Return the generations that there are, by number."""
        current = self._current_number()
        generations = []
        for number in self._numbers():
            generation = self.open_generation(number)
            is_ours = generation.is_of_this_version
            identity = generation.identity() if is_ours else None
            generations.append(Generation(number, identity, number == current, is_ours))
        return generations

    def add_generation(self) -> int:
        """Create an empty generation; return its number."""
        number = max(self._current_number(), *self._numbers(), _FIRST - 1) + 1
        path = self._path_of(number)
        draft = path.with_name(f"{path.name}.new")
        with self._file_errors():
            self._remove(draft)
            generation = SqliteGeneration(draft, timeout=self._timeout)
            generation.prepare()
            generation.close()
            draft.replace(path)  # nobody sees half of it
        return number

    def open_generation(self, number: int) -> SqliteGeneration:
        """Return a generation."""
        with self._lock:
            return self._generations.setdefault(number, SqliteGeneration(self._path_of(number), timeout=self._timeout))

    def switch_to(self, number: int) -> None:
        """Name a generation the current one, at once.

        Raises:
            IndexRefusedError: There is no such generation, or its name can't be written.
        """
        self.open_generation(number).identity()
        draft = self._pointer.with_name(f"{self._pointer.name}.new")
        with self._file_errors():
            with draft.open("w", encoding="ascii") as file:
                file.write(f"{number}\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._pointer)

    def drop_generation(self, number: int) -> None:
        """Remove the files of a generation that isn't the current one.

        Raises:
            IndexRefusedError: It is the current one, or can't be removed.
        """
        if number == self._current_number():
            raise IndexRefusedError(f"searches see generation {number} of {self._base}; it stays")
        with self._lock:
            generation = self._generations.pop(number, None)
        if generation:
            generation.close_if_idle()
        with self._file_errors():
            self._remove(self._path_of(number))

    def health(self) -> None:
        """Return None: a file is there or it isn't."""

    def size_bytes(self) -> int:
        """Return the size of the files of all generations, with their logs."""
        with self._file_errors():
            files = self._base.parent.glob(f"{glob.escape(self._base.name)}*")
            return sum(file.stat().st_size for file in files if file.is_file())

    def snapshots(self, repository: str) -> None:
        """Return None: a file is filled again from the ledger."""

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            while self._generations:
                self._generations.popitem()[1].close()

    # files ------------------------------------------------------------------------------------------------------------

    @property
    def _path(self) -> Path:
        """Return the file of the current generation."""
        return self._path_of(self._current_number())

    def _path_of(self, number: int) -> Path:
        return self._base if number == _FIRST else self._base.with_name(f"{self._base.name}.g{number}")

    def _current_number(self) -> int:
        """Return the number of the current generation.

        Raises:
            IndexRefusedError: The file that names it is damaged.
        """
        try:
            named = self._pointer.read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError):
            return _FIRST
        except (OSError, UnicodeDecodeError):
            named = ""
        if not named.isdigit():
            raise IndexRefusedError(f"{self._pointer} doesn't name a generation of the index; delete it and its like")
        return int(named)

    def _numbers(self) -> list[int]:
        """Return the numbers of the generations that have files."""
        name = re.compile(rf"{re.escape(self._base.name)}(?:\.g([1-9][0-9]*))?")
        try:
            found = [name.fullmatch(entry.name) for entry in os.scandir(self._base.parent)]
        except OSError:
            return []
        return sorted(int(match[1] or _FIRST) for match in found if match)

    def _read(self, ask: Callable[[SqliteGeneration], T]) -> T:
        """Return what the current generation answers: the next one, where that takes its place meanwhile."""
        while True:
            number = self._current_number()
            self._close_former(number)
            try:
                return ask(self.open_generation(number))
            except SearchIndexError:
                if self._current_number() == number:
                    raise

    def _close_former(self, current: int) -> None:
        """Close what isn't read any more, so that a file that was removed takes no room."""
        if len(self._generations) > 1:
            with self._lock:
                former = [generation for number, generation in self._generations.items() if number < current]
            for generation in former:
                generation.close_if_idle()

    def _remove(self, path: Path) -> None:
        for ending in _ENDINGS:
            path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _file_errors(self) -> Iterator[None]:
        """Turn errors of files into ours.

        Raises:
            IndexRefusedError: A person must act.
        """
        try:
            yield
        except OSError as error:
            raise IndexRefusedError(f"index {self._base}: {error.filename}: {error.strerror}") from error

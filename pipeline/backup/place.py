"""Read and write files at the place of backups: a folder, or any address that fsspec knows."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fsspec
import msgspec

from pipeline.archive import Archive
from pipeline.backup.manifest import FORMAT, Manifest, StoredFile
from pipeline.errors import BackupError, RestoreRefusedError
from pipeline.file_errors import translate_file_errors

_MARK = "newswire-backups.json"  # whose backups lie here
_BACKUPS = "backups"
_MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class _Mark(msgspec.Struct, frozen=True):
    format: int
    ledger: str  # its identity


class HashingWriter:
    """A file that is written: counts and hashes what goes into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        """Write ``data``; return its length."""
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def describe(self, path: str) -> StoredFile:
        """Return what was written so far, as the file ``path``."""
        return StoredFile(path=path, size=self._size, sha256=self._hash.hexdigest())


class BackupPlace:
    """The place ``url``.

    Raises:
        BackupError: It can't be used; all methods raise it.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with self._wrapped():
            self._files, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
            self._local = "file" in self._files.protocol
        self.archive = Archive(f"{self.url}/archive", advice="check the place of the backups")

    def claim(self, ledger: str) -> None:
        """Make the place, for backups of ``ledger``.

        Raises:
            BackupError: Another ledger's backups lie here, or something else does.
        """
        with self._wrapped():
            if not self._files.exists(f"{self._root}/{_MARK}"):
                if self._files.exists(self._root) and self._files.ls(self._root, detail=False):
                    # it may be the very archive that is copied, of which superfluous pages would be removed
                    raise BackupError(f"{self.url} isn't empty, and no place of backups; name an empty one")
                if self._local:
                    Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)  # hubs' secrets are in the ledger
                else:
                    self._files.makedirs(self._root, exist_ok=True)
                self._files.pipe_file(f"{self._root}/{_MARK}", msgspec.json.encode(_Mark(FORMAT, ledger)))
                return
        if self._mark().ledger != ledger:
            raise BackupError(f"backups at {self.url} are of another ledger; name another place")

    def _mark(self) -> _Mark:
        with self._wrapped():
            if not self._files.exists(f"{self._root}/{_MARK}"):
                raise RestoreRefusedError(f"there are no backups at {self.url}")
            data = self._files.cat_file(f"{self._root}/{_MARK}")
        try:
            mark = msgspec.json.decode(data, type=_Mark)
        except msgspec.DecodeError as error:
            raise RestoreRefusedError(f"{self.url}/{_MARK} can't be read: {error}") from error
        if mark.format != FORMAT:
            raise RestoreRefusedError(f"backups at {self.url} are of another version of newswire; update this one")
        return mark

    def list_names(self) -> tuple[list[str], list[str]]:
        """Return the names of the backups that are whole, oldest first, and of those that were cut off."""
        self._mark()
        with self._wrapped():
            folder = f"{self._root}/{_BACKUPS}"
            paths = self._files.ls(folder, detail=False) if self._files.isdir(folder) else []
            names = sorted(path.rstrip("/").rpartition("/")[2] for path in paths)
            whole = [name for name in names if self._files.exists(self._path(name, _MANIFEST))]
        return whole, [name for name in names if name not in set(whole)]

    def read_manifest(self, name: str) -> Manifest:
        """Return what a backup consists of.

        Raises:
            RestoreRefusedError: Its manifest can't be read.
        """
        with self._wrapped():
            data = self._files.cat_file(self._path(name, _MANIFEST))
        try:
            return msgspec.json.decode(data, type=Manifest)
        except msgspec.DecodeError as error:
            raise RestoreRefusedError(f"the manifest of {name} at {self.url} can't be read: {error}") from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest, by which the backup becomes one; all else is on the disk by then."""
        path = self._path(manifest.name, _MANIFEST)
        data = msgspec.json.format(msgspec.json.encode(manifest))
        with self._wrapped():
            if not self._local:  # object stores show an object only when it is whole
                self._files.pipe_file(path, data)
                return
            os.sync()
            draft = Path(f"{path}.part")
            draft.write_bytes(data)
            draft.replace(path)
            os.sync()

    @contextlib.contextmanager
    def writing(self, backup: str, path: str) -> Iterator[HashingWriter]:
        """Open the file ``path`` of a backup to write it."""
        full = self._path(backup, path)
        with self._wrapped():
            self._files.makedirs(full.rpartition("/")[0], exist_ok=True)
            with self._files.open(full, "wb") as file:
                yield HashingWriter(file)

    @contextlib.contextmanager
    def reading(self, backup: str, path: str) -> Iterator[Any]:
        """Open the file ``path`` of a backup to read it."""
        with self._wrapped(), self._files.open(self._path(backup, path), "rb") as file:
            yield file

    def verify(self, backup: str, file: StoredFile) -> None:
        """Read a file and compare it with what its manifest says.

        Raises:
            RestoreRefusedError: It isn't the same.
        """
        digest, size = hashlib.sha256(), 0
        with self.reading(backup, file.path) as opened:
            while part := opened.read(_CHUNK):
                digest.update(part)
                size += len(part)
        if (digest.hexdigest(), size) != (file.sha256, file.size):
            raise RestoreRefusedError(
                f"{self.url}: {file.path} of {backup} isn't what was written: the backup is damaged; take another one"
            )

    def remove(self, backup: str) -> None:
        """Remove a backup's own files, its manifest first; pages stay."""
        with self._wrapped():
            if self._files.exists(self._path(backup, _MANIFEST)):
                self._files.rm_file(self._path(backup, _MANIFEST))
            if self._files.exists(self._path(backup, "")):
                self._files.rm(self._path(backup, ""), recursive=True)

    def _path(self, backup: str, path: str) -> str:
        return f"{self._root}/{_BACKUPS}/{backup}/{path}".rstrip("/")

    def _wrapped(self) -> contextlib.AbstractContextManager[None]:
        return translate_file_errors(f"backups at {self.url}", "check the address", BackupError)


def list_backups(place: BackupPlace) -> list[Manifest]:
    """Return the manifests of all backups that are whole, oldest first."""
    return [place.read_manifest(name) for name in place.list_names()[0]]

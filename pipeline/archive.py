"""Archive the bytes that servers sent, compressed.

A blob is named by its content's hash, so that writing it twice changes nothing; a half-written one is never seen under
its name. The archive's address is a folder or any fsspec address (``s3://bucket/path``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import fsspec

from pipeline.blob_packing import pack_bytes, unpack_bytes
from pipeline.errors import ArchiveError, MissingPageError
from pipeline.file_errors import translate_file_errors

_BLOB_NAME = re.compile(r"[0-9a-f]{64}")


class ArchivedFile(NamedTuple):
    """A file of the archive: ``name`` is its blob's, None where it is a half-written one or none of the archive's."""

    path: str
    name: str | None
    changed: dt.datetime | None  # where the archive's medium tells it


class Archive:
    """The blobs at ``url``; ``advice`` says what to look at where it can't be used.

    Raises:
        ArchiveError: The archive can't be used; all methods raise it, with the address.
    """

    def __init__(self, url: str, *, advice: str = "check NEWSWIRE_ARCHIVE_URL") -> None:
        self.url = url
        self._advice = advice
        with self._wrapped():
            # listings that are kept would hide what other programs store
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
            self._local = "file" in self._files.protocol

    def put(self, data: bytes) -> str:
        """Store ``data``; return the name to get it by."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        with self._wrapped():
            if self._files.exists(path):
                if self._local:  # it is young again: whoever removes old pages of no article leaves it
                    with contextlib.suppress(FileNotFoundError, PermissionError):
                        os.utime(path)
                return name
        self.put_packed(name, pack_bytes(data))
        return name

    def put_packed(self, name: str, packed: bytes) -> None:
        """Store what ``get_packed`` returned under its name."""
        path = self._path(name)
        with self._wrapped():
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            if not self._local:  # object stores show an object only when it is whole
                self._files.pipe_file(path, packed)
                return
            draft = f"{path}.{secrets.token_hex(4)}.part"
            try:
                self._files.pipe_file(draft, packed)
                self._files.mv(draft, path)
            except OSError:  # the disk is full
                with contextlib.suppress(OSError):
                    self._files.rm_file(draft)
                raise

    def get(self, name: str) -> bytes:
        """Return the bytes that were stored under ``name``."""
        packed = self.get_packed(name)
        try:
            return unpack_bytes(packed)
        except ArchiveError as error:
            raise ArchiveError(f"archive {self.url}: {error}") from error

    def get_packed(self, name: str) -> bytes:
        """Return what was stored under ``name`` as it lies there: ``blob_packing.unpack_bytes`` gives its bytes."""
        with self._wrapped():
            packed: bytes = self._files.cat_file(self._path(name))
            return packed

    def delete(self, name: str) -> None:
        """Delete what was stored under ``name``; nothing happens where there is nothing."""
        with self._wrapped(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def iter_files(self) -> Iterator[ArchivedFile]:
        """Yield all files of the archive, a few thousand in memory at a time."""
        with self._wrapped():
            if not self._files.exists(self._root):
                return
            folders = sorted(self._files.ls(self._root, detail=False))
        for folder in folders:
            with self._wrapped():
                files = self._files.find(folder, detail=True)
            for path, facts in files.items():
                yield ArchivedFile(path, _name_of(path), _last_change(facts))

    def list_names(self, first_byte: int) -> set[str]:
        """Return the names of the blobs whose hash begins with this byte: a 256th of all."""
        with self._wrapped():
            return {name for path in self._files.find(f"{self._root}/{first_byte:02x}") if (name := _name_of(path))}

    def delete_file(self, file: ArchivedFile) -> bool:
        """Delete a file that ``iter_files`` named; return False where it is gone, or was stored again since."""
        with self._wrapped():
            try:
                if self._local and _last_change(self._files.info(file.path)) != file.changed:
                    return False
                self._files.rm_file(file.path)
            except FileNotFoundError:
                return False
        return True

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name[2:4]}/{name}.zst"

    def _wrapped(self) -> contextlib.AbstractContextManager[None]:
        return translate_file_errors(f"archive {self.url}", self._advice, ArchiveError, MissingPageError)


def is_blob_name(name: str) -> bool:
    """Tell whether a blob may have this name."""
    return _BLOB_NAME.fullmatch(name) is not None


def _name_of(path: str) -> str | None:
    name, _, suffix = path.rpartition("/")[2].partition(".")
    return name if suffix == "zst" and is_blob_name(name) else None


def _last_change(facts: Mapping[str, Any]) -> dt.datetime | None:
    """Return when a file was changed, as fsspec's file systems tell it: each calls it otherwise."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        match facts.get(key):
            case float() | int() as seconds:
                return dt.datetime.fromtimestamp(seconds, dt.UTC)
            case dt.datetime() as at:
                return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return None

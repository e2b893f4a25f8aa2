"""Archive the bytes that servers sent, compressed.

A blob is named by its content's hash, so that writing it twice changes nothing; a half-written one is never seen under
its name. The archive's address is a folder or any fsspec address (``s3://bucket/path``).
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator

import fsspec
import zstandard

from pipeline.errors import ArchiveError

# zstandard's level 3 is its own default: 2,168 pages of 78 kB a second on one core, 20.9 kB each
_LEVEL = 3
# a page is at most settings.fetch.max_bytes; this only stops a damaged blob from filling the memory
_MAX_SIZE = 256 * 1024 * 1024


class Archive:
    """The blobs at ``url``.

    Raises:
        ArchiveError: The archive can't be used; all methods raise it, with the address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with self._wrapped():
            self._files, self._root = fsspec.core.url_to_fs(url)
            self._local = "file" in self._files.protocol

    def put(self, data: bytes) -> str:
        """Store ``data``; return the name to get it by."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        with self._wrapped():
            if self._files.exists(path):
                return name
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            packed = zstandard.compress(data, _LEVEL)
            if not self._local:  # object stores show an object only when it is whole
                self._files.pipe_file(path, packed)
                return name
            draft = f"{path}.{secrets.token_hex(4)}.part"
            self._files.pipe_file(draft, packed)
            self._files.mv(draft, path)
        return name

    def get(self, name: str) -> bytes:
        """Return the bytes that were stored under ``name``."""
        with self._wrapped():
            packed: bytes = self._files.cat_file(self._path(name))
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_SIZE)

    def delete(self, name: str) -> None:
        """Delete what was stored under ``name``; nothing happens where there is nothing."""
        with self._wrapped(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name[2:4]}/{name}.zst"

    @contextlib.contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ArchiveError(f"archive {self.url}: {error} is not there") from error
        except OSError as error:
            raise ArchiveError(f"archive {self.url}: {error.strerror or error}; check NEWSWIRE_ARCHIVE_URL") from error
        except (ValueError, ImportError) as error:
            raise ArchiveError(f"archive {self.url}: {error}; check NEWSWIRE_ARCHIVE_URL") from error
        except zstandard.ZstdError as error:
            raise ArchiveError(f"archive {self.url}: a damaged blob: {error}") from error

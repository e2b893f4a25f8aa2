"""Compare the archive with the ledger: the pages that are to be kept, and what lies there beside them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from pipeline.archive import ArchivedFile, is_blob_name
from pipeline.audit.sampling import draw_sample
from pipeline.context import Context
from pipeline.errors import ArchiveError
from pipeline.faults import Fault
from pipeline.store import iter_blobs, list_unwanted_blobs

_SAMPLE = 1000  # pages
_HASH_BYTES = 32
# A page is archived before it stands in the ledger; what is younger may belong to one that is just being fetched.
_IN_FLIGHT = dt.timedelta(hours=1)


def check_some_blobs(context: Context) -> Iterator[Fault]:
    """Yield those of a sample of pages that the archive lacks, or has otherwise than they were fetched."""
    with context.store.snapshot() as connection:
        chosen = draw_sample(iter_blobs(connection), _SAMPLE)
    yield from _check_each(context, chosen)


def check_all_blobs(context: Context) -> Iterator[Fault]:
    """Yield the pages that the archive lacks or has otherwise, and the files there that belong to no article."""
    with context.store.snapshot() as connection:
        yield from _check_each(context, iter_blobs(connection))
    for file in iter_stray_files(context):
        what = f"{file.path} is a page of no article" if file.name else f"{file.path} is a half-written page"
        yield Fault(key=file.path, what=what)


def iter_stray_files(context: Context) -> Iterator[ArchivedFile]:
    """Yield the files of the archive that no article refers to: a process was killed when it had fetched them.

    Young ones are left out, and those that are noted to be removed. 32 bytes a page are held.
    """
    before = context.clock() - _IN_FLIGHT
    hashes = bytearray()
    with context.store.snapshot() as connection:
        for _, blob in iter_blobs(connection):
            if is_blob_name(blob):
                hashes += bytes.fromhex(blob)
        unwanted = list_unwanted_blobs(connection)
    known = np.sort(np.frombuffer(hashes, dtype=f"S{_HASH_BYTES}"))
    for file in context.archive.iter_files():
        if file.changed is None or file.changed > before or file.name in unwanted:
            continue
        if file.name is None:
            if file.path.endswith(".part"):
                yield file
            continue
        name = np.bytes_(bytes.fromhex(file.name))
        at = int(np.searchsorted(known, name))
        if at == len(known) or known[at] != name:
            yield file


def _check_each(context: Context, blobs: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    for article, blob in blobs:
        try:
            data = context.archive.get(blob)
        except ArchiveError as error:
            yield Fault(key=blob, what=f"the page of {article} can't be read: {error}")
            continue
        if hashlib.sha256(data).hexdigest() != blob:
            yield Fault(key=blob, what=f"the page of {article} isn't what was fetched: blob {blob} has another hash")

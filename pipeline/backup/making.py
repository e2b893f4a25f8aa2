"""Make a backup: the tables of one state of the ledger, the pages that they name, and a manifest when all is there."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.backup.manifest import FORMAT, Manifest, StoredFile, StoredTable, choose_superfluous, name_backup
from pipeline.backup.pages import CopiedPages, copy_pages, iter_names, pack_names, remove_unlisted
from pipeline.backup.place import BackupPlace
from pipeline.backup.tables import write_table
from pipeline.context import Context
from pipeline.errors import BackupError, BusyError
from pipeline.settings import list_settings_files
from pipeline.store import SCHEMA, iter_blobs, list_tables, read_table

_IDENTITY = "ledger identity"  # under which the ledger notes who it is
_LOCK = "backup"
_LOCK_SECONDS = 600.0
_KEEP_SECONDS = 60.0  # between two renewals of the lock


class MadeBackup(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, what of it is new there, and what went."""

    name: str
    rows: int
    pages: int
    new_pages: int
    new_bytes: int  # of pages
    faults: dict[str, str]  # pages that the ledger names and the archive lacks or has damaged: why
    removed: tuple[str, ...]  # older backups


def make_backup(
    context: Context,
    target: str,
    *,
    keep: int,
    tell: Callable[[str], None],
    snapshot: Callable[[str], str | None] = lambda _: None,
) -> MadeBackup:
    """Make a backup at ``target``; remove older ones but for ``keep``, and what a killed one left.

    Args:
        context: whose ledger and archive are copied.
        target: a folder or any address that fsspec knows.
        keep: how many backups stay; all of them where pages are lacking.
        tell: takes what goes on in words.
        snapshot: takes the name of the backup before anything is read, and returns that of a snapshot of the index.

    Raises NewswireError where the ledger, the archive or the place can't be used, or another backup is being made.
    """
    place = BackupPlace(target)
    with _turn(context) as keep_going:
        identity = _identify(context)
        place.claim(identity)
        name = name_backup(context.clock())
        whole, cut_off = place.list_names()
        if name in whole:
            raise BackupError(f"there is a backup {name} at {place.url} already; try again a second later")
        for left in cut_off:
            place.remove(left)
        snapshot_name = snapshot(name)
        with context.store.snapshot() as connection:
            tell("reading the ledger")
            tables = tuple(_write_tables(place, name, connection, keep_going))
            engine, names = connection.dialect.name, pack_names(blob for _, blob in iter_blobs(connection))
        tell("copying pages")
        copied = copy_pages(context.archive, place.archive, iter_names(io.BytesIO(names)), keep_going)
        faults = _still_named(context, copied.faults)
        listed = pack_names(page for page in iter_names(io.BytesIO(names)) if page not in copied.faults)
        manifest = Manifest(
            format=FORMAT,
            name=name,
            made=context.clock(),
            newswire=importlib.metadata.version("newswire"),
            schema=SCHEMA,
            engine=engine,
            ledger=identity,
            tables=tables,
            pages=len(listed) // 32,
            page_list=_write(place, name, "pages", listed),
            settings=tuple(_copy_settings(context, place, name)),
            snapshot=snapshot_name,
        )
        tell("reading it back")
        for file in manifest.files:
            place.verify(name, file)
            keep_going()
        place.write_manifest(manifest)
        removed = [] if faults else _remove_superfluous(place, [*whole, name], keep, tell)
    return _report(manifest, copied, faults, removed)


def _report(manifest: Manifest, copied: CopiedPages, faults: dict[str, str], removed: Sequence[str]) -> MadeBackup:
    return MadeBackup(
        name=manifest.name,
        rows=sum(table.rows for table in manifest.tables),
        pages=manifest.pages,
        new_pages=copied.copied,
        new_bytes=copied.size,
        faults=faults,
        removed=tuple(removed),
    )


@contextlib.contextmanager
def _turn(context: Context) -> Iterator[Callable[[], None]]:
    """Hold the lock by which one backup of a ledger at a time is made; yields what renews it."""
    store = context.store
    renewed = time.monotonic() - _KEEP_SECONDS

    def keep_going() -> None:
        nonlocal renewed
        if time.monotonic() - renewed < _KEEP_SECONDS:
            return
        if other := store.keep_lock(_LOCK, context.clock(), _LOCK_SECONDS):
            raise BusyError(f"another backup of this ledger is being made, by {other}")
        renewed = time.monotonic()

    keep_going()
    try:
        yield keep_going
    finally:
        with store.write() as connection:
            store.release_lock(connection, _LOCK)


def _identify(context: Context) -> str:
    """Return the identity of the ledger; it gets one with its first backup, and keeps it when it is restored."""
    values = context.store.values
    with context.store.write() as connection:
        identity = values.get(connection, _IDENTITY)
        if identity is None:
            identity = str(uuid.uuid4())
            values.save(connection, _IDENTITY, identity)
    return identity


def _write_tables(
    place: BackupPlace, name: str, connection: sa.Connection, keep_going: Callable[[], None]
) -> Iterator[StoredTable]:
    for layout in list_tables():
        yield write_table(place, name, layout, _attended(read_table(connection, layout.table), keep_going))


def _attended(batches: Iterator[object], keep_going: Callable[[], None]) -> Iterator[object]:
    for batch in batches:
        yield batch
        keep_going()


def _still_named(context: Context, faults: dict[str, str]) -> dict[str, str]:
    """Return those of the pages that can't be copied which articles have still: others were taken down meanwhile."""
    if not faults:
        return {}
    with context.store.snapshot() as connection:
        named = {blob for _, blob in iter_blobs(connection) if blob in faults}
    return {name: why for name, why in faults.items() if name in named}


def _copy_settings(context: Context, place: BackupPlace, name: str) -> Iterator[StoredFile]:
    """Copy the settings files: a restored system needs its sources."""
    for file in list_settings_files(context.config):
        yield _write(place, name, f"settings/{file}", (context.config / file).read_bytes())


def _write(place: BackupPlace, name: str, path: str, data: bytes) -> StoredFile:
    with place.writing(name, path) as file:
        file.write(data)
        return file.describe(path)


def _remove_superfluous(place: BackupPlace, whole: list[str], keep: int, tell: Callable[[str], None]) -> list[str]:
    """Remove the oldest backups beyond ``keep``, and the pages that no other one lists."""
    superfluous = choose_superfluous(whole, keep)
    for name in superfluous:
        place.remove(name)
    if superfluous:
        kept = [place.read_manifest(name) for name in whole if name not in superfluous]
        tell(f"removed {', '.join(superfluous)} and {remove_unlisted(place, kept)} pages of them alone")
    return superfluous

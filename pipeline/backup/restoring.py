"""Restore a backup into an empty system; whoever is killed calls it again, and it goes on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pipeline.archive import Archive
from pipeline.backup.manifest import FORMAT, Manifest
from pipeline.backup.pages import CopiedPages, copy_pages, iter_names
from pipeline.backup.place import BackupPlace
from pipeline.backup.tables import read_table_file
from pipeline.errors import RestoreRefusedError
from pipeline.settings import Environment
from pipeline.store import LedgerRestore


class RestoredBackup(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored: of which backup, how much, and which pages of it are damaged: why."""

    manifest: Manifest
    rows: int
    pages: int
    faults: dict[str, str]


def restore_backup(
    environment: Environment,
    source: str,
    *,
    name: str | None = None,
    check_index: Callable[[], None],
    tell: Callable[[str], None],
) -> RestoredBackup:
    """Restore a backup at ``source`` into the ledger and archive of ``environment``, which are empty.

    Args:
        environment: says where they are.
        source: a folder or any address that fsspec knows.
        name: of the backup; without one it is the one that was begun, else the newest.
        check_index: raises RestoreRefusedError where the index isn't empty.
        tell: takes what goes on in words.

    Raises:
        RestoreRefusedError: Something is there already, or the backup is damaged.
        NewswireError: The place, ledger or archive can't be used.
    """
    place = BackupPlace(source)
    ledger = LedgerRestore(environment.store_url)
    try:
        begun = ledger.backup_under_way()
        manifest = _choose(place, name, begun)
        archive = Archive(environment.archive_url)
        tell(f"checking {manifest.name} of {manifest.made:%Y-%m-%d %H:%M} UTC")
        ledger.assert_known_schema(manifest.schema)
        for file in manifest.files:
            place.verify(manifest.name, file)
        check_index()
        if begun is None:
            ledger.assert_empty()
            _assert_no_pages(archive)
            ledger.begin(manifest.name, manifest.schema)
        tell("restoring pages")
        copied = _restore_pages(place, manifest, archive)
        for table in manifest.tables:
            tell(f"restoring {table.layout.table}: {table.rows} rows")
            done = ledger.batches_done(table.layout.table)
            for number, columns in enumerate(read_table_file(place, manifest.name, table)):
                if number >= done:
                    ledger.add_batch(table.layout, number, columns)
        ledger.finish(manifest.schema)
    finally:
        ledger.close()
    rows = sum(table.rows for table in manifest.tables)
    return RestoredBackup(manifest=manifest, rows=rows, pages=manifest.pages - len(copied.faults), faults=copied.faults)


def _choose(place: BackupPlace, name: str | None, begun: str | None) -> Manifest:
    """Return the manifest of the backup that is to be restored.

    Raises:
        RestoreRefusedError: There is none of this name, another one was begun, or another newswire made it.
    """
    whole, _ = place.list_names()
    wanted = name or begun or (whole[-1] if whole else None)
    if begun is not None and wanted != begun:
        raise RestoreRefusedError(f"the backup {begun} is being restored: finish that, or remove the ledger first")
    if wanted not in whole:
        there = f"there are {', '.join(whole)}" if whole else "there is none that is whole"
        raise RestoreRefusedError(f"no backup {wanted or ''} at {place.url}: {there}".replace("  ", " "))
    manifest = place.read_manifest(wanted)
    if manifest.format != FORMAT:
        raise RestoreRefusedError(f"{wanted} was made by another version of newswire ({manifest.newswire})")
    return manifest


def _assert_no_pages(archive: Archive) -> None:
    if any(True for _ in archive.iter_files()):
        raise RestoreRefusedError(
            f"archive {archive.url}: it isn't empty, and a backup is restored into an empty one: name another in "
            "NEWSWIRE_ARCHIVE_URL, or remove this one"
        )


def _restore_pages(place: BackupPlace, manifest: Manifest, archive: Archive) -> CopiedPages:
    with place.reading(manifest.name, manifest.page_list.path) as names:
        return copy_pages(place.archive, archive, iter_names(names), lambda: None)

"""Read a backup whole, and say what isn't as it was written."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.backup.manifest import Manifest
from pipeline.backup.pages import find_fault, iter_names
from pipeline.backup.place import BackupPlace
from pipeline.errors import BackupError, MissingPageError


def check_backup(place: BackupPlace, manifest: Manifest) -> Iterator[str]:
    """Yield what is wrong with a backup: all of its files and pages are read.

    Raises:
        ArchiveError: Its pages can't be read at all.
    """
    for file in manifest.files:
        try:
            place.verify(manifest.name, file)
        except BackupError as error:
            yield str(error)
    with place.reading(manifest.name, manifest.page_list.path) as names:
        for name in iter_names(names):
            try:
                fault = find_fault(name, place.archive.get_packed(name))
            except MissingPageError as error:
                fault = str(error)
            if fault:
                yield f"page {name}: {fault}"

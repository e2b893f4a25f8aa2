"""Copy ledger and archive to another place, and bring them back into an empty system.

A place holds several backups of one ledger. Each has its own copy of the tables; pages lie there once for all of them,
under the hash of their content, so that only new ones travel. A backup counts when its manifest is there: that is
written last.
"""

from pipeline.backup.checking import check_backup
from pipeline.backup.making import MadeBackup, make_backup
from pipeline.backup.manifest import Manifest
from pipeline.backup.place import BackupPlace, list_backups
from pipeline.backup.restoring import RestoredBackup, restore_backup

__all__ = [
    "BackupPlace",
    "MadeBackup",
    "Manifest",
    "RestoredBackup",
    "check_backup",
    "list_backups",
    "make_backup",
    "restore_backup",
]

"""Maintain the system once a day: repair stories, delete what nothing is compared with any more, make a backup.

Each step can be cut off and run again at any time.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable

from pipeline.audit.blobs import iter_stray_files
from pipeline.audit.documents import list_suspects
from pipeline.backup import MadeBackup, make_backup
from pipeline.context import Context
from pipeline.editorial import story_repair
from pipeline.errors import IndexRefusedError, RestoreRefusedError, SearchIndexError
from pipeline.index import IndexSnapshots, open_index
from pipeline.records import Stage
from pipeline.saved_searches.watch import forget_matches
from pipeline.settings import Environment, IndexSettings
from pipeline.stage_lock import exclusive
from pipeline.telemetry.sending import open_sender

HISTORY_DAYS = 90.0  # of outcomes; long enough to ask why an article of last month is missing
SAMPLES_KEPT = dt.timedelta(days=8)  # a week can still be looked at
DAILY_INTERVAL = dt.timedelta(days=1)
_LAST_RUN = "housekept"

_log = logging.getLogger(__name__)


def expire_memories(context: Context, history_days: float = HISTORY_DAYS) -> int:
    """Delete what nothing is compared with any more, and history older than so many days.

    Return how many lines of history were deleted.

    Raises:
        BusyError: A batch of cluster takes longer than ``context.lock_wait_seconds``.
    """
    now, settings = context.clock(), context.settings
    forget_matches(context)
    with context.store.write() as connection:
        context.store.samples.delete_before(connection, now - SAMPLES_KEPT)
    # days are counted whole: a day more than the window
    with exclusive(context, Stage.CLUSTER):
        context.store.admin.delete_expired_stories(now - dt.timedelta(days=settings.cluster.window_days + 1))
    return context.store.admin.delete_expired(
        copies_before=now - dt.timedelta(days=settings.dedupe.window_days + 1),
        names_before=now - dt.timedelta(days=settings.entities.remember_days),
        history=now - dt.timedelta(days=history_days),
    )


def drop_old_operations(context: Context) -> int:
    """Delete what the index of operations keeps no longer; return how many indices went, 0 where there is none.

    Raises:
        SearchIndexError: It does not answer, or refuses.
    """
    sender = open_sender(context)
    if sender is None:
        return 0
    try:
        return len(sender.drop_old())
    finally:
        sender.close()


def remove_stray_pages(context: Context) -> int:
    """Remove from the archive what no article refers to and is older than an hour; return how many files went.

    Raises ArchiveError where the archive can't be used.
    """
    return sum(context.archive.delete_file(file) for file in iter_stray_files(context))


def run_daily(context: Context) -> str | None:
    """Repair stories and delete what has expired, if that was last done a day ago or more.

    For a process that runs without Airflow. Return what was done in words, None where it isn't time yet. A run that is
    cut off is done again; two processes at once do nothing twice.
    """
    now = context.clock()
    with context.store.read() as connection:
        last = context.store.values.get(connection, _LAST_RUN)
    if last and now - dt.datetime.fromisoformat(last) < DAILY_INTERVAL:
        return None
    done = story_repair.repair_stories(context, days=context.settings.cluster.repair_days)
    history = expire_memories(context)
    try:
        drop_old_operations(context)
    except SearchIndexError as error:  # tomorrow will do
        _log.warning("old operations stay: %s", error)
    with context.store.write() as connection:
        context.store.values.save(connection, _LAST_RUN, now.isoformat())
    return f"{done.merged} stories merged, {done.split} split; {history} lines of history forgotten"


def save_backup(
    context: Context, target: str, *, keep: int | None = None, tell: Callable[[str], None] = _log.info
) -> MadeBackup:
    """Make a backup at ``target``; ``keep`` (else [backup] keep) of them stay there.

    Where [backup] names a repository of Elasticsearch, a snapshot of the index goes with it. It is taken first, so that
    no document in it is newer than the ledger says. Where that fails, the backup is made without one.

    Raises NewswireError where something can't be used; nothing counts as a backup then.
    """
    snapshots = _open_snapshots(context)

    def save_snapshot(backup: str) -> str | None:
        if snapshots is None:
            return None
        tell("saving a snapshot of the index")
        try:
            snapshots.save(_snapshot_name(backup))
        except SearchIndexError as error:
            tell(f"the backup has no snapshot of the index, which can be filled from the ledger: {error}")
            return None
        return _snapshot_name(backup)

    kept = keep or context.settings.backup.keep
    made = make_backup(context, target, keep=kept, tell=tell, snapshot=save_snapshot)
    if snapshots is not None:
        _delete_snapshots(snapshots, made.removed, tell)
    return made


def _delete_snapshots(snapshots: IndexSnapshots, backups: Iterable[str], tell: Callable[[str], None]) -> None:
    for backup in backups:
        try:
            snapshots.delete(_snapshot_name(backup))
        except SearchIndexError as error:
            tell(f"the snapshot of {backup} can't be deleted: {error}")


def restore_snapshot(context: Context, snapshot: str | None) -> bool:
    """Restore the index from the snapshot that went with a backup; return whether it was.

    What differs from the ledger is written by the next run of stage index. Where there is no snapshot, or it can't be
    restored, that run fills the index.

    Raises:
        SearchIndexError: The index can't be used at all.
    """
    snapshots = _open_snapshots(context)
    if snapshots is None or snapshot is None:
        return False
    try:
        snapshots.restore(snapshot)
    except SearchIndexError as error:
        _log.warning("%s; the index is filled from the ledger", error)
        context.index.prepare()
        return False
    settle_documents(context)
    return True


def settle_documents(context: Context) -> int:
    """Remove documents that the index must not have, and send articles to it whose document is lacking or older.

    Return how many. Nothing else may work meanwhile. Raises SearchIndexError where the index can't be used.
    """
    count = 0
    while ids := list_suspects(context):
        context.index.delete(sorted(ids))
        with context.store.write() as connection:
            context.store.ledger.requeue_for_index(connection, ids=ids)
        context.index.refresh()
        count += len(ids)
    return count


def _open_snapshots(context: Context) -> IndexSnapshots | None:
    repository = context.settings.backup.repository
    return context.index.snapshots(repository) if repository else None


def _snapshot_name(backup: str) -> str:
    return f"newswire-{backup}".lower()


def refuse_filled_index(environment: Environment, settings: IndexSettings) -> None:
    """Make sure that no documents are in the index, before a backup is restored.

    Raises:
        RestoreRefusedError: Some are.
        IndexAwayError: The index does not answer.
    """
    index = open_index(
        environment.index_url, settings, api_key=environment.index_api_key, ca_file=environment.index_ca_file
    )
    try:
        index.prepare()
        count = index.count()
    except IndexRefusedError as error:
        raise RestoreRefusedError(f"{error}; or name another index in NEWSWIRE_INDEX_URL") from error
    finally:
        index.close()
    if count:
        raise RestoreRefusedError(
            f"the index isn't empty (there are {count} documents), and a backup is restored into an empty system: "
            "name another index in NEWSWIRE_INDEX_URL or [index] alias, or remove this one"
        )

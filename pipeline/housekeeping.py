"""Do what a nightly DAG asks for, each step with the settings of files and environment: thin, and safe to repeat.

What a step finds wrong is in its log, a line each; what it returns are counts, which Airflow shows.
"""

from __future__ import annotations

import collections
import datetime as dt
import logging

from pipeline.audit import Depth, run_audit
from pipeline.context import open_context
from pipeline.editorial import story_repair
from pipeline.errors import BackupError
from pipeline.feeds.health import Condition, Health, assess_feeds
from pipeline.maintenance import drop_old_operations, expire_memories, remove_stray_pages, save_backup

_DAY = dt.timedelta(days=1)
_WORTH_A_LOOK = frozenset(Condition) - {Condition.WELL, Condition.NEW, Condition.LYING}
_MOST_LINES = 100  # in a log

_log = logging.getLogger(__name__)


def run_repair() -> dict[str, int]:
    """Repair the stories of the last days; return the counts."""
    with open_context() as context:
        done = story_repair.repair_stories(context, days=context.settings.cluster.repair_days)
    return {"stories": done.stories, "merged": done.merged, "split": done.split}


def run_expire() -> dict[str, int]:
    """Delete what has expired, also pages of no article; return the counts."""
    with open_context() as context:
        return {"history": expire_memories(context), "pages": remove_stray_pages(context)}


def run_drop_operations() -> dict[str, int] | None:
    """Delete what the index of operations keeps no longer; return the count, None where operations go nowhere.

    Raises:
        SearchIndexError: That index does not answer, or refuses.
    """
    with open_context() as context:
        if not context.settings.operations.write or context.environment.operations_url is None:
            return None
        return {"indices": drop_old_operations(context)}


def run_revisit_report() -> dict[str, int]:
    """Count the pages that are to be visited again: within a day, later, and those that are a day late."""
    with open_context(read_only=True) as context, context.store.read() as connection:
        now = context.clock()
        late = context.store.visits.count_due(connection, None, now - _DAY)
        soon = context.store.visits.count_due(connection, now - _DAY, now + _DAY)
        later = context.store.visits.count_due(connection, now + _DAY, None)
    if late:
        _log.warning("%d pages were to be visited again more than a day ago: does fetch keep up?", late)
    return {"late": late, "within_a_day": soon, "later": later}


def run_source_report() -> dict[str, int]:
    """Name feeds that fail, are silent or lose entries, and sites whose pages read otherwise; return the counts."""
    with open_context(read_only=True) as context, context.store.read() as connection:
        now = context.clock()
        states = context.store.feeds.list_states(connection)
        gaps = context.store.gaps.list_gaps(connection, now - _DAY)
        alarms = context.store.site_alarms.list_alarms(connection)
    feeds = [feed for feed in assess_feeds(states, gaps, now) if feed.condition in _WORTH_A_LOOK]
    lines = [_describe(feed) for feed in feeds]
    lines += [
        f"the pages of {name} have changed: {alarm.detail}; newswire status shows samples"
        for name, alarm in sorted(alarms.items())
    ]
    for line in lines[:_MOST_LINES]:
        _log.warning("%s", line)
    if len(lines) > _MOST_LINES:
        _log.warning("and %d more: newswire feeds health", len(lines) - _MOST_LINES)
    counts = collections.Counter(str(feed.condition) for feed in feeds)
    return {"feeds": len(states), **dict(sorted(counts.items())), "drifted": len(alarms)}


def _describe(feed: Health) -> str:
    since = f" since {feed.since:%Y-%m-%d %H:%M}" if feed.since else ""
    return f"{feed.source}: {feed.feed} is {feed.condition}{since}: {feed.why}"


def run_archive_check(depth: Depth = Depth.SAMPLE) -> dict[str, int]:
    """Read pages of the archive, a sample of them or all, and name those that are lacking or damaged.

    Return how many are. Raises ArchiveError where the archive can't be used.
    """
    with open_context(read_only=True) as context:
        faults = 0
        for result in run_audit(context, ["archive"], archive=depth, examples=_MOST_LINES):
            faults += result.faults
            for example in result.examples:
                _log.warning("%s", example)
            if result.remedy:
                _log.warning("to mend it: %s", result.remedy)
    return {"faults": faults}


def run_backup() -> dict[str, int | str] | None:
    """Make a backup at NEWSWIRE_BACKUP_URL; return the counts, None where no place is set.

    Raises:
        BackupError: Pages are lacking in it, or the place can't be used.
    """
    with open_context() as context:
        target = context.environment.backup_url
        if target is None:
            return None
        made = save_backup(context, target, tell=_log.info)
    for page, why in list(made.faults.items())[:_MOST_LINES]:
        _log.warning("page %s isn't in the backup: %s", page, why)
    if made.faults:
        raise BackupError(
            f"backup {made.name} is made, but {len(made.faults)} pages that articles name are lacking in it; "
            "newswire redo fetch gets pages again. No older backup was removed"
        )
    return {"backup": made.name, "rows": made.rows, "pages": made.pages, "new_pages": made.new_pages}

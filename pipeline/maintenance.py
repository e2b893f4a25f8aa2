"""Maintain the ledger once a day: repair stories, and delete what nothing is compared with any more.

Each step can be cut off and run again at any time.
"""

from __future__ import annotations

import datetime as dt

from pipeline.context import Context, open_context
from pipeline.editorial import story_repair

HISTORY_DAYS = 90.0  # of outcomes; long enough to ask why an article of last month is missing
DAILY_INTERVAL = dt.timedelta(days=1)
_LAST_RUN = "housekept"


def expire_memories(context: Context, history_days: float = HISTORY_DAYS) -> int:
    """Delete what nothing is compared with any more, and history older than so many days.

    Return how many lines of history were deleted.
    """
    now, settings = context.clock(), context.settings
    return context.store.admin.delete_expired(
        # a day more than the window: days are counted whole
        copies_before=now - dt.timedelta(days=settings.dedupe.window_days + 1),
        stories_before=now - dt.timedelta(days=settings.cluster.window_days + 1),
        names_before=now - dt.timedelta(days=settings.entities.remember_days),
        history=now - dt.timedelta(days=history_days),
    )


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
    with context.store.write() as connection:
        context.store.values.save(connection, _LAST_RUN, now.isoformat())
    return f"{done.merged} stories merged, {done.split} split; {history} lines of history forgotten"


def run_repair() -> dict[str, int]:
    """Repair the stories of the last days, with the settings of files and environment; return the counts."""
    with open_context() as context:
        done = story_repair.repair_stories(context, days=context.settings.cluster.repair_days)
    return {"stories": done.stories, "merged": done.merged, "split": done.split}


def run_expire() -> dict[str, int]:
    """Delete what has expired, with the settings of files and environment; return the counts."""
    with open_context() as context:
        return {"history": expire_memories(context)}

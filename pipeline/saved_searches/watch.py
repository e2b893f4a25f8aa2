"""Look at what has changed, note what saved searches match, and send what waits for their receivers.

Several programs may do this on one ledger: each match is noted once, and each message is sent by one of them.
"""

from __future__ import annotations

import datetime as dt
import logging

from pipeline.context import Context
from pipeline.notifiers import send_waiting
from pipeline.saved_searches.digests import put_digests
from pipeline.saved_searches.matching import match_changes
from pipeline.saved_searches.receivers import open_receivers

KEPT = dt.timedelta(days=400)  # of matches: longer than a story goes on

_log = logging.getLogger(__name__)


def tend_searches(context: Context) -> int:
    """Note new matches, and send what waits and is due; return how many matches are new.

    Raises:
        SearchIndexError: The index can't be used; what was noted before is sent first.
        StoreError: The ledger can't be used.
    """
    with context.store.read() as connection:
        states = context.store.saved_searches.list_states(connection)
    if not states:
        return 0
    try:
        count = match_changes(context)
        put_digests(context)
    finally:
        receivers = open_receivers((state.search for state in states), context.settings, context.clock)
        for name, fault in receivers.faults.items():
            _log.warning("saved search %s: %s; its messages wait", name, fault)
        send_waiting(context.store, receivers.notifiers, context.clock)
    return count


def forget_matches(context: Context) -> int:
    """Forget matches that nothing can repeat any more; return how many."""
    with context.store.write() as connection:
        return context.store.saved_searches.delete_matches_before(connection, context.clock() - KEPT)

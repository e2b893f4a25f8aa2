"""Read what running programs tell of themselves, and what waits, out of the ledger.

Whoever can read the ledger sees the same: in another terminal, or on another machine.
"""

from __future__ import annotations

import datetime as dt

from pipeline.figures import Overview
from pipeline.store import Store


def read_overview(
    store: Store, now: dt.datetime, *, program: str | None = None, earlier: Overview | None = None
) -> Overview:
    """Return all that there is to see, or of ``program`` alone and what waits.

    Hosts are the dearest to look up: those of ``earlier`` are taken as they are, where it is given.

    Raises:
        StoreError: The ledger can't be used just now.
    """
    with store.read() as connection:
        programs = store.programs.list_programs(connection, now)
        return Overview(
            at=now,
            programs=tuple(each for each in programs if program in {None, each.figures.program}),
            queues=tuple(store.queues.list_queues(connection, now)),
            hosts=earlier.hosts if earlier else tuple(store.queues.list_hosts(connection, now)),
        )

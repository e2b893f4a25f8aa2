"""Keep a sample of the present minute in the ledger: what waits, and how the programs fare that run."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.figure_reader import read_overview
from pipeline.figures import OverviewSample, take_sample


def keep_sample(context: Context) -> OverviewSample | None:
    """Keep a sample of this minute; return it, None where another program has kept one already.

    Raises:
        StoreError: The ledger can't be used.
    """
    store, now = context.store, context.clock()
    with store.read() as connection:
        last = store.samples.last(connection)
    if last is not None and last >= now.replace(second=0, microsecond=0):
        return None
    sample = take_sample(read_overview(store, now))
    with store.write() as connection:
        return sample if store.samples.add(connection, sample) else None

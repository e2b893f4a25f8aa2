"""Set up the pools of newswire's tasks in Airflow's database: ``python -m pipeline.airflow_plugin.pools``.

Work that needs the order of arrival has a pool of one slot. Heavy work has as many slots as ``airflow.shards`` of the
settings, which by default follows from cores and memory.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from pipeline.errors import NewswireError
from pipeline.settings import Settings, load_settings
from pipeline.worker_count import count_shards

ORDER_POOL = "newswire_order"
HEAVY_POOL = "newswire_heavy"


class PlannedPool(NamedTuple):
    """A pool as it shall be."""

    name: str
    slots: int
    description: str


def plan_pools(settings: Settings) -> tuple[PlannedPool, ...]:
    """Return the pools that newswire's tasks need."""
    return (
        PlannedPool(ORDER_POOL, 1, "newswire: stages that keep the order of arrival; more slots would only wait"),
        PlannedPool(HEAVY_POOL, count_shards(settings), "newswire: fetch, extract, enrich; settings: airflow.shards"),
    )


def set_up(settings: Settings) -> None:
    """Make the pools, or give those that are there their slots; needs Airflow's database."""
    from airflow.models.pool import Pool  # noqa: PLC0415  (seconds, which DAG files need not take)

    for pool in plan_pools(settings):
        Pool.create_or_update_pool(pool.name, slots=pool.slots, description=pool.description, include_deferred=False)


def main() -> int:
    """Set up the pools; return 0, or 2 with one line on stderr where the settings can't be used."""
    try:
        set_up(load_settings())
    except NewswireError as error:
        print(f"pools: {error}", file=sys.stderr)  # noqa: T201  (a command)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

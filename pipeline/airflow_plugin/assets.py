"""Name the assets of newswire: what its DAGs bring, and what other DAGs may be scheduled on.

A task that lists ``PRODUCTS`` among its outlets adds an asset only where it brought something: who waits for new
articles isn't woken by a run that found none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias, AssetWatcher

from pipeline.airflow_plugin.arrivals_trigger import ArrivalsTrigger

_GROUP = "newswire"

# Articles that are searchable now. extra: articles, new, changed, newest
ARTICLES = Asset("newswire/articles", uri="newswire://articles", group=_GROUP)
# Copies that were found of known copy. extra: copies, articles
COPIES = Asset("newswire/copies", uri="newswire://copies", group=_GROUP)
# Articles that were put into stories. extra: stories (that began), articles
STORIES = Asset("newswire/stories", uri="newswire://stories", group=_GROUP)
# Under this alias a task adds those of the above, and the monthly indices, that it brought.
PRODUCTS = AssetAlias("newswire/products", group=_GROUP)
# Something waits in the ledger for a run: feeds that are due, what hubs pushed, what was handed in.
ARRIVALS = Asset(
    "newswire/arrivals",
    uri="newswire://arrivals",
    group=_GROUP,
    watchers=[AssetWatcher(name="newswire_ledger", trigger=ArrivalsTrigger())],
)


def monthly_articles(month: str) -> Asset:
    """Return the asset of the articles first seen in ``month``, such as ``2026-11``: one index of Elasticsearch."""
    return Asset(f"{ARTICLES.name}/{month}", uri=f"newswire://articles/{month}", group=_GROUP)


def add_products(outlet_events: Any, brought: Mapping[str, Any] | None) -> None:
    """Announce what a stage brought (``pipeline.stages.products``), in a task with the outlet ``PRODUCTS``.

    Args:
        outlet_events: the task's, from its context.
        brought: the counts of what it brought; where it has none, nothing is announced.
    """
    extra = dict(brought or {})
    months = extra.pop("months", {})
    if months:
        outlet_events[PRODUCTS].add(ARTICLES, extra=extra)
    elif "stories" in extra:
        outlet_events[PRODUCTS].add(STORIES, extra=extra)
    elif extra.get("copies"):
        outlet_events[PRODUCTS].add(COPIES, extra=extra)
    for month, count in months.items():
        outlet_events[PRODUCTS].add(monthly_articles(month), extra={"articles": count})

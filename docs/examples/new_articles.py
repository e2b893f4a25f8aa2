"""An example for other teams: a DAG that starts when newswire has brought new articles.

Copy it into your own folder of DAGs. It needs only Airflow: the asset is known by its name and address.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Asset, dag, task

ARTICLES = Asset("newswire/articles", uri="newswire://articles")


@task(multiple_outputs=False)
def read_news(*, triggering_asset_events: Any) -> dict[str, Any]:
    """Add up what the runs brought that started this one; your own work begins here."""
    extras = [event.extra for events in triggering_asset_events.values() for event in events]
    return {
        "articles": sum(extra["articles"] for extra in extras),
        "new": sum(extra["new"] for extra in extras),
        "newest": max((extra["newest"] for extra in extras), default=None),
    }


@dag(schedule=[ARTICLES], start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), catchup=False, doc_md=__doc__)
def new_articles() -> None:
    """Do something with new articles."""
    read_news()


new_articles()

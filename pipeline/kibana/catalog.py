"""Collect all saved objects that newswire has for Kibana. Pure.

``newswire kibana print`` writes them, ``newswire kibana load`` brings them to a Kibana, and ``deploy/kibana/`` holds
what the default settings give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from pipeline.kibana.dashboard_object import Dashboard, dashboard_object
from pipeline.kibana.dashboards.entities import entities_dashboard
from pipeline.kibana.dashboards.newsroom import newsroom_dashboard
from pipeline.kibana.dashboards.operations import operations_dashboard
from pipeline.kibana.dashboards.sources import sources_dashboard
from pipeline.kibana.dashboards.wire import wire_dashboard
from pipeline.kibana.data_views import DataView, article_view, view_object
from pipeline.kibana.operation_views import outcome_view, run_view, source_view
from pipeline.kibana.saved_object import SavedObject
from pipeline.kibana.search_objects import search_object

_COLUMNS = ("source", "title", "agency", "people", "organisations", "places", "copies", "id")


class CatalogNames(NamedTuple):
    """Names that the objects depend on: of indices, and where newswire's pages are."""

    articles: str = "newswire-articles"
    operations: str = "newswire"  # the names of the indices of operations begin with it
    pages_url: str = "http://127.0.0.1:8000"


class Catalog(msgspec.Struct, frozen=True):
    """All that newswire has for Kibana."""

    views: tuple[DataView, ...]
    searches: tuple[SavedObject, ...]
    dashboards: tuple[Dashboard, ...]

    @property
    def objects(self) -> tuple[SavedObject, ...]:
        """Return all saved objects, each once: what others refer to first."""
        panels = [panel.item for dashboard in self.dashboards for panel in dashboard.panels]
        boards = [dashboard_object(dashboard) for dashboard in self.dashboards]
        items = [*map(view_object, self.views), *self.searches, *panels, *boards]
        return tuple({item.key: item for item in items}.values())


def build_catalog(names: CatalogNames = CatalogNames()) -> Catalog:  # noqa: B008 - frozen
    """Return all saved objects for indices and pages of these names."""
    articles = article_view(names.articles, names.pages_url)
    outcomes = outcome_view(names.operations, names.pages_url)
    runs = run_view(names.operations, names.pages_url)
    sources = source_view(names.operations, names.pages_url)
    searches = article_searches(articles)
    latest, copies = searches[0], searches[-1]
    quarantine = search_object(
        "newswire-quarantine",
        "For a person to look at",
        "What a stage could do nothing with, the latest first",
        view=outcomes,
        columns=("source", "stage", "reason", "detail", "url", "article"),
        kql="kind : attempt and outcome : quarantined",
    )
    return Catalog(
        views=(articles, outcomes, runs, sources),
        searches=(*searches, quarantine),
        dashboards=(
            newsroom_dashboard(articles, latest),
            wire_dashboard(articles, copies),
            entities_dashboard(articles, latest),
            sources_dashboard(articles, sources, outcomes),
            operations_dashboard(outcomes, runs, quarantine),
        ),
    )


def article_searches(view: DataView) -> Sequence[SavedObject]:
    """Return the saved searches over articles: the newest first, the copies last."""
    kinds = (
        ("newswire-latest", "Latest articles", "Newest first", "", _COLUMNS),
        (
            "newswire-corrected",
            "Corrected articles",
            "Articles of which newswire has fetched more than one version",
            "version > 1",
            ("source", "title", "version", "revised", "modified", "id"),
        ),
        (
            "newswire-withdrawn",
            "Articles whose page is gone",
            "The publisher's page isn't there any more",
            "gone : *",
            ("source", "title", "gone", "url", "id"),
        ),
        (
            "newswire-paywalled",
            "Behind a wall",
            "The page says that the text is not free to read",
            "paywalled : true",
            ("source", "title", "word_count", "url", "id"),
        ),
        (
            "newswire-undated",
            "Without a date",
            "Articles whose publication is not known; they stand at the time of first sight",
            "not published : *",
            ("source", "title", "first_seen", "url", "id"),
        ),
        (
            "newswire-from-feed",
            "From the feed alone",
            "Articles whose page could not be had",
            "from_feed : true",
            ("source", "title", "word_count", "rights", "url", "id"),
        ),
        (
            "newswire-latest-copies",
            "Latest copies",
            "Articles that were taken from another one",
            "is_primary : false",
            ("source", "title", "copy_agency", "copy_kind", "copy_behind", "own_share", "copy_of", "id"),
        ),
    )
    return tuple(
        search_object(search_id, title, text, view=view, columns=columns, kql=kql, chart=search_id == "newswire-latest")
        for search_id, title, text, kql, columns in kinds
    )

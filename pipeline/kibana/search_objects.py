"""Build the saved searches that Kibana's Discover opens: which articles, the newest first, in which columns. Pure.

Attributes are those of version 8.8.0 of the type (``saved_search/server/saved_objects/schema_legacy.ts``), which
forbids all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.kibana.data_views import DataView, view_reference
from pipeline.kibana.saved_object import SavedObject, embed_json

_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"


def search_object(
    search_id: str,
    title: str,
    description: str,
    *,
    view: DataView,
    columns: Sequence[str],
    kql: str = "",
    chart: bool = False,
) -> SavedObject:
    """Return a saved search, the newest documents first; with a ``chart`` of counts over time above them."""
    source = {"query": {"language": "kuery", "query": kql}, "filter": [], "indexRefName": _INDEX}
    return SavedObject(
        type="search",
        id=search_id,
        attributes={
            "title": title,
            "description": description,
            "columns": list(columns),
            "sort": [[view.time_field, "desc"]],
            "grid": {},
            "hideChart": not chart,
            "isTextBasedQuery": False,
            "timeRestore": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": embed_json(source)},
        },
        references=(view_reference(view, _INDEX),),
    )

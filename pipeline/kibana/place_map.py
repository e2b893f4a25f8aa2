"""Build a map of points as a saved object of Kibana's Maps: clusters over a base map. Pure.

The base map's tiles come from Elastic's servers, fetched by the reader's browser; without them the clusters stand on
white. ``map.includeElasticMapsService: false`` in Kibana's settings turns that off.
"""

from __future__ import annotations

from typing import Any

from pipeline.kibana.data_views import DataView, view_reference
from pipeline.kibana.saved_object import SavedObject, embed_json

_INDEX = "layer_1_source_index_pattern"
_COUNT = {"label": "articles", "name": "doc_count", "origin": "source"}


def map_object(
    map_id: str, title: str, description: str, *, view: DataView, geo_field: str, kql: str = ""
) -> SavedObject:
    """Return a map of how many documents have a point where; the field may hold several."""
    return SavedObject(
        type="map",
        id=map_id,
        attributes={
            "title": title,
            "description": description,
            "layerListJSON": embed_json([_base_layer(), _cluster_layer(geo_field, kql)]),
            "mapStateJSON": embed_json(
                {
                    "zoom": 1.4,
                    "center": {"lat": 25, "lon": 10},
                    "query": {"language": "kuery", "query": ""},
                    "filters": [],
                }
            ),
            "uiStateJSON": embed_json({"isLayerTOCOpen": False, "openTOCDetails": []}),
        },
        references=(view_reference(view, _INDEX),),
    )


def _base_layer() -> dict[str, Any]:
    """Return the base map, of Elastic's tiles."""
    return {
        "id": "base",
        "type": "EMS_VECTOR_TILE",
        "label": None,
        "minZoom": 0,
        "maxZoom": 24,
        "alpha": 1,
        "visible": True,
        "includeInFitToBounds": True,
        "sourceDescriptor": {"type": "EMS_TMS", "isAutoSelect": True, "lightModeDefault": "road_map_desaturated"},
        "style": {"type": "EMS_VECTOR_TILE", "color": ""},
    }


def _cluster_layer(geo_field: str, kql: str) -> dict[str, Any]:
    """Return the layer of circles, the larger the more documents they stand for."""
    return {
        "id": "clusters",
        "type": "GEOJSON_VECTOR",
        "label": "articles",
        "minZoom": 0,
        "maxZoom": 24,
        "alpha": 0.8,
        "visible": True,
        "includeInFitToBounds": True,
        "sourceDescriptor": {
            "type": "ES_GEO_GRID",
            "id": "clusters-source",
            "geoField": geo_field,
            "requestType": "point",
            "resolution": "COARSE",
            "metrics": [{"type": "count"}],
            "applyGlobalQuery": True,
            "applyGlobalTime": True,
            "applyForceRefresh": True,
            "indexPatternRefName": _INDEX,
        },
        "query": {"language": "kuery", "query": kql},
        "joins": [],
        "style": {
            "type": "VECTOR",
            "isTimeAware": True,
            "properties": {
                "fillColor": {"type": "DYNAMIC", "options": {"color": "Blues", "field": _COUNT, "type": "ORDINAL"}},
                "lineColor": {"type": "STATIC", "options": {"color": "#FFF"}},
                "lineWidth": {"type": "STATIC", "options": {"size": 0}},
                "iconSize": {"type": "DYNAMIC", "options": {"field": _COUNT, "minSize": 7, "maxSize": 32}},
                "labelText": {"type": "DYNAMIC", "options": {"field": _COUNT}},
            },
        },
    }

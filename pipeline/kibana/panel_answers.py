"""Ask Elasticsearch what each panel of the dashboards asks it: charts, saved searches, maps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.kibana.lens_request import LensQuery, ViewState, request_body, view_state
from pipeline.kibana.lens_rows import Row, read_rows
from pipeline.kibana.rules.faults import reference_id
from pipeline.kibana.time_steps import TimeRange

Json = Mapping[str, Any]
Ask = Callable[[str, Json], Json]  # index and request → answer
_SHOWN = 20  # documents of a saved search that are asked for
_ZOOM = 3  # of a map: cells of about 20 degrees at the zoom that the map opens with


class Panels:
    """The saved objects of a file, and how to ask for what they show."""

    def __init__(self, text: str, types_of: Callable[[str], Mapping[str, str]], ask: Ask) -> None:
        """Read the objects.

        Args:
            text: the file, a saved object a line.
            types_of: pattern of indices → their fields with their types.
            ask: asks Elasticsearch.
        """
        lines = [json.loads(line) for line in text.splitlines()]
        self.objects: dict[tuple[str, str], Json] = {(line["type"], line["id"]): line for line in lines}
        self.views: dict[str, ViewState] = {
            name: view_state(line, types_of(line["attributes"]["title"]))
            for (kind, name), line in self.objects.items()
            if kind == "index-pattern"
        }
        self._ask = ask

    def of_kind(self, kind: str) -> list[Json]:
        """Return all objects of a type."""
        return [line for (its_kind, _), line in self.objects.items() if its_kind == kind]

    def panels_of(self, dashboard: Json) -> list[tuple[Json, Json]]:
        """Return each panel of a dashboard and the object that it shows."""
        return [
            (panel, self.objects[(panel["type"], self._shown(dashboard, panel))])
            for panel in json.loads(dashboard["attributes"]["panelsJSON"])
        ]

    def _shown(self, dashboard: Json, panel: Json) -> str:
        name = f"{panel['panelIndex']}:{panel['panelRefName']}"
        return next(str(ref["id"]) for ref in dashboard["references"] if ref["name"] == name)

    def view_of(self, line: Json) -> ViewState:
        """Return the data view that an object shows."""
        return self.views[next(ref["id"] for ref in line["references"] if ref["type"] == "index-pattern")]

    def formats_of(self, line: Json) -> Json:
        """Return the formats of the data view that an object shows, by field."""
        view_id = next(ref["id"] for ref in line["references"] if ref["type"] == "index-pattern")
        formats: Json = json.loads(self.objects[("index-pattern", view_id)]["attributes"]["fieldFormatMap"])
        return formats

    def chart_rows(self, lens: Json, time: TimeRange) -> list[Row]:
        """Return the rows of a Lens chart.

        Raises:
            UsageError: It can't be asked for.
        """
        view = self.view_of(lens)
        query = LensQuery(lens, view, time)
        response = self._ask(view.pattern, query.body())
        further = query.other_body(response) if "aggregations" in response else None
        return read_rows(query, response, self._ask(view.pattern, further) if further else None)

    def search_hits(self, search: Json, time: TimeRange) -> tuple[int, list[Json]]:
        """Return how many documents a saved search finds, and the fields of the first."""
        source = json.loads(search["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        view = self.view_of(search)
        sort = [{field: {"order": order, "unmapped_type": "boolean"}} for field, order in search["attributes"]["sort"]]
        columns = [{"field": field} for field in search["attributes"]["columns"]]
        body = request_body(view, time, source["query"]["query"], size=_SHOWN, sort=sort, fields=columns, _source=False)
        hits = self._ask(view.pattern, body)["hits"]
        return hits["total"]["value"], [hit.get("fields", {}) for hit in hits["hits"]]

    def map_cells(self, line: Json, time: TimeRange) -> list[tuple[float, float, int]]:
        """Return latitude, longitude and count of each cell of a map's clusters (``es_geo_grid_source.tsx``)."""
        layers = json.loads(line["attributes"]["layerListJSON"])
        layer = next(item for item in layers if item["sourceDescriptor"]["type"] == "ES_GEO_GRID")
        source = layer["sourceDescriptor"]
        view = self.views[str(reference_id(line, source["indexPatternRefName"], "index-pattern"))]
        field = source["geoField"]
        centre = {"gridCentroid": {"geo_centroid": {"field": field}}}
        grid = {
            "geotile_grid": {"field": field, "precision": _ZOOM, "size": 10_000, "shard_size": 10_000},
            "aggs": centre,
        }
        answer = self._ask(view.pattern, request_body(view, time, layer["query"]["query"], aggs={"gridSplit": grid}))
        cells = answer["aggregations"]["gridSplit"]["buckets"]
        places = [(cell["gridCentroid"]["location"], cell["doc_count"]) for cell in cells]
        return [(place["lat"], place["lon"], count) for place, count in places]


def field_types(answer: Json) -> dict[str, str]:
    """Return the fields of indices with their types, out of Elasticsearch's answer to ``_field_caps``."""
    return {field: next(iter(kinds)) for field, kinds in answer.get("fields", {}).items()}

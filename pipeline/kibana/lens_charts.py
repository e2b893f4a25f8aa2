"""Build Lens charts as saved objects: columns of one data view, and how they are drawn. Pure.

Keys of each kind of chart are those of ``kbn-lens-common/visualizations/*/types.ts``. A chart has one layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pipeline.kibana.data_views import DataView, view_reference
from pipeline.kibana.lens_columns import LensColumn
from pipeline.kibana.saved_object import SavedObject

LAYER = "articles"  # the id of a chart's only layer
_HIDDEN_TITLES = {"x": False, "yLeft": False, "yRight": False}


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart shows: its columns, of which documents, and under which title."""

    id: str
    title: str
    description: str
    columns: tuple[LensColumn, ...]
    view: DataView
    kql: str = ""


def bars(
    chart: Chart, *, x: str, values: Sequence[str], split: str | None = None, series: str = "bar_horizontal"
) -> SavedObject:
    """Return a chart of bars, lines or areas.

    Args:
        chart: what is shown.
        x: the column along the axis.
        values: the columns that give heights.
        split: the column that splits each of them.
        series: Lens's name of the kind: bar, bar_stacked, bar_horizontal, bar_percentage_stacked, line, area …
    """
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": series,
        "xAccessor": x,
        "accessors": list(values),
        **({"splitAccessor": split} if split else {}),
    }
    state = {
        "preferredSeriesType": series,
        "layers": [layer],
        "legend": {"isVisible": bool(split) or len(values) > 1, "position": "right"},
        "fittingFunction": "None",
        "valueLabels": "show" if series == "bar_horizontal" and not split else "hide",
        "axisTitlesVisibilitySettings": _HIDDEN_TITLES,
        "tickLabelsVisibilitySettings": {"x": True, "yLeft": True, "yRight": True},
        "gridlinesVisibilitySettings": {"x": False, "yLeft": True, "yRight": True},
    }
    return _lens(chart, "lnsXY", state)


def donut(chart: Chart, *, group: str, value: str) -> SavedObject:
    """Return a ring of shares."""
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "primaryGroups": [group],
        "metrics": [value],
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    return _lens(chart, "lnsPie", {"shape": "donut", "layers": [layer]})


def figure(chart: Chart, *, value: str) -> SavedObject:
    """Return one large figure."""
    return _lens(chart, "lnsMetric", {"layerId": LAYER, "layerType": "data", "metricAccessor": value})


def table(chart: Chart, *, rows: int = 10) -> SavedObject:
    """Return a table of all columns, ``rows`` a page."""
    state = {
        "layerId": LAYER,
        "layerType": "data",
        "columns": [{"columnId": column.id} for column in chart.columns],
        "paging": {"enabled": True, "size": rows},
    }
    return _lens(chart, "lnsDatatable", state)


def heatmap(chart: Chart, *, x: str, y: str, value: str) -> SavedObject:
    """Return a grid whose cells are the darker the more they count."""
    state = {
        "layerId": LAYER,
        "layerType": "data",
        "shape": "heatmap",
        "xAccessor": x,
        "yAccessor": y,
        "valueAccessor": value,
        "legend": {"isVisible": True, "position": "right", "type": "heatmap_legend"},
        "gridConfig": {
            "type": "heatmap_grid",
            "isCellLabelVisible": True,
            "isXAxisLabelVisible": True,
            "isYAxisLabelVisible": True,
            "isXAxisTitleVisible": False,
            "isYAxisTitleVisible": False,
        },
    }
    return _lens(chart, "lnsHeatmap", state)


def tag_cloud(chart: Chart, *, tag: str, value: str) -> SavedObject:
    """Return words, the larger the more they count."""
    state = {
        "layerId": LAYER,
        "layerType": "data",
        "tagAccessor": tag,
        "valueAccessor": value,
        "minFontSize": 14,
        "maxFontSize": 48,
        "orientation": "single",
        "showLabel": False,
    }
    return _lens(chart, "lnsTagcloud", state)


def _lens(chart: Chart, kind: str, visualization: Mapping[str, Any]) -> SavedObject:
    layer = {
        "columnOrder": [column.id for column in chart.columns],
        "columns": {column.id: dict(column.state) for column in chart.columns},
        "incompleteColumns": {},
        "sampling": 1,
    }
    return SavedObject(
        type="lens",
        id=chart.id,
        attributes={
            "title": chart.title,
            "description": chart.description,
            "visualizationType": kind,
            "state": {
                "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
                "visualization": dict(visualization),
                "query": {"language": "kuery", "query": chart.kql},
                "filters": [],
                "adHocDataViews": {},
                "internalReferences": [],
            },
        },
        references=(view_reference(chart.view, f"indexpattern-datasource-layer-{LAYER}"),),
    )

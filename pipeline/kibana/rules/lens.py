"""Hold Lens charts to Kibana's rules: layers, columns, operations, and what the drawing takes of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.kibana.rules.faults import Json, ObjectFault, ObjectFile, kql_faults, reference_id

_LENS = "x-pack/platform/plugins/shared/lens"
_OPERATIONS = f"{_LENS}/public/datasources/form_based/operations/definitions"
_EXPRESSION = f"{_LENS}/public/datasources/form_based/to_expression.ts"
_VISUALIZATIONS = "src/platform/packages/shared/kbn-lens-common/visualizations"
_REFERENCES = f"{_LENS}/common/content_management/utils.ts"

_NUMBERS = frozenset({"byte", "integer", "long", "float", "double", "short"})
_VALUES = frozenset({"keyword", "boolean", "ip", "date"}) | _NUMBERS
# operation → types of the fields that it takes, keys of its params, Kibana's file
_FIELDS: Mapping[str, tuple[frozenset[str], frozenset[str], str]] = {
    "count": (_VALUES, frozenset({"emptyAsNull"}), "count.tsx"),
    "unique_count": (_VALUES, frozenset({"emptyAsNull"}), "cardinality.tsx"),
    "average": (_NUMBERS, frozenset({"emptyAsNull"}), "metrics.tsx"),
    "median": (_NUMBERS, frozenset({"emptyAsNull"}), "metrics.tsx"),
    "sum": (_NUMBERS, frozenset({"emptyAsNull"}), "metrics.tsx"),
    "min": (_NUMBERS | {"date"}, frozenset({"emptyAsNull"}), "metrics.tsx"),
    "max": (_NUMBERS | {"date"}, frozenset({"emptyAsNull"}), "metrics.tsx"),
    "percentile": (_NUMBERS, frozenset({"percentile"}), "percentile.tsx"),
    "last_value": (_VALUES | {"text"}, frozenset({"sortField", "showArrayValues"}), "last_value.tsx"),
    "terms": (
        _VALUES,
        frozenset(
            {
                "size",
                "orderBy",
                "orderDirection",
                "otherBucket",
                "missingBucket",
                "parentFormat",
                "include",
                "exclude",
                "includeIsRegex",
                "excludeIsRegex",
                "accuracyMode",
            }
        ),
        "terms/index.tsx",
    ),
    "date_histogram": (
        frozenset({"date"}),
        frozenset({"interval", "includeEmptyRows", "dropPartials", "ignoreTimeRange"}),
        "date_histogram.tsx",
    ),
    "filters": (frozenset(), frozenset({"filters"}), "filters/filters.tsx"),
}
_BUCKETS = frozenset({"terms", "date_histogram", "filters"})
_MOST_TERMS = 1000  # ``terms/values_input.tsx``
_SERIES = frozenset(
    f"{kind}{part}" for kind in ("bar", "bar_horizontal", "area") for part in ("", "_stacked", "_percentage_stacked")
) | {"line"}
# visualization → keys that its state may have, where its columns stand, Kibana's folder
_STATES: Mapping[str, tuple[frozenset[str], str]] = {
    "lnsXY": (
        frozenset(
            {
                "preferredSeriesType",
                "layers",
                "legend",
                "fittingFunction",
                "valueLabels",
                "axisTitlesVisibilitySettings",
                "tickLabelsVisibilitySettings",
                "gridlinesVisibilitySettings",
                "title",
            }
        ),
        "xy",
    ),
    "lnsPie": (frozenset({"shape", "layers"}), "partition"),
    "lnsMetric": (
        frozenset(
            {
                "layerId",
                "layerType",
                "metricAccessor",
                "secondaryMetricAccessor",
                "maxAccessor",
                "breakdownByAccessor",
                "subtitle",
            }
        ),
        "metric",
    ),
    "lnsDatatable": (frozenset({"layerId", "layerType", "columns", "sorting", "paging", "density"}), "datatable"),
    "lnsHeatmap": (
        frozenset(
            {
                "layerId",
                "layerType",
                "shape",
                "xAccessor",
                "yAccessor",
                "valueAccessor",
                "legend",
                "gridConfig",
                "palette",
            }
        ),
        "heatmap",
    ),
    "lnsTagcloud": (
        frozenset(
            {
                "layerId",
                "layerType",
                "tagAccessor",
                "valueAccessor",
                "minFontSize",
                "maxFontSize",
                "orientation",
                "showLabel",
            }
        ),
        "tagcloud",
    ),
}
_ACCESSORS = (
    ("xAccessor", True),
    ("yAccessor", True),
    ("splitAccessor", True),
    ("tagAccessor", True),
    ("breakdownByAccessor", True),
    ("valueAccessor", False),
    ("metricAccessor", False),
    ("secondaryMetricAccessor", False),
    ("maxAccessor", False),
)
_LISTS = (("accessors", False), ("metrics", False), ("primaryGroups", True), ("secondaryGroups", True))


def lens_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a Lens chart."""
    name, attributes = f"lens {line['id']}", line["attributes"]
    state = attributes["state"]
    layers = state["datasourceStates"].get("formBased", {}).get("layers", {})
    if len(layers) != 1 or set(state["datasourceStates"]) != {"formBased"}:
        yield ObjectFault(name, "has not exactly one layer of fields", _EXPRESSION)
        return
    ((layer_id, layer),) = layers.items()
    view_id = reference_id(line, f"indexpattern-datasource-layer-{layer_id}", "index-pattern")
    if view_id is None:
        yield ObjectFault(name, f"layer {layer_id}: no reference to its data view", _REFERENCES)
        return
    types = file.view_types(view_id)
    yield from kql_faults(name, state["query"], types)
    before = list(_layer_faults(name, layer, types))
    yield from before
    if not before:
        yield from _drawing_faults(name, attributes, layer_id, layer["columns"])


def _layer_faults(name: str, layer: Json, types: Mapping[str, str]) -> Iterator[ObjectFault]:
    if unknown := set(layer) - {"columns", "columnOrder", "incompleteColumns", "sampling", "ignoreGlobalFilters"}:
        yield ObjectFault(name, f"a layer has no {min(unknown)!r}", _EXPRESSION)
        return
    columns, order = layer.get("columns", {}), layer.get("columnOrder", [])
    if sorted(columns) != sorted(order) or not order:
        yield ObjectFault(name, "columnOrder doesn't name each column once", _EXPRESSION)
        return
    if layer.get("incompleteColumns"):
        yield ObjectFault(name, "has a column that isn't complete", _EXPRESSION)
    splits = [bool(columns[column_id].get("isBucketed")) for column_id in order]
    if splits != sorted(splits, reverse=True):
        yield ObjectFault(name, "a column that splits stands behind one that measures", _EXPRESSION)
    for column_id, column in columns.items():
        yield from _column_faults(f"{name}, column {column_id}", column, columns, types)


def _column_faults(name: str, column: Json, columns: Json, types: Mapping[str, str]) -> Iterator[ObjectFault]:
    operation = str(column.get("operationType"))
    if operation not in _FIELDS:
        yield ObjectFault(name, f"there is no operation {operation!r}", f"{_OPERATIONS}/index.ts")
        return
    accepted, keys, file_name = _FIELDS[operation]
    source = f"{_OPERATIONS}/{file_name}"
    if not isinstance(column.get("label"), str) or not isinstance(column.get("dataType"), str):
        yield ObjectFault(name, "has no label or no type", f"{_OPERATIONS}/column_types.ts")
    if bool(column.get("isBucketed")) != (operation in _BUCKETS):
        yield ObjectFault(name, f"{operation} is called what it isn't by isBucketed", source)
    params = column.get("params", {})
    if unknown := set(params) - keys:
        yield ObjectFault(name, f"{operation} has no {min(unknown)!r}", source)
    field = str(column.get("sourceField"))
    if operation == "filters":
        yield from _filters_faults(name, params, types, source)
    elif field == "___records___":
        if operation != "count":
            yield ObjectFault(name, f"{operation} needs a field", source)
    elif field not in types:
        yield ObjectFault(name, f"there is no field {field!r}", source)
    elif types[field] not in accepted:
        yield ObjectFault(name, f"{operation} takes no field of type {types[field]} ({field})", source)
    if column.get("filter"):
        yield from kql_faults(name, column["filter"], types)
    if operation == "terms":
        yield from _terms_faults(name, params, columns, source)
    elif operation == "percentile" and not 0 < params.get("percentile", 0) < 100:  # noqa: PLR2004 - percent
        yield ObjectFault(name, "a percentile lies between 0 and 100", source)
    elif operation == "last_value" and types.get(str(params.get("sortField"))) != "date":
        yield ObjectFault(name, f"{params.get('sortField')!r} is no field of type date to sort by", source)


def _filters_faults(name: str, params: Json, types: Mapping[str, str], source: str) -> Iterator[ObjectFault]:
    if not params.get("filters"):
        yield ObjectFault(name, "has no filters", source)
    for item in params.get("filters", []):
        yield from kql_faults(name, item.get("input"), types)


def _terms_faults(name: str, params: Json, columns: Json, source: str) -> Iterator[ObjectFault]:
    if not 0 < params.get("size", 0) <= _MOST_TERMS:
        yield ObjectFault(name, f"shows {params.get('size')!r} values: 1 to {_MOST_TERMS}", source)
    order = params.get("orderBy", {})
    if order.get("type") == "column":
        ranked = columns.get(order.get("columnId"))
        if ranked is None or ranked.get("isBucketed"):
            yield ObjectFault(name, f"is ranked by {order.get('columnId')!r}, which measures nothing", source)
        elif ranked.get("operationType") == "last_value" and ranked.get("params", {}).get("showArrayValues"):
            yield ObjectFault(name, f"is ranked by {order['columnId']!r}, a last value with lists", source)
    elif order.get("type") != "alphabetical":
        yield ObjectFault(name, f"is ranked by {order.get('type')!r}", source)
    if params.get("orderDirection") not in {"asc", "desc"}:
        yield ObjectFault(name, f"orderDirection {params.get('orderDirection')!r}: asc or desc", source)


def _drawing_faults(name: str, attributes: Json, layer_id: str, columns: Json) -> Iterator[ObjectFault]:
    """Yield what the drawing names that isn't there, or isn't what it takes it for."""
    kind, state = attributes["visualizationType"], attributes["state"]["visualization"]
    if kind not in _STATES:
        yield ObjectFault(name, f"there is no visualization {kind!r}", f"{_VISUALIZATIONS}/types.ts")
        return
    keys, folder = _STATES[kind]
    source = f"{_VISUALIZATIONS}/{folder}/types.ts"
    if unknown := set(state) - keys:
        yield ObjectFault(name, f"{kind} has no {min(unknown)!r}", source)
    parts: list[Any] = state.get("layers", [state])
    for part in parts:
        if part.get("layerId") != layer_id or part.get("layerType") != "data":
            yield ObjectFault(name, f"draws layer {part.get('layerId')!r}, which isn't there", source)
        if kind == "lnsXY" and part.get("seriesType") not in _SERIES:
            yield ObjectFault(name, f"there is no series {part.get('seriesType')!r}", source)
        for column_id, is_split in _accessors(part):
            if column_id not in columns:
                yield ObjectFault(name, f"draws column {column_id!r}, which isn't there", source)
            elif is_split is not None and bool(columns[column_id]["isBucketed"]) != is_split:
                word = "splits" if is_split else "measures"
                yield ObjectFault(name, f"draws column {column_id!r} as if it {word}", source)
    shown = {column_id for part in parts for column_id, _ in _accessors(part)}
    if lost := set(columns) - shown:
        yield ObjectFault(name, f"doesn't draw column {min(lost)!r}", source)


def _accessors(part: Json) -> Iterator[tuple[Any, bool | None]]:
    """Yield the columns that a drawing takes, and whether each has to split (None: no matter)."""
    for key, is_split in _ACCESSORS:
        if key in part:
            yield part[key], is_split
    for key, is_split in _LISTS:
        for column_id in part.get(key, []):
            yield column_id, is_split
    for column in part.get("columns", []):
        yield column.get("columnId"), None

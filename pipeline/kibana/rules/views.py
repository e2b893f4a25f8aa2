"""Hold data views, saved searches, maps and texts to Kibana's rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.kibana.rules.faults import Json, ObjectFault, ObjectFile, kql_faults, parse_embedded, reference_id

_PLATFORM = "src/platform/plugins/shared"
_FORMATS = f"{_PLATFORM}/field_formats/common/constants/base_formatters.ts"
_VIEWS = f"{_PLATFORM}/data_views/common/data_views/abstract_data_views.ts"
_ATTRS = f"{_PLATFORM}/data_views/common/constants.ts"
_RUNTIME = f"{_PLATFORM}/data_views/common/constants.ts (RUNTIME_FIELD_TYPES)"
_MAPS = "x-pack/platform/plugins/shared/maps/common/descriptor_types"
_MARKDOWN = "src/platform/plugins/private/vis_type_markdown/public/markdown_vis.ts"
_SEARCH = f"{_PLATFORM}/saved_search/common/service/saved_searches_utils.ts"

# format → the keys of its params (``field_formats/common/converters``)
_FORMAT_PARAMS: Mapping[str, frozenset[str]] = {
    "url": frozenset({"type", "urlTemplate", "labelTemplate", "openLinkInCurrentTab", "width", "height"}),
    "percent": frozenset({"pattern"}),
    "number": frozenset({"pattern"}),
    "bytes": frozenset({"pattern"}),
    "duration": frozenset(
        {
            "inputFormat",
            "outputFormat",
            "outputPrecision",
            "showSuffix",
            "useShortSuffix",
            "includeSpaceWithSuffix",
        }
    ),
    "static_lookup": frozenset({"lookupEntries", "unknownKeyValue"}),
    "date": frozenset({"pattern", "timezone"}),
    "string": frozenset({"transform"}),
    "boolean": frozenset(),
}
_RUNTIME_TYPES = frozenset({"keyword", "long", "double", "date", "ip", "boolean", "geo_point"})
_LONGEST_DESCRIPTION = 300
_LAYER_SOURCES = {"EMS_TMS": "EMS_VECTOR_TILE", "ES_GEO_GRID": "GEOJSON_VECTOR", "ES_SEARCH": "GEOJSON_VECTOR"}


def view_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a data view."""
    name, attributes = f"index-pattern {line['id']}", line["attributes"]
    types = file.view_types(line["id"])
    if types.get(attributes["timeFieldName"]) != "date":
        yield ObjectFault(name, f"{attributes['timeFieldName']!r} is no field of type date", _VIEWS)
    for field, style in parse_embedded(attributes.get("fieldFormatMap", "{}")).items():
        params = _FORMAT_PARAMS.get(style.get("id"))
        if field not in types:
            yield ObjectFault(name, f"a format for {field!r}, which is no field", _FORMATS)
        if params is None:
            yield ObjectFault(name, f"{field}: there is no format {style.get('id')!r}", _FORMATS)
        elif unknown := set(style.get("params", {})) - params:
            yield ObjectFault(name, f"{field}: format {style['id']} has no {min(unknown)!r}", _FORMATS)
    for field, attrs in parse_embedded(attributes.get("fieldAttrs", "{}")).items():
        if unknown := set(attrs) - {"customLabel", "customDescription", "count"}:
            yield ObjectFault(name, f"{field}: no attribute {min(unknown)!r}", _ATTRS)
        if len(attrs.get("customDescription", "")) > _LONGEST_DESCRIPTION:
            yield ObjectFault(name, f"{field}: a description of more than {_LONGEST_DESCRIPTION} characters", _ATTRS)
    for field, computed in parse_embedded(attributes.get("runtimeFieldMap", "{}")).items():
        if computed.get("type") not in _RUNTIME_TYPES:
            yield ObjectFault(name, f"{field}: {computed.get('type')!r} is no type of runtime fields", _RUNTIME)
        if not isinstance(computed.get("script", {}).get("source"), str):
            yield ObjectFault(name, f"{field}: has no script", _RUNTIME)


def search_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a saved search."""
    name, attributes = f"search {line['id']}", line["attributes"]
    source = parse_embedded(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    view_id = reference_id(line, source.get("indexRefName", ""), "index-pattern")
    if view_id is None:
        yield ObjectFault(name, f"no reference {source.get('indexRefName')!r} to a data view", _SEARCH)
        return
    types = file.view_types(view_id)
    used = [*attributes.get("columns", []), *(field for field, _ in attributes.get("sort", []))]
    for field in used:
        if field not in types:
            yield ObjectFault(name, f"there is no field {field!r} in {view_id}", _SEARCH)
    for _, direction in attributes.get("sort", []):
        if direction not in {"asc", "desc"}:
            yield ObjectFault(name, f"sorts {direction!r}: asc or desc", _SEARCH)
    yield from kql_faults(name, source.get("query"), types)


def map_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a map."""
    name = f"map {line['id']}"
    layers = parse_embedded(line["attributes"]["layerListJSON"])
    ids = [layer.get("id") for layer in layers]
    if len(set(ids)) < len(ids):
        yield ObjectFault(name, "two layers have one id", _MAPS)
    for layer in layers:
        source = layer.get("sourceDescriptor", {})
        kind = source.get("type")
        if kind not in _LAYER_SOURCES or layer.get("type") != _LAYER_SOURCES[kind]:
            yield ObjectFault(name, f"layer {layer.get('id')}: {layer.get('type')!r} of {kind!r} is no layer", _MAPS)
        if kind in {"ES_GEO_GRID", "ES_SEARCH"}:
            view_id = reference_id(line, source.get("indexPatternRefName", ""), "index-pattern")
            types = file.view_types(view_id or "")
            if view_id is None:
                yield ObjectFault(name, f"layer {layer.get('id')}: no reference to its data view", _MAPS)
            elif types.get(source.get("geoField", "")) not in {"geo_point", "geo_shape"}:
                yield ObjectFault(name, f"layer {layer.get('id')}: {source.get('geoField')!r} holds no places", _MAPS)
            if view_id and "query" in layer:
                yield from kql_faults(name, layer["query"], types)


def text_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a panel of text."""
    name = f"visualization {line['id']}"
    state = parse_embedded(line["attributes"]["visState"])
    if state.get("type") != "markdown" or not isinstance(state.get("params", {}).get("markdown"), str):
        yield ObjectFault(name, "is no text in Markdown", _MARKDOWN)
        return
    for target in re.findall(r"\(#/view/([^)]+)\)", state["params"]["markdown"]):
        if ("dashboard", target) not in file.objects:
            yield ObjectFault(name, f"leads to dashboard {target!r}, which is not in the file", _MARKDOWN)

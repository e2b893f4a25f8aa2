"""Hold dashboards to Kibana's rules: panels and what they refer to, the grid, controls, drill-downs. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.kibana.rules.faults import Json, ObjectFault, ObjectFile, parse_embedded, reference_id
from pipeline.kibana.rules.schemas import ControlPanel, DashboardPanel, GridData, convert_strictly

_DASHBOARD = "src/platform/plugins/shared/dashboard"
_PANELS = f"{_DASHBOARD}/server/api/transforms/out/transform_panels_out.ts"
_REFERENCES = f"{_DASHBOARD}/server/api/transforms/out/get_panel_references.ts"
_BY_REFERENCE = f"{_DASHBOARD}/server/api/transforms/out/panel_bwc.ts"
_GRID = f"{_DASHBOARD}/common/page_bundle_constants.ts (DASHBOARD_GRID_COLUMN_COUNT)"
_CONTROLS = f"{_DASHBOARD}/server/api/transforms/out/transform_pinned_panels_out.ts"
_CONTROL_REFERENCES = "src/platform/plugins/shared/controls/server/transforms/options_list_control_transforms.ts"
_ENHANCEMENTS = "src/platform/plugins/shared/embeddable/common/bwc/enhancements"
_DRILLDOWNS = f"{_ENHANCEMENTS}/dynamic_actions/dashboard_drilldown_persistable_state.ts"
_URL_DRILLDOWN = "x-pack/platform/plugins/private/drilldowns/url_drilldown/public/lib/get_url_drilldown.tsx"

_WIDTH = 48
_TYPES = frozenset({"links", "search", "visualization", "lens", "map"})  # BY_REF_TYPES of panel_bwc.ts
_DRILLDOWN = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"
# a list of values is offered of such fields (``controls/server/options_list``)
_LISTED = frozenset({"keyword", "boolean", "ip", "date", "byte", "integer", "long", "float", "double"})


def dashboard_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with a dashboard."""
    name, attributes = f"dashboard {line['id']}", line["attributes"]
    plain = parse_embedded(attributes["panelsJSON"])
    sound, used = [], set()
    for number, panel in enumerate(plain, 1):
        if fault := convert_strictly(panel, DashboardPanel):
            yield ObjectFault(f"{name}, panel {number}", fault, _PANELS)
            continue
        sound.append(panel)
        used.add(f"{panel['panelIndex']}:{panel['panelRefName']}")
        yield from _panel_faults(f"{name}, panel {panel['panelIndex']}", panel, line, used)
    yield from _grid_faults(name, sound)
    group = attributes.get("controlGroupInput")
    if group:
        yield from _control_faults(name, parse_embedded(group["panelsJSON"]), line, file, used)
    if lost := {reference["name"] for reference in line["references"]} - used:
        yield ObjectFault(name, f"no panel uses the reference {min(lost)!r}", _REFERENCES)


def _panel_faults(name: str, panel: Json, line: Json, used: set[str]) -> Iterator[ObjectFault]:
    config = panel["embeddableConfig"]
    if panel["type"] not in _TYPES:
        yield ObjectFault(name, f"{panel['type']!r} can't be a panel that refers to an object", _BY_REFERENCE)
    reference = f"{panel['panelIndex']}:{panel['panelRefName']}"
    if reference_id(line, reference, panel["type"]) is None:
        yield ObjectFault(name, f"no reference {reference!r} to a {panel['type']}: it would be dropped", _REFERENCES)
    if panel["gridData"]["i"] != panel["panelIndex"]:
        yield ObjectFault(name, f"is called {panel['gridData']['i']!r} on the grid", _PANELS)
    if {"savedObjectId", "attributes"} & set(config):
        yield ObjectFault(name, "holds an object beside the one that it refers to", _BY_REFERENCE)
    if unknown := set(config) - {"enhancements", "hidePanelTitles", "title", "description", "timeRange"}:
        yield ObjectFault(name, f"embeddableConfig has {min(unknown)!r}, which a panel by reference has not", _PANELS)
    for event in config.get("enhancements", {}).get("dynamicActions", {}).get("events", []):
        yield from _drilldown_faults(name, panel["panelIndex"], event, line, used)


def _drilldown_faults(name: str, index: str, event: Json, line: Json, used: set[str]) -> Iterator[ObjectFault]:
    action = event.get("action", {})
    if action.get("factoryId") != _DRILLDOWN:
        source = _URL_DRILLDOWN if action.get("factoryId") == "URL_DRILLDOWN" else _DRILLDOWNS
        yield ObjectFault(name, f"drill-down {action.get('factoryId')!r} is not in the free licence", source)
        return
    if event.get("triggers") != ["FILTER_TRIGGER"]:
        yield ObjectFault(name, f"a drill-down to a dashboard starts by {event.get('triggers')}", _DRILLDOWNS)
    if unknown := set(action.get("config", {})) - {"useCurrentFilters", "useCurrentDateRange", "openInNewTab"}:
        yield ObjectFault(name, f"a drill-down to a dashboard has no {min(unknown)!r}", _DRILLDOWNS)
    reference = f"{index}:drilldown:{_DRILLDOWN}:{event.get('eventId')}:dashboardId"
    used.add(reference)
    if reference_id(line, reference, "dashboard") is None:
        yield ObjectFault(name, "a drill-down leads to no dashboard: it has no reference", _DRILLDOWNS)


def _grid_faults(name: str, panels: Sequence[Json]) -> Iterator[ObjectFault]:
    indices = [panel["panelIndex"] for panel in panels]
    if len(set(indices)) < len(indices):
        yield ObjectFault(name, "two panels have one panelIndex", _PANELS)
    places = [msgspec.convert(panel["gridData"], GridData) for panel in panels]
    for place in places:
        if place.x < 0 or place.y < 0 or place.w < 1 or place.h < 1 or place.x + place.w > _WIDTH:
            yield ObjectFault(f"{name}, panel {place.i}", f"doesn't fit the {_WIDTH} columns of the grid", _GRID)
    for first, second in itertools.combinations(places, 2):
        apart_x = first.x + first.w <= second.x or second.x + second.w <= first.x
        apart_y = first.y + first.h <= second.y or second.y + second.h <= first.y
        if not (apart_x or apart_y):
            yield ObjectFault(name, f"panels {first.i} and {second.i} lie on one another", _GRID)


def _control_faults(
    name: str, panels: Mapping[str, Json], line: Json, file: ObjectFile, used: set[str]
) -> Iterator[ObjectFault]:
    orders = [panel.get("order") for panel in panels.values()]
    if len(set(orders)) < len(orders):
        yield ObjectFault(name, "two controls have one order", _CONTROLS)
    for control_id, panel in panels.items():
        where = f"{name}, control {control_id}"
        if fault := convert_strictly(panel, ControlPanel):
            yield ObjectFault(where, fault, _CONTROLS)
            continue
        if panel["type"] != "optionsListControl" or panel["explicitInput"]["id"] != control_id:
            yield ObjectFault(where, "is no list of values of its own id", _CONTROLS)
        reference = f"controlGroup_{control_id}:optionsListDataView"
        used.add(reference)
        view_id = reference_id(line, reference, "index-pattern")
        field = panel["explicitInput"]["fieldName"]
        if view_id is None:
            yield ObjectFault(where, f"no reference {reference!r} to a data view", _CONTROL_REFERENCES)
        elif file.view_types(view_id).get(field) not in _LISTED:
            yield ObjectFault(
                where, f"{field!r} is no field of {view_id} whose values can be listed", _CONTROL_REFERENCES
            )

"""Build a dashboard as a saved object: panels on a grid, controls above them, ways to other dashboards. Pure.

Panels refer to objects of their own, so each can be opened, copied and put on other dashboards. Attributes are those of
version 8.9.0 of the type (``dashboard_saved_object/schema/v1/v1.ts``), which forbids all others. Drill-downs from
dashboard to dashboard are in the free licence; those to addresses are not, so links are formats of the data view.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.kibana.data_views import DataView
from pipeline.kibana.saved_object import Reference, SavedObject, embed_json

GRID_WIDTH = 48  # columns of Kibana's grid (``DASHBOARD_GRID_COLUMN_COUNT``)
DRILLDOWN = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"


class Panel(NamedTuple):
    """An object on a dashboard: how wide and high it is there, and which dashboard a click on a value of it opens."""

    item: SavedObject
    width: int
    height: int
    opens: str | None = None  # the id of a dashboard
    opens_as: str = ""  # what the click is called


class Control(NamedTuple):
    """A list of a field's values above the panels, to choose from."""

    field: str
    title: str


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard: rows of panels, from top to bottom."""

    id: str
    title: str
    description: str
    rows: tuple[tuple[Panel, ...], ...]
    controls: tuple[Control, ...] = ()
    control_view: DataView | None = None
    time_from: str = "now-7d"
    refresh_seconds: int = 60

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Return all panels, row by row."""
        return tuple(panel for row in self.rows for panel in row)


def text_object(text_id: str, title: str, markdown: str) -> SavedObject:
    """Return a panel of text."""
    # a line feed within a paragraph is a break in some versions
    markdown = re.sub(r"(?<!\n)\n(?!\n)", " ", markdown)
    state = {
        "title": title,
        "type": "markdown",
        "aggs": [],
        "params": {"fontSize": 12, "openLinksInNewTab": False, "markdown": markdown},
    }
    source = {"query": {"language": "kuery", "query": ""}, "filter": []}
    return SavedObject(
        type="visualization",
        id=text_id,
        attributes={
            "title": title,
            "description": "",
            "visState": embed_json(state),
            "uiStateJSON": "{}",
            "version": 1,
            "kibanaSavedObjectMeta": {"searchSourceJSON": embed_json(source)},
        },
    )


def dashboard_object(dashboard: Dashboard) -> SavedObject:
    """Return a dashboard as Kibana keeps it."""
    panels: list[dict[str, Any]] = []
    references: list[Reference] = []
    y = 0
    for row in dashboard.rows:
        x = 0
        for panel in row:
            plain, used = _place(panel, str(len(panels) + 1), x, y)
            panels.append(plain)
            references += used
            x += panel.width
        y += max(panel.height for panel in row)
    attributes: dict[str, Any] = {
        "title": dashboard.title,
        "description": dashboard.description,
        "version": 1,
        "panelsJSON": embed_json(panels),
        "optionsJSON": embed_json(
            {
                "useMargins": True,
                "syncColors": True,
                "syncCursor": True,
                "syncTooltips": False,
                "hidePanelTitles": False,
            }
        ),
        "timeRestore": True,
        "timeFrom": dashboard.time_from,
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 1000 * dashboard.refresh_seconds},
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": embed_json({"query": {"language": "kuery", "query": ""}, "filter": []})
        },
    }
    if dashboard.controls and dashboard.control_view:
        group, used = _controls(dashboard.id, dashboard.controls, dashboard.control_view)
        attributes["controlGroupInput"] = group
        references += used
    return SavedObject(type="dashboard", id=dashboard.id, attributes=attributes, references=tuple(references))


def _place(panel: Panel, index: str, x: int, y: int) -> tuple[dict[str, Any], list[Reference]]:
    """Return a panel at its place, and what it refers to."""
    name = f"panel_{index}"
    references = [Reference(f"{index}:{name}", panel.item.type, panel.item.id)]
    config: dict[str, Any] = {"enhancements": {}}
    if panel.item.type == "visualization":
        config["hidePanelTitles"] = True
    if panel.opens:
        event = f"{panel.item.id}-opens-{panel.opens}"
        action = {
            "factoryId": DRILLDOWN,
            "name": panel.opens_as,
            "config": {"useCurrentFilters": True, "useCurrentDateRange": True, "openInNewTab": False},
        }
        config["enhancements"] = {
            "dynamicActions": {"events": [{"eventId": event, "triggers": ["FILTER_TRIGGER"], "action": action}]}
        }
        references.append(Reference(f"{index}:drilldown:{DRILLDOWN}:{event}:dashboardId", "dashboard", panel.opens))
    plain = {
        "type": panel.item.type,
        "panelIndex": index,
        "panelRefName": name,
        "gridData": {"x": x, "y": y, "w": panel.width, "h": panel.height, "i": index},
        "embeddableConfig": config,
    }
    return plain, references


def _controls(dashboard_id: str, controls: Sequence[Control], view: DataView) -> tuple[dict[str, Any], list[Reference]]:
    """Return the controls of a dashboard, and what they refer to."""
    panels: dict[str, Any] = {}
    references = []
    for order, control in enumerate(controls):
        control_id = f"{dashboard_id}-{control.field.replace('.', '-').replace('@', '')}"
        panels[control_id] = {
            "type": "optionsListControl",
            "order": order,
            "width": "medium",
            "grow": True,
            "explicitInput": {
                "id": control_id,
                "fieldName": control.field,
                "title": control.title,
                "searchTechnique": "wildcard",
                "selectedOptions": [],
                "enhancements": {},
            },
        }
        references.append(Reference(f"controlGroup_{control_id}:optionsListDataView", "index-pattern", view.id))
    ignored = dict.fromkeys(("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False)
    group = {
        "controlStyle": "oneLine",
        "chainingSystem": "HIERARCHICAL",
        "ignoreParentSettingsJSON": embed_json(ignored),
        "panelsJSON": embed_json(panels),
    }
    return group, references

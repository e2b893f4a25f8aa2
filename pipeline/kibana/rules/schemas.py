"""State which keys each type's attributes have, as Kibana's schemas do. Pure.

All of them refuse keys that they don't know, here as in Kibana's ``schemas`` of the types; those of lens, map and
index-pattern, which Kibana takes as they come, are the keys that its code reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_PLATFORM = "src/platform/plugins/shared"
_XPACK = "x-pack/platform/plugins/shared"
SCHEMA_SOURCES: Mapping[str, str] = {
    "index-pattern": f"{_PLATFORM}/data_views/server/saved_objects/data_views.ts",
    "lens": f"{_XPACK}/lens/server/content_management/v0/schema/common.ts",
    "map": f"{_XPACK}/maps/server/saved_objects/setup_saved_objects.ts",
    "search": f"{_PLATFORM}/saved_search/server/saved_objects/schema_legacy.ts",
    "visualization": f"{_PLATFORM}/visualizations/server/saved_objects/visualization.ts",
    "dashboard": f"{_PLATFORM}/dashboard/server/dashboard_saved_object/schema/v1/v1.ts",
}


class _Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table that has no other keys."""


class ReferenceLine(_Exact, frozen=True, forbid_unknown_fields=True):
    """A reference."""

    name: str
    type: str
    id: str


class SavedLine(_Exact, frozen=True, forbid_unknown_fields=True):
    """A line of the file."""

    type: str
    id: str
    attributes: dict[str, Any]
    references: list[ReferenceLine]
    managed: bool
    coreMigrationVersion: str  # noqa: N815 - Kibana's names
    typeMigrationVersion: str  # noqa: N815


class _SearchMeta(_Exact, frozen=True, forbid_unknown_fields=True):
    searchSourceJSON: str  # noqa: N815


class ViewAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a data view."""

    title: str
    name: str
    timeFieldName: str  # noqa: N815
    fields: str = "[]"
    fieldAttrs: str = "{}"  # noqa: N815
    fieldFormatMap: str = "{}"  # noqa: N815
    runtimeFieldMap: str = "{}"  # noqa: N815
    sourceFilters: str = "[]"  # noqa: N815
    typeMeta: str = "{}"  # noqa: N815
    type: str = ""
    allowNoIndex: bool = False  # noqa: N815


class LensState(_Exact, frozen=True, forbid_unknown_fields=True):
    """How a Lens chart is kept."""

    datasourceStates: dict[str, Any]  # noqa: N815
    visualization: dict[str, Any]
    query: dict[str, Any]
    filters: list[Any]
    adHocDataViews: dict[str, Any] = {}  # noqa: N815
    internalReferences: list[Any] = []  # noqa: N815


class LensAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a Lens chart."""

    title: str
    visualizationType: str  # noqa: N815
    state: LensState
    description: str = ""
    version: int = 1


class MapAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a map."""

    title: str
    layerListJSON: str  # noqa: N815
    mapStateJSON: str  # noqa: N815
    uiStateJSON: str = "{}"  # noqa: N815
    description: str = ""


class _SearchGrid(_Exact, frozen=True, forbid_unknown_fields=True):
    columns: dict[str, Any] = {}


class SearchAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a saved search, at version 8.8.0 of the type."""

    title: str
    kibanaSavedObjectMeta: _SearchMeta  # noqa: N815
    description: str = ""
    columns: list[str] = []
    sort: list[list[str]] = []
    grid: _SearchGrid = _SearchGrid()
    rowHeight: int = 0  # noqa: N815
    rowsPerPage: int = 0  # noqa: N815
    hideChart: bool = False  # noqa: N815
    breakdownField: str = ""  # noqa: N815
    isTextBasedQuery: bool = False  # noqa: N815
    timeRestore: bool = False  # noqa: N815


class TextAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a panel of text, at version 8.8.0 of the type visualization."""

    title: str
    visState: str  # noqa: N815
    uiStateJSON: str = "{}"  # noqa: N815
    description: str = ""
    version: int = 1
    kibanaSavedObjectMeta: _SearchMeta | None = None  # noqa: N815


class _RefreshInterval(_Exact, frozen=True, forbid_unknown_fields=True):
    pause: bool
    value: int


class _ControlGroup(_Exact, frozen=True, forbid_unknown_fields=True):
    panelsJSON: str  # noqa: N815
    controlStyle: str  # noqa: N815
    chainingSystem: str  # noqa: N815
    ignoreParentSettingsJSON: str  # noqa: N815


class DashboardAttributes(_Exact, frozen=True, forbid_unknown_fields=True):
    """Of a dashboard, at version 8.9.0 of the type."""

    title: str
    panelsJSON: str  # noqa: N815
    optionsJSON: str  # noqa: N815
    kibanaSavedObjectMeta: _SearchMeta  # noqa: N815
    description: str = ""
    timeRestore: bool = False  # noqa: N815
    timeFrom: str = ""  # noqa: N815
    timeTo: str = ""  # noqa: N815
    refreshInterval: _RefreshInterval | None = None  # noqa: N815
    controlGroupInput: _ControlGroup | None = None  # noqa: N815
    version: int = 1


ATTRIBUTES: Mapping[str, type[msgspec.Struct]] = {
    "index-pattern": ViewAttributes,
    "lens": LensAttributes,
    "map": MapAttributes,
    "search": SearchAttributes,
    "visualization": TextAttributes,
    "dashboard": DashboardAttributes,
}


class GridData(_Exact, frozen=True, forbid_unknown_fields=True):
    """Where a panel stands on the grid."""

    x: int
    y: int
    w: int
    h: int
    i: str


class DashboardPanel(_Exact, frozen=True, forbid_unknown_fields=True):
    """A panel that refers to an object (``dashboard_saved_object/schema/v2/types.ts``)."""

    type: str
    panelIndex: str  # noqa: N815
    panelRefName: str  # noqa: N815
    gridData: GridData  # noqa: N815
    embeddableConfig: dict[str, Any]  # noqa: N815


class ControlInput(_Exact, frozen=True, forbid_unknown_fields=True):
    """What a control offers."""

    id: str
    fieldName: str  # noqa: N815
    title: str
    searchTechnique: str = "prefix"  # noqa: N815
    selectedOptions: list[Any] = []  # noqa: N815
    singleSelect: bool = False  # noqa: N815
    enhancements: dict[str, Any] = {}


class ControlPanel(_Exact, frozen=True, forbid_unknown_fields=True):
    """A control (``kbn-controls-schemas``)."""

    type: str
    order: int
    width: str
    grow: bool
    explicitInput: ControlInput  # noqa: N815


def convert_strictly(value: Any, kind: Any) -> str | None:
    """Return why a value is not of a kind, None where it is."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return None

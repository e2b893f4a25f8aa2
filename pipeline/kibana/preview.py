"""Write a page with a picture of every panel, out of the searches that the saved objects make. Pure.

It shows what the dashboards show where there is no Kibana: the figures are those that Kibana would be answered, the
drawing is ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from pipeline.errors import UsageError
from pipeline.kibana.panel_answers import Panels
from pipeline.kibana.pictures import draw_panel, draw_places
from pipeline.kibana.time_steps import TimeRange
from pipeline.kibana.value_texts import write_time, write_value

Json = Mapping[str, Any]

_ROW_PIXELS = 21  # about a row of Kibana's grid
_COLUMN_PIXELS, _INSET = 28.5, 26  # a column of it, and what a panel has around its picture
_ROWS_OF_A_SEARCH = 8
_WIDEST_CELL = 60  # characters
_STYLE = """
body { font: 13px/1.35 system-ui, sans-serif; margin: 0; padding: 16px; width: 1368px }
body { background: #f5f7fa; color: #1a1c21 }
h1 { font-size: 20px } h1 small { font-weight: normal; color: #69707d; font-size: 13px }
.board { display: grid; grid-template-columns: repeat(48, 1fr); gap: 8px; margin-bottom: 32px }
.panel { background: #fff; border: 1px solid #d3dae6; border-radius: 6px; padding: 8px; overflow: hidden }
.panel h2 { font-size: 13px; margin: 0 0 2px } .panel .what { color: #69707d; margin: 0 0 6px; font-size: 11.5px }
svg { width: 100%; height: auto } svg text { font: 11.5px system-ui, sans-serif; fill: #343741 }
svg .end { text-anchor: end } svg .cell { text-anchor: middle; font-size: 10px } svg .faint { fill: #69707d }
svg .axis { stroke: #98a2b3 } svg .sea { fill: #eef3f8 } svg .degree { stroke: #d3dae6 }
svg .place { fill: #0072b2; fill-opacity: .55; stroke: #fff }
table { border-collapse: collapse; width: 100%; font-size: 11.5px }
th { text-align: left; border-bottom: 2px solid #d3dae6 }
td { border-bottom: 1px solid #eef0f4; padding: 2px 6px 2px 0 } .figure { font-size: 32px; margin: 6px 0 0 }
.unit, .more, .nothing { color: #69707d; margin: 0 } .cloud { line-height: 1.5 }
"""


def write_page(panels: Panels, time_of: Callable[[Json], TimeRange], *, note: str) -> str:
    """Return the page.

    Args:
        panels: the saved objects, and Elasticsearch behind them.
        time_of: dashboard → the time that it is drawn for.
        note: stands above all: what the page is.
    """
    boards = "".join(_board(panels, dashboard, time_of(dashboard)) for dashboard in panels.of_kind("dashboard"))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>newswire in Kibana: a preview</title>"
        f"<style>{_STYLE}</style></head><body><p>{escape(note)}</p>{boards}</body></html>\n"
    )


def write_board(panels: Panels, dashboard: Json, time: TimeRange) -> str:
    """Return a page with one dashboard."""
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><style>{_STYLE}</style></head>"
        f"<body>{_board(panels, dashboard, time)}</body></html>\n"
    )


def _board(panels: Panels, dashboard: Json, time: TimeRange) -> str:
    attributes = dashboard["attributes"]
    bounds = " to ".join(write_time(moment.timestamp() * 1000) for moment in time)
    parts = [_panel(panels, panel, line, time) for panel, line in panels.panels_of(dashboard)]
    return (
        f"<h1 id='{escape(dashboard['id'])}'>{escape(attributes['title'])} <small>{escape(bounds)} (UTC)</small></h1>"
        f"<div class='board'>{''.join(parts)}</div>"
    )


def _panel(panels: Panels, panel: Json, line: Json, time: TimeRange) -> str:
    place, attributes = panel["gridData"], line["attributes"]
    style = (
        f"grid-column: {place['x'] + 1} / span {place['w']}; grid-row: {place['y'] + 1} / span {place['h']}; "
        f"min-height: {place['h'] * _ROW_PIXELS - 18}px"
    )
    wide = round(place["w"] * _COLUMN_PIXELS) - _INSET
    head = f"<h2>{escape(attributes['title'])}</h2><p class='what'>{escape(attributes.get('description', ''))}</p>"
    return f"<div class='panel' style='{style}'>{head}{_content(panels, line, time, wide)}</div>"


def _content(panels: Panels, line: Json, time: TimeRange, wide: int) -> str:
    """Return what a panel shows; where its index isn't there yet, that it isn't."""
    if line["type"] == "visualization":
        return f"<p>{_plain_markdown(json.loads(line['attributes']['visState'])['params']['markdown'])}</p>"
    if not panels.view_of(line).types.keys() - panels.view_of(line).runtime.keys():
        return f"<p class='nothing'>there is no index {escape(panels.view_of(line).pattern)} yet</p>"
    try:
        if line["type"] == "lens":
            return draw_panel(line, panels.chart_rows(line, time), panels.formats_of(line), wide)
        if line["type"] == "map":
            return draw_places(panels.map_cells(line, time), wide)
        return _search(panels, line, time)
    except UsageError as error:
        return f"<p class='nothing'>{escape(str(error))}</p>"


def _plain_markdown(text: str) -> str:
    """Return a text in Markdown as HTML, as far as ours use it: bold, italics, code, links without their targets."""
    html = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", escape(text, quote=False))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html))


def _search(panels: Panels, line: Json, time: TimeRange) -> str:
    count, hits = panels.search_hits(line, time)
    columns, types, formats = line["attributes"]["columns"], panels.view_of(line).types, panels.formats_of(line)
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    rows = []
    for hit in hits[:_ROWS_OF_A_SEARCH]:
        cells = []
        for column in columns:
            values = [
                write_value(value, _kind(types[column], value), formats.get(column)) for value in hit.get(column, [])
            ]
            text = ", ".join(values)
            cells.append(f"<td>{escape(text if len(text) <= 60 else text[:59] + '…')}</td>")  # noqa: PLR2004 - a cell
        rows.append(f"<tr>{''.join(cells)}</tr>")
    body = f"<tbody>{''.join(rows)}</tbody>"
    return f"<table><thead><tr>{head}</tr></thead>{body}</table><p class='more'>{count:,} in all</p>"


def _kind(field_type: str, value: Any) -> str:
    """Return how a value of a search is written: dates come as text already."""
    return "date" if field_type == "date" and isinstance(value, int | float) else "string"

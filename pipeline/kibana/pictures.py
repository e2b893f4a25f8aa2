"""Draw Kibana's panels as SVG or HTML of our own, out of the same figures. Pure.

They are no screenshots: kinds of charts, order and figures are the panel's, colours and type are ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from pipeline.kibana.lens_rows import Row
from pipeline.kibana.picture_data import Grid, Series, Write, arrange, make_writer
from pipeline.kibana.value_texts import NOTHING, write_time

Json = Mapping[str, Any]

# Okabe and Ito's palette, which people of all kinds of colour sight tell apart, and more of its like
COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#7f7f7f",
    "#b3a100",
    "#5e4fa2",
    "#8c564b",
    "#66c2a5",
    "#f4a582",
)
_CHARACTER = 6.9  # width of one, about
_ROW, _LINE, _CELL = 20, 16, 22  # heights
_PLOT = 190  # height of a chart over time
_ROWS_OF_A_TABLE = 10
_WIDEST_CELL = 60  # characters
_EARTH = (360.0, 150.0)  # degrees that are drawn, without the poles


def draw_panel(lens: Json, rows: Sequence[Row], formats: Json, wide: int) -> str:
    """Return the picture of a Lens chart.

    Args:
        lens: the saved object.
        rows: what was answered.
        formats: field → format of the data view.
        wide: pixels that it has.
    """
    state = lens["attributes"]["state"]
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    columns = layer["columns"]
    write, labels = make_writer(columns, formats), {name: column["label"] for name, column in columns.items()}
    drawing, kind = state["visualization"], lens["attributes"]["visualizationType"]
    if kind == "lnsMetric":
        return _figure(write, drawing["metricAccessor"], rows, labels)
    if not rows or all(not row[name] for row in rows for name in row if not columns[name]["isBucketed"]):
        return '<p class="nothing">nothing in this time</p>'
    if kind == "lnsDatatable":
        return _table([column["columnId"] for column in drawing["columns"]], rows, write, labels)
    if kind == "lnsTagcloud":
        return _cloud(rows, drawing, write)
    return _draw_chart(_Canvas(wide, write), lens, rows, labels)


def _draw_chart(canvas: _Canvas, lens: Json, rows: Sequence[Row], labels: Json) -> str:
    state = lens["attributes"]["state"]
    drawing, kind = state["visualization"], lens["attributes"]["visualizationType"]
    if kind == "lnsPie":
        (part,) = drawing["layers"]
        return canvas.donut(rows, part["primaryGroups"][0], part["metrics"][0])
    if kind == "lnsHeatmap":
        grid = arrange(rows, drawing["xAccessor"], [drawing["valueAccessor"]], drawing["yAccessor"], labels)
        return canvas.heatmap(grid, drawing["xAccessor"], drawing["yAccessor"])
    (part,) = drawing["layers"]
    grid = arrange(rows, part["xAccessor"], part["accessors"], part.get("splitAccessor"), labels)
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    if layer["columns"][part["xAccessor"]]["dataType"] == "date":
        return canvas.over_time(grid, part["seriesType"])
    return canvas.bars(grid, part["xAccessor"])


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _figure(write: Write, column: str, rows: Sequence[Row], labels: Json) -> str:
    value = write(column, rows[0][column]) if rows else NOTHING
    return f'<p class="figure">{escape(value)}</p><p class="unit">{escape(labels[column])}</p>'


def _table(columns: Sequence[str], rows: Sequence[Row], write: Write, labels: Json) -> str:
    head = "".join(f"<th>{escape(labels[column])}</th>" for column in columns)
    lines = []
    for row in rows[:_ROWS_OF_A_TABLE]:
        cells = (escape(_cut(write(column, row[column]), _WIDEST_CELL)) for column in columns)
        lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    left_over = len(rows) - _ROWS_OF_A_TABLE
    extra = f"<p class='more'>{left_over} extra</p>" if left_over > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{extra}"


def _cloud(rows: Sequence[Row], drawing: Json, write: Write) -> str:
    most = max(float(row[drawing["valueAccessor"]]) for row in rows)
    words = []
    for position, row in enumerate(rows):
        share = float(row[drawing["valueAccessor"]]) / most
        size = drawing["minFontSize"] + share * (drawing["maxFontSize"] - drawing["minFontSize"])
        word = escape(write(drawing["tagAccessor"], row[drawing["tagAccessor"]]))
        words.append(f'<span style="font-size:{size * 0.7:.0f}px;color:{_colour(position)}">{word}</span>')
    return f'<p class="cloud">{" ".join(words)}</p>'


def _colour(position: int) -> str:
    return COLOURS[position % len(COLOURS)]


def _rect(x: float, y: float, width: float, height: float, colour: str, extra: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"{extra}/>'


def _text(x: float, y: float, text: str, kind: str = "", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{extra}>{escape(text)}</text>'


class _Canvas:
    """A picture of a width, on which values are written as the data view says."""

    def __init__(self, wide: int, write: Write) -> None:
        self._wide = wide
        self._write = write

    def _svg(self, height: float, parts: Sequence[str]) -> str:
        return f'<svg viewBox="0 0 {self._wide} {height:.0f}" role="img">{"".join(parts)}</svg>'

    def donut(self, rows: Sequence[Row], group: str, measure: str) -> str:
        total = sum(float(row[measure]) for row in rows)
        radius = min(70.0, self._wide / 6)
        centre, parts, begun = radius + 24, [], 0.0
        around, left = 2 * math.pi * radius, 2 * radius + 62
        for position, row in enumerate(rows):
            share = float(row[measure]) / total
            parts.append(
                f'<circle cx="{centre:.0f}" cy="{centre:.0f}" r="{radius:.1f}" fill="none" '
                f'stroke="{_colour(position)}" '
                f'stroke-width="{radius * 0.6:.0f}" stroke-dasharray="{share * around:.2f} {around:.2f}" '
                f'stroke-dashoffset="{-begun * around:.2f}" transform="rotate(-90 {centre:.0f} {centre:.0f})"/>'
            )
            label = f"{self._write(group, row[group])}: {self._write(measure, row[measure])} ({100 * share:.0f} %)"
            y = 20.0 + position * _ROW
            parts.append(_rect(left, y - 10, 10, 10, _colour(position)))
            parts.append(_text(left + 15, y, _cut(label, int((self._wide - left - 15) / _CHARACTER))))
            begun += share
        return self._svg(max(2 * centre, 20 + _ROW * len(rows)), parts)

    def _legend(self, series: Sequence[Series]) -> tuple[list[str], float]:
        """Return the names of the series with their colours, and how high that is."""
        if len(series) == 1:
            return [], 4.0
        parts, x, line = [], 4.0, 14.0
        for position, series_item in enumerate(series):
            name = _cut(series_item.name, 24)
            width = 26 + _CHARACTER * len(name)
            if x + width > self._wide:
                x, line = 4.0, line + _LINE
            parts += [_rect(x, line - 10, 10, 10, _colour(position)), _text(x + 14, line, name)]
            x += width
        return parts, line + 8

    def bars(self, grid: Grid, x: str) -> str:
        parts, top = self._legend(grid.series)
        label = min(190.0, 0.42 * self._wide)
        totals = [
            sum(series.figures[position] or 0 for series in grid.series) for position in range(len(grid.categories))
        ]
        most, room = max(map(abs, totals)) or 1, self._wide - label - 60
        for position, category in enumerate(grid.categories):
            y, begun = top + position * _ROW, label
            name = _cut(self._write(x, category), int(label / _CHARACTER))
            parts.append(_text(label - 6, y + 12, name, "end"))
            for number, series in enumerate(grid.series):
                width = room * abs(series.figures[position] or 0) / most
                parts.append(_rect(begun, y, width, _ROW - 5, _colour(number)))
                begun += width
            parts.append(_text(begun + 5, y + 12, self._write(grid.measure, totals[position])))
        return self._svg(top + 8 + _ROW * len(grid.categories), parts)

    def over_time(self, grid: Grid, kind: str) -> str:
        parts, top = self._legend(grid.series)
        stacked, count = "stacked" in kind, len(grid.categories)
        totals = [sum(series.figures[position] or 0 for series in grid.series) for position in range(count)]
        figures = [figure for series in grid.series for figure in series.figures if figure is not None]
        most = (max(totals) if stacked else max(figures, default=0)) or 1
        bottom, base = top + 14 + _PLOT, [0.0] * count
        for number, series in enumerate(grid.series):
            heights = [None if figure is None else _PLOT * figure / most for figure in series.figures]
            draw = self._columns if kind.startswith("bar") else self._line
            part = (number, 1 if stacked else len(grid.series))
            parts += draw(part, heights, base if stacked else [0.0] * count, bottom)
            base = [below + (height or 0) for below, height in zip(base, heights, strict=True)]
        parts.append(f'<line x1="4" x2="{self._wide - 4}" y1="{bottom}" y2="{bottom}" class="axis"/>')
        ends = [write_time(float(grid.categories[position])) for position in (0, -1)]
        parts += [_text(4, bottom + 16, ends[0]), _text(self._wide - 4, bottom + 16, ends[1], "end")]
        parts.append(_text(4, top + 10, f"highest: {self._write(grid.measure, most)}", "faint"))
        return self._svg(bottom + 22, parts)

    def _columns(
        self, part: tuple[int, int], heights: Sequence[float | None], base: Sequence[float], bottom: float
    ) -> Iterator[str]:
        number, beside = part
        step = (self._wide - 8) / len(heights)
        width = step * 0.85 / beside
        for position, height in enumerate(heights):
            if height:
                x = 4 + step * position + (number * width if beside > 1 else 0)
                yield _rect(x, bottom - base[position] - height, width, height, _colour(number))

    def _line(
        self, part: tuple[int, int], heights: Sequence[float | None], base: Sequence[float], bottom: float
    ) -> Iterator[str]:
        colour, step = _colour(part[0]), (self._wide - 8) / len(heights)
        spots = [
            (4 + step * (position + 0.5), position) for position, height in enumerate(heights) if height is not None
        ]
        points = [(x, bottom - base[position] - (heights[position] or 0)) for x, position in spots]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>'

    def heatmap(self, grid: Grid, x: str, y: str) -> str:
        most = max(figure or 0 for series in grid.series for figure in series.figures) or 1
        series, columns = list(grid.series), list(enumerate(grid.categories))
        if all(isinstance(category, int | float) for category in grid.categories):
            columns.sort(key=lambda column: column[1])
            series.sort(key=lambda series_item: series_item.name)
        left = 110.0
        wide = (self._wide - left - 4) / len(columns)
        parts = []
        for row, series_item in enumerate(series):
            down = row * _CELL + 2
            parts.append(_text(left - 6, down + 14, _cut(self._write(y, series_item.name), 16), "end"))
            for column, (position, _) in enumerate(columns):
                if figure := series_item.figures[position]:
                    at, shade = left + column * wide, f' fill-opacity="{0.15 + 0.6 * figure / most:.2f}"'
                    parts.append(_rect(at, down, wide - 1, _CELL - 2, COLOURS[0], shade))
                    parts.append(_text(at + wide / 2, down + 14, f"{figure:,.0f}", "cell"))
        bottom = len(series) * _CELL + 14
        for column, (_, category) in enumerate(columns):
            at, label = left + (column + 0.5) * wide, _cut(self._write(x, category), 22)
            parts.append(_text(at, bottom, label, "end", f' transform="rotate(-40 {at:.1f} {bottom:.1f})"'))
        longest = max(len(_cut(self._write(x, category), 22)) for category in grid.categories)
        return self._svg(bottom + 8 + 4.2 * longest, parts)


def draw_places(cells: Sequence[tuple[float, float, int]], wide: int) -> str:
    """Return places on a plain grid of degrees: latitude, longitude and count of each cell."""
    scale = wide / _EARTH[0]
    high = _EARTH[1] * scale
    parts = [f'<rect width="{wide}" height="{high:.0f}" class="sea"/>']
    for degrees in range(-150, 180, 30):
        x = (degrees + 180) * scale
        parts.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="0" y2="{high:.0f}" class="degree"/>')
    for degrees in range(-30, 90, 30):
        y = (85 - degrees) * scale
        parts.append(f'<line x1="0" x2="{wide}" y1="{y:.0f}" y2="{y:.0f}" class="degree"/>')
    most = max((count for _, _, count in cells), default=1)
    for latitude, longitude, count in sorted(cells, key=lambda cell: -cell[2]):
        x, y = (longitude + 180) * scale, (85 - latitude) * scale
        radius = 4 + 14 * math.sqrt(count / most)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="place"/>')
        parts.append(_text(x, y + 4, str(count), "cell"))
    name = "<title>where the spots named lie, on a grid of 30 degrees; no coasts are drawn</title>"
    return f'<svg viewBox="0 0 {wide} {high:.0f}" role="img">{name}{"".join(parts)}</svg>'

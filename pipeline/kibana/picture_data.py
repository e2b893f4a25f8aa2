"""Arrange a chart's rows for drawing: categories, series and the figure of each pair. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pipeline.kibana.lens_rows import Row
from pipeline.kibana.value_texts import write_value

Json = Mapping[str, Any]
Write = Callable[[str, Any], str]  # column and value → text


class Series(NamedTuple):
    """A series: its name, and a figure for each category, None where there is none."""

    name: str
    figures: tuple[float | None, ...]


class Grid(NamedTuple):
    """What a chart of bars, lines or cells draws."""

    categories: tuple[Any, ...]
    series: tuple[Series, ...]
    measure: str  # the column that gives the figures, to write them


def make_writer(columns: Json, formats: Json) -> Write:
    """Return the function that writes a column's values, in the formats of the data view.

    Args:
        columns: the columns of the chart.
        formats: field → format.
    """

    def write(column_id: str, value: Any) -> str:
        column = columns[column_id]
        counted = column["operationType"] in {"count", "unique_count"}
        style = None if counted else formats.get(column.get("sourceField", ""))
        return write_value(value, column["dataType"], style)

    return write


def arrange(rows: Sequence[Row], x: str, measures: Sequence[str], split: str | None, labels: Json) -> Grid:
    """Return rows as a grid.

    Args:
        rows: of the chart.
        x: the column of the categories.
        measures: the columns of the figures: one where there is a split.
        split: the column of the series; None: each measure is a series.
        labels: column → what it is called.
    """
    categories = tuple(dict.fromkeys(row[x] for row in rows))
    if split is None:
        by_category = {row[x]: row for row in rows}
        series = [
            Series(labels[measure], tuple(_figure(by_category[name][measure]) for name in categories))
            for measure in measures
        ]
    else:
        cells = {(row[split], row[x]): _figure(row[measures[0]]) for row in rows}
        names = dict.fromkeys(row[split] for row in rows)
        series = [Series(str(name), tuple(cells.get((name, category)) for category in categories)) for name in names]
    return Grid(categories, tuple(series), measures[0])


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)

"""Write values as Kibana's field formats show them, for our own pictures of its panels. Pure.

The formats are those that the data views here use (``field_formats/common/converters``): percent, duration, names of
codes, links, numbers, dates.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_SECONDS_OF = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0}
_UNITS = ((365 * 86400.0, "y"), (30 * 86400.0, "mon"), (86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
_KILO = 1000.0
NOTHING = "–"


def write_value(value: Any, kind: str, style: Json | None) -> str:
    """Return a value as text.

    Args:
        value: what Elasticsearch answered.
        kind: Lens's type of the column: string, number, date, boolean.
        style: the format of the field in the data view, where it has one.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if kind == "date":
        return write_time(float(value))
    known = _by_style(value, style) if style else None
    if known is not None:
        return known
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= _KILO else f"{value:,.2f}"
    return str(value)


def _by_style(value: Any, style: Json) -> str | None:
    """Return a value in a format of the data view, None where the format leaves it as it is."""
    params = style.get("params", {})
    if style["id"] == "static_lookup":
        names = {entry["key"]: entry["value"] for entry in params["lookupEntries"]}
        return str(names.get(str(value), value))
    if not isinstance(value, float | int):
        return None
    if style["id"] == "percent":
        return f"{100 * value:.0f}%"
    if style["id"] == "duration":
        return write_duration(value * _SECONDS_OF[params["inputFormat"]])
    if style["id"] == "bytes":
        return f"{value / 1024**2:,.0f} MB"
    return f"{value:.0f}" if style["id"] == "number" else None


def write_time(milliseconds: float) -> str:
    """Return a time: ``20 Nov 2026, 15:00``."""
    return f"{dt.datetime.fromtimestamp(milliseconds / _KILO, dt.UTC):%-d %b %Y, %H:%M}"


def write_duration(seconds: float) -> str:
    """Return a duration in the largest unit that it has one of: ``3 h``, ``1.5 min``."""
    if not seconds:
        return "0"
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(seconds) >= size), _UNITS[-1])
    amount = seconds / size
    return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"  # noqa: PLR2004 - two digits

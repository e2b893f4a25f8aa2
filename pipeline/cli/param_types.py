"""Define the types of options and arguments that click lacks."""

from __future__ import annotations

import datetime as dt

import click

from pipeline.dates import parse_iso


class TimeParam(click.ParamType[dt.datetime]):
    """A date or time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the aware time."""
        try:
            return parse_iso(str(value), dt.UTC)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-20 or 2026-11-20T08:00Z", param, ctx)

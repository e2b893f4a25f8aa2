"""Define the types of options and arguments that click lacks."""

from __future__ import annotations

import datetime as dt

import click
import dateutil.parser


class TimeParam(click.ParamType[dt.datetime]):
    """A date or time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the aware time."""
        try:
            time = dateutil.parser.isoparse(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-20 or 2026-11-20T08:00Z", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=dt.UTC)

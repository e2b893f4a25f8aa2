"""Define the types of options and arguments that click lacks."""

from __future__ import annotations

import datetime as dt

import click

from pipeline.errors import UsageError
from pipeline.moments import parse_moment

MOST = 10**12  # things that a ledger counts or a command may be asked for; databases count no further than 2**63
MOST_DAYS = 100_000  # a time that lies further back is in no calendar


class TimeParam(click.ParamType[dt.datetime]):
    """A date or time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the time in UTC."""
        try:
            return value if isinstance(value, dt.datetime) else parse_moment(self.name, str(value))
        except UsageError as error:
            self.fail(str(error).partition(": ")[2], param, ctx)

"""Define the options that several commands have."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from typing import Any

import click

from pipeline.decisions import DecisionAuthor
from pipeline.errors import UsageError


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--by`` and ``--note``, which reach it as ``author``."""

    @click.option("--by", metavar="NAME", default=getpass.getuser, help="Who decides.  [default: the user]")
    @click.option("--note", metavar="TEXT", help="Why; kept with the decision.")
    @functools.wraps(command)
    def with_author(*args: Any, by: str, note: str | None, **options: Any) -> Any:
        return command(*args, author=DecisionAuthor(name=by, note=note), **options)

    return with_author


def parse_filters(options: tuple[str, ...], name: str = "filter") -> dict[str, tuple[str, ...]]:
    """Return field → values of the options ``--name field=value``.

    Raises:
        UsageError: One of them isn't written so.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for option in options:
        field, mark, value = option.partition("=")
        if not mark or not field or not value:
            raise UsageError(f"--{name} {option!r}: write it as field=value, such as source='The Example Times'")
        filters[field] = (*filters.get(field, ()), value)
    return filters

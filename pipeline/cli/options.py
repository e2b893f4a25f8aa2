"""Define the options that every editor's decision has."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any

import click


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``by``, the user where none is named, and ``note``."""
    command = click.option("--note", metavar="TEXT", help="Why; kept with the decision.")(command)
    return click.option("--by", metavar="NAME", default=getpass.getuser, help="Who decides.  [default: the user]")(
        command
    )

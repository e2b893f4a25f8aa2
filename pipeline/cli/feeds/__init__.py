"""Define newswire feeds: the sources that are read, and how well each is read."""

from __future__ import annotations

import click

from pipeline.cli.feeds.add import add_command, remove_command
from pipeline.cli.feeds.health import health_command
from pipeline.cli.feeds.list import check_command, list_command, parse_command
from pipeline.cli.feeds.simulate import simulate_command
from pipeline.cli.feeds.transfer import export_command, import_command


@click.group("feeds")
def feeds_command() -> None:
    """List feeds, and see what one holds."""


for _command in (
    add_command,
    check_command,
    export_command,
    health_command,
    import_command,
    list_command,
    parse_command,
    remove_command,
    simulate_command,
):
    feeds_command.add_command(_command)

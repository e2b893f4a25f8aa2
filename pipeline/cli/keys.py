"""Define newswire keys, which gives out keys for the API and takes them back."""

from __future__ import annotations

import datetime as dt

import click

from pipeline.access_scopes import AccessScope
from pipeline.cli.output import plain_text, print_json, print_note, print_table
from pipeline.context import open_context
from pipeline.errors import UnknownError

_LONGEST_NAME = 200


@click.group("keys")
def keys_command() -> None:
    """Give out keys for the API, each with its scopes, and take them back."""


@keys_command.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in AccessScope]),
    help="What it allows; may be repeated.",
)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="After which it is good for nothing.")
def add_key(name: str, scopes: tuple[str, ...], days: float | None) -> None:
    """Make a key for whoever NAME is, and print it this once: the ledger keeps its hash alone."""
    name = plain_text(name)[:_LONGEST_NAME]
    with open_context() as context, context.store.write() as connection:
        now = context.clock()
        expires = now + dt.timedelta(days=days) if days else None
        key = context.store.api_keys.add(connection, name, map(AccessScope, scopes), now, expires)
    click.echo(key)
    print_note(f"{name} may {', '.join(sorted(set(scopes)))}; the key is shown only now")


@keys_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """List the keys: whose each is, what it allows, and whether it is still good."""
    with open_context() as context:
        now = context.clock()
        with context.store.read() as connection:
            keys = context.store.api_keys.list_keys(connection)
    if as_json:
        print_json(keys)
        return
    rows = [
        (key.n, key.name, key.scopes, f"{key.created:%Y-%m-%d}", "good" if key.allowed(now) else _ending(key.revoked))
        for key in keys
    ]
    print_table(("number", "name", "scopes", "made", "state"), rows)


@keys_command.command("revoke")
@click.argument("number", type=click.IntRange(min=1))
def revoke_key(number: int) -> None:
    """Let the key of this NUMBER be good for nothing from now on."""
    with open_context() as context, context.store.write() as connection:
        if not context.store.api_keys.revoke(connection, number, context.clock()):
            raise UnknownError(f"there is no key {number} that is good; newswire keys list names all")
    print_note(f"key {number} is revoked")


def _ending(revoked: dt.datetime | None) -> str:
    return f"revoked {revoked:%Y-%m-%d}" if revoked else "expired"

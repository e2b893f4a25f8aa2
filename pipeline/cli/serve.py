"""Define newswire serve, which serves the search page and the API."""

from __future__ import annotations

import click
import msgspec

from pipeline.cli.output import print_note

_LAST_PORT = 65535


@click.command("serve")
@click.option("--host", help="The address to listen on.  [default: serve.host of newswire.toml]")
@click.option("--port", type=click.IntRange(1, _LAST_PORT), help="The port.  [default: serve.port of newswire.toml]")
@click.option(
    "--known-as",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name under which it is reached, beside serve.hosts and serve.public_url; may be repeated.",
)
@click.option(
    "--read-without-key", is_flag=True, help='Let everybody read who reaches it: serve.read_without_key = "always".'
)
def serve_command(host: str | None, port: int | None, names: tuple[str, ...], read_without_key: bool) -> None:
    """Serve the search page and the API."""
    from pipeline.context import open_context
    from pipeline.web.app import LOCK_WAIT_SECONDS, create_app, prepare_index
    from pipeline.web.auth import Access
    from pipeline.web.server import address_of, listen, serve

    with open_context(lock_wait_seconds=LOCK_WAIT_SECONDS) as context:
        configured = context.settings.serve
        settings = msgspec.structs.replace(
            configured,
            host=host or configured.host,
            port=port or configured.port,
            hosts=(*configured.hosts, *names),
            read_without_key="always" if read_without_key else configured.read_without_key,
        )
        if not Access(context, settings).is_open:
            print_note("newswire: who reads here needs a key (newswire keys add NAME --scope read)")
        with listen(settings.host, settings.port) as listener:
            if fault := prepare_index(context):
                print_note(f"newswire: {fault}")
            print_note(address_of(listener))
            serve(create_app(context, serve=settings), listener, settings)

"""Define newswire feeds list, check and parse: which feeds there are, and what each holds."""

from __future__ import annotations

import datetime as dt
import gzip
import sys
import zlib
from pathlib import Path

import click
import msgspec

from pipeline.cli.feeds.text import format_minute
from pipeline.cli.output import Failures, json_line_writer, print_table
from pipeline.errors import ItemError, UsageError
from pipeline.settings import load_settings, load_sources
from pipeline.workers import Workers


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def list_command(as_json: bool) -> None:
    """Show every configured feed and how its last poll went."""
    from pipeline.context import open_context

    with open_context() as context:
        context.store.feeds.sync_feeds(list(context.sources.values()), context.clock())
        with context.store.read() as connection:
            states = context.store.feeds.list_states(connection)
    if as_json:
        with json_line_writer(None) as emit:
            for state in states:
                emit(msgspec.structs.replace(state, seen=b""))  # keys that tell a reader nothing
        return
    head = ("source", "feed", "as", "format", "every min", "last polled", "due", "failures", "error")
    rows = [
        (
            state.source,
            state.url,
            state.role,
            state.format,
            round(state.every / 60, 1) if state.every else None,
            format_minute(state.polled, "never"),
            format_minute(state.due, "never"),
            state.failures,
            state.error,
        )
        for state in states
    ]
    print_table(head, rows)


@click.command("check")
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def check_command(names: tuple[str, ...], as_json: bool) -> None:
    """Read every feed (of SOURCES) once, now, and say what is there; the ledger is not touched.

    \f
    Raises:
        UsageError: No source has a name that was given.
    """
    from pipeline.feeds.discovery import probe_addresses
    from pipeline.records import to_plain

    sources = load_sources()
    if unknown := set(names) - {source.name for source in sources}:
        raise UsageError(f"no source is called {min(unknown)!r}; config/feeds.toml names the sources")
    wanted = [source for source in sources if not names or source.name in names]
    addresses = [(url, role) for source in wanted for role, url in source.feed_urls()]
    probes = probe_addresses(addresses, load_settings(), dt.datetime.now(dt.UTC))
    failures = Failures()
    if as_json:
        with json_line_writer(None) as emit:
            for probe in probes:
                emit({key: value for key, value in to_plain(probe).items() if key != "ids"})
    else:
        rows = [(p.url, p.role, p.format, p.entries, p.per_day, format_minute(p.latest)) for p in probes if not p.fault]
        print_table(("address", "as", "format", "entries", "a day", "latest"), rows)
    for probe in probes:
        if probe.fault:
            failures.add(probe.url, probe.fault)
    failures.exit()


@click.command("parse")
@click.argument("file")
@click.option("--url", help="The feed's address, for relative links.")
@click.option("--http-header", "headers", multiple=True, metavar="K:V", help="A header that it came with.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def parse_command(file: str, url: str | None, headers: tuple[str, ...], output: str | None) -> None:
    """Print one line per entry of a feed in FILE ("-": stdin; .gz is unpacked)."""
    from pipeline.feeds import FeedResponse, parse
    from pipeline.jsonlines import feed_item_to_line

    values = {key.strip().lower(): value.strip() for key, _, value in (h.partition(":") for h in headers)}
    settings = load_settings().poll
    document = FeedResponse(
        data=_read_bytes(file), url=url or "", now=dt.datetime.now(dt.UTC), content_type=values.get("content-type")
    )
    with Workers(parse, count=1, seconds=settings.parse_seconds, memory_mb=settings.memory_mb) as workers:
        (parsed,) = workers.map([document])
    failures = Failures()
    with json_line_writer(output) as emit:
        if isinstance(parsed, ItemError):
            failures.add(file, str(parsed))
        else:
            for item in parsed.items:
                emit(feed_item_to_line(item))
    failures.exit()


def _read_bytes(file: str) -> bytes:
    """Return what is in ``file`` ("-": stdin), unpacked.

    Raises:
        UsageError: The file can't be read.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{file}: can't be read: {error}") from error

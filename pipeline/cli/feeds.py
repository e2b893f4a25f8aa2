"""newswire feeds: which feeds there are, and what one holds."""

from __future__ import annotations

import datetime as dt
import gzip
import sys
import zlib
from pathlib import Path

import click

from pipeline.cli.output import Failures, table, writing
from pipeline.errors import ItemError, UsageError
from pipeline.settings import load_settings
from pipeline.workers import Workers


@click.group("feeds")
def feeds_command() -> None:
    """List feeds, and see what one holds."""


@feeds_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def list_command(as_json: bool) -> None:
    """Show every configured feed and how its last poll went."""
    from pipeline.stages import open_context

    with open_context() as context:
        context.store.feeds.configure(list(context.sources.values()), context.clock())
        states = context.store.feeds.all()
    if as_json:
        with writing(None) as emit:
            for state in states:
                emit(state)
        return
    rows = [(s.source, s.url, _minute(s.polled), _minute(s.due), s.failures, s.error) for s in states]
    table(("source", "feed", "last polled", "due", "failures", "error"), rows)


def _minute(time: dt.datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else "never"


@feeds_command.command("parse")
@click.argument("file")
@click.option("--url", help="The feed's address, for relative links.")
@click.option("--http-header", "headers", multiple=True, metavar="K:V", help="A header that it came with.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def parse_command(file: str, url: str | None, headers: tuple[str, ...], output: str | None) -> None:
    """Print one line per entry of a feed in FILE ("-": stdin; .gz is unpacked)."""
    from pipeline.feeds import Document, parse, to_line

    known = {key.strip().lower(): value.strip() for key, _, value in (h.partition(":") for h in headers)}
    settings = load_settings().poll
    document = Document(
        data=_bytes(file), url=url or "", now=dt.datetime.now(dt.UTC), content_type=known.get("content-type")
    )
    with Workers(parse, count=1, seconds=settings.parse_seconds, memory_mb=settings.memory_mb) as workers:
        (parsed,) = workers.map([document])
    failures = Failures()
    with writing(output) as emit:
        if isinstance(parsed, ItemError):
            failures.add(file, str(parsed))
        else:
            for item in parsed.items:
                emit(to_line(item))
    failures.exit()


def _bytes(file: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{file}: can't be read: {error}") from error

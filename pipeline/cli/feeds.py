"""newswire feeds: which feeds there are, and what one holds."""

from __future__ import annotations

import datetime as dt
import gzip
import sys
import zlib
from pathlib import Path

import click
import msgspec

from pipeline.cli.output import Failures, json_line_writer, print_table, read_json_objects
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
        context.store.feeds.sync_feeds(list(context.sources.values()), context.clock())
        states = context.store.feeds.list_states()
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
            _minute(state.polled),
            _minute(state.due),
            state.failures,
            state.error,
        )
        for state in states
    ]
    print_table(head, rows)


def _minute(time: dt.datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if time else "never"


@feeds_command.command("parse")
@click.argument("file")
@click.option("--url", help="The feed's address, for relative links.")
@click.option("--http-header", "headers", multiple=True, metavar="K:V", help="A header that it came with.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def parse_command(file: str, url: str | None, headers: tuple[str, ...], output: str | None) -> None:
    """Print one line per entry of a feed in FILE ("-": stdin; .gz is unpacked)."""
    from pipeline.feeds import FeedResponse, parse
    from pipeline.jsonlines import feed_item_to_line

    known = {key.strip().lower(): value.strip() for key, _, value in (h.partition(":") for h in headers)}
    settings = load_settings().poll
    document = FeedResponse(
        data=_bytes(file), url=url or "", now=dt.datetime.now(dt.UTC), content_type=known.get("content-type")
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


@feeds_command.command("simulate")
@click.argument("file", required=False)
@click.option(
    "--days", type=click.IntRange(min=2), default=28, show_default=True, help="Length of the invented traces."
)
@click.option("--feeds", type=click.IntRange(min=1), default=3, show_default=True, help="Invented feeds of each kind.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one invents other traces.")
@click.option("--traces", "only_traces", is_flag=True, help="Print the traces instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def simulate_command(file: str | None, days: int, feeds: int, seed: int, only_traces: bool, as_json: bool) -> None:
    """Replay when feeds published against the schedule and other rules; no network, no ledger.

    FILE holds traces as JSON lines (as --traces prints them); without it they are invented. The first half is for
    learning, the second one counts. Ours is shown with the interval at which it asks as often as the rule before it.
    """
    from pipeline.feeds.simulate import RuleResult, compare_rules
    from pipeline.feeds.traces import Trace, invent_traces

    replayed = invent_traces(days, feeds, seed)
    if file:
        failures = Failures()
        replayed = [msgspec.convert(line, Trace) for line in read_json_objects(file, failures)]
        failures.exit()
    if only_traces:
        with json_line_writer(None) as emit:
            for trace in replayed:
                emit(trace)
        return
    end = max((trace.arrivals[-1] for trace in replayed if trace.arrivals), default=0.0) if file else 24.0 * days
    head = ("rule", "kind", "requests", "articles", "median min", "p95 min", "mean min", "missed")
    made: list[RuleResult] = []
    compare_rules(replayed, since=end / 2, until=end, report=made.extend)
    if as_json:
        with json_line_writer(None) as emit:
            for row in made:
                emit(row)
        return
    never = "never"
    print_table(
        head,
        [
            (
                row.rule,
                row.kind,
                row.requests,
                row.articles,
                *((never if value is None and row.articles else value) for value in (row.median, row.p95, row.mean)),
                row.missed,
            )
            for row in made
        ],
    )


def _bytes(file: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{file}: can't be read: {error}") from error

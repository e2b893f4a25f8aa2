"""Define newswire feeds health: which feeds fail or fall behind, and what they missed."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import click
import msgspec

from pipeline.cli.feeds.text import format_minute
from pipeline.cli.output import json_line_writer, print_table
from pipeline.cli.param_types import MOST_DAYS
from pipeline.errors import UsageError


@click.command("health")
@click.option("--all", "show_all", is_flag=True, help="Also feeds that are well.")
@click.option(
    "--hours", type=click.FloatRange(1, MOST_DAYS), default=24.0, show_default=True, help="How far back gaps count."
)
@click.option("--source", "only", metavar="NAME", help="Only this source, its completeness hour by hour.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def health_command(show_all: bool, hours: float, only: str | None, as_json: bool) -> None:
    """Show which feeds are gone, failing, gapped, late, silent or moved, since when and why; the worst first.

    \f
    Raises:
        UsageError: No source has the name that was given.
    """
    from pipeline.context import open_context
    from pipeline.feeds.health import Condition, assess_feeds, measure_completeness

    with open_context() as context:
        now = context.clock()
        since = now - dt.timedelta(hours=hours)
        context.store.feeds.sync_feeds(list(context.sources.values()), now)
        if only is not None and only not in context.sources:
            raise UsageError(f"no source is called {only!r}; config/feeds.toml names the sources")
        with context.store.read() as connection:
            states = [state for state in context.store.feeds.list_states(connection) if only in {None, state.source}]
            gaps = [gap for gap in context.store.gaps.list_gaps(connection, since) if only in {None, gap.source}]
            counts = context.store.gaps.count_arrivals(connection, since)
        arrivals = {key: count for key, count in counts.items() if only in {None, key[0]}}
    feeds = assess_feeds(states, gaps, now)
    sources = measure_completeness(arrivals, gaps, since, by_hour=only is not None)
    if as_json:
        with json_line_writer(None) as emit:
            for feed in feeds:
                emit(feed)
            for part in sources:
                emit({**msgspec.to_builtins(part), "share": round(part.share, 4)})
        return
    conditions = Counter(feed.condition for feed in feeds)
    summary = ", ".join(f"{conditions[condition]} {condition}" for condition in Condition if conditions[condition])
    click.echo(f"{len(feeds)} feeds of {len({feed.source for feed in feeds})} sources: {summary or 'none'}")
    rows = [
        (feed.condition, feed.source, feed.feed, format_minute(feed.since), format_minute(feed.due), feed.why)
        for feed in feeds
        if show_all or feed.condition not in {Condition.WELL, Condition.NEW}
    ]
    if rows:
        click.echo()
        print_table(("is", "source", "feed", "since", "next", "why"), rows)
    parts = [part for part in sources if only or show_all or part.missed]
    if parts:
        click.echo()
        lines = [
            (p.source, f"{p.hour:%Y-%m-%d %H:00}" if p.hour else f"{hours:g} h", p.named, p.missed, f"{p.share:.1%}")
            for p in parts
        ]
        print_table(("source", "time", "articles", "missed, about", "complete"), lines)

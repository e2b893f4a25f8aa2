"""Define newswire search, which reads the index."""

from __future__ import annotations

import datetime as dt
import html
import re
import textwrap

import click

from pipeline.cli.copy_text import describe_document
from pipeline.cli.options import parse_filters
from pipeline.cli.output import plain_text, print_table, terminal_width
from pipeline.cli.param_types import TimeParam
from pipeline.context import open_context
from pipeline.index import Hit, Query, Results, TimeHistogram
from pipeline.index.query_language import is_read_as_typed
from pipeline.records import to_json

# How the beginning of each interval is written
_TIMES = {"hour": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}


@click.command("search")
@click.argument("query", default="")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only articles that have it.")
@click.option("--exclude", "excluded", multiple=True, metavar="FIELD=VALUE", help="No articles that have it.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field.")
@click.option("--facet-size", default=10, help="How many values of each.", show_default=True)
@click.option("--within", multiple=True, metavar="FIELD=TEXT", help="Of a facet, only values that hold a text.")
@click.option("--count", default="articles", help="What is counted: articles, or originals alone.", show_default=True)
@click.option("--interval", help="Count over time: by hour, day, week or month, or auto.")
@click.option("--by", metavar="FIELD", help="Over time, count the most frequent values of a field too.")
@click.option("--share", is_flag=True, help="Over time, say how many articles there are at all.")
@click.option("--sort", default="relevance", help="relevance, newest, oldest or arrived.")
@click.option("--since", type=TimeParam(), help="Published at this time or later.")
@click.option("--until", type=TimeParam(), help="Published before this time.")
@click.option("--size", default=10, help="How many hits.", show_default=True)
@click.option("--offset", default=0, help="Leave out so many hits.")
@click.option("--fold", is_flag=True, help="Show copies of one article as one hit.")
@click.option("--any", "any_word", is_flag=True, help="Any of the words is enough.")
@click.option("--fresh", is_flag=True, help="Let relevance halve with each week of an article's age.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def search_command(  # noqa: PLR0917  (click gives options as arguments)
    query: str,
    filters: tuple[str, ...],
    excluded: tuple[str, ...],
    facets: tuple[str, ...],
    facet_size: int,
    within: tuple[str, ...],
    count: str,
    interval: str | None,
    by: str | None,
    share: bool,
    sort: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
    size: int,
    offset: int,
    fold: bool,
    any_word: bool,
    fresh: bool,
    as_json: bool,
) -> None:
    """Search the index: words, "phrases", -not, OR, (brackets), begin*, field:value, last:7d."""
    request = Query(
        text=query,
        filters=parse_filters(filters),
        exclude=parse_filters(excluded, "exclude"),
        facets=facets,
        facet_size=facet_size,
        within={field: texts[-1] for field, texts in parse_filters(within, "within").items()},
        count=count,  # type: ignore[arg-type]  # the index checks these
        interval=interval,  # type: ignore[arg-type]
        by=by,
        share=share,
        sort=sort,  # type: ignore[arg-type]
        since=since,
        until=until,
        size=size,
        offset=offset,
        copies=not fold,
        match="any" if any_word else "all",
        fresh=fresh,
    )
    with open_context() as context:
        results = context.index.search(request)
    if as_json:
        click.echo(to_json(results))
    else:
        print_results(results, query)


def print_results(results: Results, line: str, width: int | None = None) -> None:
    """Print hits and facets of a search, and how its ``line`` was read where that isn't plain from it."""
    width = width or min(terminal_width(), 120)
    for hit in results.hits:
        _show_hit(hit, width)
    for warning in results.warnings:
        place = f" (character {warning.position})" if warning.position else ""
        click.echo(textwrap.fill(f"note: {plain_text(warning.message)}{place}", width, subsequent_indent="  "))
    if results.suggestion:
        click.echo(textwrap.fill(f"did you mean: {plain_text(results.suggestion)}", width, subsequent_indent="  "))
    if results.understood and (results.warnings or not is_read_as_typed(line, results.understood)):
        click.echo(textwrap.fill(f"read as: {plain_text(results.understood)}", width, subsequent_indent="  "))
    click.echo(f"{results.total} found" + (f" in {results.articles} articles" * (results.articles != results.total)))
    for field, counts in results.facets.items():
        counted = ", ".join(f"{value} ({count})" for value, count in counts)
        click.echo(textwrap.fill(f"{field}: {counted}", width, subsequent_indent="  "))
    if results.histogram:
        _print_histogram(results.histogram)


def _print_histogram(histogram: TimeHistogram) -> None:
    """Print counts over time as a table; hours, days and the like without an article are left out."""
    with_share = any(bucket.all is not None for bucket in histogram.buckets)
    rows = [
        (
            f"{bucket.start:{_TIMES[histogram.interval]}}",
            bucket.count,
            *([bucket.all, f"{bucket.share or 0:.2%}"] if with_share else []),
            *bucket.values,
        )
        for bucket in histogram.buckets
        if bucket.count
    ]
    heading = (histogram.interval, "articles", *(["of all", "share"] if with_share else []), *histogram.values)
    print_table(heading, rows)


def _show_hit(hit: Hit, width: int) -> None:
    document = hit.document
    when = f"{document.published:%Y-%m-%d %H:%M}" if document.published else "no date"
    title = document.title or textwrap.shorten(document.text, 80, placeholder=" …")
    click.echo(click.style(plain_text(title), bold=True))
    facts = plain_text(", ".join([str(document.source), when, *describe_document(document), *_describe_copies(hit)]))
    click.echo(f"  {facts}  [{document.id}]")
    if snippet := hit.highlights.get("text"):
        marked = plain_text(html.unescape(re.sub(r"</?mark>", "*", " ".join(snippet.split()))))
        click.echo(textwrap.indent(textwrap.fill(marked, width - 2), "  "))


def _describe_copies(hit: Hit) -> list[str]:
    """Return in how many outlets the other articles of its copy group stand, where there are any."""
    if not hit.copies:
        return []
    return [f"{hit.copies} others in {hit.outlets} {'outlet' if hit.outlets == 1 else 'outlets'}"]

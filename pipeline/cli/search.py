"""Define newswire search, which reads the index."""

from __future__ import annotations

import datetime as dt
import html
import re
import textwrap

import click

from pipeline.cli.copy_text import describe_document
from pipeline.cli.options import parse_filters
from pipeline.cli.output import plain_text, terminal_width
from pipeline.cli.param_types import TimeParam
from pipeline.context import open_context
from pipeline.index import Hit, Query, Results
from pipeline.records import to_json


@click.command("search")
@click.argument("query", default="")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only articles that have it.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field.")
@click.option("--sort", default="relevance", help="relevance, newest, oldest or arrived.")
@click.option("--since", type=TimeParam(), help="Published at this time or later.")
@click.option("--until", type=TimeParam(), help="Published before this time.")
@click.option("--size", default=10, help="How many hits.", show_default=True)
@click.option("--offset", default=0, help="Leave out so many hits.")
@click.option("--fold", is_flag=True, help="Show copies of one article as one hit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def search_command(  # noqa: PLR0917  (click gives options as arguments)
    query: str,
    filters: tuple[str, ...],
    facets: tuple[str, ...],
    sort: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
    size: int,
    offset: int,
    fold: bool,
    as_json: bool,
) -> None:
    """Search the index: words, "phrases", -not, OR, field:value."""
    request = Query(
        text=query,
        filters=parse_filters(filters),
        facets=facets,
        sort=sort,  # type: ignore[arg-type]  # the index checks it
        since=since,
        until=until,
        size=size,
        offset=offset,
        copies=not fold,
    )
    with open_context() as context:
        results = context.index.search(request)
    if as_json:
        click.echo(to_json(results))
    else:
        print_results(results)


def print_results(results: Results, width: int | None = None) -> None:
    """Print hits and facets of a search."""
    width = width or min(terminal_width(), 120)
    for hit in results.hits:
        _show_hit(hit, width)
    click.echo(f"{results.total} found" + (f" in {results.articles} articles" * (results.articles != results.total)))
    for field, counts in results.facets.items():
        counted = ", ".join(f"{value} ({count})" for value, count in counts)
        click.echo(textwrap.fill(f"{field}: {counted}", width, subsequent_indent="  "))


def _show_hit(hit: Hit, width: int) -> None:
    document = hit.document
    when = f"{document.published:%Y-%m-%d %H:%M}" if document.published else "no date"
    title = document.title or textwrap.shorten(document.text, 80, placeholder=" …")
    click.echo(click.style(plain_text(title), bold=True))
    facts = plain_text(", ".join([str(document.source), when, *describe_document(document)]))
    click.echo(f"  {facts}  [{document.id}]")
    if snippet := hit.highlights.get("text"):
        marked = plain_text(html.unescape(re.sub(r"</?mark>", "*", " ".join(snippet.split()))))
        click.echo(textwrap.indent(textwrap.fill(marked, width - 2), "  "))

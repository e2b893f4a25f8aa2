"""newswire search, serve: how the index is read."""

from __future__ import annotations

import datetime as dt
import html
import re
import textwrap

import click

from pipeline.cli.copy_text import describe_document
from pipeline.cli.output import print_note, terminal_width
from pipeline.cli.param_types import TimeParam
from pipeline.editorial.explain import explain_name
from pipeline.errors import SearchIndexError, UsageError
from pipeline.index import Hit, Query, Results
from pipeline.records import to_json
from pipeline.stages import open_context

_PATIENCE = 10.0  # seconds that who decides over HTTP waits for a batch: clients and proxies give up after 30


def _pairs(values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for value in values:
        key, mark, wanted = value.partition("=")
        if not mark or not key or not wanted:
            raise UsageError(f"--filter {value!r}: write it as field=value, such as source='The Example Times'")
        made[key] = (*made.get(key, ()), wanted)
    return made


@click.command("search")
@click.argument("query", default="")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only articles that have it.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field.")
@click.option("--sort", default="relevance", help="relevance, newest or oldest.")
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
    asked = Query(
        text=query,
        filters=_pairs(filters),
        facets=facets,
        sort=sort,  # type: ignore[arg-type]  # the index checks it
        since=since,
        until=until,
        size=size,
        offset=offset,
        copies=not fold,
    )
    with open_context() as context:
        results = context.index.search(asked)
    if as_json:
        click.echo(to_json(results))
    else:
        print_results(results)


def print_results(results: Results, width: int | None = None) -> None:
    """Print what a search found."""
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
    click.echo(click.style(title, bold=True))
    click.echo(f"  {', '.join([str(document.source), when, *describe_document(document)])}  [{document.id}]")
    if snippet := hit.highlights.get("text"):
        marked = html.unescape(re.sub(r"</?mark>", "*", " ".join(snippet.split())))
        click.echo(textwrap.indent(textwrap.fill(marked, width - 2), "  "))


@click.command("serve")
@click.option("--host", help="The address to listen on.  [default: serve.host of newswire.toml]")
@click.option("--port", type=int, help="The port.  [default: serve.port of newswire.toml]")
def serve_command(host: str | None, port: int | None) -> None:
    """Serve the search page and the API."""
    import uvicorn

    from pipeline.web import copies, entities, ingest, stories, websub
    from pipeline.web.app import create_app

    with open_context(patience=_PATIENCE) as context:
        try:
            context.index.prepare()
        except SearchIndexError as error:
            print_note(f"newswire: {error}")  # a read-only key may not create an index; /health says whether it answers
        serve, api_key = context.settings.serve, context.environment.api_key
        app = create_app(
            context.index,
            lambda name: explain_name(context, name),
            [
                lambda app: entities.add_entity_routes(app, context, api_key),
                lambda app: copies.add_copy_routes(app, context, api_key),
                lambda app: stories.add_story_routes(app, context, api_key),
                lambda app: ingest.add_ingest_routes(app, context),
                lambda app: websub.add_websub_routes(app, context),
            ],
        )
        print_note(f"http://{host or serve.host}:{port or serve.port}/")
        uvicorn.run(app, host=host or serve.host, port=port or serve.port, log_level="warning")

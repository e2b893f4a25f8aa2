"""Define newswire demo: the whole pipeline over a sample newsroom served on this machine."""

from __future__ import annotations

import collections
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec

from pipeline.cli.output import print_note
from pipeline.cli.run import print_reports
from pipeline.cli.search import print_results
from pipeline.context import Context
from pipeline.demo.server import serve_newsroom
from pipeline.index import Query
from pipeline.records import Document
from pipeline.runs import recorded_run
from pipeline.settings import Environment, Settings, config_folder, load_environment, load_settings
from pipeline.stages import run_all
from pipeline.stages.index import build_documents

_SEARCHES = (
    Query(text="flood", facets=("source", "places"), size=3),
    Query(text='"Islamic State"', facets=("organisations", "countries"), size=3),
    Query(text="central bank rates", facets=("organisations", "people"), size=3, copies=False),
    Query(text="-Northwire", filters={"is_primary": ("false",)}, facets=("agency", "source"), size=3, sort="newest"),
    Query(filters={"language": ("de", "es")}, facets=("language", "places"), size=3, sort="newest"),
)


@click.command("demo")
def demo_command() -> None:
    """Run everything over a sample newsroom served on this machine, and show what came of it."""
    home = load_environment().home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    addresses = Environment(
        home=home,
        store_url=f"sqlite:///{home}/ledger.db",
        index_url=f"sqlite:///{home}/index.db",
        archive_url=str(home / "archive"),
    )
    with serve_newsroom() as newsroom:
        print_note(f"serving {len(newsroom.sources)} outlets on loopback, the first at {newsroom.sources[0].home}")
        with Context(_settings(), newsroom.sources, addresses, config=config_folder()) as context:
            _run_edition(context, "First edition")
            newsroom.edition = 2
            with context.store.write() as connection:
                context.store.feeds.make_due(connection, context.clock())
            _run_edition(context, "Second edition: one article was corrected, one withdrawn")
            _print_recognised(context)
            _print_searches(context)
    program = "newswire" if shutil.which("newswire") else _short_path(Path(sys.argv[0]))
    command = f"NEWSWIRE_HOME={_short_path(home)} {program}"
    click.echo(f"\nOpen the search page:    {command} serve")
    click.echo(f"Why is it (not) there?   {command} explain ADDRESS")


def _settings() -> Settings:
    """Return the configured settings, with loopback allowed and no need to spare servers of our own."""
    settings = load_settings()
    replace = msgspec.structs.replace
    fetch = replace(settings.fetch, allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.05)
    return replace(settings, fetch=fetch)


def _run_edition(context: Context, title: str) -> None:
    click.secho(f"\n{title}", bold=True)
    with recorded_run(context, "demo"):
        print_reports(run_all(context))


def _print_recognised(context: Context) -> None:
    """Print the copies, stories and names of the demo's articles."""
    with context.store.read() as connection:
        articles = context.store.ledger.indexed_page(connection, 0, None, limit=1000)
    documents = build_documents(context, articles)
    titles = {document.id: document for document in documents}
    groups: dict[str, list[Document]] = collections.defaultdict(list)
    stories: dict[str, list[Document]] = collections.defaultdict(list)
    for document in documents:
        groups[document.copy_group].append(document)
        stories[document.story].append(document)
    click.secho("\nCopies", bold=True)
    for group, members in groups.items():
        if len(members) > 1:
            click.echo(f"  {_line(titles[group])}")
            for copy in members:
                if copy.copy_of:
                    click.echo(f"    {copy.copy_kind:9} {_line(copy)}")
    click.secho("\nStories with articles of several hands", bold=True)
    for members in stories.values():
        hands = {document.copy_group for document in members}
        if len(hands) > 1:
            click.echo(f"  {len(members)} articles, {len(hands)} texts: {_line(members[0])}")
    _print_languages(stories.values())
    click.secho("\nNamed most often (articles)", bold=True)
    for field in ("people", "organisations", "places", "countries"):
        counts = collections.Counter(name for document in documents for name in getattr(document, field))
        click.echo(f"  {field}: " + ", ".join(f"{name} ({n})" for name, n in counts.most_common(8)))


def _print_languages(stories: Iterable[Sequence[Document]]) -> None:
    """Print the stories that are told in several languages, with their first article in each."""
    click.secho("\nStories told in several languages", bold=True)
    for members in stories:
        first = {document.language: document for document in reversed(members) if document.language}
        if len(first) > 1:
            click.echo(f"  {len(members)} articles in {len(first)} languages:")
            for language, document in sorted(first.items()):
                click.echo(f"    {language}  {_line(document)}")


def _print_searches(context: Context) -> None:
    for query in _SEARCHES:
        filters = "".join(f" --filter {field}={value}" for field, values in query.filters.items() for value in values)
        facets = "".join(f" --facet {facet}" for facet in query.facets)
        fold = "" if query.copies else " --fold"
        click.secho(f"\n$ newswire search '{query.text}'{filters}{facets}{fold}", bold=True)
        print_results(context.index.search(query), query.text, width=100)


def _line(document: Document) -> str:
    return f"{document.title} ({document.source})"


def _short_path(path: Path) -> str:
    """Return a path as it is seen from the working directory."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""newswire import, index: articles that come from files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pipeline import imports
from pipeline.cli.output import Failures, Progress, note, reading
from pipeline.cli.run import show
from pipeline.errors import ItemError
from pipeline.jsonlines import article_of
from pipeline.records import Outcome, Page, Reason, Stage
from pipeline.stages import Context, open_context, run_all
from pipeline.store import Arrival
from pipeline.urls import article_id, content_id

_AFTER_FETCH = (Stage.EXTRACT, Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX)
_STEP = 100


@click.command("import")
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", default="import", show_default=True, help="The source that they are said to be of.")
def import_command(paths: tuple[str, ...], source: str) -> None:
    """Bring in articles from files and folders: txt, html, eml, docx, NITF, NewsML-G2, ninjs, jsonl, warc."""
    failures = Failures()
    with open_context() as context:
        arrivals = (a for file in imports.find(paths) for a in _arrivals(context, file, source, failures))
        new, known = _enter(context, arrivals)
        note(f"{new + known} articles read, {new} new")
        _run(context, failures)


@click.command("index")
@click.argument("path", metavar="IN")
@click.option("--source", default="import", show_default=True, help="The source of lines that name none.")
def index_command(path: str, source: str) -> None:
    """Bring lines of any stage into the configured index, through dedupe, enrich and cluster."""
    failures = Failures()
    with open_context() as context:
        arrivals = _from_lines(context, ((path, line) for line in reading(path, failures)), source, failures)
        new, known = _enter(context, arrivals)
        note(f"{new + known} lines read, {new} new")
        _run(context, failures)


def _run(context: Context, failures: Failures) -> None:
    reports = run_all(context, _AFTER_FETCH)
    show(reports)
    failures.count += sum(report.failed for report in reports)
    failures.exit()


def _enter(context: Context, arrivals: Iterable[Arrival]) -> tuple[int, int]:
    """Take in articles step by step; return how many were new and how many known."""
    new = known = 0
    batch: list[Arrival] = []
    progress = Progress("articles read")

    def flush() -> tuple[int, int]:
        with context.store.write() as connection:
            entered = context.store.ledger.enter(connection, batch, context.clock(), "imported")
        return new + len(entered), known + len(batch) - len(entered)

    for arrival in arrivals:
        batch.append(arrival)
        progress.add()
        if len(batch) >= _STEP:
            new, known = flush()
            batch.clear()
    progress.end()
    return flush()


def _arrivals(context: Context, file: Path, source: str, failures: Failures) -> Iterator[Arrival]:
    for found in imports.read(file, context.settings.extract.max_bytes):
        if isinstance(found, ItemError):
            failures.add(str(found.detail), str(found.reason))
        elif found.line is not None:
            yield from _from_lines(context, [(found.where, found.line)], source, failures)
        else:
            try:
                yield _from_page(context, found, source)
            except ItemError as error:
                failures.add(found.where, str(error))


def _from_page(context: Context, found: imports.Imported, source: str) -> Arrival:
    data, now = found.data or b"", context.clock()
    if not data.strip():
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    name = article_id(found.url) if found.url else content_id(data)
    page = Page(
        id=name,
        url=found.url,
        final_url=found.url,
        blob=context.archive.put(data),
        size=len(data),
        fetched=now,
        media_type=found.media_type,
        charset=found.charset,
    )
    return Arrival(
        id=name, source=source, first_seen=now, url=found.url, records=((Stage.FETCH, page),), stage=Stage.EXTRACT
    )


def _from_lines(
    context: Context, lines: Iterable[tuple[str, Mapping[str, Any]]], source: str, failures: Failures
) -> Iterator[Arrival]:
    """Yield the articles of lines; whose copies they are and what they name is decided anew in the ledger."""
    for where, line in lines:
        try:
            article = article_of(line)
        except ItemError as error:
            failures.add(where, str(error))
            continue
        yield Arrival(
            id=article.id,
            source=article.source or source,
            first_seen=context.clock(),
            url=article.url,
            records=((Stage.EXTRACT, article),),
            stage=Stage.DEDUPE,
        )

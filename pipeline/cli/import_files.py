"""Define newswire import and index, which take in articles from files.

What files say of a known article is taken over only with ``--update``.
"""

from __future__ import annotations

import itertools

import click

from pipeline.cli.output import Failures, Progress, print_note, read_json_objects
from pipeline.cli.run import print_reports
from pipeline.context import Context, open_context
from pipeline.intake.article_importer import (
    ARTICLES_PER_TRANSACTION,
    CHANGED,
    DIFFERENT,
    KNOWN,
    NEW,
    ArticleImporter,
    ImportCounts,
)
from pipeline.intake.file_importer import FileImporter, ImportRequest
from pipeline.intake.import_files import list_files
from pipeline.intake.imported_item import ImportedItem
from pipeline.records import IMPORTED, Stage
from pipeline.runs import recorded_run
from pipeline.stages import run_all

_AFTER_FETCH = tuple(Stage)[tuple(Stage).index(Stage.EXTRACT) :]
_update = click.option("--update", is_flag=True, help="Take over what is said otherwise of articles that are known.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the counts of the stages as JSON lines.")


@click.command("import")
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", default=IMPORTED, show_default=True, help="The source that they are said to be of.")
@_update
@click.option("--again", is_flag=True, help="Read jsonl and warc from their beginning that were read before.")
@_json
def import_command(paths: tuple[str, ...], source: str, update: bool, again: bool, as_json: bool) -> None:
    """Bring in articles from files and folders: txt, html, eml, docx, NITF, NewsML-G2, ninjs, jsonl, warc.

    An import that is cut off goes on where it stood.
    """
    failures = Failures()
    with open_context() as context:
        progress = Progress("articles read")
        request = ImportRequest(source=source, update=update, again=again)
        importer = FileImporter(context, request, failures.add, print_note, progress.add)
        for file in list_files(paths):
            importer.import_file(file)
        progress.end()
        _print_counts("articles", importer.counts)
        _run_stages(context, failures, as_json=as_json)


@click.command("index")
@click.argument("path", metavar="IN")
@click.option("--source", default=IMPORTED, show_default=True, help="The source of lines that name none.")
@_update
@_json
def index_command(path: str, source: str, update: bool, as_json: bool) -> None:
    """Bring lines of any stage into the configured index, through dedupe, enrich and cluster."""
    failures = Failures()
    with open_context() as context:
        progress, importer = Progress("lines read"), ArticleImporter(context, failures.add, update=update)
        items = (ImportedItem(where=path, line=line) for line in read_json_objects(path, failures))
        articles = (article for item in items if (article := importer.article_of(item, source)))
        while step := list(itertools.islice(articles, ARTICLES_PER_TRANSACTION)):
            with context.store.write() as connection:
                importer.insert(connection, step)
            progress.add(len(step))
        progress.end()
        _print_counts("lines", importer.counts)
        _run_stages(context, failures, as_json=as_json)


def _print_counts(unit: str, counts: ImportCounts) -> None:
    """Print how many ``unit`` were taken in, how many of them are new, and what of the others."""
    words = {DIFFERENT: f"{DIFFERENT}, which --update takes over"}
    others = [what for what in (CHANGED, DIFFERENT, *counts.taken) if what not in {NEW, KNOWN} and counts.taken[what]]
    named = "".join(f", {counts.taken[what]} {words.get(what, what)}" for what in dict.fromkeys(others))
    print_note(f"{counts.taken.total()} {unit} read, {counts.taken[NEW]} new{named}")


def _run_stages(context: Context, failures: Failures, *, as_json: bool) -> None:
    with recorded_run(context, "import"):
        reports = run_all(context, _AFTER_FETCH)
    print_reports(reports, as_json=as_json)
    failures.count += sum(report.failed for report in reports)
    failures.exit()

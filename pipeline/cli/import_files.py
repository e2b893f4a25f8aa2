"""Define newswire import and index, which take in articles from files.

What files say of a known article is taken over only with ``--update``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from pipeline.cli.output import Failures, Progress, print_note, read_json_objects
from pipeline.cli.run import print_reports
from pipeline.context import Context, open_context
from pipeline.errors import ItemError
from pipeline.intake import import_files
from pipeline.intake.submissions import find_submitted, submit_new_version
from pipeline.jsonlines import article_from_line
from pipeline.records import IMPORTED, Article, Outcome, Page, Reason, Stage
from pipeline.stages import run_all
from pipeline.store import REMOVED, NewArticle
from pipeline.urls import article_id, content_id

_AFTER_FETCH = tuple(Stage)[tuple(Stage).index(Stage.EXTRACT) :]
_ARTICLES_PER_TRANSACTION = 100
_update = click.option("--update", is_flag=True, help="Take over what is said otherwise of articles that are known.")


@click.command("import")
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", default=IMPORTED, show_default=True, help="The source that they are said to be of.")
@_update
def import_command(paths: tuple[str, ...], source: str, update: bool) -> None:
    """Bring in articles from files and folders: txt, html, eml, docx, NITF, NewsML-G2, ninjs, jsonl, warc."""
    failures = Failures()
    with open_context() as context:
        articles = (
            a for file in import_files.list_files(paths) for a in _read_articles(context, file, source, failures)
        )
        _Importer(context, failures, update=update).insert_all("articles", articles)
        _run_stages(context, failures)


@click.command("index")
@click.argument("path", metavar="IN")
@click.option("--source", default=IMPORTED, show_default=True, help="The source of lines that name none.")
@_update
def index_command(path: str, source: str, update: bool) -> None:
    """Bring lines of any stage into the configured index, through dedupe, enrich and cluster."""
    failures = Failures()
    with open_context() as context:
        articles = _from_lines(context, ((path, line) for line in read_json_objects(path, failures)), source, failures)
        _Importer(context, failures, update=update).insert_all("lines", articles)
        _run_stages(context, failures)


def _run_stages(context: Context, failures: Failures) -> None:
    reports = run_all(context, _AFTER_FETCH)
    print_reports(reports)
    failures.count += sum(report.failed for report in reports)
    failures.exit()


class _Importer:
    """Inserts articles into the ledger step by step, and counts them."""

    def __init__(self, context: Context, failures: Failures, *, update: bool) -> None:
        self._context, self._failures, self._update = context, failures, update
        self._read = self._new = self._differing = 0

    def insert_all(self, unit: str, articles: Iterable[NewArticle]) -> None:
        """Insert ``articles``; print how many ``unit`` were read, and how many of them are new."""
        progress, iterator = Progress(f"{unit} read"), iter(articles)
        while step := list(itertools.islice(iterator, _ARTICLES_PER_TRANSACTION)):
            self._insert(step)
            progress.add(len(step))
        progress.end()
        effect = "changed" if self._update else "known with another text, which --update takes over"
        differing = f", {self._differing} {effect}" if self._differing else ""
        print_note(f"{self._read} {unit} read, {self._new} new{differing}")

    def _insert(self, articles: Sequence[NewArticle]) -> None:
        context = self._context
        with context.store.write() as connection:
            entered = context.store.ledger.insert_articles(connection, articles, context.clock(), "imported")
            new = set(entered)
            for article in articles:
                if article.id in new:
                    new.remove(article.id)  # should it come again, that is another version
                else:
                    self._differing += self._compare(connection, article)
        self._read += len(articles)
        self._new += len(entered)

    def _compare(self, connection: sa.Connection, new_article: NewArticle) -> bool:
        """Return whether the ledger has the article with another text; with ``update`` it gets the new one."""
        article = new_article.records[0]
        if not isinstance(article, Article):
            return False  # a page: the articles of files without an address are known by what they say
        row, same = find_submitted(self._context, connection, article)
        if same or row is None or row.state == REMOVED:
            return False
        if self._update:
            try:
                submit_new_version(self._context, connection, row, article)
            except ItemError as error:
                self._failures.add(row.id, str(error))
                return False
        return True


def _read_articles(context: Context, file: Path, source: str, failures: Failures) -> Iterator[NewArticle]:
    for item in import_files.read_items(file, context.settings.extract.max_bytes):
        if isinstance(item, ItemError):
            failures.add(str(item.detail), str(item.reason))
        elif item.line is not None:
            yield from _from_lines(context, [(item.where, item.line)], source, failures)
        else:
            try:
                yield _from_page(context, item, source)
            except ItemError as error:
                failures.add(item.where, str(error))


def _from_page(context: Context, item: import_files.ImportedItem, source: str) -> NewArticle:
    """Return the article of a page, which is kept in the archive.

    Raises:
        ItemError: The page is empty.
    """
    data, now = item.data or b"", context.clock()
    if not data.strip():
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    name = article_id(item.url) if item.url else content_id(data)
    page = Page(
        id=name,
        url=item.url,
        final_url=item.url,
        blob=context.archive.put(data),
        size=len(data),
        fetched=now,
        media_type=item.media_type,
        charset=item.charset,
    )
    return NewArticle(id=name, source=source, first_seen=now, url=item.url, records=(page,), stage=Stage.EXTRACT)


def _from_lines(
    context: Context, lines: Iterable[tuple[str, Mapping[str, Any]]], source: str, failures: Failures
) -> Iterator[NewArticle]:
    """Yield the articles of lines; whose copies they are and what they name is decided anew in the ledger."""
    for where, line in lines:
        try:
            article = article_from_line(line)
        except ItemError as error:
            failures.add(where, str(error))
            continue
        yield NewArticle(
            id=article.id,
            source=article.source or source,
            first_seen=context.clock(),
            url=article.url,
            records=(article,),
            stage=Stage.DEDUPE,
        )

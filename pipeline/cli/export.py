"""Define newswire export, which writes articles in a format that others read.

All of them come from the ledger: the index may be away. What a search finds comes from the index.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple, cast, get_args

import click

from pipeline.cli.options import parse_filters
from pipeline.cli.output import Progress, open_output, print_note
from pipeline.cli.param_types import MOST, TimeParam
from pipeline.context import Context, open_context
from pipeline.errors import ArchiveError, UsageError
from pipeline.export_formats import ExportFormat
from pipeline.index import Query
from pipeline.records import Document, Page
from pipeline.store import ArticleRow


class CursorParam(click.ParamType["ExportStart"]):
    """A time, or the cursor that an earlier export ended with."""

    name = "cursor"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ExportStart:
        """Return where to begin."""
        if isinstance(value, ExportStart):
            return value
        text = str(value)
        if text.isdecimal() and len(text) != len("20261120"):
            if int(text[:20]) > MOST:
                self.fail(f"{text[:20]} is no cursor that an export ended with", param, ctx)
            return ExportStart(after=int(text))
        return ExportStart(time=TimeParam().convert(value, param, ctx))


class ExportStart(NamedTuple):
    """Where an export begins: behind an article in the order of arrival, at a time of first sight."""

    after: int = 0
    time: dt.datetime | None = None


@click.command("export")
@click.option(
    "--since", type=CursorParam(), default=ExportStart(), help="First seen at this time or later; or behind a CURSOR."
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*get_args(ExportFormat), "warc"]),
    default="jsonl",
    show_default=True,
    help="Documents, tables, IPTC's News in JSON, a feed, or the raw pages.",
)
@click.option("--query", metavar="QUERY", help="Only what a search for this finds; from the index.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only articles that have it.")
@click.option("--field", "fields", multiple=True, metavar="FIELD", help="Only these fields, as jsonl or csv.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def export_command(
    since: ExportStart,
    form: str,
    query: str | None,
    filters: tuple[str, ...],
    fields: tuple[str, ...],
    output: str | None,
) -> None:
    """Write all articles in order of arrival, from the ledger; the cursor to go on from is printed in the end.

    With --query or --filter those that a search of the index finds, by first sight, however many there are.
    """
    _check_fields(fields)
    progress = Progress("articles")
    is_packed = bool(output and output.endswith(".gz"))
    with open_context() as context, open_output(output) as file:
        if query is not None or filters:
            if since != ExportStart() or form == "warc":
                raise UsageError("--query and --filter read the index, which has no --since and no raw pages")
            found = context.index.scan(Query(text=query or "", filters=parse_filters(filters)))
            _write(form, _counted(found, progress), file, is_packed, fields, query or "newswire")
            progress.end()
            print_note(f"{progress.count} articles")
            return
        batches = _Batches(context, since, progress)
        if form == "warc":
            _write_warc(context, batches, file, is_packed)
        else:
            _write(form, _iter_documents(context, batches), file, is_packed, fields, "newswire")
        progress.end()
    print_note(f"{progress.count} articles; go on with --since {batches.cursor}")


def _counted(documents: Iterator[Document], progress: Progress) -> Iterator[Document]:
    for document in documents:
        progress.add(1)
        yield document


def _write(
    form: str, documents: Iterator[Document], file: IO[bytes], packed: bool, fields: Sequence[str], title: str
) -> None:
    """Write documents as ``form`` has them; a file of text is packed where it shall be."""
    from pipeline.export_formats import write_documents

    kind = cast("ExportFormat", form)
    with _open_lines(file, packed and form != "parquet") as target:
        for part in write_documents(kind, documents, fields=fields, title=title, at=dt.datetime.now(dt.UTC)):
            target.write(part)


class _Batches:
    """The articles that are through, batch by batch, and the cursor behind the last one."""

    def __init__(self, context: Context, since: ExportStart, progress: Progress) -> None:
        self._context, self._since, self._progress = context, since, progress
        self.cursor = since.after

    def __iter__(self) -> Iterator[Sequence[ArticleRow]]:
        store, size = self._context.store, self._context.settings.run.batch
        while True:
            with store.read() as connection:
                batch = store.ledger.indexed_page(connection, self.cursor, self._since.time, limit=size)
            if not batch:
                return
            yield batch
            self.cursor = batch[-1].seq
            self._progress.add(len(batch))


def _iter_documents(context: Context, batches: _Batches) -> Iterator[Document]:
    from pipeline.stages.index import build_documents

    for batch in batches:
        yield from build_documents(context, batch)


def _open_lines(file: IO[bytes], packed: bool) -> Any:
    """Return what lines are written to: the file itself, or a stream that packs them for it."""
    import contextlib
    import gzip

    return gzip.GzipFile(fileobj=file, mode="wb") if packed else contextlib.nullcontext(file)


def _write_warc(context: Context, batches: _Batches, file: IO[bytes], packed: bool) -> None:
    """The pages as servers sent them; articles that came without one, or whose page may not be kept, are left out."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    writer = WARCWriter(file, gzip=packed)
    for batch in batches:
        with context.store.read() as connection:
            pages = context.store.ledger.current(connection, batch, Page)
        for page in (pages[item.id] for item in batch if item.id in pages):
            if page.blob is None:  # its publisher lets nobody keep it, or it was never had
                continue
            try:
                data = context.archive.get(page.blob)
            except ArchiveError as error:
                print_note(f"newswire: {page.final_url or page.id}: left out: {error}")
                continue
            record = writer.create_warc_record(
                page.final_url or page.url or f"urn:newswire:{page.id}",
                "response",
                payload=io.BytesIO(data),
                length=len(data),
                http_headers=StatusAndHeaders(f"{page.status} OK", _headers(page), protocol="HTTP/1.1"),
                warc_headers_dict={"WARC-Date": page.fetched.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
            )
            writer.write_record(record)


def _headers(page: Page) -> list[tuple[str, str]]:
    kind = page.media_type or "application/octet-stream"
    headers = {
        "Content-Type": f"{kind}; charset={page.charset}" if page.charset else kind,
        "ETag": page.etag,
        "Last-Modified": page.last_modified,
    }
    return [(name, value) for name, value in headers.items() if value]


def _check_fields(fields: Sequence[str]) -> None:
    """Make sure that documents have these fields.

    Raises:
        UsageError: They have not.
    """
    if unknown := [field for field in fields if field not in Document.__struct_fields__]:
        raise UsageError(f"--field {unknown[0]}: a document has no such field; docs/fields.md names all")

"""Define newswire export, which writes all articles in a format that others read.

They come from the ledger: the index may be away.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import click

from pipeline.cli.output import Progress, open_output, print_note
from pipeline.cli.param_types import MOST, TimeParam
from pipeline.context import Context, open_context
from pipeline.errors import ArchiveError
from pipeline.records import Document, Page, to_json
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
    type=click.Choice(["jsonl", "ninjs", "parquet", "warc"]),
    default="jsonl",
    show_default=True,
    help="Documents, IPTC's News in JSON, a table, or the raw pages.",
)
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def export_command(since: ExportStart, form: str, output: str | None) -> None:
    """Write all articles in order of arrival, from the ledger; the cursor to go on from is printed in the end."""
    write = {"jsonl": _write_json_lines, "ninjs": _write_ninjs, "parquet": _write_parquet, "warc": _write_warc}[form]
    progress = Progress("articles")
    with open_context() as context, open_output(output) as file:
        batches = _Batches(context, since, progress)
        write(context, batches, file, bool(output and output.endswith(".gz")))
        progress.end()
    print_note(f"{progress.count} articles; go on with --since {batches.cursor}")


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


def _write_json_lines(context: Context, batches: _Batches, file: IO[bytes], packed: bool) -> None:
    with _open_lines(file, packed) as lines:
        for document in _iter_documents(context, batches):
            lines.write(to_json(document) + b"\n")


def _write_ninjs(context: Context, batches: _Batches, file: IO[bytes], packed: bool) -> None:
    from pipeline.wires import ninjs

    with _open_lines(file, packed) as lines:
        for document in _iter_documents(context, batches):
            lines.write(to_json(ninjs.to_ninjs(document)) + b"\n")


def _open_lines(file: IO[bytes], packed: bool) -> Any:
    """Return what lines are written to: the file itself, or a stream that packs them for it."""
    import contextlib
    import gzip

    return gzip.GzipFile(fileobj=file, mode="wb") if packed else contextlib.nullcontext(file)


def _write_parquet(context: Context, batches: _Batches, file: IO[bytes], packed: bool) -> None:  # noqa: ARG001
    """One row an article; what holds several things is a list of strings, or JSON where those have parts."""
    from pipeline.parquet import write_parquet

    write_parquet(_iter_documents(context, batches), file)


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

"""newswire extract, dedupe, enrich, cluster: one stage as a filter on files, with a throw-away store."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import gzip
import itertools
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from pipeline.cli.output import Failures, Progress, json_line_writer, read_json_objects
from pipeline.cli.param_types import TimeParam
from pipeline.errors import ItemError, UsageError
from pipeline.intake import import_files
from pipeline.jsonlines import (
    article_from_line,
    article_to_line,
    copy_from_line,
    error_to_line,
    names_from_line,
    names_to_line,
)
from pipeline.records import Article, Names, Outcome, Reason, to_plain
from pipeline.settings import config_folder, load_settings
from pipeline.store import Store
from pipeline.store.site_profiles import SiteProfiles
from pipeline.store.sketch_index import SketchIndex
from pipeline.store.story_index import StoryIndex
from pipeline.urls import site_host

# Lines that are decided at a time; where batches begin and end changes no decision.
_BATCH = 1000
_PAGES = 50  # pages that are saved together
_LAST = "last line"  # the number that the ledger remembers for the next call

if TYPE_CHECKING:
    from pipeline.extract import Extraction

Line = dict[str, Any]
T = TypeVar("T")


@click.command("extract")
@click.argument("paths", nargs=-1)
@click.option("--manifest", metavar="FILE", help='JSON lines {"id", "path", "url", "fetched"}; "-": stdin.')
@click.option("--url", help="The address of the one page given.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: extract.workers]")
@click.option("--store", "store_url", metavar="URL", help="A ledger whose memory of sites is used and kept.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def extract_command(
    paths: tuple[str, ...],
    manifest: str | None,
    url: str | None,
    workers: int | None,
    store_url: str | None,
    output: str | None,
) -> None:
    """Clean pages and texts into articles, one line each; lines that a site's pages share are cut."""
    from pipeline.extract import RawPage, load_config, make_extractor
    from pipeline.workers import Workers, preload

    if bool(paths) == bool(manifest):
        raise UsageError("name files or folders, or a manifest")
    preload("pipeline.extract.preload")
    limits = load_settings().extract
    failures, progress = Failures(), Progress("pages")
    lines = read_json_objects(manifest, failures) if manifest else _manifest(paths, url)
    folder = Path(manifest).parent if manifest and manifest != "-" else Path()
    asked: collections.deque[Line] = collections.deque()

    def raws() -> Iterator[RawPage | ItemError]:
        for line in lines:
            asked.append(line)
            yield _raw(line, folder, limits.max_bytes)

    pool: Workers[RawPage, Extraction] = Workers(
        make_extractor(load_config(config_folder(), limits)),
        count=workers or limits.workers,
        seconds=limits.timeout_seconds,
        memory_mb=limits.memory_mb,
    )
    with _store(store_url) as store, pool, json_line_writer(output) as emit:
        for line, made in _remembered(store, ((asked.popleft(), one) for one in pool.map(raws()))):
            name = line.get("id")
            if isinstance(made, ItemError):
                failures.add(str(name), str(made))
                emit(error_to_line(name, made))
            else:
                emit({**article_to_line(made), "id": name or made.id})
            progress.add()
    progress.end()
    failures.exit()


def _remembered(
    store: Store, extracted: Iterable[tuple[Line, Extraction | ItemError]]
) -> Iterator[tuple[Line, Article | ItemError]]:
    """Yield the articles in their order, each as the memory of its site leaves it; a site is a source, else a host."""
    from pipeline.extract import clean_with_site_profile

    seq = int(store.load_value(_LAST) or 0)
    for batch in _batched(extracted, _PAGES):
        made: list[tuple[Line, Article | ItemError]] = []
        with store.write() as connection:
            memory = SiteProfiles(connection, filter(None, itertools.starmap(_site, batch)), dt.datetime.now(dt.UTC))
            for line, one in batch:
                seq += 1
                site = _site(line, one)
                if isinstance(one, ItemError):
                    made.append((line, one))
                else:
                    made.append(
                        (line, clean_with_site_profile(memory[site], one, seq, memory.day)[0] if site else one.article)
                    )
            memory.flush()
            store.save_value(connection, _LAST, str(seq))
        yield from made


def _site(line: Line, made: Extraction | ItemError) -> str | None:
    """Return whose page a manifest's line names: its source, else its host, which the page itself may tell."""
    said = None if isinstance(made, ItemError) else made.article.canonical_url
    return line.get("source") or site_host(line.get("url") or said)


def _manifest(paths: Iterable[str], url: str | None) -> Iterator[Line]:
    for path in import_files.list_files(paths):
        yield {"path": str(path.absolute()), "url": url}


def _raw(line: Line, folder: Path, max_bytes: int) -> Any:
    """Return the Raw of a manifest's line, or the ItemError that says why there is none."""
    from pipeline.extract import RawPage

    try:
        path = folder / str(line["path"])
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(max_bytes + 1)
        return RawPage(
            id=line.get("id"),
            data=data,
            url=line.get("url"),
            media_type=import_files.media_type_of_file(path),
            fetched=TimeParam().convert(line["fetched"], None, None) if line.get("fetched") else None,
        )
    except KeyError:
        return ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, 'the line names no "path"')
    except (OSError, EOFError, zlib.error, click.BadParameter) as error:
        return ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{line.get('path')}: {error}")


@click.command("dedupe")
@click.argument("path", metavar="IN")
@click.option("--store", "store_url", metavar="URL", help="A ledger of its own that is kept, not a throw-away one.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def dedupe_command(path: str, store_url: str | None, output: str | None) -> None:
    """Say of each article, in order, whether it is a copy of an earlier one."""
    from pipeline.dedupe import Arrival, decide

    settings = load_settings().dedupe
    failures = Failures()
    with _store(store_url) as store, json_line_writer(output) as emit:
        for batch in _batches(store, path, failures):
            memory = store.sketch_index(settings)
            arrivals = [Arrival(seq=one.seq, first_seen=one.at, article=one.article) for one in batch]
            copies = decide(arrivals, memory, settings)
            _keep(store, memory, batch)
            for one, copy in zip(batch, copies, strict=True):
                plain = to_plain(copy)
                del plain["id"]
                emit({**one.line, "copy_of": plain.pop("copy_of"), "copy": plain})
    failures.exit()


@click.command("enrich")
@click.argument("path", metavar="IN")
@click.option("--store", "store_url", metavar="URL", help="A ledger of its own that is kept, not a throw-away one.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def enrich_command(path: str, store_url: str | None, output: str | None) -> None:
    """Find the names in each article, in order, each tied to one entity; uses copy_of where it is."""
    from pipeline.enrich import enrich, load_recognisers
    from pipeline.enrich.inherited import paragraph_names
    from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch

    known, choose = load_recognisers(load_settings().entities, config_folder())
    failures = Failures()
    with _store(store_url) as store, json_line_writer(output) as emit:
        for batch in _batches(store, path, failures):
            found: list[ArticleNames] = []
            read: dict[str, tuple[Article, Names]] = {}
            for one in batch:
                original = read.get(str(one.line.get("copy_of")))
                recognise, inherited = choose(one.article.language), paragraph_names(*original) if original else None
                names = enrich(one.article, known, recognise, inherited=inherited)
                read[one.article.id] = one.article, names
                found.append(ArticleNames(one.seq, one.at, names))
            with store.write() as connection:
                memory = store.entity_memory(connection)
                tied = link_batch(found, known, memory)
                memory.flush()
                store.save_value(connection, _LAST, str(batch[-1].seq))
            for one, names in zip(batch, tied, strict=True):
                emit({**one.line, **names_to_line(names)})
    failures.exit()


@click.command("cluster")
@click.argument("path", metavar="IN")
@click.option("--store", "store_url", metavar="URL", help="A ledger of its own that is kept, not a throw-away one.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def cluster_command(path: str, store_url: str | None, output: str | None) -> None:
    """Say of each article, in order, which story it belongs to; uses copy_of and mentions where they are."""
    from pipeline.cluster import ArticleToAssign, decide

    settings = load_settings().cluster
    failures = Failures()
    with _store(store_url) as store, json_line_writer(output) as emit:
        for batch in _batches(store, path, failures):
            memory = store.story_index(settings)
            to_place = [
                ArticleToAssign(
                    seq=one.seq,
                    first_seen=one.at,
                    article=one.article,
                    copy=copy_from_line(one.line, one.article.id),
                    names=names_from_line(one.line, one.article.id),
                )
                for one in batch
            ]
            placements = decide(to_place, memory, settings)
            _keep(store, memory, batch)
            for one, placement in zip(batch, placements, strict=True):
                emit({**one.line, "story": placement.story})
    failures.exit()


class _Arrived(NamedTuple):
    """A line in the order of arrival."""

    seq: int
    at: dt.datetime  # when it was published, but not before the line above it, nor in the future
    line: Line
    article: Article


def _articles(path: str, failures: Failures) -> Iterator[tuple[Line, Article]]:
    """Yield the lines of ``path`` that hold an article; the others are named."""
    for line in read_json_objects(path, failures):
        try:
            article = article_from_line(line)
        except ItemError as error:
            failures.add(f"{path}: {line.get('id')}", str(error))
            continue
        yield {**line, "id": article.id}, article


def _batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``things`` in lists of ``size``, the last one shorter."""
    each = iter(things)
    while batch := list(itertools.islice(each, size)):
        yield batch


def _batches(store: Store, path: str, failures: Failures) -> Iterator[list[_Arrived]]:
    seq = int(store.load_value(_LAST) or 0)
    now = dt.datetime.now(dt.UTC)
    at: dt.datetime | None = None
    for batch in _batched(_articles(path, failures), _BATCH):
        arrived = []
        # one that is dated in the future would otherwise have all that follow it arrive now, after what they copy
        times = [one.published if one.published and one.published <= now else None for _, one in batch]
        at = at or next(filter(None, times), now)
        for (line, article), published in zip(batch, times, strict=True):
            seq, at = seq + 1, max(at, published or at)
            arrived.append(_Arrived(seq, at, line, article))
        yield arrived


@contextlib.contextmanager
def _store(url: str | None) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="newswire-") as folder:
        store = Store(url or f"sqlite:///{folder}/ledger.db")
        try:
            yield store
        finally:
            store.close()


def _keep(store: Store, memory: SketchIndex | StoryIndex, batch: Sequence[_Arrived]) -> None:
    with store.write() as connection:
        memory.flush(connection)
        store.save_value(connection, _LAST, str(batch[-1].seq))

"""Define newswire extract, dedupe, enrich, cluster: one stage as a filter on files, with a throw-away store.

Where batches of lines begin and end changes no decision.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import gzip
import itertools
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from pipeline.settings import Settings, config_folder, load_settings
from pipeline.store import SketchIndex, Store, StoryIndex
from pipeline.urls import site_host

_BATCH = 1000  # lines that are decided at a time
_PAGES = 50  # pages that are saved together
_LAST = "last line"  # the number that the ledger remembers for the next call

if TYPE_CHECKING:
    from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
    from pipeline.enrich.name_workers import NameWorkers
    from pipeline.extract import Extraction
    from pipeline.multilingual.article_vectors import Vectorise

Line = dict[str, Any]
T = TypeVar("T")


@click.command("extract")
@click.argument("paths", nargs=-1)
@click.option("--manifest", metavar="FILE", help='JSON lines {"id", "path", "url", "fetched"}; "-": stdin.')
@click.option("--url", help="The address of the one page given.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: by run.workers]")
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
    """Clean pages and texts into articles, one line each; lines that a site's pages share are cut.

    \f
    Raises:
        UsageError: Neither files nor a manifest were named, or both.
    """
    from pipeline.extract import RawPage, load_config, make_extractor
    from pipeline.worker_count import choose_worker_counts
    from pipeline.workers import Workers, preload

    if bool(paths) == bool(manifest):
        raise UsageError("name files or folders, or a manifest")
    preload("pipeline.extract.preload")
    settings = load_settings()
    limits = settings.extract
    failures, progress = Failures(), Progress("pages")
    lines = read_json_objects(manifest, failures) if manifest else _manifest(paths, url)
    folder = Path(manifest).parent if manifest and manifest != "-" else Path()
    submitted: collections.deque[Line] = collections.deque()

    def read_pages() -> Iterator[RawPage | ItemError]:
        for line in lines:
            submitted.append(line)
            yield _read_page(line, folder, limits.max_bytes)

    pool: Workers[RawPage, Extraction] = Workers(
        make_extractor(load_config(config_folder(), limits)),
        count=workers or choose_worker_counts(settings).extract,
        seconds=limits.timeout_seconds,
        memory_mb=limits.memory_mb,
        name="extract",
    )
    with _open_store(store_url) as store, pool, json_line_writer(output) as emit:
        extracted = ((submitted.popleft(), extraction) for extraction in pool.map(read_pages()))
        for line, result in _clean_by_site(store, extracted):
            name = line.get("id")
            if isinstance(result, ItemError):
                failures.add(str(name or line.get("path")), str(result))
                emit(error_to_line(name, result))
            else:
                emit({**article_to_line(result), "id": name or result.id})
            progress.add()
    progress.end()
    failures.exit()


def _clean_by_site(
    store: Store, extracted: Iterable[tuple[Line, Extraction | ItemError]]
) -> Iterator[tuple[Line, Article | ItemError]]:
    """Yield the articles in their order, each as the memory of its site leaves it; a site is a source, else a host."""
    from pipeline.extract import clean_with_site_profile

    with store.read() as connection:
        seq = int(store.values.get(connection, _LAST) or 0)
    for batch in _batched(extracted, _PAGES):
        results: list[tuple[Line, Article | ItemError]] = []
        with store.write() as connection:
            sites = filter(None, itertools.starmap(_site, batch))
            memory = store.site_profiles(connection, sites, dt.datetime.now(dt.UTC))
            for line, extraction in batch:
                seq += 1
                site = _site(line, extraction)
                if isinstance(extraction, ItemError):
                    results.append((line, extraction))
                elif site:
                    article, *_ = clean_with_site_profile(memory[site], extraction, seq, memory.day)
                    results.append((line, article))
                else:
                    results.append((line, extraction.article))
            memory.flush()
            store.values.save(connection, _LAST, str(seq))
        yield from results


def _site(line: Line, extraction: Extraction | ItemError) -> str | None:
    """Return whose page a manifest's line names: its source, else its host, which the page itself may tell."""
    canonical_url = None if isinstance(extraction, ItemError) else extraction.article.canonical_url
    return line.get("source") or site_host(line.get("url") or canonical_url)


def _manifest(paths: Iterable[str], url: str | None) -> Iterator[Line]:
    for path in import_files.list_files(paths):
        yield {"path": str(path.absolute()), "url": url}


def _read_page(line: Line, folder: Path, max_bytes: int) -> Any:
    """Return the RawPage of a manifest's line, or the ItemError that says why there is none."""
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
            saved=not line.get("fetched"),  # it is taken as of now
            fetched=TimeParam().convert(line.get("fetched") or dt.datetime.now(dt.UTC).isoformat(), None, None),
        )
    except KeyError:
        return ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, 'the line names no "path"')
    except (OSError, EOFError, zlib.error, click.BadParameter) as error:
        return ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{line.get('path')}: {error}")


ProcessBatch = Callable[[Store, Sequence["_OrderedLine"]], Iterable[Line]]


def _filter_command(name: str) -> Callable[[Callable[[], ProcessBatch]], click.Command]:
    """Make a command of a function that prepares a stage and returns what decides a batch of lines and saves it."""

    def decorate(prepare: Callable[[], ProcessBatch]) -> click.Command:
        @click.command(name, help=prepare.__doc__)
        @click.argument("path", metavar="IN")
        @click.option(
            "--store", "store_url", metavar="URL", help="A ledger of its own that is kept, not a throw-away one."
        )
        @click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
        def run_filter(path: str, store_url: str | None, output: str | None) -> None:
            process_batch = prepare()
            failures = Failures()
            with _open_store(store_url) as store, json_line_writer(output) as emit:
                for batch in _read_batches(store, path, failures):
                    for line in process_batch(store, batch):
                        emit(line)
            failures.exit()

        return run_filter

    return decorate


@_filter_command("dedupe")
def dedupe_command() -> ProcessBatch:
    """Say of each article, in order, whether it is a copy of an earlier one."""
    from pipeline.dedupe import DatedArticle, decide

    settings = load_settings().dedupe

    def find_copies(store: Store, batch: Sequence[_OrderedLine]) -> Iterator[Line]:
        memory = store.sketch_index(settings)
        arrivals = [DatedArticle(seq=line.seq, first_seen=line.at, article=line.article) for line in batch]
        copies = decide(arrivals, memory, settings)
        _save_memory(store, memory, batch)
        for line, copy in zip(batch, copies, strict=True):
            plain = to_plain(copy)
            del plain["id"]
            yield {**line.plain, "copy_of": plain.pop("copy_of"), "copy": plain}

    return find_copies


@click.command("enrich")
@click.argument("path", metavar="IN")
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: by run.workers]")
@click.option("--store", "store_url", metavar="URL", help="A ledger of its own that is kept, not a throw-away one.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def enrich_command(path: str, workers: int | None, store_url: str | None, output: str | None) -> None:
    """Find the names in each article, in order, each linked to one entity; uses copy_of where it is.

    Where articles come in several languages, each gets the vector by which its story is found in the others.
    """
    from pipeline.enrich import load_knowledge_base
    from pipeline.enrich.name_workers import NameWorkers
    from pipeline.worker_count import choose_worker_counts

    settings, folder = load_settings(), config_folder()
    count = workers or choose_worker_counts(settings).enrich
    failures = Failures()
    with (
        _open_store(store_url) as store,
        NameWorkers(settings.entities, settings.enrich, folder, count=count) as pool,
        json_line_writer(output) as emit,
    ):
        knowledge_base: KnowledgeBase | None = None
        for batch in _read_batches(store, path, failures):
            found = _read_names(pool, batch, vectorise=_choose_vectorise(store, settings, batch) is not None)
            knowledge_base = knowledge_base or load_knowledge_base(folder)  # while the first workers start
            linked = _link_names(store, knowledge_base, batch, found)
            for line, names in zip(batch, linked, strict=True):
                if isinstance(names, Exception):
                    failures.add(line.article.id, str(names))
                    emit(line.plain)
                else:
                    emit({**line.plain, **names_to_line(names)})
    failures.exit()


def _choose_vectorise(store: Store, settings: Settings, batch: Sequence[_OrderedLine]) -> Vectorise | None:
    """Return what makes the vectors of a batch, None where its articles and those before are in one language."""
    from pipeline.multilingual.article_vectors import choose_vectorise

    with store.read() as connection:
        languages = store.count_languages(connection, batch[-1].at, settings.cluster)
    languages.update(line.article.base_language for line in batch)
    return choose_vectorise(settings.enrich.vectors, languages)


def _read_names(pool: NameWorkers, batch: Sequence[_OrderedLine], *, vectorise: bool) -> Iterator[Names | Exception]:
    """Let workers find the names of a batch, and make vectors; return them, or what articles end with, in order."""
    from pipeline.enrich.name_workers import NameReading

    pool.promise({line.article.id: line.seq for line in batch})
    readings = []
    for line in batch:
        original = pool.promised(str(line.plain.get("copy_of")), line.seq)
        readings.append(NameReading(line.article, original=original, vectorise=vectorise))
    return pool.read_names(readings)


def _link_names(
    store: Store, knowledge_base: KnowledgeBase, batch: Sequence[_OrderedLine], found: Iterable[Names | Exception]
) -> list[Names | Exception]:
    """Link the names of a batch, and save what the ledger remembers of them."""
    from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch

    results = list(found)
    named = [ArticleNames(line.seq, line.at, n) for line, n in zip(batch, results, strict=True) if isinstance(n, Names)]
    with store.write() as connection:
        memory = store.entity_memory(connection)
        linked = iter(link_batch(named, knowledge_base, memory))
        memory.flush()
        store.values.save(connection, _LAST, str(batch[-1].seq))
    return [next(linked) if isinstance(names, Names) else names for names in results]


@_filter_command("cluster")
def cluster_command() -> ProcessBatch:
    """Say of each article, in order, which story it belongs to; uses copy_of, mentions and vector where they are."""
    from pipeline.cluster import ArticleToAssign, decide

    settings = load_settings()

    def assign_stories(store: Store, batch: Sequence[_OrderedLine]) -> Iterator[Line]:
        memory = store.story_index(settings.cluster)
        named = [names_from_line(line.plain, line.article.id) for line in batch]
        articles = [
            ArticleToAssign(
                seq=line.seq,
                first_seen=line.at,
                article=line.article,
                copy=copy_from_line(line.plain, line.article.id),
                names=names,
                vector=names.vector if names else None,
            )
            for line, names in zip(batch, named, strict=True)
        ]
        placements = decide(articles, memory, settings.cluster, vectorise=_choose_vectorise(store, settings, batch))
        _save_memory(store, memory, batch)
        for line, placement in zip(batch, placements, strict=True):
            yield {**line.plain, "story": placement.story}

    return assign_stories


class _OrderedLine(NamedTuple):
    """A line with its place in the order of arrival."""

    seq: int
    at: dt.datetime  # when it was published, but not before the line above it, nor in the future
    plain: Line
    article: Article


def _read_articles(path: str, failures: Failures) -> Iterator[tuple[Line, Article]]:
    """Yield the lines of ``path`` that hold an article; each other line is named on stderr."""
    for line in read_json_objects(path, failures):
        try:
            article = article_from_line(line)
        except ItemError as error:
            failures.add(f"{path}: {line.get('id')}", str(error))
            continue
        # as it was cleaned: mentions count characters
        said = {name: getattr(article, name) for name in ("title", "text") if line.get(name) is not None}
        yield {**line, **said, "id": article.id}, article


def _batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``things`` in lists of ``size``, the last one shorter."""
    iterator = iter(things)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _read_batches(store: Store, path: str, failures: Failures) -> Iterator[list[_OrderedLine]]:
    """Yield the articles of ``path`` in batches, numbered after what the ledger has had before."""
    with store.read() as connection:
        seq = int(store.values.get(connection, _LAST) or 0)
    now = dt.datetime.now(dt.UTC)
    at: dt.datetime | None = None
    for batch in _batched(_read_articles(path, failures), _BATCH):
        ordered = []
        # one that is dated in the future would otherwise have all that follow it arrive now, after what they copy
        times = [a.published if a.published and a.published <= now else None for _, a in batch]
        at = at or next(filter(None, times), now)
        for (line, article), published in zip(batch, times, strict=True):
            seq, at = seq + 1, max(at, published or at)
            ordered.append(_OrderedLine(seq, at, line, article))
        yield ordered


@contextlib.contextmanager
def _open_store(url: str | None) -> Iterator[Store]:
    """Open the ledger at ``url``, else a throw-away one."""
    with tempfile.TemporaryDirectory(prefix="newswire-") as folder:
        store = Store(url or f"sqlite:///{folder}/ledger.db")
        try:
            yield store
        finally:
            store.close()


def _save_memory(store: Store, memory: SketchIndex | StoryIndex, batch: Sequence[_OrderedLine]) -> None:
    with store.write() as connection:
        memory.flush(connection)
        store.values.save(connection, _LAST, str(batch[-1].seq))

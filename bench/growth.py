"""Measure whether an article costs more the more articles are known: time by stage and size of batch, statements, disk.

    python bench/growth.py [--known 10000 1000000] [--articles 2000] [--batches 8 200] [--store URL]
                           [--indexed 10000 200000] [--index URL]

A ledger is filled with ``--known`` articles that have been through all stages: bulk inserts of generated rows, records,
histories, sketches and stories, as they lie after so many articles; their texts are cut to 300 characters. Then
``--articles`` new ones pass the stages in batches of each size. Fetch, extract and enrich do nothing but claim and
finish prepared records; dedupe and cluster do their work; index writes documents into an index that holds ``--indexed``
already (the first number beside the first ledger; ledgers may be of one size). Texts are those of bench/copies.py, a
third of them copies, each with five names.

Times are milliseconds an article of this process's own time, and by the clock. On PostgreSQL and Elasticsearch the
first doesn't contain the server's. The last table holds the largest ledger's over the smallest one's. What
is at --store and --index is wiped: give a database of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import sqlalchemy as sa
from copies import SKETCH, START, TERMS, articles, size

from pipeline import cluster
from pipeline.count_min import hash_words
from pipeline.dedupe.sketch import Sketch
from pipeline.documents import ArticleRecords, build_document
from pipeline.gc_tuning import tune_gc
from pipeline.index import open_index
from pipeline.records import (
    STAGE_VERSIONS,
    Article,
    Copy,
    Entity,
    EntityType,
    Entry,
    Names,
    Outcome,
    Page,
    Placed,
    Placement,
    Stage,
    StageRecord,
    to_json,
)
from pipeline.settings import Environment, Settings, Source, config_folder
from pipeline.stages import Context
from pipeline.stages.cluster import ClusterHandler
from pipeline.stages.dedupe import DedupeHandler
from pipeline.stages.index import IndexHandler
from pipeline.stages.runner import Emit, StageHandler, StageRun
from pipeline.store import ArticleRow, NewArticle, StageResult, Store, posting_tables
from pipeline.store.inverted_index import day_number
from pipeline.store.schema import metadata
from pipeline.store.schema.stories import stories as stories_table
from pipeline.store.story_postings import pack_postings, write_lists

NOW = START + dt.timedelta(days=11)
OUTLETS = 200
CHUNK = 5_000  # known articles a transaction
PER_STORY = 3  # known articles
STORY_POSTINGS = 40  # store.story_index.MOST_POSTINGS: the lists are full
NAMED, NAMES = 5, 20_000
SAMPLES = 1_000  # articles of which the known ones are made

Rows = Sequence[tuple[object, ...]]


@dataclasses.dataclass
class Prepared:
    """The records of one article that other stages would have made."""

    entry: Entry
    page: Page
    article: Article
    names: Names


def prepare(count: int, first: int) -> Iterator[Prepared]:
    """Yield articles from the number ``first`` on, as fetch, extract and enrich would hand them on."""
    chosen = random.Random(4)
    weights = [1 / (rank + 3) for rank in range(NAMES)]
    for generated in articles(count, first):
        article, seen = generated.article, generated.first_seen
        source = f"Outlet {chosen.randrange(OUTLETS)}"
        url = f"https://{source.lower().replace(' ', '-')}.example/news/{article.id}"
        numbers = dict.fromkeys(chosen.choices(range(NAMES), weights, k=NAMED))
        yield Prepared(
            entry=Entry(id=article.id, url=url, source=source, first_seen=seen, title=article.title, published=seen),
            page=Page(id=article.id, url=url, final_url=url, blob=article.id, size=90_000, fetched=seen),
            article=msgspec.structs.replace(article, url=url, source=source, language="en"),
            names=Names(
                id=article.id,
                entities=tuple(Entity(id=f"e{n}", name=f"Name {n}", type=EntityType.ORG, count=2) for n in numbers),
            ),
        )


class PreparedHandler(StageHandler):
    """A stage whose records are prepared: what is measured is claim and finish."""

    def __init__(self, context: Context, stage: Stage, records: dict[str, StageRecord]) -> None:
        super().__init__(context)
        self.stage = stage  # type: ignore[misc]
        self._records = records

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> None:
        """Emit what is prepared."""
        for row in claimed:
            emit(StageResult(article=row, outcome=Outcome.DONE, record=self._records[row.id]))


# the known articles ---------------------------------------------------------------------------------------------------


def fill_ledger(store: Store, count: int) -> None:
    """Fill an empty ledger with ``count`` articles that are through."""
    samples = list(prepare(min(SAMPLES, count), 0x7_0000_0000))
    for sample in samples:
        sample.article = msgspec.structs.replace(sample.article, text=sample.article.text[:300])
    begun = time.perf_counter()
    for first in range(1, count + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, count + 1))
        with store.write() as connection:
            for table, columns, rows in known_rows(samples, numbers, count):
                insert(connection, table, columns, rows)
    fill_sketches(store, count)
    fill_stories(store, samples, count)
    with store.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("ANALYZE")
        else:  # as autovacuum would have done
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('items', 'seq'), max(seq)) FROM items")
            connection.exec_driver_sql("ANALYZE")
    print(f"{count:,} known in {time.perf_counter() - begun:.0f} s, {size(store) / max(1, count):,.0f} bytes each")


def known_rows(samples: Sequence[Prepared], numbers: range, count: int) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Yield table, columns and rows of the known articles ``numbers``."""
    items, addresses, records, outcomes, groups, cards = [], [], [], [], [], []
    made_by = {stage: STAGE_VERSIONS.get(stage, "1") for stage in Stage}
    for n in numbers:
        sample, article_id, story = samples[n % len(samples)], known_id(n), f"s{known_id(n - n % PER_STORY or 1)}"
        seen_at = START + dt.timedelta(days=10 * n / (count + 1))
        at = seen_at.strftime("%Y-%m-%d %H:%M:%S.%f")
        row = (n, article_id, sample.entry.source, sample.entry.url, at, 1, None, "pending", at, 0, 1, 1)
        items.append((*row, article_id, story, at))
        addresses.append((article_id[:20], article_id))
        own = [
            *(sample.entry, sample.page, sample.article, sample.names),
            Copy(id=sample.article.id, group=sample.article.id),
            Placement(id=sample.article.id, story=story, how=Placed.JOINED, score=0.5),
        ]
        for record in own:
            data = to_json(record).decode().replace(sample.article.id, article_id)
            records.append((article_id, str(record.stage), 1, at, made_by[record.stage], data))
        outcomes += [(article_id, str(stage), at, "done") for stage in Stage]
        groups.append((article_id, story, day_number(seen_at)))
        if n % PER_STORY == 0 or n == 1:
            facts = cluster.StorySummary(first=seen_at, last=seen_at)
            cards.append((story, n, at, msgspec.msgpack.encode(facts)))
    item_columns = "seq id source url first_seen version stage state due attempts revision indexed copy_group story"
    yield "items", (*item_columns.split(), "published"), items
    yield "addresses", ("key", "id"), addresses
    yield "records", ("id", "stage", "version", "at", "made_by", "data"), records
    yield "outcomes", ("id", "stage", "at", "outcome"), outcomes
    yield "story_groups", ("copy_group", "story", "day"), groups
    yield "story_cards", ("id", "seq", "last", "data"), cards


def known_id(number: int) -> str:
    """Return the id of a known article: spread like the hashes that ids are."""
    return f"{number * 0x9E37_79B9_7F4A_7C15 % (1 << 64):016x}{number % 65_536:04x}"


def insert(connection: sa.Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert many rows as fast as the driver does."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))  # noqa: S608
        return
    raw = connection.connection.driver_connection
    with raw.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[union-attr]
        for row in rows:
            copy.write_row(row)


def fill_sketches(store: Store, count: int) -> None:
    """Put the sketches of the known articles into dedupe's memory; nothing is like them, but they share terms."""
    drawn = np.random.default_rng(3)
    day = day_number(START)
    strange = np.sort(drawn.integers(0, 1 << 32, SKETCH // 4, dtype=np.uint32)).tobytes()
    bits = bytes(SKETCH // 32 + 1)
    sketch = Sketch(
        id="strange",
        turn=0,
        group="strange",
        source=None,
        at=0,
        digest=0,
        level=0,
        shingles=strange,
        lede=bits,
        quoted=bits,
    )
    blob = msgspec.msgpack.encode(sketch)
    # in the order of the table's key, as quick as it gets
    terms = np.sort(drawn.integers(-(1 << 31), 1 << 31, count * TERMS, dtype=np.int64))
    seqs = drawn.integers(1, count + 1, len(terms))
    for start in range(0, count, 20_000):
        numbers = range(start + 1, min(start + 20_000, count) + 1)
        rows = [posting_tables.IndexedBlob(n, day, bytes(4 * TERMS), blob) for n in numbers]
        with store.write() as connection:
            posting_tables.write_blobs(connection, posting_tables.COPIES.blobs, rows)
    if store.engine.dialect.name != "sqlite":
        with store.write() as connection:
            posting_tables.create_partitions(connection, posting_tables.COPIES.postings.name, {day})
    for start in range(0, len(terms), 500_000):
        part = slice(start, start + 500_000)
        keys = dict.fromkeys(zip(terms[part].tolist(), seqs[part].tolist(), strict=True))
        with store.write() as connection:
            insert(connection, "copy_terms", ("term", "day", "seq"), [(term, day, seq) for term, seq in keys])


def fill_stories(store: Store, samples: Sequence[Prepared], count: int) -> None:
    """Put stories into cluster's memory, with as many postings for each word as there may be."""
    blobs = story_blobs(samples[:200])
    drawn = np.random.default_rng(5)
    stories = np.arange(PER_STORY, count + 1, PER_STORY)
    if not len(stories):
        return
    vocabulary = hash_words(f"w{n:x}" for n in range(100_000))
    weights = 1 / (np.arange(len(vocabulary)) + 53)
    terms = drawn.choice(vocabulary, len(stories) * 16, p=weights / weights.sum())
    seqs = np.repeat(stories, 16)
    order = np.lexsort((-seqs, terms))  # of each term the latest stories
    terms, seqs = terms[order], seqs[order]
    rank = np.arange(len(terms)) - np.searchsorted(terms, terms)
    kept = rank < STORY_POSTINGS
    by_term: dict[int, set[int]] = defaultdict(set)
    for term, seq in zip(terms[kept].tolist(), seqs[kept].tolist(), strict=True):
        by_term[term].add(seq)
    days = {int(n): day_number(START + dt.timedelta(days=10 * int(n) / (count + 1))) for n in stories}
    for start in range(0, len(stories), 20_000):
        with store.write() as connection:
            chosen = [int(n) for n in stories[start : start + 20_000]]
            rows = [posting_tables.IndexedBlob(n, days[n], bytes(64), blobs[n % len(blobs)]) for n in chosen]
            posting_tables.write_blobs(connection, stories_table, rows)
    for start in range(0, len(by_term), 20_000):
        part = islice(by_term.items(), start, start + 20_000)
        lists = {term: pack_postings((days[seq], seq) for seq in of_term) for term, of_term in part}
        with store.write() as connection:
            write_lists(connection, lists)


def story_blobs(samples: Sequence[Prepared]) -> list[bytes]:
    """Return what cluster remembers of stories of one article each."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/ledger.db")
        memory = store.story_index(Settings().cluster)
        newcomers = [newcomer(n, sample) for n, sample in enumerate(samples, 1)]
        cluster.decide(newcomers, memory, Settings().cluster)
        blobs = [data for n in range(1, len(samples) + 1) if (data := memory.get_story(n))]
        store.close()
    return blobs


def newcomer(seq: int, sample: Prepared) -> cluster.ArticleToAssign:
    """Return an article as cluster gets it."""
    copy = Copy(id=sample.article.id, group=sample.article.id)
    seen = sample.entry.first_seen
    return cluster.ArticleToAssign(seq=seq, first_seen=seen, article=sample.article, copy=copy, names=sample.names)


def fill_index(context: Context, count: int) -> None:
    """Write ``count`` documents of known articles."""
    samples = list(prepare(SAMPLES, 0x7_0000_0000))
    begun = time.perf_counter()
    for first in range(1, count + 1, 1000):
        documents = []
        for n in range(first, min(first + 1000, count + 1)):
            sample, article_id = samples[n % SAMPLES], known_id(n)
            records = ArticleRecords(
                id=article_id,
                revision=1,
                version=1,
                first_seen=sample.entry.first_seen,
                entry=sample.entry,
                page=sample.page,
                article=msgspec.structs.replace(sample.article, id=article_id),
                copy=Copy(id=article_id, group=article_id),
                names=sample.names,
                placement=Placement(id=article_id, story=f"s{article_id}"),
                story_size=1,
                stages={},
                source=Source(name=sample.entry.source),
            )
            if document := build_document(records, NOW):
                documents.append(document)
        context.index.upsert(documents)
    context.index.refresh()
    print(f"{count:,} documents in {time.perf_counter() - begun:.0f} s")


# measuring ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Cost:
    """What a stage took in batches of one size."""

    articles: int = 0
    batches: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    statements: int = 0

    def per_article(self) -> tuple[float, float]:
        """Return milliseconds of own time and by the clock."""
        return 1000 * self.cpu / max(1, self.articles), 1000 * self.wall / max(1, self.articles)


def measure(context: Context, coming: Iterator[Prepared], count: int, batch: int) -> dict[Stage, Cost]:
    """Let ``count`` articles pass the stages in batches; return what each stage took."""
    wanted = list(islice(coming, count))
    new = [NewArticle.from_entry(prepared.entry) for prepared in wanted]
    costs = {stage: Cost() for stage in Stage}
    statements = [0]

    def counted(*_: object) -> None:
        statements[0] += 1

    def spend(stage: Stage, work: Callable[[], int]) -> int:
        begun, used, sent = time.perf_counter(), time.process_time(), statements[0]
        done, cost = work(), costs[stage]
        cost.wall, cost.cpu = cost.wall + time.perf_counter() - begun, cost.cpu + time.process_time() - used
        cost.statements, cost.articles = cost.statements + statements[0] - sent, cost.articles + done
        cost.batches += 1
        return done

    def arrive(part: Sequence[NewArticle]) -> int:
        with context.store.write() as connection:
            return len(context.store.ledger.insert_articles(connection, part, context.clock()))

    handlers: list[StageHandler] = [
        PreparedHandler(context, Stage.FETCH, {one.page.id: one.page for one in wanted}),
        PreparedHandler(context, Stage.EXTRACT, {one.page.id: one.article for one in wanted}),
        DedupeHandler(context),
        PreparedHandler(context, Stage.ENRICH, {one.page.id: one.names for one in wanted}),
        ClusterHandler(context),
        IndexHandler(context),
    ]
    handlers[-1].maintain()
    runs = [(handler.stage, StageRun(handler)) for handler in handlers]
    sa.event.listen(sa.Engine, "before_cursor_execute", counted)
    for start in range(0, len(new), batch):  # as in a stream: what has come passes all stages
        spend(Stage.POLL, lambda part=new[start : start + batch]: arrive(part))  # type: ignore[misc]
        for stage, run in runs:
            while spend(stage, lambda run=run: run.step(batch)) == batch and stage is Stage.INDEX:  # type: ignore[misc]
                pass
    sa.event.remove(sa.Engine, "before_cursor_execute", counted)
    index = costs[Stage.INDEX]
    print(f"batches of {batch}: {index.articles / len(new):.2f} documents written for each article")
    index.articles = len(new)
    return costs


def run(wanted: argparse.Namespace, known: int, indexed: int, folder: Path) -> dict[tuple[Stage, int], Cost]:
    """Measure beside ``known`` articles and ``indexed`` documents; return the costs by stage and size of batch."""
    places = Environment(
        home=folder,
        store_url=wanted.store or f"sqlite:///{folder}/ledger.db",
        index_url=wanted.index or f"sqlite:///{folder}/index.db",
        archive_url=str(folder / "archive"),
    )
    settings = Settings()
    if wanted.store:
        empty_database(wanted.store)
    sources = [Source(name=f"Outlet {n}") for n in range(OUTLETS)]
    index = open_index(places.index_url, settings.index, api_key=None, ca_file=None)
    index.prepare()
    index.wipe()
    index.close()
    costs: dict[tuple[Stage, int], Cost] = {}
    with Context(settings, sources, places, config=config_folder(), clock=lambda: NOW) as context:
        fill_ledger(context.store, known)
        with context.store.write() as connection:  # or every known article would be indexed
            context.store.values.save(connection, "index identity", context.index.identity())
        fill_index(context, indexed)
        coming = prepare(wanted.articles * len(wanted.batches), known + 1)
        for batch in wanted.batches:
            before = size(context.store)
            for stage, cost in measure(context, coming, wanted.articles, batch).items():
                costs[stage, batch] = cost
            print(f"batches of {batch}: {(size(context.store) - before) / wanted.articles:,.0f} bytes an article")
            sys.stdout.flush()
        if not wanted.index:
            count = context.index.count()
            print(f"index: {(folder / 'index.db').stat().st_size / max(1, count):,.0f} bytes a document of {count:,}")
    return costs


def empty_database(url: str) -> None:
    """Drop all tables of a database."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        else:
            metadata.drop_all(connection)
    engine.dispose()


def report(results: dict[str, dict[tuple[Stage, int], Cost]]) -> None:
    """Print a table."""
    sizes = list(results)
    for stage, batch in results[sizes[0]]:
        columns = []
        for known in sizes:
            cost = results[known][stage, batch]
            own, wall = cost.per_article()
            statements = cost.statements / max(1, cost.batches)
            columns.append(f"{own:7.2f} {wall:7.2f} ms {statements:6.1f} statements a batch")
        ratio = [results[sizes[-1]][stage, batch].per_article()[i] for i in (0, 1)]
        first = [results[sizes[0]][stage, batch].per_article()[i] for i in (0, 1)]
        growth = " ".join(f"{new / max(old, 1e-9):5.2f}" for new, old in zip(ratio, first, strict=True))
        print(f"{stage:8} {batch:5} | {' | '.join(columns)} | x {growth}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--known", type=int, nargs="+", default=[10_000, 1_000_000])
    asked.add_argument("--indexed", type=int, nargs="+", default=[10_000, 200_000])
    asked.add_argument("--articles", type=int, default=2000)
    asked.add_argument("--batches", type=int, nargs="+", default=[8, 200])
    asked.add_argument("--store")
    asked.add_argument("--index")
    asked.add_argument("--folder", type=Path, help="of the throw-away files; they are deleted")
    wanted = asked.parse_args()
    tune_gc()  # as newswire does
    results: dict[str, dict[tuple[Stage, int], Cost]] = {}
    for known, indexed in zip(wanted.known, wanted.indexed, strict=True):
        with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
            results[f"{known:,} ({indexed:,} documents)"] = run(wanted, known, indexed, Path(folder))
    print("stage    batch | own time and by the clock, an article, beside " + " and ".join(results))
    report(results)


if __name__ == "__main__":
    main()

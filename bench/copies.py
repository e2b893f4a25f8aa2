"""Measure how fast copies and stories are recognised, and what that costs in the ledger.

    python bench/copies.py ARTICLES [--known N] [--batch N] [--store URL] [--no-stories]

Invented articles of the length of newswire, a third of them cut or extended copies, arrive over ten days; a rate for
each fifth of them shows whether it falls as the ledger grows. ``--known`` first fills the ledger with the fingerprints
of so many articles that share nothing, as they lie after a day of a million. Rates are by the clock and by this
process's processor time, which on a machine that others use tells more. Without an address the ledger is a throw-away
SQLite file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import sqlalchemy as sa

from pipeline import cluster, dedupe
from pipeline.dedupe.sketch import Sketch
from pipeline.gc_tuning import tune_gc
from pipeline.records import Article
from pipeline.settings import load_settings
from pipeline.store import Store, posting_tables
from pipeline.store.inverted_index import day_number

BATCH = 1000  # run.ordered_batch
MEDIAN, SPREAD = 205, 0.6  # words of an article, log-normal: the mean is 247, that of newswire
PARAGRAPH = 35  # words
QUOTED = 0.2  # of the paragraphs
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TERMS = 31  # of one article
SKETCH = 800  # bytes: the mean


class Desk:
    """Writes articles whose words are as unequally common as English ones (Zipf)."""

    def __init__(self) -> None:
        self._chance = random.Random(1)
        vocabulary = [f"w{n:x}" for n in range(100_000)]
        weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
        self._stock = self._chance.choices(vocabulary, weights, k=2_000_000)

    def paragraphs(self) -> list[str]:
        """Return an article of its own: half of its runs of words stand elsewhere too."""
        words = max(30, round(self._chance.lognormvariate(float(np.log(MEDIAN)), SPREAD)))
        paragraphs = []
        for n in range(0, words, PARAGRAPH):
            at, length = self._chance.randrange(len(self._stock) - PARAGRAPH), min(PARAGRAPH, words - n)
            half = self._stock[at : at + length // 2] + self._chance.choices(self._stock, k=length - length // 2)
            text = " ".join(half)
            paragraphs.append(f"“{text}”" if self._chance.random() < QUOTED else text)
        return paragraphs

    def copied(self, paragraphs: list[str]) -> list[str]:
        """Return a copy: whole, cut from the end, or with a paragraph of its own."""
        kind = self._chance.random()
        if kind < 1 / 3:
            return paragraphs
        if kind < 2 / 3:
            return paragraphs[: max(1, self._chance.randint(len(paragraphs) // 3, len(paragraphs)))]
        return [*paragraphs, *self.paragraphs()[:1]]


def articles(count: int, first: int) -> Iterator[dedupe.DatedArticle]:
    """Yield ``count`` articles, a third of them copies of recent ones."""
    desk, chance = Desk(), random.Random(2)
    recent: list[list[str]] = []
    for n in range(count):
        if recent and chance.random() < 1 / 3:
            text = desk.copied(chance.choice(recent))
        else:
            text = desk.paragraphs()
            recent = [*recent[-200:], text]
        first_seen = START + dt.timedelta(days=10 * n / count)
        seq = first + n
        article = Article(
            id=f"a{seq:019x}", title=" ".join(text[0].split()[:8]), text="\n".join(text), published=first_seen
        )
        yield dedupe.DatedArticle(seq=seq, first_seen=first_seen, article=article)


def fill(store: Store, count: int) -> None:
    """Put the fingerprints of ``count`` articles into the ledger that no other one shares a term with."""
    drawn = np.random.default_rng(3)
    day = day_number(START)
    # a sketch that nothing is like: by chance some of a billion pairs of terms are equal, and it is compared then
    strange = np.sort(drawn.integers(0, 1 << 32, SKETCH // 4, dtype=np.uint32)).tobytes()
    bits = bytes(SKETCH // 32 + 1)
    blob = msgspec.msgpack.encode(
        Sketch(
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
    )
    terms = np.sort(drawn.integers(0, 1 << 32, count * TERMS, dtype=np.uint64))
    seqs = drawn.integers(1, count + 1, len(terms))
    for start in range(0, len(terms), 200_000):
        rows = slice(start, start + 200_000)
        keys = sorted(set(zip(terms[rows].tolist(), seqs[rows].tolist(), strict=True)))
        with store.write() as connection:
            posting_tables.write_postings(connection, posting_tables.COPIES, [(term, seq, day) for term, seq in keys])
            if store.engine.dialect.name == "sqlite":  # as they lie after many batches
                for batch in range(4 * posting_tables.SLICES):
                    posting_tables.merge_slice(connection, posting_tables.COPIES, batch)
    for start in range(1, count + 1, 20_000):
        numbers = range(start, min(start + 20_000, count + 1))
        with store.write() as connection:
            posting_tables.write_blobs(
                connection,
                posting_tables.COPIES.blobs,
                [posting_tables.IndexedBlob(n, day, bytes(4 * TERMS), blob) for n in numbers],
            )


class Spent:
    """The time that something takes, by the clock and of the processor."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._wall
        self.cpu += time.process_time() - self._cpu

    def rate(self, count: int) -> str:
        """Return how many a second."""
        return f"{count / self.wall:,.0f}/s ({count / self.cpu:,.0f}/s of processor time)"


def run(store: Store, count: int, first: int, size: int, *, stories: bool) -> None:
    """Print the rates of each fifth, for batches of ``size``."""
    settings = load_settings()
    arrivals = articles(count, first)
    fifth, done = max(size, count // 5), 0
    spent = {"dedupe": Spent(), "cluster": Spent()}
    while batch := list(islice(arrivals, size)):
        with spent["dedupe"]:
            copies = store.sketch_index(settings.dedupe)
            decided = dedupe.decide(batch, copies, settings.dedupe)
            with store.write() as connection:
                copies.flush(connection)
        if stories:
            with spent["cluster"]:
                memory = store.story_index(settings.cluster)
                pairs = zip(batch, decided, strict=True)
                placed = [
                    cluster.ArticleToAssign(seq=a.seq, first_seen=a.first_seen, article=a.article, copy=copy)
                    for a, copy in pairs
                ]
                cluster.decide(placed, memory, settings.cluster)
                with store.write() as connection:
                    memory.flush(connection)
        done += len(batch)
        if done // fifth > (done - len(batch)) // fifth:
            rates = ", ".join(f"{stage} {time.rate(fifth)}" for stage, time in spent.items() if time.wall)
            print(f"{first - 1 + done:>9,} articles: {rates}", flush=True)
            spent = {"dedupe": Spent(), "cluster": Spent()}


def size(store: Store) -> int:
    """Return how many bytes the ledger takes."""
    with store.read() as connection:
        if store.engine.dialect.name == "sqlite":
            pages, page = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size")
            )
            return int(pages) * int(page)
        return int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("articles", type=int)
    asked.add_argument("--known", type=int, default=0)
    asked.add_argument("--batch", type=int, default=BATCH)
    asked.add_argument("--store")
    asked.add_argument("--no-stories", action="store_true")
    wanted = asked.parse_args()
    tune_gc()  # as newswire does
    with tempfile.TemporaryDirectory() as folder:
        store = Store(wanted.store or f"sqlite:///{Path(folder)}/ledger.db")
        empty = size(store)
        fill(store, wanted.known)
        if wanted.known:
            print(f"{wanted.known:>9,} articles known", flush=True)
        run(store, wanted.articles, wanted.known + 1, wanted.batch, stories=not wanted.no_stories)
        print(f"{(size(store) - empty) / (wanted.known + wanted.articles):,.0f} bytes an article")
        store.close()


if __name__ == "__main__":
    main()

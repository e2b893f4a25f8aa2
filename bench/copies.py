"""How fast are copies and stories recognised, and what does it cost in the ledger?

python bench/copies.py ARTICLES [STORE_URL]

Invented articles, a third of them cut or extended copies, arrive over ten days; a rate for each tenth of them shows
whether it falls as the ledger grows. Without an address the ledger is a throw-away SQLite file.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from pipeline import cluster, dedupe
from pipeline.records import Article
from pipeline.settings import load_settings
from pipeline.store import Store

BATCH = 200
WORDS = 250  # the mean of newswire
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def articles(count: int) -> Iterator[dedupe.Arrival]:
    """Yield ``count`` articles whose words are as unequally common as English ones (Zipf)."""
    chosen = random.Random(1)
    vocabulary = [f"w{n:x}" for n in range(100_000)]
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
    stock = chosen.choices(vocabulary, weights, k=2_000_000)
    recent: list[list[str]] = []
    for seq in range(1, count + 1):
        if recent and chosen.random() < 1 / 3:
            words = chosen.choice(recent)[: chosen.randint(WORDS // 3, WORDS)]
        else:
            at = chosen.randrange(len(stock) - WORDS)
            words = stock[at : at + WORDS // 2] + chosen.choices(stock, k=WORDS // 2)
            recent = [*recent[-200:], words]
        seen = START + dt.timedelta(days=10 * seq / count)
        article = Article(id=f"a{seq}", title=" ".join(words[:8]), text=" ".join(words), published=seen)
        yield dedupe.Arrival(seq=seq, at=seen, article=article)


def run(store: Store, count: int) -> None:
    """Print the rates of each tenth."""
    settings = load_settings()
    spent = {"dedupe": 0.0, "cluster": 0.0}
    arrivals, done = articles(count), 0
    while batch := list(islice(arrivals, BATCH)):
        begun = time.perf_counter()
        copies = store.copies(settings.dedupe)
        decided = dedupe.decide(batch, copies, settings.dedupe)
        with store.write() as connection:
            copies.flush(connection)
        between = time.perf_counter()
        to_place = [
            cluster.ToPlace(seq=arrival.seq, at=arrival.at, article=arrival.article, copy=copy)
            for arrival, copy in zip(batch, decided, strict=True)
        ]
        stories = store.stories(settings.cluster)
        cluster.decide(to_place, stories, settings.cluster)
        with store.write() as connection:
            stories.flush(connection)
        spent["dedupe"] += between - begun
        spent["cluster"] += time.perf_counter() - between
        tenth, done = count // 10, done + len(batch)
        if done // tenth > (done - len(batch)) // tenth:
            rates = ", ".join(f"{stage} {tenth / seconds:,.0f}/s" for stage, seconds in spent.items())
            print(f"{done:>9,} articles: {rates}", flush=True)
            spent = dict.fromkeys(spent, 0.0)


def size(store: Store) -> int:
    """Return how many bytes the ledger takes."""
    with store.database.read() as connection:
        if store.database.is_sqlite:
            pages, page = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size")
            )
            return int(pages) * int(page)
        return int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")))


def main() -> None:
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder)}/ledger.db")  # noqa: PLR2004
        run(store, count)
        print(f"{size(store) / count:,.0f} bytes an article")
        store.close()


if __name__ == "__main__":
    main()

"""Measure how fast articles are assigned to stories, and what that costs in the ledger as it grows.

python bench/assignment.py ARTICLES [STORE_URL]

The invented articles of bench/copies.py, two thirds of them texts of their own, arrive over ten days, with five names
each. For each tenth: articles a second by the clock, and by this process's own time, which other work on the machine
doesn't change. Without an address the ledger is a throw-away SQLite file.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from copies import BATCH, articles, size

from pipeline import cluster
from pipeline.records import Copy, Entity, EntityType, Names
from pipeline.settings import load_settings
from pipeline.store import Store

NAMED = 5
NAMES = 20_000  # entities, as unequally common as words are


def articles_to_assign(count: int) -> Iterator[cluster.ArticleToAssign]:
    """Yield what dedupe and enrich would hand on; no copies, so that each article is compared."""
    chosen = random.Random(2)
    weights = [1 / (rank + 3) for rank in range(NAMES)]
    for generated in articles(count, 1):
        numbers = dict.fromkeys(chosen.choices(range(NAMES), weights, k=NAMED))
        entities = tuple(Entity(id=f"e{n}", name=f"Name {n}", type=EntityType.ORG, count=2) for n in numbers)
        yield cluster.ArticleToAssign(
            seq=generated.seq,
            first_seen=generated.first_seen,
            article=generated.article,
            copy=Copy(id=generated.article.id, group=generated.article.id),
            names=Names(id=generated.article.id, entities=entities),
        )


def run(store: Store, count: int) -> int:
    """Print the rates of each tenth; return how many stories there are."""
    settings = load_settings().cluster
    coming, done, tenth = articles_to_assign(count), 0, count // 10
    wall = cpu = 0.0
    stories: set[str] = set()
    while batch := list(islice(coming, BATCH)):
        begun, used = time.perf_counter(), time.process_time()
        memory = store.story_index(settings)
        placements = cluster.decide(batch, memory, settings)
        with store.write() as connection:
            memory.flush(connection)
            store.story_catalog.apply_votes(connection, batch, placements, memory.frequencies)
        wall, cpu = wall + time.perf_counter() - begun, cpu + time.process_time() - used
        stories |= {placement.story for placement in placements}
        done += len(batch)
        if done // tenth > (done - len(batch)) // tenth:
            print(
                f"{done:>9,} articles: {tenth / wall:,.0f}/s by the clock, {tenth / cpu:,.0f}/s of own time",
                flush=True,
            )
            wall = cpu = 0.0
    return len(stories)


def main() -> None:
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder)}/ledger.db")  # noqa: PLR2004
        stories = run(store, count)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{stories:,} stories; {size(store) / count:,.0f} bytes an article; {memory} MB of memory at most")
        store.close()


if __name__ == "__main__":
    main()

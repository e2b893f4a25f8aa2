"""Reindex under a constant load of searches and writes: what searches miss, what is lost, and what it costs them.

    python bench/reindex.py [--documents 100000] [--index URL] [--baseline 20] [--folder FOLDER]

A ledger is filled with short generated articles that are through, and the index from it. From then on one process
searches without a pause, and another one writes: new articles and changed ones pass stage index, and one article after
the other is taken down. After --baseline seconds the index is built anew, verified, and switched to. In the end ledger
and index are compared as a whole.

Searches that count articles in English, of which none is taken down, must never count fewer than before, and those that
count articles that are taken down never more. What is under the alias at --index is wiped.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
from growth import NOW, insert, known_id, known_rows, prepare

from pipeline import reindex
from pipeline.audit import Depth, run_audit
from pipeline.editorial.takedown import take_down
from pipeline.errors import NewswireError
from pipeline.index import Query
from pipeline.records import Article, Copy, Names, Stage
from pipeline.settings import Environment, IndexSettings, Settings, Source, config_folder
from pipeline.stages import Context, run_one
from pipeline.store import NewArticle, Store

_CHUNK = 5_000  # known articles a transaction
_DOOMED = 400  # articles that may be taken down
_NEW, _CHANGED = 5, 20  # articles of a round of writes
_ROUNDS_PER_TAKEDOWN = 3
_PAUSE = 0.05  # seconds between two rounds of writes


def open_ledger(places: Environment) -> Context:
    """Open the context that all processes share."""
    sources = [Source(name=f"Outlet {n}") for n in range(200)]
    settings = Settings(index=IndexSettings(alias="bench-reindex"))
    return Context(settings, sources, places, config=config_folder(), clock=lambda: NOW)


def fill(store: Store, count: int) -> None:
    """Fill the ledger with articles that are through."""
    samples = list(prepare(min(1000, count), 0x7_0000_0000))
    for sample in samples:
        sample.article = msgspec.structs.replace(sample.article, text=sample.article.text[:300])
    for first in range(1, count + 1, _CHUNK):
        with store.write() as connection:
            for table, columns, rows in known_rows(samples, range(first, min(first + _CHUNK, count + 1)), count):
                insert(connection, table, columns, rows)


def arrive(context: Context, names: Sequence[str], language: str) -> None:
    """Let articles come and pass cluster."""
    with context.store.write() as connection:
        articles = [
            NewArticle(
                id=name, source="Herald", first_seen=NOW, url=None, stage=Stage.CLUSTER,
                records=(
                    Article(id=name, title=f"Dam {name}", text=f"The dam {name} holds.", language=language),
                    Copy(id=name, group=name), Names(id=name),
                ),
            )
            for name in names
        ]  # fmt: skip
        context.store.ledger.insert_articles(connection, articles, NOW)
    run_one(context, Stage.CLUSTER)


def search(places: Environment, ended: Event, results: Connection) -> None:
    """Search without a pause; send what failed, and (time, seconds, articles in English, articles to be removed)."""
    rows: list[tuple[float, float, int, int]] = []
    failed: list[str] = []
    with open_ledger(places) as context:
        while not ended.is_set():
            began = time.perf_counter()
            try:
                stay = context.index.search(Query(size=1, filters={"language": ("en",)})).articles
                go = context.index.search(Query(text="dam", size=10, filters={"language": ("fr",)})).articles
            except NewswireError as error:
                failed.append(str(error))
                continue
            rows.append((time.time(), (time.perf_counter() - began) / 2, stay, go))
    results.send((rows, failed))


def write(places: Environment, known: int, ended: Event, results: Connection) -> None:
    """Let articles come, change and be taken down; send id → revision of what was written, and what was removed."""
    drawn, written, removed = random.Random(5), dict[str, int](), list[str]()
    new = (f"{n:020x}" for n in itertools.count(0x5_0000_0000))
    with open_ledger(places) as context:
        for number in itertools.count():
            if ended.is_set():
                break
            names = list(itertools.islice(new, _NEW))
            arrive(context, names, "en")
            changed = {known_id(drawn.randrange(1, known + 1)) for _ in range(_CHANGED)}
            with context.store.write() as connection:
                context.store.ledger.bump_revision(connection, ids=changed)
                rows = context.store.ledger.get_articles(connection, [*names, *changed])
            run_one(context, Stage.INDEX)
            written |= {row.id: row.revision for row in rows.values()}
            if number % _ROUNDS_PER_TAKEDOWN == 0 and len(removed) < _DOOMED:
                doomed = _doomed_id(len(removed))
                with context.store.read() as connection:
                    row = context.store.ledger.find_article(connection, doomed)
                if row:
                    take_down(context, row)
                removed.append(doomed)
            time.sleep(_PAUSE)
    results.send((written, removed))


def _doomed_id(number: int) -> str:
    return f"{0x6_0000_0000 + number:020x}"


def run(places: Environment, known: int, baseline: float) -> dict[str, object]:
    """Fill, load, reindex; return the figures."""
    with open_ledger(places) as context:
        fill(context.store, known)
        context.index.prepare()
        context.index.wipe()
        arrive(context, [_doomed_id(n) for n in range(_DOOMED)], "fr")
        began = time.perf_counter()
        _reindex(context)
        print(f"{known:,} documents in {time.perf_counter() - began:.0f} s without load", file=sys.stderr)
        run_one(context, Stage.INDEX)
        ended = multiprocessing.Event()
        pipes = [multiprocessing.Pipe(duplex=False) for _ in range(2)]
        loads = [
            multiprocessing.Process(target=search, args=(places, ended, pipes[0][1])),
            multiprocessing.Process(target=write, args=(places, known, ended, pipes[1][1])),
        ]
        for load in loads:
            load.start()
        time.sleep(baseline)
        began_at = time.time()
        parts = _reindex(context)
        ended_at = time.time()
        time.sleep(baseline / 2)
        ended.set()
        (rows, failed), (written, removed) = (pipe.recv() for pipe, _ in pipes)
        for load in loads:
            load.join()
        run_one(context, Stage.INDEX)
        context.index.refresh()
        revisions = dict(context.index.revisions())
        results = list(run_audit(context, ["index", "documents"], documents=Depth.SAMPLE))
    before = [seconds for at, seconds, *_ in rows[5:] if at < began_at]
    during = [seconds for at, seconds, *_ in rows if began_at <= at < ended_at]
    stay, go = [row[2] for row in rows], [row[3] for row in rows]
    return {
        "documents": known,
        "seconds": {name: round(seconds, 1) for name, seconds in parts.items()},
        "searches": 2 * len(rows),
        "failed": len(failed),
        "failures": failed[:3],
        "fewer": min(n - most for n, most in zip(stay, itertools.accumulate(stay, max), strict=True)),
        "least_counted": min(stay),
        "came_back": max(n - least for n, least in zip(go, itertools.accumulate(go, min), strict=True)),
        "written": len(written),
        "lost": sum(revisions.get(name, -1) < revision for name, revision in written.items()),
        "taken_down": len(removed),
        "taken_down_and_there": len(revisions.keys() & set(removed)),
        "faults": {result.name: result.faults for result in results},
        "ms_a_search": {"before": _ms(before), "during": _ms(during)},
        "ratio_of_medians": round(statistics.median(during) / statistics.median(before), 2),
    }  # fmt: skip


def _reindex(context: Context) -> dict[str, float]:
    """Do it; return the seconds of each part."""
    parts: dict[str, float] = {}
    for name, part in (("build", reindex.build), ("verify", reindex.verify), ("switch", reindex.switch)):
        began = time.perf_counter()
        outcome = part(context)  # type: ignore[operator]
        if name == "verify":
            reindex.require_nothing_wrong(outcome)
        parts[name] = time.perf_counter() - began
    return parts


def _ms(seconds: Sequence[float]) -> dict[str, float]:
    quantiles = statistics.quantiles(seconds, n=20)
    return {"median": round(1000 * quantiles[9], 1), "p95": round(1000 * quantiles[18], 1)}


def main() -> None:
    """Measure and print JSON."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--documents", type=int, default=100_000)
    asked.add_argument("--index", help="the address of an Elasticsearch; without it the index is embedded")
    asked.add_argument("--baseline", type=float, default=20.0, metavar="SECONDS")
    asked.add_argument("--folder", type=Path, help="of the throw-away files; they are deleted")
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        places = Environment(
            home=Path(folder),
            store_url=f"sqlite:///{folder}/ledger.db",
            index_url=wanted.index or f"sqlite:///{folder}/index.db",
            archive_url=f"{folder}/archive",
        )
        print(json.dumps(run(places, wanted.documents, wanted.baseline), indent=2))


if __name__ == "__main__":
    main()

"""Measure what shards bring: a heavy stage over so many pages, by one program and by two, of one worker process each.

    python -m bench.shards [--pages 400] [--manifest FILE] [--store ADDRESS] [--pin]

The pages of a manifest ({"path", "url"} a line) are read, as ``bench.workers`` takes them; without one generated ones.
Each way has a ledger of its own: embedded, or a PostgreSQL database ADDRESS, whose tables are emptied before. Prints a
line a stage: articles per second with one shard and with two, the ratio, and the CPU time of an article in either way
(which tells what shards cost each other, also on a busy machine). The start of the programs is left out.
--pin gives each shard a core of its own, for the program and its worker process, as if it were a machine; without it a
shard alone has all cores for these two.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from bench.workers import generated, listed
from pipeline.context import open_context
from pipeline.extract import RawPage
from pipeline.records import Entry, Page, Stage
from pipeline.stages import run_stage
from pipeline.store import NewArticle
from pipeline.urls import article_id

SHARD = """
import json, sys
from pathlib import Path
from pipeline.stages import preload_workers, run_stage
Path(sys.argv[2]).touch()
sys.stdin.read()
print(json.dumps(run_stage(sys.argv[1])))
"""
BATCH = 25  # small enough that two shards end at about the same time


def bring(pages: Iterator[RawPage], count: int) -> int:
    """Put the first pages into ledger and archive, before stage extract; return how many of them are articles."""
    with open_context() as context:
        now = context.clock()
        new = []
        for n, raw in enumerate(itertools.islice(pages, count)):
            url = f"{raw.url or 'https://nowhere.example/'}#{n}".replace("#", "?n=")
            name = article_id(url)
            page = Page(
                id=name, url=url, final_url=url, blob=context.archive.put(raw.data), size=len(raw.data), fetched=now
            )
            entry = Entry(id=name, url=url, source="bench", first_seen=now)
            new.append(
                NewArticle(id=name, source="bench", first_seen=now, url=url, records=(entry, page), stage=Stage.EXTRACT)
            )
        with context.store.write() as connection:
            return len(context.store.ledger.insert_articles(connection, new, now))


def run_shards(stage: str, shards: int, folder: Path, *, pins: bool) -> tuple[float, Counter[str]]:
    """Run a stage by so many programs at once, each on a core where ``pins``; return the seconds and all counts."""
    ready = [folder / f"{stage}{n}" for n in range(shards)]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", SHARD, stage, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for file in ready
    ]
    if pins:
        for core, program in zip(sorted(os.sched_getaffinity(0)), programs, strict=False):
            os.sched_setaffinity(program.pid, {core})
    while not all(file.exists() for file in ready):
        time.sleep(0.01)
    began = time.monotonic()
    for program in programs:
        assert program.stdin
        program.stdin.close()
    counts: Counter[str] = Counter()
    for program in programs:
        assert program.stdout
        counts.update({name: n for name, n in json.loads(program.stdout.read()).items() if isinstance(n, int)})
        program.wait()
    return time.monotonic() - began, counts


def empty(address: str) -> None:
    """Remove all tables of a PostgreSQL database."""
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()


class Cost(NamedTuple):
    """What an article took, in seconds: by the clock, and of CPU."""

    clock: float
    cpu: float


def used_cpu() -> float:
    """Return the CPU seconds of all programs that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(shards: int, options: argparse.Namespace) -> dict[str, Cost]:
    """Return stage → what an article took with so many shards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "newswire.toml").write_text(
            f"[run]\nworkers = {shards}\nbatch = {BATCH}\n[airflow]\nshards = {shards}\n", encoding="utf-8"
        )
        os.environ.update({"NEWSWIRE_CONFIG": name, "NEWSWIRE_HOME": name})
        if options.store:
            empty(options.store)
            os.environ["NEWSWIRE_STORE_URL"] = options.store
        expected = bring(listed(options.manifest) if options.manifest else generated(), options.pages)
        seconds = {}
        for stage in ("extract", "enrich"):
            before = used_cpu()
            taken, counts = run_shards(stage, shards, folder, pins=options.pin)
            assert stage != "extract" or counts["in"] == expected, "an article was taken twice, or by nobody"
            seconds[stage] = Cost(taken / counts["in"], (used_cpu() - before) / counts["in"])
            if stage == "extract":
                run_stage("dedupe")
        return seconds


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--store")
    parser.add_argument("--pin", action="store_true")
    options = parser.parse_args()
    one, two = measure(1, options), measure(2, options)
    for stage, cost in one.items():
        both = two[stage]
        rates = f"{1 / cost.clock:.1f} articles/s with one shard, {1 / both.clock:.1f} with two"
        cpu = f"CPU ms an article: {1000 * cost.cpu:.0f} and {1000 * both.cpu:.0f}"
        print(f"{stage}: {rates}: {cost.clock / both.clock:.2f} times; {cpu}")


if __name__ == "__main__":
    main()

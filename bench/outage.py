"""Elasticsearch goes away while newswire follows, and comes back: what waits, what comes first, whether all is there.

    python -m bench.outage [--minutes 10] [--port 9835]

It starts an Elasticsearch of its own (scripts/elasticsearch) and a newswire run --follow over half of the demo
newsroom's outlets, which writes articles and operations there. Elasticsearch is ended; the other outlets are added, and
the second edition comes out. After the time it is started again. The second at which the last article and the last
outcome are there is printed, and all counts are compared with the ledger's: the exit code is 1 where they differ.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from elasticsearch import ApiError, Elasticsearch, TransportError

from pipeline.demo.newsroom import feeds_toml
from pipeline.demo.server import serve_newsroom
from pipeline.store.schema.articles import items, outcomes
from tests.helpers.support import REPO, write_config

NAME = "bench-outage"
_LONGEST = 900.0  # seconds that anything is waited for
_FIELDS = ("stage", "outcome", "reason")


def node(*words: str) -> str:
    """Call scripts/elasticsearch; return what it prints."""
    command = [str(REPO / "scripts/elasticsearch"), *words, "--name", NAME]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def count_articles(client: Elasticsearch) -> int:
    """Return how many documents of articles searches find; -1 where nothing answers."""
    try:
        client.indices.refresh(index="newswire-articles")
        return int(client.count(index="newswire-articles")["count"])
    except (ApiError, TransportError):
        return -1


def count_outcomes(client: Elasticsearch) -> Counter[tuple[str, ...]]:
    """Return (stage, outcome, reason) → how many documents of outcomes there are."""
    sources = [{name: {"terms": {"field": name, "missing_bucket": True}}} for name in _FIELDS]
    aggs = {"by": {"composite": {"size": 1000, "sources": sources}}}
    try:
        client.indices.refresh(index="newswire-outcomes")
        buckets = client.search(index="newswire-outcomes", size=0, aggs=aggs)["aggregations"]["by"]["buckets"]
    except (ApiError, TransportError):
        return Counter()
    return Counter({tuple(each["key"][name] or "" for name in _FIELDS): each["doc_count"] for each in buckets})


class Ledger:
    """What the ledger of the run says."""

    def __init__(self, home: Path) -> None:
        self._engine = sa.create_engine(f"sqlite:///{home}/ledger.db")

    def outcomes(self) -> Counter[tuple[str, ...]]:
        """Return the same of its history."""
        c = outcomes.c
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(c.stage, c.outcome, c.reason, sa.func.count()).group_by(c.stage, c.outcome, c.reason)
            )
            return Counter({(row[0], row[1], row[2] or ""): row[3] for row in rows})

    def articles(self) -> int:
        """Return how many articles are through, or wait for the index alone."""
        is_ready = sa.and_(items.c.state == "pending", sa.or_(items.c.stage.is_(None), items.c.stage == "index"))
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(items).where(is_ready)) or 0


def wait_until(holds: Callable[[], bool], what: str, program: subprocess.Popen[bytes]) -> float:
    """Return after how many seconds something held.

    Raises:
        TimeoutError: It never did, or the program has ended.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > _LONGEST or program.poll() is not None:
            raise TimeoutError(what)
        time.sleep(0.5)
    return time.monotonic() - began


def measure(minutes: float, port: int, home: Path) -> bool:
    """Run it all; return whether index and ledger agree in the end."""
    address = node("start", "--port", str(port))
    with serve_newsroom() as newsroom, Elasticsearch(address, request_timeout=10, max_retries=0) as client:
        half = len(newsroom.sources) // 2
        config = write_config(home / "config", newsroom.sources[:half])
        with (config / "newswire.toml").open("a", encoding="utf-8") as file:
            file.write("[extract]\ntimeout_seconds = 300.0\n")  # whatever else the machine does
        addresses = {"NEWSWIRE_INDEX_URL": address, "NEWSWIRE_OPERATIONS_URL": address}
        environment = {**os.environ, "NEWSWIRE_HOME": str(home), "NEWSWIRE_CONFIG": str(config), **addresses}
        command = [sys.executable, "-m", "pipeline.cli", "run", "--follow"]
        with (home / "said").open("wb") as said:
            program = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        ledger = Ledger(home)
        try:
            homes = tuple(source.home or "" for source in newsroom.sources[:half])
            first = sum(url.startswith(homes) for url in newsroom.newsroom.expected.articles)
            wait_until(lambda: (home / "ledger.db").exists() and count_articles(client) == first, "articles", program)
            wait_until(lambda: count_outcomes(client) == ledger.outcomes(), "outcomes", program)
            before = (ledger.articles(), ledger.outcomes().total())
            print(f"before: {before[0]} articles and {before[1]} outcomes there", flush=True)
            node("stop")
            gone = time.monotonic()
            (config / "feeds.toml").write_text(feeds_toml(newsroom.sources), encoding="utf-8")
            newsroom.edition = 2
            while time.monotonic() - gone < 60 * minutes:
                time.sleep(1)
            waits = (ledger.articles() - before[0], ledger.outcomes().total() - before[1])
            print(f"after {minutes:g} minutes: {waits[0]} articles wait, {waits[1]} outcomes", flush=True)
            node("start", "--port", str(port))
            back = time.monotonic()
            wait_until(lambda: count_articles(client) == ledger.articles(), "all articles", program)
            articles_there = time.monotonic() - back
            sent_then = count_outcomes(client).total()
            wait_until(lambda: count_outcomes(client) == ledger.outcomes(), "all outcomes", program)
            outcomes_there = time.monotonic() - back
            print(f"articles were there {articles_there:.0f} s after it was back, outcomes {outcomes_there:.0f} s")
            print(f"when the last article was there, {sent_then} of {ledger.outcomes().total()} outcomes were")
            agrees = count_outcomes(client) == ledger.outcomes() and count_articles(client) == ledger.articles()
            print("counts of outcomes equal the ledger's" if agrees else "counts differ")
            return agrees and articles_there <= outcomes_there and waits[0] > 0
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(60)


def main() -> int:
    """Measure, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--port", type=int, default=9835)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 0 if measure(given.minutes, given.port, Path(folder)) else 1
        finally:
            print((Path(folder) / "said").read_text(errors="replace")[-3000:], file=sys.stderr)
            node("stop")
            node("wipe")


if __name__ == "__main__":
    sys.exit(main())

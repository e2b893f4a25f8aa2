"""Elasticsearch goes away while newswire follows, and comes back: what waits, what comes first, whether all is there.

    python -m bench.outage [--minutes 10] [--index http://127.0.0.1:9200]

A newswire run --follow over two of the demo newsroom's outlets writes articles and operations through a relay to the
Elasticsearch, into indices of its own, which are removed in the end. The relay is closed: connections break, and no new
one is taken. The other outlets are added, and the second edition comes out. After the time the relay is opened again.
The seconds at which the last article and the last outcome are there are printed, and all counts are compared with the
ledger's: the exit code is 1 where articles differ.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from elasticsearch import ApiError, Elasticsearch, TransportError

from pipeline.demo.newsroom import feeds_toml
from pipeline.demo.server import serve_newsroom
from pipeline.settings import Source
from pipeline.store.schema.articles import items, outcomes
from tests.helpers.support import write_config

PREFIX = "bench-outage"
ARTICLES, OUTCOMES = f"{PREFIX}-articles", f"{PREFIX}-outcomes"
_FIRST = 2  # outlets that are there from the beginning
_LONGEST = 1800.0  # seconds that anything is waited for
_FIELDS = ("stage", "outcome", "reason")
_CHUNK = 65_536


class Relay:
    """Passes connections on to a server while it is open."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connected: set[socket.socket] = set()
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def open(self) -> None:
        """Take connections again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()

    def close(self) -> None:
        """Take no more connections, and break those that there are."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connected in list(self._connected):
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._connected |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        self._connected.discard(source)
        source.close()


def count_articles(client: Elasticsearch) -> int:
    """Return how many documents of articles searches find; -1 where nothing answers."""
    try:
        client.indices.refresh(index=ARTICLES)
        return int(client.count(index=ARTICLES)["count"])
    except (ApiError, TransportError):
        return -1


def count_outcomes(client: Elasticsearch) -> Counter[tuple[str, ...]]:
    """Return (stage, outcome, reason) → how many documents of outcomes there are."""
    sources = [{name: {"terms": {"field": name, "missing_bucket": True}}} for name in _FIELDS]
    aggs = {"by": {"composite": {"size": 1000, "sources": sources}}}
    try:
        client.indices.refresh(index=OUTCOMES)
        buckets = client.search(index=OUTCOMES, size=0, aggs=aggs)["aggregations"]["by"]["buckets"]
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


def configure(folder: Path, sources: Sequence[Source]) -> Path:
    """Write settings for outlets, and names of indices that are the bench's own; return their folder."""
    config = write_config(folder, sources)
    with (config / "newswire.toml").open("a", encoding="utf-8") as file:
        file.write(
            "[extract]\ntimeout_seconds = 300.0\n"  # whatever else the machine does
            f'[index]\nalias = "{ARTICLES}"\ntimeout_seconds = 120.0\n[operations]\nprefix = "{PREFIX}"\n'
        )
    return config


def measure(minutes: float, url: str, home: Path) -> bool:
    """Run it all; return whether index and ledger agree in the end, and articles came first."""
    parts = urlsplit(url)
    relay, ledger = Relay(parts.hostname or "127.0.0.1", parts.port or 9200), Ledger(home)
    with serve_newsroom() as newsroom, Elasticsearch(url, request_timeout=120) as client:
        config = configure(home / "config", newsroom.sources[:_FIRST])
        address = f"http://127.0.0.1:{relay.port}"
        environment = {**os.environ, "NEWSWIRE_HOME": str(home), "NEWSWIRE_CONFIG": str(config)}
        environment |= {"NEWSWIRE_INDEX_URL": address, "NEWSWIRE_OPERATIONS_URL": address}
        with (home / "said").open("wb") as said:
            command = [sys.executable, "-m", "pipeline.cli", "run", "--follow"]
            program = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            homes = tuple(source.home or "" for source in newsroom.sources[:_FIRST])
            first = sum(page.startswith(homes) for page in newsroom.newsroom.expected.articles)
            wait_until(lambda: (home / "ledger.db").exists() and count_articles(client) == first, "articles", program)
            wait_until(lambda: count_outcomes(client) == ledger.outcomes(), "outcomes", program)
            print(f"before: {first} articles and {ledger.outcomes().total()} outcomes are there")
            relay.close()
            (config / "feeds.toml").write_text(feeds_toml(newsroom.sources), encoding="utf-8")
            newsroom.edition = 2
            time.sleep(60 * minutes)
            there = count_outcomes(client).total()
            print(f"after {minutes:g} minutes {ledger.articles() - first} articles wait for the index, and ", end="")
            print(f"{ledger.outcomes().total() - there} outcomes to be sent")
            relay.open()
            articles = wait_until(lambda: count_articles(client) == ledger.articles() > first, "articles", program)
            print(f"articles were there {articles:.0f} s after it was back; of the outcomes ", end="")
            print(f"{count_outcomes(client).total()} of {ledger.outcomes().total()}")
            further = wait_until(lambda: count_outcomes(client) == ledger.outcomes(), "outcomes", program)
            print(f"outcomes were there {further:.0f} s later, by stage, outcome and reason as many as in the ledger")
            return count_articles(client) == ledger.articles()
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(120)
            clear(client)


def clear(client: Elasticsearch) -> None:
    """Remove what the bench has written."""
    for name in client.indices.get(index=f"{PREFIX}-*", ignore_unavailable=True):
        client.indices.delete(index=name)
    client.options(ignore_status=404).indices.delete_index_template(name=f"{PREFIX}-*")


def main() -> int:
    """Measure, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--index", default="http://127.0.0.1:9200")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return 0 if measure(given.minutes, given.index, Path(folder)) else 1
        finally:
            said = (Path(folder) / "said").read_text(errors="replace")
            print(f"the program said:\n{said[-2000:]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

"""Kill the nodes of a cluster of Elasticsearch in turn while it is searched and written to; tell what that does.

    python -m bench.nodes [--kills 3] [--documents 3000] [--seconds 30] [--port 9880] [--heap 512m]

Starts three nodes by ``scripts/elasticsearch`` that are one cluster, each shard with a second copy. One thread searches
all the time, through all three addresses, one writes and rewrites articles, and what the index can't take is given to
it again, as the ledger does. Each kill (SIGKILL) comes when every shard has its second copy, and first hits the elected
master; the node is started anew after ``--seconds``. At the end every article must be there as it was last accepted.
Exit code 1 where one isn't, or where a search failed or found less than was there.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
from elasticsearch import Elasticsearch

from bench.facets import Newsroom
from pipeline.errors import SearchIndexError
from pipeline.index import Index, Query, open_index
from pipeline.records import Document
from pipeline.settings import IndexSettings

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/elasticsearch"
ALIAS = "bench-nodes"
BATCH = 50
PAUSE = 0.2  # seconds before what wasn't taken is written again
START_SECONDS = 240


class Node(NamedTuple):
    """One node of the cluster."""

    name: str
    port: int

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, verb: str, *options: str) -> subprocess.Popen[bytes]:
        """Let the script do something with the node."""
        command = [str(SCRIPT), verb, "--name", self.name, *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


class Trio:
    """Three nodes that are one cluster."""

    def __init__(self, port: int, heap: str) -> None:
        # data and a hundred further ports belong to each
        self.nodes = [Node(f"{ALIAS}-{os.getpid()}-{number}", port + number) for number in range(3)]
        ports = ",".join(str(node.port) for node in self.nodes)
        self._options = ("--heap", heap, "--with", ports)
        self.client = Elasticsearch([node.url for node in self.nodes], max_retries=2, request_timeout=START_SECONDS)

    def start(self, *nodes: Node) -> None:
        """Start nodes and wait for them."""
        calls = [node.call("start", "--port", str(node.port), *self._options) for node in nodes]
        if any(call.wait() for call in calls):
            raise SystemExit("nodes: a node doesn't start; its log lies where scripts/elasticsearch keeps it")

    def await_copies(self) -> None:
        """Wait until three nodes are there and every shard has its second copy."""
        health = self.client.cluster.health(
            wait_for_status="green", wait_for_nodes="3", timeout=f"{START_SECONDS - 10}s"
        )
        if health["timed_out"]:
            raise SystemExit(f"nodes: the cluster stays {health['status']} with {health['number_of_nodes']} nodes")

    def elected(self) -> Node:
        """Return the node that is master."""
        name = self.client.cat.master(h="node").body.strip()
        return next(node for node in self.nodes if node.name == name)

    def wipe(self) -> None:
        """End all nodes and remove what they keep."""
        for verb in ("stop", "wipe"):
            for call in [node.call(verb) for node in self.nodes]:
                call.wait()


def batches(documents: list[Document], size: int) -> list[list[Document]]:
    """Return documents in parts of a size."""
    return [documents[start : start + size] for start in range(0, len(documents), size)]


class Writer(threading.Thread):
    """Writes articles, and writes them again with further revisions, until it is stopped."""

    def __init__(self, index: Index, documents: list[Document]) -> None:
        super().__init__()
        self.accepted: dict[str, int] = {}
        self.written = 0
        self.failures = 0
        self.longest = 0.0
        self.stopped = threading.Event()
        self._index = index
        self._documents = documents

    def run(self) -> None:
        """Write, and write again what was not taken."""
        parts = itertools.cycle(batches(self._documents, BATCH))
        for number, batch in enumerate(parts):
            revision = 1 + number * BATCH // len(self._documents)
            waiting = [msgspec.structs.replace(document, revision=revision) for document in batch]
            begun = time.monotonic()
            while waiting:
                waiting = self._put(waiting)
                if waiting:
                    time.sleep(PAUSE)
            self.longest = max(self.longest, time.monotonic() - begun)
            if self.stopped.is_set():
                return

    def _put(self, documents: list[Document]) -> list[Document]:
        """Return the documents that were not taken."""
        try:
            refused = {refusal.id for refusal in self._index.upsert(documents)}
        except SearchIndexError:
            self.failures += 1
            return documents
        taken = [document for document in documents if document.id not in refused]
        self.accepted |= {document.id: document.revision for document in taken}
        self.written += len(taken)
        return [document for document in documents if document.id in refused]


class Searcher(threading.Thread):
    """Searches until it is stopped; what is there from the beginning must always be found."""

    def __init__(self, index: Index, lines: list[str], least: dict[str, int]) -> None:
        super().__init__()
        self.times: list[float] = []
        self.errors: list[str] = []
        self.stopped = threading.Event()
        self._index = index
        self._lines = lines
        self._least = least

    def run(self) -> None:
        """Search."""
        for line in itertools.cycle(self._lines):
            if self.stopped.is_set():
                return
            begun = time.monotonic()
            try:
                found = self._index.search(Query(text=line, facets=("source", "people"), interval="auto")).articles
            except SearchIndexError as error:
                self.errors.append(f"{line}: {error}")
            else:
                if found < self._least[line]:
                    self.errors.append(f"{line}: {found} of {self._least[line]} found")
            self.times.append(time.monotonic() - begun)


def run(trio: Trio, wanted: argparse.Namespace) -> int:
    """Kill nodes under load; return how many things went wrong."""
    trio.start(*trio.nodes)
    urls = ",".join(node.url for node in trio.nodes)
    index = open_index(urls, IndexSettings(alias=ALIAS, replicas=1, timeout_seconds=60))
    index.prepare()
    newsroom = Newsroom(1, 30, 120)
    documents = list(newsroom.documents(wanted.documents))
    for batch in batches(documents, 500):
        index.upsert([msgspec.structs.replace(document, revision=0) for document in batch])
    index.refresh()
    lines = newsroom.lines(20)
    least = {line: index.search(Query(text=line)).articles for line in lines}
    writer, searcher = Writer(index, documents), Searcher(index, lines, least)
    writer.start()
    searcher.start()
    for number in range(wanted.kills):
        trio.await_copies()
        victim = trio.elected() if number % 2 == 0 else next(node for node in trio.nodes if node != trio.elected())
        before = len(searcher.times), writer.written
        victim.call("kill").wait()
        time.sleep(wanted.seconds)
        searches, writes = len(searcher.times) - before[0], writer.written - before[1]
        print(f"{victim.name} killed: {searches} searches and {writes} documents in {wanted.seconds:.0f} s without it")
        sys.stdout.flush()
        trio.start(victim)
    trio.await_copies()
    for thread in (searcher, writer):
        thread.stopped.set()
        thread.join()
    index.refresh()
    there = dict(index.revisions())
    index.close()
    return report(writer, searcher, there)


def report(writer: Writer, searcher: Searcher, there: dict[str, int]) -> int:
    """Print what happened; return how many things went wrong."""
    high = statistics.quantiles(searcher.times, n=100)
    searches = f"{len(searcher.times)} searches, {len(searcher.errors)} failed"
    print(f"{searches}; p50 {high[49]:.3f} s, p99 {high[98]:.3f} s, longest {max(searcher.times):.2f} s")
    writes = f"{writer.written} documents accepted, {writer.failures} requests failed and were repeated"
    print(f"{writes}; longest wait of a batch {writer.longest:.2f} s")
    lost = [name for name, revision in writer.accepted.items() if there.get(name, -1) < revision]
    print(f"{len(there)} documents in the index, {len(lost)} accepted ones lost or older")
    for error in searcher.errors[:5]:
        print(f"  {error}")
    return len(lost) + len(searcher.errors)


def main() -> int:
    """Run the bench; return its exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--kills", type=int, default=3)
    asked.add_argument("--documents", type=int, default=3000)
    asked.add_argument("--seconds", type=float, default=30.0, help="that a killed node stays away")
    asked.add_argument("--port", type=int, default=9880, help="of the first node, the next two ports are the others'")
    asked.add_argument("--heap", default="512m")
    wanted = asked.parse_args()
    trio = Trio(wanted.port, wanted.heap)
    try:
        return 1 if run(trio, wanted) else 0
    finally:
        trio.client.close()
        trio.wipe()


if __name__ == "__main__":
    sys.exit(main())

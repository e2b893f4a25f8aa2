"""What counting costs a search: ten facets, a histogram, folded copies and marks, beside a bare search for ten hits.

    python bench/facets.py [--documents 100000] [--index URL] [--searches 200] [--words 80 500] [--again]

The index, by default a SQLite file in a temporary folder, is filled with generated articles, unless it holds as many
already: words by Zipf's law, a fifth of them copies, a year of times, outlets and names as frequent as in the news.
Search lines of one to three words, rare and frequent ones, are then asked in every form in turn, each line once, after
a tenth of them that only warms the engine up. Bare is the engine's own full-text search with the same weights and
nothing else: of SQLite the statement, of Elasticsearch a multi_match.

Beside the time by the clock stand the time that Elasticsearch says it took, in how many requests, and the processors'
time of this process and of a server on this machine: those tell work from noise. ``--again`` asks everything twice and
counts the second time, as it is for a reader who turns a page.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from pipeline.documents import ArticleRecords, build_document
from pipeline.errors import IndexVersionError
from pipeline.index import Index, Query, open_index
from pipeline.index._elasticsearch_clauses import words_field
from pipeline.index._sqlite_query import ranking_expression
from pipeline.index._sqlite_schema import SEARCHED
from pipeline.index.fields import HEADINGS, WORD_WEIGHTS
from pipeline.index.query_language import ParsedLine, parse
from pipeline.records import Article, Copy, Document, Placement
from pipeline.settings import IndexSettings

START = 1_760_000_000  # seconds since 1970
_YEAR = 365 * 86_400
_CHUNK = 500  # documents written at once
_WORDS = 30_000
_SYLLABLES = "ba ce di fo gu ha ji ko lu me ni po qua ri so ta ve wo xi zu".split()


def word(number: int) -> str:
    """Return a made-up word, each of another number."""
    parts = []
    for _ in range(3):
        number, rest = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[rest])
    return "".join(parts) + (str(number) if number else "")


class Newsroom:
    """Generates documents and search lines."""

    def __init__(self, seed: int, shortest: int, longest: int) -> None:
        self._lengths = shortest, longest
        self._random = np.random.default_rng(seed)
        self._words = np.array([word(number) for number in range(_WORDS)])
        shares = 1 / (np.arange(_WORDS) + 10.0)
        self._bounds = np.cumsum(shares / shares.sum())

    def documents(self, count: int) -> Iterator[Document]:
        """Yield documents."""
        original = 0
        for number in range(count):
            if number % 5:
                original = number
            yield self._document(number, original)

    def _document(self, number: int, original: int) -> Document:
        draw = self._random
        places = np.searchsorted(self._bounds, draw.random(12 + int(draw.integers(*self._lengths))))
        words = self._words[np.minimum(places, _WORDS - 1)]
        seen = START + int(draw.integers(0, _YEAR))
        at = np.datetime64(seen, "s").item().replace(tzinfo=dt.UTC)
        name, group = f"{number:020x}", f"{original:020x}"
        article = Article(id=name, title=" ".join(words[:12]), text=" ".join(words[12:]), published=at, language="en")
        copy = Copy(id=name, group=group, copy_of=group if number != original else None)
        records = ArticleRecords(
            id=name, revision=1, version=1, first_seen=at, article=article, copy=copy,
            placement=Placement(id=name, story=f"s{number // 4}"), story_size=4, stages={"extract": "1"},
        )  # fmt: skip
        built = build_document(records, at)
        if built is None:
            raise ValueError(name)
        return msgspec.structs.replace(
            built,
            source=f"Outlet {self._pick(300)}",
            language=("en", "de", "fr", "es")[self._pick(4)],
            section=f"section {self._pick(30)}",
            agency=f"Agency {self._pick(5)}" if number % 3 == 0 else None,
            is_primary=number == original,
            **{
                field: tuple({f"{field} {self._pick(size)}" for _ in range(each)})
                for field, size, each in (
                    ("people", 20_000, 5), ("organisations", 8_000, 4), ("places", 5_000, 4), ("groups", 300, 2),
                    ("events", 500, 1), ("countries", 190, 2), ("tags", 5_000, 4),
                )
            },
        )  # fmt: skip

    def _pick(self, size: int) -> int:
        """Return a number below ``size``, the lower the more often."""
        return int(size ** self._random.random()) - 1

    def lines(self, count: int) -> list[str]:
        """Return search lines, each another one."""
        draw = random.Random(int(self._random.integers(1 << 30)))
        lines: dict[str, None] = {}
        while len(lines) < count:
            numbers = [int(5 * (_WORDS / 10) ** draw.random()) for _ in range(draw.choice((1, 1, 2, 2, 3)))]
            lines[" ".join(word(number) for number in numbers)] = None
        return list(lines)


def bare_sqlite(path: str) -> Callable[[str], int]:
    """Return what asks a SQLite index for ten hits and nothing else."""
    connection = sqlite3.connect(path)
    weights = ", ".join(str(WORD_WEIGHTS[column]) for column in SEARCHED)
    statement = (
        "SELECT json FROM (SELECT rowid AS number FROM searched WHERE searched MATCH ? "  # noqa: S608
        f"AND rank MATCH 'bm25({weights})' ORDER BY rank LIMIT 10) JOIN stored ON document = number"
    )
    now = dt.datetime.now(dt.UTC)
    return lambda line: len(connection.execute(statement, (_all_words(parse(line, now)),)).fetchall())


def _all_words(line: ParsedLine) -> str:
    return ranking_expression(line.tree).replace(" OR ", " AND ")


def bare_elasticsearch(index: Any) -> Callable[[str], int]:
    """Return what asks Elasticsearch for ten hits and nothing else."""
    client, alias = index._client, index._alias  # noqa: SLF001 - the client that the searches use too
    fields = [f"{words_field(name)}^{weight}" for name, weight in WORD_WEIGHTS.items()]

    def search(line: str) -> int:
        query = {"multi_match": {"query": line, "fields": fields, "type": "cross_fields", "operator": "and"}}
        return len(client.search(index=alias, query=query, size=10)["hits"]["hits"])

    return search


def fill(index: Index, count: int, newsroom: Newsroom) -> None:
    """Fill the index unless it holds so many documents, made by this version."""
    try:
        index.prepare()
        if index.count() == count:
            return
    except IndexVersionError as error:
        print(error)
    index.wipe()
    chunk: list[Document] = []
    for document in newsroom.documents(count):
        chunk.append(document)
        if len(chunk) == _CHUNK:
            index.upsert(chunk)
            chunk.clear()
    index.upsert(chunk)
    index.refresh()


class Cost(NamedTuple):
    """What one search took: milliseconds by the clock, on the processors, and by the server's word; its requests."""

    clock: float
    processors: float
    told: float = 0.0
    requests: int = 0


class Meter:
    """Measures searches."""

    def __init__(self, index: Any, *, is_remote: bool) -> None:
        self._clocks = [time.CLOCK_PROCESS_CPUTIME_ID]
        self._told: list[float] = []
        if is_remote:
            client = index._client  # noqa: SLF001 - the client that the searches use too
            self._clocks += [_processor_clock(pid) for pid in _local_servers(client)]
            self._note_answers(client)

    def _note_answers(self, client: Any) -> None:
        ask = client.perform_request

        def noted(*args: Any, **more: Any) -> Any:
            answer = ask(*args, **more)
            self._told.append(answer.body["took"])
            return answer

        client.perform_request = noted

    def measure(self, search: Callable[[str], object], line: str) -> Cost:
        """Return what a search costs."""
        self._told.clear()
        used, start = self._used(), time.perf_counter()
        search(line)
        clock = time.perf_counter() - start
        return Cost(1000 * clock, 1000 * (self._used() - used), sum(self._told), len(self._told))

    def _used(self) -> float:
        return sum(map(time.clock_gettime, self._clocks))


def _processor_clock(pid: int) -> int:
    """Return the clock of a process's time on the processors, as clock_getcpuclockid(3) makes it on Linux."""
    return (~pid << 3) | 2


def _local_servers(client: Any) -> list[int]:
    """Return the processes of a cluster's nodes, where they run on this machine."""
    nodes = client.nodes.info(metric="process")["nodes"].values()
    return [node["process"]["id"] for node in nodes if Path(f"/proc/{node['process']['id']}").exists()]


def our_searches(index: Index) -> dict[str, Callable[[str], object]]:
    """Return what asks for more and more."""
    facets = tuple(HEADINGS)[:10]
    return {
        "marks, copies": lambda line: index.search(Query(text=line, copies=False)),
        "ten facets": lambda line: index.search(Query(text=line, facets=facets, highlight=False, copy_counts=False)),
        "facets, histogram, marks, copies": lambda line: index.search(
            Query(text=line, facets=facets, interval="auto", copies=False)
        ),
    }


def report(costs: dict[str, list[Cost]]) -> None:
    """Print what each form cost, beside the first."""
    base = next(iter(costs.values()))

    def of_bare(values: list[float], among: list[float]) -> str:
        middle, high = statistics.median(values), _p95(values)
        ratio = high / _p95(among)
        return f"p50 {middle:6.1f} p95 {high:6.1f} ms {ratio:5.2f} ×"

    for name, measured in costs.items():
        clock = of_bare([cost.clock for cost in measured], [cost.clock for cost in base])
        work, of_base = (statistics.fmean(cost.processors for cost in some) for some in (measured, base))
        print(f"{name:34} {clock}   processors {work:6.1f} ms {work / of_base:5.2f} ×", end="")
        if requests := statistics.fmean(cost.requests for cost in measured):
            told = of_bare([cost.told for cost in measured], [cost.told for cost in base])
            print(f"   told {told}   {requests:.1f} requests", end="")
        print()


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    """Run the bench and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--index")
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--words", type=int, nargs=2, default=(80, 500), help="of a text, the least and the most")
    parser.add_argument("--again", action="store_true", help="ask everything twice, and count the second time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.index or f"sqlite:///{Path(folder) / 'index.db'}"
        index = open_index(url, IndexSettings(alias="bench-facets", refresh_seconds=30, timeout_seconds=300))
        start = time.perf_counter()
        fill(index, options.documents, Newsroom(options.seed, *options.words))
        print(f"{index.count():,} documents, filled in {time.perf_counter() - start:.0f} s")
        is_remote = not url.startswith("sqlite")
        bare = bare_elasticsearch(index) if is_remote else bare_sqlite(url.removeprefix("sqlite:///"))
        forms = {"bare, ten hits": bare, **our_searches(index)}
        lines = Newsroom(options.seed + 1, *options.words).lines(options.searches + options.searches // 10)
        meter = Meter(index, is_remote=is_remote)
        costs: dict[str, list[Cost]] = {name: [] for name in forms}
        for number, line in enumerate(lines):
            for place in range(len(forms)):  # each comes first as often as the others
                name = list(forms)[(place + number) % len(forms)]
                for _ in range(1 + options.again):
                    cost = meter.measure(forms[name], line)
                if number >= options.searches // 10:
                    costs[name].append(cost)
        totals = sorted(index.search(Query(text=line, size=0)).articles for line in lines)
        print(f"{len(lines)} searches, articles found: median {totals[len(totals) // 2]:,}, most {totals[-1]:,}")
        report(costs)
        index.close()


if __name__ == "__main__":
    main()

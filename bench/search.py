"""Measure how well and how fast searches answer, beside the plainest query of the same index.

python bench/search.py quality ARTICLES GOLD [ARTICLES GOLD]... --index URL
python bench/search.py speed --index URL --articles N [--searches N]

``quality`` takes JSON lines joined by "id"; GOLD names each article's "story". Each collection is indexed under an
alias (in a file) of its own; for each article, its title is searched for, and the first ten hits beside itself are
compared with the others of its story: nDCG@10, beside a ``multi_match`` over the fields of texts (on SQLite: an FTS5
query of all words with equal weights). ``speed`` indexes invented articles and times searches with ten facets and marks
beside bare ones of ten hits, in turns.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import math
import random
import re
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.documents import ArticleRecords, build_document
from pipeline.index import Index, Query, open_index
from pipeline.index.fields import HEADINGS, WORD_WEIGHTS
from pipeline.index.folding import fold_words
from pipeline.records import Article, Copy, Document, Placement
from pipeline.settings import IndexSettings

Search = Callable[[str], list[str]]
HITS = 10
NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
_TEXTS = ("title", "standfirst", "text")


def document(line: dict[str, Any], story: str = "s") -> Document:
    """Return the document of a line of an article."""
    published = line.get("published")
    article = Article(
        id=line["id"],
        title=line.get("title"),
        text=line["text"],
        language=line.get("language"),
        source=line.get("source"),
        published=dt.datetime.fromisoformat(published) if published else None,
    )
    records = ArticleRecords(
        id=article.id,
        revision=1,
        version=1,
        first_seen=NOW,
        article=article,
        copy=Copy(id=article.id, group=article.id),
        placement=Placement(id=article.id, story=story),
    )
    made = build_document(records, NOW)
    assert made is not None
    return made


def gain(found: Sequence[str], wanted: set[str]) -> float:
    """Return nDCG@10 of ids in their order, where all wanted are worth the same."""
    reached = sum(1 / math.log2(place + 2) for place, article in enumerate(found[:HITS]) if article in wanted)
    return reached / sum(1 / math.log2(place + 2) for place in range(min(HITS, len(wanted))))


def plain_search(index: Index, url: str, alias: str) -> Search:
    """Return the plainest search of an index: all words, no weights."""
    if url.startswith("sqlite"):
        return lambda text: _plain_sqlite(url, text)
    client = index._client  # type: ignore[attr-defined]  # noqa: SLF001 - its own language is what we compare with

    def search(text: str) -> list[str]:
        body = {"query": {"multi_match": {"query": text, "fields": list(_TEXTS)}}, "size": HITS + 1, "_source": False}
        return [hit["_id"] for hit in client.search(index=alias, body=body)["hits"]["hits"]]

    return search


def _plain_sqlite(url: str, text: str) -> list[str]:
    words = " OR ".join(f'"{word}"' for word in fold_words(text).split() if word not in {".", ":"})
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    rows = connection.execute(
        "SELECT id FROM searched JOIN document ON document.number = searched.rowid WHERE searched MATCH ? "
        "ORDER BY rank LIMIT ?",
        (words, HITS + 1),
    ).fetchall()
    connection.close()
    return [row[0] for row in rows]


def our_search(index: Index) -> Search:
    """Return newswire's search for any of the words."""

    def search(text: str) -> list[str]:
        words = re.sub(r"[^\w\s'’.&-]|(?<!\S)-", " ", text)  # a title's signs are no operators
        results = index.search(Query(text=words, match="any", size=HITS + 1, highlight=False))
        return [hit.document.id for hit in results.hits]

    return search


def measure_quality(url: str, articles: Path, gold: Path) -> None:
    """Print nDCG@10 of one collection."""
    stories = {line["id"]: line["story"] for line in map(json.loads, gold.read_text(encoding="utf-8").splitlines())}
    lines = [json.loads(line) for line in articles.read_text(encoding="utf-8").splitlines()]
    alias = f"bench-search-{articles.stem}"
    where = f"{url}/{articles.stem}.db" if url.startswith("sqlite") else url
    index = open_index(where, IndexSettings(alias=alias))
    index.prepare()
    index.wipe()
    index.upsert([document(line, stories[line["id"]]) for line in lines])
    index.refresh()
    members = collections.defaultdict(set)
    for article, story in stories.items():
        members[story].add(article)
    for name, search in (("plain", plain_search(index, where, alias)), ("newswire", our_search(index))):
        gains = []
        for line in lines:
            others = members[stories[line["id"]]] - {line["id"]}
            if others and line.get("title"):
                gains.append(gain([article for article in search(line["title"]) if article != line["id"]], others))
        print(f"{articles.stem}: {name}: nDCG@10 {statistics.mean(gains):.4f} of {len(gains)} titles")
    if where.startswith("http"):
        for month in index._client.indices.get(index=f"{alias}-*"):  # type: ignore[attr-defined]  # noqa: SLF001
            index._client.indices.delete(index=month)  # type: ignore[attr-defined]  # noqa: SLF001
    index.close()


def invented(count: int) -> Iterator[Document]:
    """Yield documents whose words are as frequent as those of a language: by Zipf's law."""
    chance = random.Random(1)
    words = [
        f"{''.join(chance.choices('bdfgklmnprst', k=2))}{chance.choice('aeiou')}{number:x}" for number in range(50_000)
    ]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    total = [0.0]
    for weight in weights:
        total.append(total[-1] + weight)
    people = [f"Person {number}" for number in range(3_000)]
    for number in range(count):
        text = " ".join(chance.choices(words, cum_weights=total[1:], k=250))
        line = {
            "id": f"{number:020x}",
            "title": " ".join(chance.choices(words[50:], weights=weights[50:], k=8)) if number % 50 == 0 else text[:60],
            "text": text,
            "language": "en",
            "published": (NOW - dt.timedelta(minutes=number)).isoformat(),
        }
        yield msgspec.structs.replace(
            document(line, f"s{number // 8}"),
            source=f"Outlet {number % 40}",
            people=tuple(chance.sample(people, 4)),
            places=tuple(f"Place {chance.randrange(500)}" for _ in range(3)),
            organisations=tuple(f"Company {chance.randrange(2000)}" for _ in range(2)),
            section=f"Section {number % 9}",
            countries=(chance.choice(["DE", "GB", "FR", "US"]),),
        )


def fill(index: Index, count: int) -> None:
    """Index invented articles, unless as many are there."""
    if index.count() == count:
        return
    index.wipe()
    batch: list[Document] = []
    for made in invented(count):
        batch.append(made)
        if len(batch) == 1000:  # noqa: PLR2004
            index.upsert(batch)
            batch = []
    index.upsert(batch)
    index.refresh()


def measure_speed(url: str, count: int, searches: int) -> None:
    """Print the times of full and of bare searches."""
    index = open_index(url, IndexSettings(alias="bench-search-speed", timeout_seconds=120))
    index.prepare()
    started = time.perf_counter()
    fill(index, count)
    print(f"{count:,} articles indexed in {time.perf_counter() - started:.0f} s")
    chance = random.Random(2)
    vocabulary = [word for made in invented(200) for word in made.text.split()]
    lines = [" ".join(chance.sample(vocabulary, chance.choice((1, 2, 3)))) for _ in range(searches)]
    facets = tuple(HEADINGS)[:10]
    plain = _bare_search(index, url)
    times: dict[str, list[float]] = {"bare": [], "full": []}
    for line in lines[: searches // 10]:  # warm
        plain(line)
        index.search(Query(text=line, facets=facets))
    for line in lines:
        for name, search in (("bare", plain), ("full", lambda text: index.search(Query(text=text, facets=facets)))):
            begun = time.perf_counter()
            search(line)
            times[name].append(time.perf_counter() - begun)
    shown = {}
    for name, taken in times.items():
        shown[name] = statistics.quantiles(taken, n=20)[-1]
        print(f"{name}: p50 {1000 * statistics.median(taken):.1f} ms, p95 {1000 * shown[name]:.1f} ms")
    print(f"p95 of full searches is {shown['full'] / shown['bare']:.2f} times that of bare ones")
    index.close()


def _bare_search(index: Index, url: str) -> Callable[[str], object]:
    """Return a search of ten hits with nothing else, whose words must all be there as in ours."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        return lambda text: connection.execute(
            "SELECT json FROM searched JOIN document ON document.number = searched.rowid WHERE searched MATCH ? "
            "ORDER BY rank LIMIT 10",
            (" AND ".join(f'"{word}"' for word in text.split()),),
        ).fetchall()
    client = index._client  # type: ignore[attr-defined]  # noqa: SLF001

    def search(text: str) -> object:
        query = {"multi_match": {"query": text, "fields": [f"{name}^{WORD_WEIGHTS[name]}" for name in _TEXTS]}}
        return client.search(index="bench-search-speed", body={"query": query, "size": 10})

    return search


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["quality", "speed"])
    parser.add_argument("collections", nargs="*", type=Path)
    parser.add_argument("--index", required=True, help="http://HOST:PORT or, for quality, sqlite:///FOLDER")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=200)
    options = parser.parse_args()
    if options.what == "speed":
        measure_speed(options.index, options.articles, options.searches)
        return
    for articles, gold in zip(options.collections[::2], options.collections[1::2], strict=True):
        measure_quality(options.index, articles, gold)


if __name__ == "__main__":
    main()

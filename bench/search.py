"""Measure how well searches answer, beside the plainest query of the same index. ``bench/facets.py`` measures how fast.

python bench/search.py ARTICLES GOLD [ARTICLES GOLD]... --index URL

Collections are JSON lines joined by "id"; GOLD names each article's "story". Each is indexed under an alias (in a file)
of its own; for each article, its title is searched for, and the first ten hits beside itself are compared with the
others of its story: nDCG@10, beside a ``multi_match`` over the fields of texts (on SQLite: an FTS5 query of any word
with equal weights). Then what is like the article itself is searched for (``similar:ID``): it should find more of its
story than the words of its title do.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import math
import re
import sqlite3
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.documents import ArticleRecords, build_document
from pipeline.index import Index, Query, open_index
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
    built = build_document(records, NOW)
    assert built is not None
    return built


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


def similar_search(index: Index) -> Search:
    """Return newswire's search for what is like an article, by its id."""

    def search(article: str) -> list[str]:
        results = index.search(Query(text=f'similar:"{article}"', size=HITS + 1, highlight=False))
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
    searches = {
        "plain": ("title", plain_search(index, where, alias)),
        "newswire": ("title", our_search(index)),
        "similar:ID": ("id", similar_search(index)),
    }
    for name, (field, search) in searches.items():
        gains = []
        for line in lines:
            others = members[stories[line["id"]]] - {line["id"]}
            if others and line.get("title"):
                gains.append(gain([article for article in search(line[field]) if article != line["id"]], others))
        print(f"{articles.stem}: {name}: nDCG@10 {statistics.mean(gains):.4f} of {len(gains)} articles, by {field}")
    if where.startswith("http"):
        for month in index._client.indices.get(index=f"{alias}-*"):  # type: ignore[attr-defined]  # noqa: SLF001
            index._client.indices.delete(index=month)  # type: ignore[attr-defined]  # noqa: SLF001
    index.close()


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--index", required=True, help="http://HOST:PORT or sqlite:///FOLDER")
    options = parser.parse_args()
    for articles, gold in zip(options.collections[::2], options.collections[1::2], strict=True):
        measure_quality(options.index, articles, gold)


if __name__ == "__main__":
    main()

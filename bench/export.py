"""Measure how much memory an export of many articles takes, and how fast it is, on the embedded index or Elasticsearch.

``python -m bench.export --articles 200000 --format csv`` fills an index with articles, exports all of them from another
process, and prints its peak memory beside that of an export of a hundredth of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice

import msgspec
from elasticsearch import Elasticsearch

from pipeline.export_formats import write_documents
from pipeline.index import Query, open_index
from pipeline.records import Article, Document
from pipeline.settings import IndexSettings
from tests.helpers.support import document

_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_WORDS = "the dam above town leaks and nobody knows since when mayor said on friday harbour storm cranes court".split()
_TEXT_WORDS = 400  # of an article: some 2.3 kB
_BATCH = 500
_HUNDREDTH = 100


def articles(count: int) -> Iterator[Document]:
    """Yield articles whose texts differ; one in a hundred is found by the word few."""
    for number in range(count):
        words = [_WORDS[(number * 7 + at * at) % len(_WORDS)] for at in range(_TEXT_WORDS)]
        text = " ".join([*words, f"n{number}", *(["few"] if number % _HUNDREDTH == 0 else [])])
        article = Article(id=f"{number:020x}", title=f"Flood {number}", text=text, published=_START)
        yield msgspec.structs.replace(document(article), first_seen=_START + dt.timedelta(seconds=number))


def fill(url: str, alias: str, count: int) -> None:
    """Put articles into an empty index."""
    index = open_index(url, IndexSettings(alias=alias))
    index.prepare()
    iterator = articles(count)
    while batch := list(islice(iterator, _BATCH)):
        index.upsert(batch)
    index.refresh()
    index.close()


def export(url: str, alias: str, form: str, query: str) -> None:
    """Export what a query finds to nowhere, and print what it took as JSON."""
    index = open_index(url, IndexSettings(alias=alias))
    began, size, count = time.perf_counter(), 0, 0

    def counted() -> Iterator[Document]:
        nonlocal count
        for one in index.scan(Query(text=query)):
            count += 1
            yield one

    for part in write_documents(form, counted(), title=query, at=_START):  # type: ignore[arg-type]
        size += len(part)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"articles": count, "megabytes": size >> 20, "seconds": round(seconds, 1), "peak_mb": peak}))


def drop(url: str, alias: str) -> None:
    """Remove what was made in an Elasticsearch."""
    with Elasticsearch(url) as client:
        for name in client.indices.get(index=f"{alias}-*"):
            client.indices.delete(index=name)
        client.indices.delete_index_template(name=alias)


def main() -> None:
    """Fill, export, and print a line for each export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--format", default="jsonl")
    parser.add_argument("--url", help="of an Elasticsearch; an embedded index without it")
    parser.add_argument("--export", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.export is not None:
        export(options.url, os.environ["ALIAS"], options.format, options.export)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/index.db"
        alias = os.environ.setdefault("ALIAS", f"bench-export-{os.getpid()}")
        fill(url, alias, options.articles)
        for query in ("few", ""):
            again = [sys.executable, "-m", "bench.export", "--url", url, "--format", options.format, "--export", query]
            subprocess.run(again, check=True)
        if options.url:
            drop(url, alias)


if __name__ == "__main__":
    main()

"""Measure how many of the stories that a search through all would choose are among the index's candidates.

python bench/candidates.py ARTICLES... [NAME=NUMBER]...

ARTICLES are JSON lines as ``newswire dedupe`` writes them; copies are left out, and so are dates, as if all had arrived
on one day in a random order. NUMBER replaces a constant of ``cluster.assignment`` or ``store.story_index``. For every
fourth article all stories are compared.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from pipeline.cluster import ArticleToAssign, TermWeights, assignment, decide
from pipeline.jsonlines import article_from_line, copy_from_line
from pipeline.settings import ClusterSettings
from pipeline.store import Store, story_index
from pipeline.store.story_index import StoryIndex

BATCH = 200
EVERY = 4
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Witness(StoryIndex):
    """Offers all stories now and then, and counts how often one is chosen that would have been offered anyway."""

    all_stories: dict[int, bytes]
    chosen = hits = searches = 0
    offered: frozenset[int] | None = None

    def candidates(self, at: dt.datetime, wanted: TermWeights) -> list[tuple[int, bytes]]:
        """Return the candidates, or all stories."""
        candidates = super().candidates(at, wanted)
        self.searches += 1
        self.offered = None if self.searches % EVERY else frozenset(seq for seq, _ in candidates)
        return candidates if self.offered is None else list(self.all_stories.items())

    def save_story(
        self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes
    ) -> None:
        """Remember the story that an article has joined or opened."""
        if self.offered is not None and seq in self.all_stories:
            self.chosen += 1
            self.hits += seq in self.offered
        super().save_story(seq, at, terms, dropped, data)
        self.all_stories[seq] = data


def read(paths: list[str]) -> list[ArticleToAssign]:
    """Return the articles that are nobody's copy."""
    articles = []
    for path in paths:
        with Path(path).open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                article = article_from_line(line | {"published": None})
                if copy_from_line(line, article.id).copy_of is None:
                    articles.append(article)
    random.Random(1).shuffle(articles)
    return [
        ArticleToAssign(seq=seq, first_seen=START, article=article, copy=copy_from_line({}, article.id))
        for seq, article in enumerate(articles, 1)
    ]


def main() -> None:
    for name, number in (argument.split("=") for argument in sys.argv[1:] if "=" in argument):
        module = assignment if hasattr(assignment, name) else story_index
        setattr(module, name, type(getattr(module, name))(number))
    arrivals = read([argument for argument in sys.argv[1:] if "=" not in argument])
    settings = ClusterSettings()
    all_stories: dict[int, bytes] = {}
    chosen = hits = 0
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/ledger.db")
        for start in range(0, len(arrivals), BATCH):
            memory = Witness(store.engine, settings)
            memory.all_stories = all_stories
            decide(arrivals[start : start + BATCH], memory, settings)
            with store.write() as connection:
                memory.flush(connection)
            chosen, hits = chosen + memory.chosen, hits + memory.hits
        store.close()
    print(f"{len(arrivals):,} articles, {len(all_stories):,} stories")
    print(f"of {chosen} stories chosen from all, {hits / chosen:.1%} were offered")


if __name__ == "__main__":
    main()

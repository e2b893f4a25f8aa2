"""Of the stories that a search through all would choose, how many are among those that the index offers?

python bench/candidates.py ARTICLES... [NAME=NUMBER]...

ARTICLES are JSON lines as ``newswire dedupe`` writes them; copies are left out, and so are dates, as if all had arrived
on one day in an order by chance. NUMBER takes the place of a constant of ``cluster.placing`` or ``store.stories``. For
every fourth article all stories are compared.
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

    known: dict[int, bytes]
    chosen = found = asked = 0
    offered: frozenset[int] | None = None

    def candidates(self, at: dt.datetime, wanted: TermWeights) -> list[tuple[int, bytes]]:
        """Return the candidates, or all stories."""
        some = super().candidates(at, wanted)
        self.asked += 1
        self.offered = None if self.asked % EVERY else frozenset(seq for seq, _ in some)
        return some if self.offered is None else list(self.known.items())

    def put(self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes) -> None:
        """Remember the story that an article has joined or opened."""
        if self.offered is not None and seq in self.known:
            self.chosen += 1
            self.found += seq in self.offered
        super().save_story(seq, at, terms, dropped, data)
        self.known[seq] = data


def read(paths: list[str]) -> list[ArticleToAssign]:
    """Return the articles that are nobody's copy."""
    made = []
    for path in paths:
        with Path(path).open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                article = article_from_line(line | {"published": None})
                if copy_from_line(line, article.id).copy_of is None:
                    made.append(article)
    random.Random(1).shuffle(made)
    return [
        ArticleToAssign(seq=seq, first_seen=START, article=article, copy=copy_from_line({}, article.id))
        for seq, article in enumerate(made, 1)
    ]


def main() -> None:
    for name, number in (one.split("=") for one in sys.argv[1:] if "=" in one):
        module = assignment if hasattr(assignment, name) else story_index
        setattr(module, name, type(getattr(module, name))(number))
    arrivals = read([one for one in sys.argv[1:] if "=" not in one])
    settings = ClusterSettings()
    known: dict[int, bytes] = {}
    chosen = found = 0
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/ledger.db")
        for start in range(0, len(arrivals), BATCH):
            memory = Witness(store.engine, settings)
            memory.known = known
            decide(arrivals[start : start + BATCH], memory, settings)
            with store.write() as connection:
                memory.flush(connection)
            chosen, found = chosen + memory.chosen, found + memory.found
        store.close()
    print(f"{len(arrivals):,} articles, {len(known):,} stories")
    print(f"of {chosen} stories chosen from all, {found / chosen:.1%} were offered")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measure which names become one entity: `python bench/joins.py LIST [--names] [--together] [--failures]`.

LIST holds one case a line: "articles" ([{lang, title, text, published}]), "mentions" ([[number of the article, name]],
two of them), "expect" ("join" or "apart"), "type" and "kind". Each case is a newsroom of its own, in which its
articles arrive in the order of their times; with --together all articles are one newsroom. With --names, the names
that LIST asks for stand in for a recogniser's, so that the joining is measured alone.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.enrich import Recogniser, Span, enrich, load_recognisers
from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch
from pipeline.records import Article, EntityType, Names
from pipeline.settings import config_folder, load_settings
from pipeline.store import Store

Case = dict[str, Any]
# Language, title and time of an article of the list
ArticleKey = tuple[str, str, str]


def key_of(article: Mapping[str, str]) -> ArticleKey:
    return article["lang"], article["title"], article["published"]


def asked_names(cases: Sequence[Case]) -> dict[ArticleKey, dict[str, EntityType]]:
    """Return article → the names that cases ask for in it, with their types."""
    asked: dict[ArticleKey, dict[str, EntityType]] = collections.defaultdict(dict)
    for case in cases:
        for number, name in case["mentions"]:
            asked[key_of(case["articles"][number])].setdefault(name, EntityType(case["type"]))
    return asked


def find_asked(text: str, names: Mapping[str, EntityType]) -> list[Span]:
    """Return where the names stand in a text, longer ones first, none over another."""
    spans: list[Span] = []
    for name in sorted(names, key=lambda n: (-len(n), n)):
        is_word = name[-1].isascii() or name[0].lower() != name[0].upper()
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)" if is_word else re.escape(name)
        for match in re.finditer(pattern, text):
            if all(match.end() <= s.start or match.start() >= s.end for s in spans):
                spans.append(Span(match.start(), match.end(), names[name]))
    return sorted(spans)


class _TakenBackError(Exception):
    """Ends a transaction without keeping what it wrote."""


class Newsroom:
    """Reads articles and says which entity each name of theirs is."""

    def __init__(self, store: Store, asked: Mapping[ArticleKey, Mapping[str, EntityType]] | None) -> None:
        self._store = store
        self._asked = asked
        self._knowledge, self._choose = load_recognisers(load_settings().entities, config_folder())
        self._read: dict[ArticleKey, Names] = {}

    def read(self, articles: Iterable[Mapping[str, str]]) -> dict[ArticleKey, Names]:
        """Return the names of articles that arrive in the order of their times."""
        ordered = sorted({key_of(a): a for a in articles}.values(), key=lambda a: a["published"])
        batch = [
            ArticleNames(seq, dt.datetime.fromisoformat(a["published"]), self._names(a))
            for seq, a in enumerate(ordered, 1)
        ]
        linked: list[Names] = []
        with contextlib.suppress(_TakenBackError), self._store.write() as connection:
            for article in batch:  # one after the other, as most articles arrive
                memory = self._store.entity_memory(connection)
                linked += link_batch([article], self._knowledge, memory)
                memory.flush()
            raise _TakenBackError  # the next newsroom begins with an empty ledger
        return {key_of(a): names for a, names in zip(ordered, linked, strict=True)}

    def _names(self, plain: Mapping[str, str]) -> Names:
        key = key_of(plain)
        if key not in self._read:
            article = Article(id="|".join(key), title=plain["title"], text=plain["text"], language=plain["lang"])
            recognise: Recogniser = self._choose(article.language)
            if self._asked is not None:
                names = self._asked.get(key, {})
                recognise = lambda text, _language: find_asked(text, names)  # noqa: E731
            self._read[key] = enrich(article, self._knowledge, recognise)
        return self._read[key]


def entity_of(names: Names, name: str) -> str | None:
    """Return the entity that a name of an article is, None where it isn't recognised whole."""
    return next((mention.entity for mention in names.mentions if mention.name == name), None) or next(
        (mention.entity for mention in names.mentions if mention.name in name and 2 * len(mention.name) > len(name)),
        None,
    )


def main() -> int:
    path, *options = sys.argv[1:]
    cases: list[Case] = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Store(f"sqlite:///{folder}/joins.db")) as store:
        measure(cases, Newsroom(store, asked_names(cases) if "--names" in options else None), options)
    return 0


def measure(cases: Sequence[Case], newsroom: Newsroom, options: Sequence[str]) -> None:
    """Print how many cases come out as they must, by kind, and which don't."""
    together = newsroom.read(a for case in cases for a in case["articles"]) if "--together" in options else None
    right: collections.Counter[tuple[str, str]] = collections.Counter()
    total: collections.Counter[tuple[str, str]] = collections.Counter()
    for case in cases:
        names = together or newsroom.read(case["articles"])
        first, second = (entity_of(names[key_of(case["articles"][n])], name) for n, name in case["mentions"])
        is_join = first is not None and first == second
        kind = case["expect"], case["kind"]
        total[kind] += 1
        right[kind] += is_join == (case["expect"] == "join")
        if "--failures" in options and is_join != (case["expect"] == "join"):
            print(case["id"], case["kind"], case["mentions"], first, second, file=sys.stderr)
    for kind in sorted(total):
        print(f"{' '.join(kind):>30}  {right[kind]} of {total[kind]}", file=sys.stderr)
    figures = {
        expect: [sum(n for k, n in counts.items() if k[0] == expect) for counts in (right, total)]
        for expect in ("join", "apart")
    }
    print(json.dumps({"right": sum(right.values()), "cases": len(cases), **figures}))


if __name__ == "__main__":
    sys.exit(main())

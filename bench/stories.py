"""Measure how well stories are recognised, whatever the order, the number and the kind of the articles.

python bench/stories.py ARTICLES GOLD [ARTICLES GOLD]...

Both are JSON lines joined by "id"; GOLD names each article's "story". ``bench/topics.jsonl`` holds invented undated
articles of five topics, each of three or four events. For every collection, and for all of them mixed
without their dates, the BCubed F1 of newswire with one setting, in several orders and halves, of shortened texts, with
other thresholds, and after repair; then of a single-pass TF-IDF baseline that sees all document frequencies beforehand
and whose features, decay and threshold are chosen for each collection in its favour.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.cluster import ArticleToAssign, decide, repair
from pipeline.cluster.assignment import article_vectors, decode_story
from pipeline.jsonlines import article_from_line, copy_from_line, names_from_line
from pipeline.settings import ClusterSettings
from pipeline.store import Store
from pipeline.store.schema.stories import stories
from pipeline.text import split_words

Line = dict[str, Any]
BATCH = 500
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # when a collection without dates arrives
MIXED = "all mixed"


def read(paths: Sequence[str]) -> dict[str, list[Line]]:
    """Return the collections by name; each line has its story as ``gold``."""
    collections_: dict[str, list[Line]] = {}
    for articles, gold in zip(paths[::2], paths[1::2], strict=True):
        with Path(gold).open(encoding="utf-8") as file:
            stories_by_id = {str(line["id"]): line["story"] for line in map(json.loads, file)}
        name = Path(articles).stem
        with Path(articles).open(encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        collections_[name] = [
            line | {"id": f"{name}/{line['id']}", "gold": f"{name}/{stories_by_id[str(line['id'])]}"} for line in lines
        ]
    undated = [line | {"published": None} for lines in collections_.values() for line in lines]
    collections_[MIXED] = shuffled(undated, 0)
    return collections_


def shuffled(lines: Sequence[Line], seed: int) -> list[Line]:
    return random.Random(seed).sample(list(lines), len(lines))


def half(lines: Sequence[Line], seed: int, key: str) -> list[Line]:
    chance = random.Random(seed)
    chosen: dict[str, bool] = {}
    return [line for line in lines if chosen.setdefault(line[key], chance.random() < 0.5)]  # noqa: PLR2004


def begun(lines: Sequence[Line], count: int) -> list[Line]:
    return [line | {"text": " ".join(line["text"].split()[:count])} for line in lines]


def variants(lines: list[Line]) -> Iterator[tuple[str, list[list[Line]]]]:
    """Yield what is done to a collection, and the collections that it gives."""
    yield "as it is", [lines]
    yield "in other orders", [shuffled(lines, seed) for seed in range(1, 4)]
    yield "backwards", [lines[::-1]]
    yield "half of the stories", [half(lines, seed, "gold") for seed in range(4)]
    yield "half of the articles", [half(lines, seed, "id") for seed in range(4)]
    yield "without titles", [[line | {"title": None} for line in lines]]
    yield "without dates", [[line | {"published": None} for line in lines]]
    for count in (80, 25):
        yield f"first {count} words", [begun(lines, count)]
    yield "80 words, other orders", [begun(shuffled(lines, seed), 80) for seed in range(1, 4)]
    yield "titles alone", [[line | {"title": None, "text": line["title"] or line["text"][:60]} for line in lines]]


def clustered(lines: Sequence[Line], settings: ClusterSettings, *, repaired: bool = False) -> dict[str, str]:
    """Return article → story as newswire has it."""
    arrivals, at = [], START
    for seq, line in enumerate(lines, 1):
        article = article_from_line(line)
        at = article.published or at
        copy, names = copy_from_line(line, article.id), names_from_line(line, article.id)
        arrivals.append(ArticleToAssign(seq=seq, first_seen=at, article=article, copy=copy, names=names))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/ledger.db")
        assigned: dict[str, str] = {}
        for start in range(0, len(arrivals), BATCH):
            batch = arrivals[start : start + BATCH]
            memory = store.story_index(settings)
            assigned |= {placement.id: placement.story for placement in decide(batch, memory, settings)}
            with store.write() as connection:
                memory.flush(connection)
        if repaired:
            assigned = after_repair(store, arrivals, assigned, settings)
        store.close()
    return assigned


def after_repair(
    store: Store, arrivals: Sequence[ArticleToAssign], assigned: dict[str, str], settings: ClusterSettings
) -> dict[str, str]:  # fmt: skip
    """Return the stories after one pass over all of them."""
    with store.read() as connection:
        stored = [decode_story(data) for data in connection.scalars(stories.select().with_only_columns(stories.c.data))]
    leads: dict[str, str] = {}
    for story in stored:
        candidates = [candidate for candidate in stored if candidate.id not in leads]
        if story.id not in leads and (merger := repair.find_merger(story, candidates, {}, settings)):
            leads[merger.absorbed] = merger.target
    frequencies = store.story_index(settings).frequencies
    members = collections.defaultdict(list)
    for arrival in arrivals:
        story = assigned[arrival.article.id]
        while story in leads:
            story = leads[story]
        members[story].append(arrival)
    repaired = {}
    for story, arrived in members.items():
        parts = repair.split_members(
            [article_vectors(arrival, frequencies) for arrival in arrived], [None] * len(arrived), settings
        )
        for number, part in enumerate(parts):
            repaired |= {arrived[n].article.id: f"{story}-{number}" for n in part}
    return repaired


# The baseline ---------------------------------------------------------------------------------------------------------


def _text(line: Line, features: str) -> str:
    body = line["text"]
    lede = " ".join(body.split()[:80])
    return {
        "body": body,
        "title and lede": f"{line['title'] or ''} {lede}",
        "title, lede and body": f"{line['title'] or ''} {lede} {body}",
    }[features]


def baselines(lines: Sequence[Line]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what each setting of the baseline gives: an article joins the most similar centroid, or opens a story."""
    for features in ("body", "title and lede", "title, lede and body"):
        counted = [collections.Counter(split_words(_text(line, features))) for line in lines]
        documents = collections.Counter(word for counts in counted for word in counts)
        vectors = []
        for counts in counted:
            weights = {w: (1 + math.log(n)) * math.log((1 + len(lines)) / documents[w]) for w, n in counts.items()}
            length = math.sqrt(sum(value * value for value in weights.values())) or 1.0
            vectors.append({word: value / length for word, value in weights.items()})
        for sigma in (None, 3.0) if any(line.get("published") for line in lines) else (None,):
            likes = _likes(lines, vectors, sigma)
            for threshold in (0.06, 0.08, 0.1, 0.12, 0.15, 0.18, 0.21, 0.25, 0.3):
                name = f"{features}, {'decay of 3 days' if sigma else 'no decay'}, {threshold}"
                yield name, _single_pass(lines, likes, threshold)


def _likes(lines: Sequence[Line], vectors: Sequence[dict[str, float]], sigma: float | None) -> list[list[float]]:
    """Return the decayed products of each article's vector with those of earlier articles."""
    days = [article_from_line(line).published for line in lines]
    rows = []
    for n, vector in enumerate(vectors):
        row = []
        for m in range(n + 1):
            product = sum(value * vectors[m].get(word, 0.0) for word, value in vector.items())
            now, then = days[n], days[m]
            if sigma and now and then:
                product *= math.exp(-(((now - then).total_seconds() / 86_400 / sigma) ** 2) / 2)
            row.append(product)
        rows.append(row)
    return rows


def _single_pass(lines: Sequence[Line], likes: Sequence[Sequence[float]], threshold: float) -> dict[str, str]:
    groups: list[list[int]] = []
    lengths: list[float] = []  # squared, of the sum of each group's vectors
    for n in range(len(lines)):
        sums = [sum(likes[n][m] for m in group) for group in groups]
        scores = [total / math.sqrt(length or 1.0) for total, length in zip(sums, lengths, strict=True)]
        best = max(range(len(groups)), key=scores.__getitem__, default=None)
        if best is not None and scores[best] >= threshold:
            lengths[best] += 2 * sums[best] + 1
            groups[best].append(n)
        else:
            groups.append([n])
            lengths.append(1.0)
    return {lines[n]["id"]: str(number) for number, group in enumerate(groups) for n in group}


# Figures --------------------------------------------------------------------------------------------------------------


def bcubed(lines: Sequence[Line], assigned: dict[str, str]) -> tuple[float, float, float]:
    """Return BCubed precision, recall and F1."""
    true, recognised = collections.defaultdict(set), collections.defaultdict(set)
    for line in lines:
        true[line["gold"]].add(line["id"])
        recognised[assigned[line["id"]]].add(line["id"])
    precision = recall = 0.0
    for line in lines:
        correct = len(true[line["gold"]] & recognised[assigned[line["id"]]])
        precision += correct / len(recognised[assigned[line["id"]]]) / len(lines)
        recall += correct / len(true[line["gold"]]) / len(lines)
    return precision, recall, 2 * precision * recall / (precision + recall)


def row(name: str, collections_: dict[str, list[Line]], figures: Callable[[list[Line]], str]) -> None:
    print(f"{name:22}" + "".join(f"{figures(lines):>26}" for lines in collections_.values()), flush=True)


def mean(figures: Sequence[tuple[float, float, float]]) -> str:
    p, r, f = (sum(figure[n] for figure in figures) / len(figures) for n in range(3))
    worst = min(figure[2] for figure in figures)
    return f"{p:.3f} {r:.3f} {f:.3f}" + (f" ({worst:.3f})" if len(figures) > 1 else "        ")


def best_baseline(lines: list[Line]) -> tuple[float, str]:
    return max((bcubed(lines, assigned)[2], name) for name, assigned in baselines(lines))


def main() -> None:
    loaded = read(sys.argv[1:])
    print("BCubed precision, recall, F1; in brackets the worst F1 of several")
    print(" " * 22 + "".join(f"{name:>26}" for name in loaded))
    settings = ClusterSettings()
    for number, (name, _) in enumerate(variants(loaded[MIXED])):
        row(
            name,
            loaded,
            lambda lines, n=number: mean(  # type: ignore[misc]
                [bcubed(variant, clustered(variant, settings)) for variant in list(variants(lines))[n][1]]
            ),
        )
    for factor in (0.7, 0.85, 1.15, 1.4):
        changed = msgspec.structs.replace(settings, threshold=settings.threshold * factor)
        row(f"threshold times {factor}", loaded, lambda lines, s=changed: mean([bcubed(lines, clustered(lines, s))]))  # type: ignore[misc]
    row("repaired", loaded, lambda lines: mean([bcubed(lines, clustered(lines, settings, repaired=True))]))
    orders = range(1, 4)
    row(
        "other orders, repaired",
        loaded,
        lambda lines: mean(
            [
                bcubed(shuffle, clustered(shuffle, settings, repaired=True))
                for shuffle in (shuffled(lines, n) for n in orders)
            ]
        ),
    )
    print("\nThe best of the baseline's 27 to 54 settings, chosen for each collection by its own gold:")
    for name, lines in loaded.items():
        figure, setting = best_baseline(lines)
        print(f"{name:22}{figure:.3f}  {setting}", flush=True)


if __name__ == "__main__":
    main()

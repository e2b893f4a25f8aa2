"""Measure vectors of articles and stories across languages.

python bench/languages.py [ARTICLES PAIRS [LANGUAGES]]

Without arguments: the sample newsroom ``bench/events.jsonl``, invented events told in four languages each, near
neighbours among them, goes through ``newswire enrich`` and ``newswire cluster``; pair precision and recall of its
stories, within and across languages. With arguments: both are JSON lines, of articles ("id", "language", "title",
"text") and of rated pairs ("a", "b", "overall": 1 is the same event, 4 another); Pearson's correlation of the cosine
with the rating (its sign turned) by pair of languages, and the CPU time of a vector. LANGUAGES: of the pairs in these
alone, such as de-en.
"""

from __future__ import annotations

import collections
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.dense_vectors import unpack_dense
from pipeline.jsonlines import article_from_line
from pipeline.multilingual.article_vectors import centred_vector
from pipeline.multilingual.network import load_network

Line = dict[str, Any]
EVENTS = Path(__file__).parent / "events.jsonl"
# Twelve layers of multilingual-e5-small, untrained, int8, on the German and English pairs: plain, and centred
TWELVE_LAYERS = "twelve layers untrained, de-en: 0.66, centred 0.71"


def read(path: str | Path) -> list[Line]:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def run_newsroom(lines: Sequence[Line]) -> list[Line]:
    """Return the lines as enrich and cluster leave them; their events are not what they are told."""
    newswire = Path(sys.executable).with_name("newswire")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "in").open("w", encoding="utf-8") as file:
            for line in lines:
                told = {key: value for key, value in line.items() if key != "event"}
                file.write(json.dumps({**told, "id": str(line["number"])}, ensure_ascii=False) + "\n")
        for verb, source, target in (("enrich", "in", "named"), ("cluster", "named", "out")):
            subprocess.run([newswire, verb, folder / source, "-o", folder / target], check=True)
        return read(folder / "out")


def count_pairs(lines: Sequence[Line], stories: Sequence[str]) -> dict[str, str]:
    """Return precision and recall of the pairs within a language, across languages, and of all."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for (first, one), (second, other) in itertools.combinations(zip(lines, stories, strict=True), 2):
        same, joined = first["event"] == second["event"], one == other
        kind = "within a language" if first["language"] == second["language"] else "across languages"
        for name in (kind, "all"):
            counts[name].update(hit=same and joined, true=same, joined=joined)
            if joined and not same and name == "all":
                print("wrong:", first["id"], second["id"])
    return {
        name: f"precision {c['hit'] / max(1, c['joined']):.3f}, recall {c['hit'] / max(1, c['true']):.3f} "
        f"({c['hit']} of {c['true']} pairs, {c['joined']} joined)"
        for name, c in counts.items()
    }


def measure_newsroom() -> None:
    lines = [{**line, "number": number} for number, line in enumerate(read(EVENTS))]
    placed = run_newsroom(lines)
    events = {line["event"] for line in lines}
    print(f"{len(lines)} articles on {len(events)} events, {len({line['story'] for line in placed})} stories")
    for name, figures in sorted(count_pairs(lines, [line["story"] for line in placed]).items()):
        print(f"{name}: {figures}")


def measure_pairs(articles: str, pairs: str, languages: str = "") -> None:
    rated = [pair for pair in read(pairs) if languages in {"", "-".join(sorted(pair["languages"]))}]
    wanted = {pair[side] for pair in rated for side in "ab"}
    lines = {line["id"]: line for line in read(articles) if line["id"] in wanted}
    network, started = load_network(), time.process_time()
    raw = {}
    for ident, line in lines.items():
        article = article_from_line(line)
        raw[ident] = np.asarray(network.vector(article.title or "", article.text), dtype=np.int8).tobytes()
    spent = (time.process_time() - started) * 1000 / len(raw)
    centred = {ident: centred_vector(vector, lines[ident]["language"]) for ident, vector in raw.items()}
    print(f"{len(raw)} vectors, {spent:.1f} CPU-ms each; {TWELVE_LAYERS}")
    print(f"{'languages':12} {'pairs':>6} {'plain':>7} {'centred':>8}")
    groups = collections.defaultdict(list)
    for pair in rated:
        if pair["a"] in raw and pair["b"] in raw:
            groups["-".join(sorted(pair["languages"]))].append(pair)
            one_language = len(set(pair["languages"])) == 1
            groups["all within" if one_language else "all across"].append(pair)
    for name, members in sorted(groups.items()):
        if len(members) > 9:  # noqa: PLR2004 - fewer say nothing
            figures = [correlate(members, vectors) for vectors in (raw, centred)]
            print(f"{name:12} {len(members):6} {figures[0]:7.3f} {figures[1]:8.3f}")


def correlate(pairs: Sequence[Line], vectors: dict[str, bytes]) -> float:
    """Return Pearson's correlation of the cosines with the ratings, their sign turned."""
    cosines = [float(unpack_dense(vectors[pair["a"]]) @ unpack_dense(vectors[pair["b"]])) for pair in pairs]
    return float(np.corrcoef(cosines, [-pair["overall"] for pair in pairs])[0, 1])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure_pairs(*sys.argv[1:4])
    else:
        measure_newsroom()

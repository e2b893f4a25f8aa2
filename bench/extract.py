"""Measure how well and how fast articles are extracted. Figures go to stderr, a line per item to stdout.

    python bench/extract.py MANIFEST > OUT            extract as `newswire extract` does
    python bench/extract.py MANIFEST --speed          against trafilatura.bare_extraction with metadata, in one run
    python bench/extract.py MANIFEST --phases         CPU-ms a page by phase, and trafilatura's beside it
    python bench/extract.py MANIFEST --scaling         pages a second in one and in two worker processes
    python bench/extract.py MANIFEST --memory          what a worker holds while it reads 5,000 pages
    python bench/extract.py MANIFEST --leave-out GOLD  do the tuned weights of titles hold for publishers not tuned on?
    python bench/extract.py MANIFEST --damage KIND > OUT  as of a publisher never seen: KIND is names, phrases or both

--damage names replaces each class and id by a token that says nothing, phrases takes config/extract.toml's boilerplate
away: what is still cut, structure alone tells.

Manifest lines: {"id", "path" (relative to the manifest; .html or .txt, each may be .gz), "url", "fetched"}.
Gold lines: {"id", "publisher", "title"}.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import gzip
import hashlib
import itertools
import json
import os
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from trafilatura import bare_extraction

import pipeline.extract
from pipeline.charsets import decode_page
from pipeline.errors import ItemError
from pipeline.extract import (
    ExtractConfig,
    RawPage,
    extract,
    load_config,
    make_extractor,
    page,
    warm_up,
)
from pipeline.extract.page_signals import gather_signals, parse_page
from pipeline.extract.titles import SOURCE_WEIGHTS, candidates, choose_by_weight, title_key
from pipeline.jsonlines import article_to_line, error_to_line
from pipeline.settings import config_folder
from pipeline.workers import Workers

MEMORY_PAGES = 5000
ROUNDS = 5  # of the speed measurement; it prints the median of the ratios
GRID = {"ld": (1.0, 1.5, 2.0, 2.5), "og": (1.0, 1.5, 1.9, 2.5), "heading": (0.5, 1.0, 1.5, 2.0), "title": (0.1, 0.5)}


def read(manifest: Path) -> list[tuple[RawPage, str]]:
    items = []
    for text in manifest.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        path = manifest.parent / line["path"]
        data, name = path.read_bytes(), path.name
        if name.endswith(".gz"):
            data, name = gzip.decompress(data), name.removesuffix(".gz")
        fetched = line.get("fetched")
        when = dt.datetime.fromisoformat(fetched) if fetched else None
        items.append((RawPage(id=line.get("id"), data=data, url=line.get("url"), fetched=when), name))
    return items


def line_of(raw: RawPage, name: str, config: ExtractConfig) -> dict[str, object]:
    try:
        return article_to_line(extract(raw, config, name))
    except ItemError as error:
        return error_to_line(raw.id, error)


_NAMES = re.compile(r"""(\s(?:class|id)=)(["'])(.*?)\2""", re.DOTALL)


def without_names(raw: RawPage) -> RawPage:
    def token(name: str) -> str:
        return f"x{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"

    def replace(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}{' '.join(map(token, match[3].split()))}{match[2]}"

    return msgspec.structs.replace(raw, data=_NAMES.sub(replace, decode_page(raw.data)).encode(), charset="utf-8")


def without_phrases(config: ExtractConfig) -> ExtractConfig:
    return msgspec.structs.replace(config, phrases=msgspec.structs.replace(config.phrases, foreign=()))


def spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def speed(items: list[tuple[RawPage, str]], config: ExtractConfig) -> None:
    def run_newswire() -> None:
        for raw, name in items:
            line_of(raw, name, config)

    def run_trafilatura() -> None:
        for raw, _ in items:
            bare_extraction(raw.data, url=raw.url, with_metadata=True)

    run_newswire(), run_trafilatura()  # what is compiled and loaded once isn't measured
    pairs = [(spent(run_newswire), spent(run_trafilatura)) for _ in range(ROUNDS)]
    ratios = sorted(b / a for a, b in pairs)
    newswire, trafilatura = (len(items) / statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"newswire {newswire:.1f}, trafilatura {trafilatura:.1f} pages per CPU second", file=sys.stderr)
    print(f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", file=sys.stderr)


# phase → the function that does it, under the name by which its caller knows it; none runs inside another
PHASES = {
    "decoding": (pipeline.extract, "decode_page"),
    "parsing": (page, "parse_page"),
    "signals, what is hidden": (page, "gather_signals"),
    "blocks": (page, "split_blocks"),
    "data of frameworks": (page, "_with_framework_data"),
    "times": (page.times, "choose_times"),
    "main text": (page.main_text, "find_main_text"),
    "authors": (page, "_authorship"),
    "boilerplate": (page.boilerplate, "remove_boilerplate"),
    "language": (page.metadata, "detect_language"),
}


def phases(items: list[tuple[RawPage, str]], config: ExtractConfig) -> None:
    took: collections.Counter[str] = collections.Counter()

    def timed(phase: str, work: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **kwargs: object) -> object:
            started = time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                took[phase] += time.process_time() - started

        return run

    def run_newswire() -> None:
        for raw, name in items:
            line_of(raw, name, config)

    run_newswire()  # what is compiled and loaded once isn't measured
    for phase, (module, name) in PHASES.items():
        setattr(module, name, timed(phase, getattr(module, name)))
    whole = spent(run_newswire)
    theirs = spent(lambda: [bare_extraction(raw.data, url=raw.url, with_metadata=True) for raw, _ in items])
    for phase in PHASES:
        print(f"{phase:24} {1000 * took[phase] / len(items):6.2f} ms", file=sys.stderr)
    print(f"{'the rest':24} {1000 * (whole - took.total()) / len(items):6.2f} ms", file=sys.stderr)
    print(f"{'whole':24} {1000 * whole / len(items):6.2f} ms", file=sys.stderr)
    print(f"{'trafilatura':24} {1000 * theirs / len(items):6.2f} ms", file=sys.stderr)


def scaling(items: list[tuple[RawPage, str]], config: ExtractConfig) -> None:
    pages = [raw for raw, _ in items] * 4
    rates = []
    for count in (1, 2):
        with Workers(make_extractor(config), count=count, seconds=60) as workers:
            list(workers.map(pages[: len(items)]))  # starting isn't measured
            started = time.monotonic()
            list(workers.map(pages))
            rates.append(len(pages) / (time.monotonic() - started))
    print(
        f"one process {rates[0]:.1f}, two {rates[1]:.1f} pages a second: {rates[1] / rates[0]:.2f} times",
        file=sys.stderr,
    )
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)


def memory(items: list[tuple[RawPage, str]], config: ExtractConfig) -> None:
    for number in range(MEMORY_PAGES):
        line_of(*items[number % len(items)], config)
        if (number + 1) % 1000 == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{number + 1:,} pages: {peak:.0f} MiB at most", file=sys.stderr)


def leave_out(items: list[tuple[RawPage, str]], gold: Path) -> None:
    gold_lines = {line["id"]: line for line in map(json.loads, gold.read_text(encoding="utf-8").splitlines())}
    publishers: dict[str, list[tuple[dict[str, str], str]]] = collections.defaultdict(list)
    for raw, _ in items:
        if gold_line := gold_lines.get(raw.id):
            publishers[gold_line["publisher"]].append(
                (candidates(gather_signals(parse_page(decode_page(raw.data)), raw.url)), gold_line["title"])
            )

    def right(weight: dict[str, float], names: list[str]) -> int:
        return sum(
            title_key(choose_by_weight(given, weight)) == title_key(title)
            for name in names
            for given, title in publishers[name]
        )

    grid = [{**SOURCE_WEIGHTS, **dict(zip(GRID, values, strict=True))} for values in itertools.product(*GRID.values())]
    scores = {name: [right(weight, [name]) for weight in grid] for name in publishers}
    total = [sum(column) for column in zip(*scores.values(), strict=True)]
    chosen = 0
    for publisher_scores in scores.values():
        without = [whole - part for whole, part in zip(total, publisher_scores, strict=True)]
        best = [number for number, value in enumerate(without) if value == max(without)]
        chosen += statistics.fmean(publisher_scores[number] for number in best)
    pages = sum(map(len, publishers.values()))
    print(f"{pages} pages of {len(publishers)} publishers", file=sys.stderr)
    print(f"the weights as they are      {right(SOURCE_WEIGHTS, list(publishers)) / pages:.3f}", file=sys.stderr)
    print(f"the best of the grid         {max(total) / pages:.3f}", file=sys.stderr)
    print(f"chosen without the publisher {chosen / pages:.3f}", file=sys.stderr)
    print(f"the worst of the grid        {min(total) / pages:.3f}", file=sys.stderr)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("manifest", type=Path)
    options.add_argument("--speed", action="store_true")
    options.add_argument("--phases", action="store_true")
    options.add_argument("--scaling", action="store_true")
    options.add_argument("--memory", action="store_true")
    options.add_argument("--leave-out", type=Path, metavar="GOLD")
    options.add_argument("--damage", choices=("names", "phrases", "both"))
    given = options.parse_args()
    items, config = read(given.manifest), load_config(config_folder())
    if given.damage in {"names", "both"}:
        items = [(without_names(raw), name) for raw, name in items]
    if given.damage in {"phrases", "both"}:
        config = without_phrases(config)
    warm_up()  # as in the process that workers are forked from
    if given.speed:
        speed(items, config)
    elif given.phases:
        phases(items, config)
    elif given.scaling:
        scaling(items, config)
    elif given.memory:
        memory(items, config)
    elif given.leave_out:
        leave_out(items, given.leave_out)
    else:
        lines: list[dict[str, object]] = []
        took = spent(lambda: lines.extend(line_of(raw, name, config) for raw, name in items))
        for line in lines:
            print(json.dumps(line, ensure_ascii=False))
        print(f"{len(items)} pages, {len(items) / took:.1f} per CPU second", file=sys.stderr)


if __name__ == "__main__":
    main()

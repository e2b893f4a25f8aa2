"""Measure the peak memory of a worker that extracts page after page, over 5,000 pages.

    python -m bench.workers [--pages 5000] [--manifest FILE]

The pages of a manifest ({"path", "url"} a line) are taken again and again; without one generated ones of 5 to 400 kB,
and one of 8 MB in every 500.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import bench.workers
from bench.site_profile import page
from pipeline.errors import ItemError
from pipeline.extract import ExtractConfig, RawPage, extract_with_lines, load_config
from pipeline.settings import ExtractSettings, config_folder
from pipeline.workers import Workers, preload

LIMIT = 400  # MiB
SPREAD = (1, 1, 1, 2, 3, 5, 8, 40)  # times the text of a usual article
HUGE = 500  # every so many pages one of 8 MB


def measured(raw: RawPage, config: ExtractConfig) -> tuple[int, float]:
    """Read a page; return this process's number and its peak in MiB."""
    extract_with_lines(raw, config)
    return os.getpid(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def generated() -> Iterator[RawPage]:
    number = 0
    while True:
        html = page(number % 700).html
        times = 800 if number % HUGE == HUGE - 1 else SPREAD[number % len(SPREAD)]
        body = "".join(f"<p>{line} ({n})</p>" for n in range(times) for line in page(number % 700).own)
        yield RawPage(
            data=html.replace("</article>", f"{body}</article>").encode(), url=f"https://www.herald.example/{number}"
        )
        number += 1


def listed(manifest: Path) -> Iterator[RawPage]:
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    while True:
        for line in lines:
            data = (manifest.parent / line["path"]).read_bytes()
            yield RawPage(data=gzip.decompress(data) if line["path"].endswith(".gz") else data, url=line.get("url"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--manifest", type=Path)
    wanted = parser.parse_args()
    preload("pipeline.extract.preload")
    limits, pages = ExtractSettings(), listed(wanted.manifest) if wanted.manifest else generated()
    function = functools.partial(bench.workers.measured, config=load_config(config_folder()))  # workers import it so
    raws = (next(pages) for _ in range(wanted.pages))
    peaks: dict[int, float] = {}
    failed = 0
    pool = Workers(function, count=1, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb)
    with pool:
        for number, result in enumerate(pool.map(raws), 1):
            if isinstance(result, ItemError):
                failed += 1
            else:
                peaks[result[0]] = max(peaks.get(result[0], 0.0), result[1])
            if number % (wanted.pages // 10 or 1) == 0:
                print(f"{number:6} pages, {len(peaks)} workers so far, highest peak {max(peaks.values()):.0f} MiB")
    peak = max(peaks.values())
    print(f"{wanted.pages} pages ({failed} refused): a worker took at most {peak:.0f} MiB (aim: {LIMIT})")


if __name__ == "__main__":
    main()

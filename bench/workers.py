"""Measure what workers take: the peak of one that extracts page after page, or the memory of all processes together.

    python -m bench.workers [--pages 5000] [--manifest FILE]
    python -m bench.workers --together [--pages 200] [--manifest FILE]
    python -m bench.workers --transfer [--pages 500] [--manifest FILE]

The pages of a manifest ({"path", "url"} a line) are taken again and again; without one generated ones of 5 to 400 kB,
and one of 8 MB in every 500. --together lets two workers extract and two find names, and prints the proportional set
size (PSS) of each process: what all of them share is counted once. --transfer prints what it costs the main process to
hand over a page, as it came and as the archive keeps it, beside what it costs to read it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gzip
import json
import os
import pickle
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path

import msgspec

import bench.workers
from bench.site_profile import page
from pipeline.blob_packing import pack_bytes, unpack_bytes
from pipeline.enrich import load_knowledge_base
from pipeline.enrich.name_workers import NameReading, NameWorkers
from pipeline.errors import ItemError
from pipeline.extract import ExtractConfig, RawPage, extract_with_lines, load_config, make_extractor
from pipeline.settings import ExtractSettings, config_folder, load_settings
from pipeline.stages import preload_workers
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


def proportional_mib(pid: int) -> float:
    """Return the PSS of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def measure_together(pages: Iterator[RawPage], count: int) -> None:
    """Print the memory of a program whose workers have read pages and found the names in them."""
    settings, folder = load_settings(), config_folder()
    preload_workers()
    load_knowledge_base(folder)  # as stage enrich does
    names = NameWorkers(settings.entities, settings.enrich, folder, count=2)
    limits = settings.extract
    reader = Workers(make_extractor(load_config(folder, limits)), count=2, seconds=60, memory_mb=limits.memory_mb)
    with names, reader:
        extracted = [e for e in reader.map(next(pages) for _ in range(count)) if not isinstance(e, ItemError)]
        articles = [NameReading(extraction.article) for extraction in extracted]
        failed = sum(isinstance(found, Exception) for found in names.read_names(articles))
        processes = {"main": os.getpid(), "fork server": forkserver._forkserver._forkserver_pid}  # noqa: SLF001
        for kind, pool in (("extract", reader), ("enrich", names)):
            processes |= {f"{kind} {number}": pid for number, pid in enumerate(pool.pids(), 1)}
        sizes = {name: proportional_mib(pid) for name, pid in processes.items()}
    for name, size in sizes.items():
        print(f"{name:12} {size:6.0f} MiB")
    print(
        f"together     {sum(sizes.values()):6.0f} MiB after {len(extracted)} pages, {failed} without names (aim: 2048)"
    )


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Return the CPU milliseconds of one of ``times`` calls."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1000


def measure_transfer(pages: Iterator[RawPage], count: int) -> None:
    """Print what the main process and the worker do to hand over a page."""
    config = load_config(config_folder())
    rows: dict[str, list[float]] = {"unpacked by the main process": [], "packed": [], "reading it": []}
    for _ in range(count):
        raw = next(pages)
        packed = pack_bytes(raw.data)
        kept = msgspec.structs.replace(raw, data=packed, packed=True)
        for name, send in {
            "unpacked by the main process": lambda r=raw, p=packed: pickle.dumps(
                msgspec.structs.replace(r, data=unpack_bytes(p)), pickle.HIGHEST_PROTOCOL
            ),
            "packed": lambda k=kept: pickle.dumps(k, pickle.HIGHEST_PROTOCOL),
        }.items():
            rows[name].append(cpu_ms(send, 20))
        with contextlib.suppress(ItemError):
            rows["reading it"].append(cpu_ms(lambda r=raw: extract_with_lines(r, config), 1))
    for name, values in rows.items():
        print(f"{name:30} {statistics.mean(values):8.3f} ms a page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--transfer", action="store_true")
    wanted = parser.parse_args()
    pages = listed(wanted.manifest) if wanted.manifest else generated()
    if wanted.together:
        measure_together(pages, wanted.pages or 200)
    elif wanted.transfer:
        measure_transfer(pages, wanted.pages or 500)
    else:
        measure_peak(pages, wanted.pages or 5000)


def measure_peak(pages: Iterator[RawPage], count: int) -> None:
    """Print the highest memory of a worker over ``count`` pages."""
    preload("pipeline.extract.preload")
    limits = ExtractSettings()
    function = functools.partial(bench.workers.measured, config=load_config(config_folder()))  # workers import it so
    raws = (next(pages) for _ in range(count))
    peaks: dict[int, float] = {}
    failed = 0
    pool = Workers(function, count=1, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb)
    with pool:
        for number, result in enumerate(pool.map(raws), 1):
            if isinstance(result, ItemError):
                failed += 1
            else:
                peaks[result[0]] = max(peaks.get(result[0], 0.0), result[1])
            if number % (count // 10 or 1) == 0:
                print(f"{number:6} pages, {len(peaks)} workers so far, highest peak {max(peaks.values()):.0f} MiB")
    peak = max(peaks.values())
    print(f"{count} pages ({failed} refused): a worker took at most {peak:.0f} MiB (aim: {LIMIT})")


if __name__ == "__main__":
    main()

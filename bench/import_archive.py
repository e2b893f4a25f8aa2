"""Measure how fast archives of pages are read and taken in, for one core. Extraction is not in it.

    python -m bench.import_archive [--pages 1000] [--newswire .venv/bin/python]... [--rounds 3]
    python -m bench.import_archive --templates MANIFEST --gold GOLD [--sent]     pages of publishers

Makes a WARC file of pages of 50 to 200 kB, a gzip member for each record, as crawlers of news write them: bodies as
they were decoded, or with ``--sent`` chunked and in gzip as servers send them. Then it measures, in processes
of their own,
- reading: from the file to the bytes of each page, its address and type;
- taking in: from the file to archive and ledger, where the pages wait for extract;
- once more: the same again, with nothing new; ``--again`` of newswire import, where that remembers what it has read.

``--newswire`` names the interpreter of another checkout; each round measures all of them, one after the other, so that
their ratio holds whatever else the machine does. Figures are pages per second of CPU time, and of the clock.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench.web.templates import cut_templates, fill_template, invent_templates
from bench.web.texts import invent_texts

PROBE = """
import json, sys, time
path, limit = sys.argv[1], 10_000_000
spent, clock = time.process_time(), time.monotonic()
if sys.argv[2] == "reading":
    from pathlib import Path
    from pipeline.intake.import_files import ImportedItem, read_items
    spent, clock = time.process_time(), time.monotonic()
    items = (getattr(read, "item", read) for read in read_items(Path(path), limit))  # checkouts before ReadItem too
    pages = sum(isinstance(item, ImportedItem) for item in items)
else:
    import click
    import pipeline.cli.import_files as command
    from pipeline.context import open_context
    command.run_all = lambda *_, **__: []  # no stage runs
    with open_context() as context:  # the ledger's tables aren't measured
        context.archive
    spent, clock = time.process_time(), time.monotonic()
    again = ["--again"] if any("--again" in option.opts for option in command.import_command.params) else []
    command.import_command.main([path, *again], standalone_mode=False)
    spent, clock = time.process_time() - spent, time.monotonic() - clock
    with open_context() as context, context.store.read() as connection:
        pages = context.store.ledger.count_waiting(connection, "extract", context.clock(), [])
    spent, clock = time.process_time() - spent, time.monotonic() - clock
print(json.dumps([pages, time.process_time() - spent, time.monotonic() - clock]))
"""
KINDS = ("reading", "taking in", "once more")


def chunked(data: bytes, size: int = 8192) -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def http_answer(page: bytes, *, sent: bool) -> bytes:
    headers = ["HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8", "Server: nginx", "Vary: Accept-Encoding"]
    if sent:
        headers += ["Content-Encoding: gzip", "Transfer-Encoding: chunked"]
        page = chunked(gzip.compress(page, 6))
    else:
        headers += [f"Content-Length: {len(page)}", "X-Crawler-Content-Encoding: gzip"]
    return "\r\n".join([*headers, "", ""]).encode() + page


def warc_record(kind: str, block: bytes, media_type: str, url: str = "") -> bytes:
    target = [f"WARC-Target-URI: {url}"] if url else []
    head = [
        "WARC/1.0", f"WARC-Type: {kind}", "WARC-Date: 2026-11-02T10:00:00Z",
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid4()}>", *target, f"Content-Type: {media_type}",
        f"Content-Length: {len(block)}",
    ]  # fmt: skip
    return gzip.compress("\r\n".join([*head, "", ""]).encode() + block + b"\r\n\r\n", 6)


def make_warc(path: Path, templates: list[str], count: int, *, sent: bool) -> list[int]:
    """Write the pages; return the size of each."""
    sizes = []
    with path.open("wb") as file:
        file.write(warc_record("warcinfo", b"software: bench\r\n", "application/warc-fields"))
        for number, text in enumerate(itertools.islice(invent_texts(), count)):
            url = f"https://outlet{number % len(templates)}.example/news/{text.id}.html"
            template = templates[number % len(templates)]
            page = fill_template(template, title=text.title, body=text.body, url=url, date="2026-11-02T09:00:00+00:00")
            data = page.encode("utf-8", "replace")
            sizes.append(len(data))
            answer = http_answer(data, sent=sent)
            file.write(warc_record("response", answer, "application/http; msgtype=response", url))
    return sizes


def probe(interpreter: str, path: Path, home: Path, kind: str) -> tuple[float, float]:
    """Return pages per second of CPU time and of the clock.

    Raises:
        SystemExit: Not all pages were there.
    """
    environ = {k: v for k, v in os.environ.items() if not k.startswith("NEWSWIRE_")}
    done = subprocess.run(
        [interpreter, "-c", PROBE, str(path), kind],
        env=environ | {"NEWSWIRE_HOME": str(home)}, cwd=Path(interpreter).parents[2], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{interpreter}: {kind} failed: {done.stderr[-2000:]}")
    pages, cpu, clock = json.loads(done.stdout.splitlines()[-1])
    return pages / cpu, pages / clock


def measure(interpreters: list[str], path: Path, rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """Yield (interpreter, what was measured, pages per CPU second, pages per second)."""
    for _ in range(rounds):
        for interpreter in interpreters:
            with tempfile.TemporaryDirectory() as home:
                for kind in KINDS:
                    yield interpreter, kind, *probe(interpreter, path, Path(home), kind)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--templates", type=Path, metavar="MANIFEST", help="pages to make templates of")
    options.add_argument("--gold", type=Path, help="what their articles say")
    options.add_argument("--sent", action="store_true", help="bodies as servers send them")
    options.add_argument("--newswire", action="append", default=[], metavar="PYTHON", help="of another checkout")
    given = options.parse_args()
    templates = cut_templates(given.templates, given.gold) if given.templates else invent_templates(8)
    interpreters = [*map(os.path.abspath, given.newswire), sys.executable]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.warc.gz"
        sizes = make_warc(path, templates, given.pages, sent=given.sent)
        size, average = path.stat().st_size / 1e6, sum(sizes) // len(sizes) // 1000
        print(
            f"{len(sizes)} pages of {min(sizes) // 1000} to {max(sizes) // 1000} kB, {average} kB on average,"
            f" {len(templates)} templates; the file has {size:.0f} MB"
        )
        figures = list(measure(interpreters, path, given.rounds))
    for kind in KINDS:
        rates = [[cpu for name, what, cpu, _ in figures if (name, what) == (one, kind)] for one in interpreters]
        for name, rate in zip(interpreters, rates, strict=True):
            clock = statistics.median(c for one, what, _, c in figures if (one, what) == (name, kind))
            print(f"{kind:10} {statistics.median(rate):8.0f} pages per CPU second ({min(rate):.0f} to {max(rate):.0f}),"
                  f" {clock:6.0f} per second  {name}")  # fmt: skip
        for name, rate in zip(interpreters[:-1], rates, strict=False):
            ratios = sorted(after / before for before, after in zip(rate, rates[-1], strict=True))
            print(f"{kind:10} {statistics.median(ratios):8.2f} times ({ratios[0]:.2f} to {ratios[-1]:.2f})  {name}")


if __name__ == "__main__":
    main()

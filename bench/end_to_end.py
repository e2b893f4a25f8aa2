"""Measure the whole way, from feeds on loopback to searches that find their articles.

    python -m bench.end_to_end [--count 2000] [--outlets 115]                  even hosts, until nothing is due
    python -m bench.end_to_end --skewed --arrivals 5 --seconds 120             a slow host beside growing feeds

Makes a synthetic web (pages of 50 to 200 kB in gzip, a host for each outlet, robots.txt, feeds that grow), runs
`newswire run` on it as users do, with a configuration and a home of its own, and prints articles a second, CPU time an
article by stage, memory, and the latency from a poll's first sight of an entry to a search that finds the article.
Beside it, in the same run, ``trafilatura.bare_extraction`` reads the same pages with their metadata on one core, half
of them before and half after: figures compare only as ratios of one run. Pacing is as in production.

``--templates``, ``--gold`` and ``--texts`` take real pages and texts in place of the invented ones, ``--newswire`` the
interpreter of another checkout. ``--store`` needs an empty database; documents go to an alias of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import gzip
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trafilatura
from elasticsearch import Elasticsearch

from bench.end_to_end_report import Measured, print_report, report_of
from bench.process_usage import TreeUsage
from bench.web.server import load_log
from bench.web.site import Web, WebPlan, host_of, make_web
from bench.web.templates import cut_templates, invent_templates
from bench.web.texts import Text, invent_texts, read_texts

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
LOOK_SECONDS = 1.0
MEMORY_EVERY = 3  # looks
END_SECONDS = 60.0  # for newswire to end after SIGTERM; then it is killed
_KNOWN_DAYS = 10.0  # over which articles that were known before are spread


class Share(NamedTuple):
    """What trafilatura alone took for some pages, in seconds."""

    pages: int
    wall: float
    cpu: float

    def plus(self, more: Share) -> Share:
        """Return the sum."""
        return Share(self.pages + more.pages, self.wall + more.wall, self.cpu + more.cpu)


def read_alone(folder: Path, names: list[str]) -> Share:
    """Return what ``trafilatura.bare_extraction`` with metadata takes for pages of the web, on one core."""
    raws = [gzip.decompress((folder / "pages" / f"{name}.html.gz").read_bytes()) for name in names]
    trafilatura.bare_extraction(raws[0], with_metadata=True)  # what is loaded at first use isn't a page's
    began, spent = time.perf_counter(), time.process_time()
    for raw in raws:
        trafilatura.bare_extraction(raw, with_metadata=True)
    return Share(len(raws), time.perf_counter() - began, time.process_time() - spent)


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it; JSON does so for strings, numbers and lists."""
    return json.dumps(value)


def write_config(folder: Path, web: Web, wanted: argparse.Namespace, alias: str) -> None:
    """Write the settings of the run: as delivered, but for what loopback and the bench need."""
    folder.mkdir(parents=True)
    for name in ("aliases.toml", "agencies.toml", "extract.toml"):
        shutil.copy(wanted.config / name, folder)
    settings = {
        "fetch": {"allow_addresses": ["127.0.0.0/8"], "allow_ports": [web.port], "contact": "bench@newswire.example"},
        "revisit": {"hours": []},
        "index": {"alias": alias},
        "entities": {"model": wanted.model},
    }
    tables = []
    for name, table in settings.items():
        tables += [f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in table.items()), *wanted.set[name]]
    for name in wanted.set.keys() - settings.keys():
        tables += [f"[{name}]", *wanted.set[name]]
    (folder / "newswire.toml").write_text("\n".join([*tables, ""]), encoding="utf-8")
    interval = f"interval_minutes = {wanted.poll_seconds / 60}\n" if wanted.arrivals else ""
    sources = (
        f'[[source]]\nname = "Outlet {number}"\nfeeds = ["http://{host}:{web.port}/feed.xml"]\n{interval}'
        for number, host in enumerate(web.hosts)
    )
    (folder / "feeds.toml").write_text("\n".join(sources), encoding="utf-8")


def import_known(folder: Path, texts: Iterator[Text], wanted: argparse.Namespace, environ: dict[str, str]) -> None:
    """Take ``--known`` articles into ledger and index, with names by lists.

    Raises:
        SystemExit: They could not be imported.
    """
    chance, now = random.Random(wanted.seed), dt.datetime.now(dt.UTC)
    path, config = folder / "known.jsonl", folder / "known-config"
    with path.open("w", encoding="utf-8") as lines:
        for text in itertools.islice(texts, wanted.known):
            published = now - dt.timedelta(days=chance.uniform(0.1, _KNOWN_DAYS))
            line = {"id": f"known-{text.id}", "url": f"http://known.example/{text.id}", "title": text.title,
                    "text": text.body, "published": published.isoformat(), "language": "en"}  # fmt: skip
            lines.write(json.dumps(line) + "\n")
    shutil.copytree(folder / "config", config)
    settings = (config / "newswire.toml").read_text(encoding="utf-8").replace('"bundled"', '"lists"')
    (config / "newswire.toml").write_text(settings, encoding="utf-8")
    command = [str(Path(wanted.newswire).with_name("newswire")), "import", str(path)]
    done = subprocess.run(
        command, env=environ | {"NEWSWIRE_CONFIG": str(config)}, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the articles that are to be known can't be imported: {done.stderr[-2000:]}")


def remove_documents(url: str, alias: str) -> None:
    """Remove what a run left in Elasticsearch: its indices, and their template."""
    with Elasticsearch(url) as client:
        for name in client.options(ignore_status=404).indices.get(index=f"{alias}-*", allow_no_indices=True):
            client.indices.delete(index=name)
        client.options(ignore_status=404).indices.delete_index_template(name=alias)


@contextlib.contextmanager
def child(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process that ends when its standard input does; end it behind the block."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=END_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


class Run:
    """One run of newswire on the web in ``folder``, watched until it ends or is ended."""

    def __init__(self, folder: Path, web: Web, wanted: argparse.Namespace, environ: dict[str, str]) -> None:
        self._folder = folder
        self._web = web
        self._wanted = wanted
        self._environ = environ
        heavy = host_of(0, web.port) if wanted.skewed else None
        self._expected = {page.url for page in web.pages if page.host != heavy}

    def carry_out(self) -> Measured:
        """Run it; return what was measured."""
        server = [sys.executable, "-m", "bench.web.server", str(self._folder)]
        prober = [self._wanted.newswire, str(HERE / "index_prober.py"), str(self._folder / "web.json"),
                  str(self._folder / "found.jsonl"), "--every", str(self._wanted.probe_seconds)]  # fmt: skip
        with contextlib.ExitStack() as processes:
            serving = processes.enter_context(child(server, cwd=CHECKOUT))
            assert serving.stdout is not None
            started = float(serving.stdout.readline())
            probing = processes.enter_context(child(prober, env=self._environ, cwd=self._folder))
            beside = {"server": TreeUsage(serving.pid), "prober": TreeUsage(probing.pid)}
            began, spent = time.time(), time.process_time()
            usage, timeline, ending = self._watch(beside)
            watching = time.process_time() - spent
            seconds = time.time() - began
            searched = json.loads(probing.communicate(timeout=END_SECONDS)[0] or "{}")
        return Measured(
            started=started, began=began, seconds=seconds, ending_seconds=ending, cpu_by_role=usage.cpu,
            timeline=timeline, peak_memory=usage.peak_memory, peak_by_role=usage.peak_by_role,
            beside={name: sum(tree.cpu.values()) for name, tree in beside.items()} | {"bench": watching},
            searches=searched, found=self._found(), requests=load_log(self._folder), articles=self._ledger(began),
            notes=self._notes(),
        )  # fmt: skip

    def _notes(self) -> dict[str, Any]:
        notes: dict[str, Any] = json.loads((self._folder / "notes.json").read_text(encoding="utf-8"))
        return notes if self._wanted.mode == "sweeps" else notes | {"stages": []}

    def _command(self) -> list[str]:
        mode = self._wanted.mode
        flags = {
            "once": ["--once"],
            "follow": ["--follow"],
            "sweeps": ["--every", "1"] if self._wanted.arrivals else [],
        }
        return [self._wanted.newswire, str(HERE / "sampled_newswire.py"), str(self._folder / "notes.json"), "--",
                "run", *flags[mode]]  # fmt: skip

    def _watch(self, beside: dict[str, TreeUsage]) -> tuple[TreeUsage, list[tuple[float, dict[str, float]]], float]:
        """Run newswire to its end; return its usage, when which role used how much, and how long its end took."""
        with (self._folder / "newswire.log").open("wb") as log:
            process = subprocess.Popen(
                self._command(), env=self._environ, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
            )
        usage, timeline, began, ended_at = TreeUsage(process.pid), [], time.monotonic(), 0.0
        try:
            for number in itertools.count():
                timeline.append((time.monotonic(), usage.look(memory=number % MEMORY_EVERY == 0)))
                for tree in beside.values():
                    tree.look(memory=False)
                if process.poll() is not None:
                    break
                if not ended_at and self._is_through(time.monotonic() - began):
                    process.send_signal(signal.SIGTERM)
                    ended_at = time.monotonic()
                elif ended_at and time.monotonic() - ended_at > END_SECONDS:
                    process.kill()
                time.sleep(0.05 if ended_at else LOOK_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return usage, timeline, time.monotonic() - ended_at if ended_at else 0.0

    def _is_through(self, seconds: float) -> bool:
        """Tell whether a run that doesn't end by itself is to be ended."""
        if self._wanted.mode == "once" or (self._wanted.mode == "sweeps" and not self._wanted.arrivals):
            return bool(self._wanted.longest and seconds > self._wanted.longest)
        if seconds > self._wanted.seconds + self._wanted.grace:
            return True
        have_arrived = not self._wanted.arrivals or seconds > self._wanted.seconds
        return have_arrived and self._expected <= self._found().keys()

    def _found(self) -> dict[str, float]:
        path = self._folder / "found.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return dict(json.loads(line) for line in lines if line.endswith("]"))

    def _ledger(self, since: float) -> list[dict[str, Any]]:
        command = [self._wanted.newswire, str(HERE / "ledger_times.py"), "--since", str(since - 1)]
        done = subprocess.run(command, env=self._environ, cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the ledger can't be read: {done.stderr[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def plan_of(wanted: argparse.Namespace) -> WebPlan:
    """Return the web that the options ask for."""
    count = wanted.count if wanted.count is not None else 0 if wanted.arrivals else 2000
    outlets = wanted.outlets or (200 if wanted.skewed else 115)
    return WebPlan(
        port=wanted.port, outlets=outlets, count=count, arrivals=wanted.arrivals, seconds=wanted.seconds,
        bursts=wanted.bursts, heavy=wanted.heavy if wanted.skewed else 0, crawl_delay=wanted.crawl_delay,
        seed=wanted.seed,
    )  # fmt: skip


def environment_of(folder: Path, wanted: argparse.Namespace) -> dict[str, str]:
    """Return the environment of newswire and of what looks at its ledger and index."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")}
    kept |= {"NEWSWIRE_HOME": str(folder / "home"), "NEWSWIRE_CONFIG": str(folder / "config")}
    kept |= {"NEWSWIRE_STORE_URL": wanted.store} if wanted.store else {}
    return kept | ({"NEWSWIRE_INDEX_URL": wanted.index} if wanted.index else {})


def measure(folder: Path, wanted: argparse.Namespace) -> dict[str, Any]:
    """Make the web, run newswire and trafilatura alone on it, and return the report."""
    plan = plan_of(wanted)
    templates = cut_templates(wanted.templates, wanted.gold) if wanted.templates else invent_templates(plan.outlets + 1)
    texts = read_texts(wanted.texts) if wanted.texts else invent_texts()
    web = make_web(folder, plan, templates, texts, dt.datetime.now(dt.UTC))
    alias = f"end-to-end-{os.getpid()}"
    write_config(folder / "config", web, wanted, alias)
    environ = environment_of(folder, wanted)
    if wanted.known:
        import_known(folder, texts, wanted, environ)
    chosen = random.Random(wanted.seed).sample([page.id for page in web.pages], min(wanted.alone, len(web.pages)))
    half = max(1, len(chosen) // 2)
    alone = read_alone(folder, chosen[:half])
    try:
        measured = Run(folder, web, wanted, environ).carry_out()
    finally:
        if wanted.index and wanted.index.startswith("http"):
            remove_documents(wanted.index, alias)
    alone = alone.plus(read_alone(folder, chosen[half:] or chosen))
    return report_of(measured, web, alone=alone, heavy=host_of(0, plan.port) if plan.heavy else None)


def parse_arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--count", type=int, help="pages that feeds list from the start; default: 2000, with --arrivals 0")
    add("--outlets", type=int, help="default: 115, with --skewed 200")
    add("--skewed", action="store_true", help="a further outlet has --heavy pages and a --crawl-delay")
    add("--heavy", type=int, default=1500)
    add("--crawl-delay", type=float, default=5.0, metavar="SECONDS")
    add("--arrivals", type=float, default=0.0, metavar="N", help="articles a second that feeds list while it runs")
    add("--bursts", action="store_true", help="arrivals as traces of real feeds have them, not evenly at random")
    add("--poll-seconds", type=float, default=20.0, help="how often a feed is polled, with --arrivals")
    add("--known", type=int, default=0, metavar="N", help="articles that ledger and index hold before")
    add("--seconds", type=float, default=120.0, help="how long articles arrive")
    add("--grace", type=float, default=30.0, help="seconds that the last ones may take to be searchable")
    add("--longest", type=float, default=0.0, help="end a run that would end by itself after so many seconds")
    add("--mode", choices=("once", "follow", "sweeps"), help="default: once, with --arrivals follow")
    add("--store", metavar="URL", help="NEWSWIRE_STORE_URL, an empty database; default: SQLite")
    add("--index", metavar="URL", help="NEWSWIRE_INDEX_URL; default: SQLite")
    add("--templates", type=Path, metavar="MANIFEST", help="pages of publishers, with --gold")
    add("--gold", type=Path)
    add("--texts", type=Path, metavar="JSONL")
    add("--model", default="bundled", help="entities.model")
    add("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="a further setting, as TOML")
    add("--alone", type=int, default=160, help="pages that trafilatura alone reads")
    add("--newswire", default=sys.executable, metavar="PYTHON", help="the interpreter of the checkout to measure")
    add("--config", type=Path, default=CHECKOUT / "config", help="its settings folder")
    add("--port", type=int, default=27000)
    add("--probe-seconds", type=float, default=0.25)
    add("--seed", type=int, default=1)
    add("--json", action="store_true")
    add("--keep", type=Path, metavar="FOLDER", help="work in this new folder and leave it there")
    wanted = parser.parse_args()
    if bool(wanted.templates) != bool(wanted.gold):
        parser.error("--templates and --gold belong together")
    wanted.mode = wanted.mode or ("follow" if wanted.arrivals else "once")
    tables: dict[str, list[str]] = {name: [] for name in ("fetch", "revisit", "index", "entities")}
    for setting in wanted.set:
        name, _, value = setting.partition("=")
        table, _, key = name.partition(".")
        tables.setdefault(table, []).append(f"{key} = {value}")
    wanted.set = tables
    return wanted


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended then, too
    wanted = parse_arguments()
    with contextlib.ExitStack() as stack:
        if wanted.keep:
            wanted.keep.mkdir(parents=True)
        folder = wanted.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="newswire-bench-")))
        report = measure(folder.absolute(), wanted)
        if wanted.keep:
            (folder / "report.json").write_bytes(msgspec.json.encode(report))
    if wanted.json:
        print(json.dumps(report))
    else:
        print_report(report)


if __name__ == "__main__":
    main()

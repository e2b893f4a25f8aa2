"""Run a synthetic newsroom through the production topology, kill its processes, and measure what readers see.

    python -m bench.topology [--seconds 1800] [--arrivals 0.5] [--kills 0] [--seed 1]

Makes a synthetic web of 200 feeds, one of them of a slow host (see bench.end_to_end), starts ``scripts/topology`` on it
(PostgreSQL, Redis, Elasticsearch with security, all of Airflow, two Celery workers), and prints how long articles take
from the poll that sees them to a search that finds them, and how long runs take. With ``--kills`` so many times, at
moments drawn from the seed, one of the processes is killed with SIGKILL: a worker, the scheduler, the triggerer, the
DAG processor, the API server, Redis, PostgreSQL or Elasticsearch. Then the rest is let come to an end, and the audit
and a comparison with the listed articles say whether anything is lost, or there twice. Exit code 1 where it is.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.end_to_end import CHECKOUT, HERE, child, write_config
from bench.end_to_end_report import first_listed, quantiles, stage_latencies
from bench.web.server import load_log
from bench.web.site import Web, WebPlan, host_of, make_web
from bench.web.templates import cut_templates, invent_templates
from bench.web.texts import invent_texts, read_texts

START_SECONDS = 300.0
SETTLE_SECONDS = 900.0  # after the last arrival, until nothing waits
PROCESSES = ("worker-1", "worker-2", "scheduler", "triggerer", "dag-processor", "api-server", "redis")
SERVERS = ("postgres", "elasticsearch")
RUNS = "SELECT run_id, run_type, state, start_date, end_date FROM dag_run WHERE dag_id = 'ingest' ORDER BY start_date"


class Topology:
    """A running ``scripts/topology`` and what is asked of it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self.kills: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def run(self, config: Path) -> Iterator[None]:
        """Run it in the block."""
        command = [
            sys.executable,
            str(CHECKOUT / "scripts/topology"),
            "--folder",
            str(self._folder),
            "--port",
            str(self._port),
        ]
        with (self._folder.parent / "topology.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=os.environ | {"NEWSWIRE_CONFIG": str(config)}, stdout=log, stderr=log, cwd=CHECKOUT
            )
        try:
            self._await_start(process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            subprocess.run([*command, "--wipe"], cwd=CHECKOUT, check=False)

    def _await_start(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (self._folder / "processes.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the topology doesn't start: see {self._folder.parent}/topology.log")
            time.sleep(1)

    def environment(self) -> dict[str, str]:
        """Return the environment of newswire's own commands."""
        lines = (self._folder / "environment").read_text(encoding="utf-8").splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return os.environ | {name: value.strip("'") for name, value in pairs}

    def runs(self) -> list[dict[str, Any]]:
        """Return Airflow's runs of ingest."""
        engine = sa.create_engine(f"postgresql+psycopg://newswire@127.0.0.1:{self._port + 10}/airflow")
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text(RUNS)).mappings()]

    def kill(self, name: str) -> None:
        """Kill a process; a server is started anew at once, the others by their supervisor."""
        self.kills[name] += 1
        if name in SERVERS:
            script, servers = CHECKOUT / "scripts" / name, (self._folder / "servers").read_text(encoding="ascii")
            subprocess.run([str(script), "kill", "--name", servers], check=False, capture_output=True)
            options = (
                ["--password", (self._folder / "secrets/elastic_password").read_text()] if name == SERVERS[1] else []
            )
            port = str(self._port + 10 + SERVERS.index(name))
            subprocess.run(
                [str(script), "start", "--name", servers, "--port", port, *options], check=True, capture_output=True
            )
            return
        number = json.loads((self._folder / "processes.json").read_text())[name]
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def newswire(topology: Topology, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of newswire's commands on the topology's ledger and index."""
    command = [str(Path(sys.executable).with_name("newswire")), *arguments]
    return subprocess.run(command, env=topology.environment(), capture_output=True, text=True, check=False)


def ledger_of(topology: Topology) -> list[dict[str, Any]]:
    """Return what bench/ledger_times.py prints of the ledger."""
    command = [sys.executable, str(HERE / "ledger_times.py")]
    done = subprocess.run(command, env=topology.environment(), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_waiting(article: dict[str, Any]) -> bool:
    """Tell whether a stage still has to do something for an article; one that was dropped has its outcome."""
    return article["waits_for"] is not None and article["state"] != "dropped"


def watch(topology: Topology, wanted: argparse.Namespace, web: Web) -> None:
    """Let articles arrive, kill what is to be killed, and wait until every article is through."""
    chance, began = random.Random(wanted.seed), time.monotonic()
    moments = sorted(chance.uniform(0.1, 0.95) * wanted.seconds for _ in range(wanted.kills))
    names = [*PROCESSES, *SERVERS]
    for number, moment in enumerate(moments):
        time.sleep(max(began + moment - time.monotonic(), 0.0))
        name = names[number % len(names)] if number < len(names) else chance.choice(names)
        print(f"{time.monotonic() - began:7.0f} s: kill -9 {name}", file=sys.stderr, flush=True)
        topology.kill(name)
    time.sleep(max(began + wanted.seconds - time.monotonic(), 0.0))
    ordinary = {page.url for page in web.pages if page.host != host_of(0, web.port)}
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        articles = [article for article in ledger_of(topology) if article["url"] in ordinary]
        if len(articles) >= len(ordinary) and not any(map(is_waiting, articles)):
            return
        time.sleep(15)


def main() -> None:
    """Measure, and print."""
    wanted = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="newswire-topology-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        plan = WebPlan(port=wanted.web_port, outlets=wanted.outlets, count=0, arrivals=wanted.arrivals,
                       seconds=wanted.seconds, bursts=False, heavy=wanted.heavy, crawl_delay=5.0,
                       seed=wanted.seed)  # fmt: skip
        templates = (
            cut_templates(wanted.templates, wanted.gold) if wanted.templates else invent_templates(plan.outlets + 1)
        )
        texts = read_texts(wanted.texts) if wanted.texts else invent_texts()
        web = make_web(folder, plan, templates, texts, dt.datetime.now(dt.UTC))
        write_config(folder / "config", web, wanted, "newswire-articles")
        topology = Topology(folder / "topology", wanted.port)
        with topology.run(folder / "config"), contextlib.ExitStack() as processes:
            server = [sys.executable, "-m", "bench.web.server", str(folder)]
            serving = processes.enter_context(child(server, cwd=CHECKOUT))
            assert serving.stdout is not None
            serving.stdout.readline()
            prober = [sys.executable, str(HERE / "index_prober.py"), str(folder / "web.json"),
                      str(folder / "found.jsonl"), "--every", "1"]  # fmt: skip
            processes.enter_context(child(prober, env=topology.environment(), cwd=folder))
            watch(topology, wanted, web)
            faults = report(folder, topology, web)
        sys.exit(bool(faults))


def report(folder: Path, topology: Topology, web: Web) -> list[str]:
    """Print the figures, and what is wrong; return the latter."""
    ordinary = {page.url for page in web.pages if page.host != host_of(0, web.port)}
    articles = [article for article in ledger_of(topology) if article["url"] in ordinary]
    found = dict(json.loads(line) for line in (folder / "found.jsonl").read_text(encoding="utf-8").splitlines())
    requests = load_log(folder)
    listed = first_listed(web, requests)
    print(f"articles that feeds listed: {len(listed.keys() & ordinary)}; in the ledger {len(articles)}; "
          f"found by searches {len(found.keys() & ordinary)}")  # fmt: skip
    seen = {article["url"]: article["first_seen"] for article in articles}
    print("from the poll that sees an article to a search that finds it:",
          quantiles(at - seen[url] for url, at in found.items() if url in seen))  # fmt: skip
    for stage, seconds in stage_latencies(articles).items():
        print(f"  {stage:8} {seconds}")
    runs = topology.runs()
    ended = [run for run in runs if run["end_date"]]
    print(f"runs of ingest: {dict(collections.Counter((run['run_type'], run['state']) for run in runs))}; seconds:",
          quantiles((run["end_date"] - run["start_date"]).total_seconds() for run in ended))  # fmt: skip
    print(f"killed: {dict(topology.kills)}")
    pages = collections.Counter((r.host, r.path) for r in requests if r.path.startswith("/news/"))
    print(f"pages that were asked for more than once: {sum(count > 1 for count in pages.values())}")
    audit = newswire(topology, "audit", "--documents", "all", "--archive", "all")
    print(f"audit: exit code {audit.returncode}\n{audit.stdout[-2000:]}{audit.stderr[-2000:]}")
    faults = [f"not in the ledger: {url}" for url in sorted(listed.keys() & ordinary - seen.keys())]
    faults += [f"waits for {a['waits_for']}: {a['url']}" for a in articles if is_waiting(a)]
    twice = collections.Counter(article["url"] for article in articles)
    faults += [f"there twice: {url}" for url, count in twice.items() if count > 1]
    faults += ["the audit found faults"] if audit.returncode else []
    for fault in faults[:50]:
        print(f"FAULT {fault}")
    return faults


def parse_arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--seconds", type=float, default=1800.0, help="how long articles arrive")
    add("--arrivals", type=float, default=0.5, metavar="N", help="articles a second that feeds list")
    add("--outlets", type=int, default=200)
    add("--heavy", type=int, default=300, help="pages of the slow host")
    add("--poll-seconds", type=float, default=60.0, help="how often a feed is polled")
    add("--kills", type=int, default=0)
    add("--seed", type=int, default=1)
    add("--port", type=int, default=8400, help="of Airflow's page; the others stand beside it")
    add("--web-port", type=int, default=27100)
    add("--templates", type=Path, metavar="MANIFEST", help="pages of publishers, with --gold")
    add("--gold", type=Path)
    add("--texts", type=Path, metavar="JSONL")
    add("--model", default="bundled", help="entities.model")
    add("--config", type=Path, default=CHECKOUT / "config")
    wanted = parser.parse_args()
    wanted.set = collections.defaultdict(list)
    return wanted


if __name__ == "__main__":
    main()

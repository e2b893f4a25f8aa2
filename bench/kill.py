"""Kill newswire at any moment, start it again, and prove that nothing is lost and nothing is there twice.

    python bench/kill.py [--rounds 100] [--seed 1] [--kill main,worker,forkserver,second,postgres,elasticsearch]
                         [--store URL] [--index URL] [--run "--every 0.2"] [--era 25]
                         [--postgres NAME] [--elasticsearch NAME]

A round: feeds grow, pages change, a process is killed (SIGKILL) at a moment drawn from the seed, an audit looks at what
it left behind. After so many rounds (an era) newswire ends its work undisturbed, and everything is compared: entries
that feeds listed, documents, requests that servers got, and what a run gives that nobody disturbed. Then a new era
begins with an empty ledger. In every second era no page changes, and documents have to be the same to the last field.

``second`` is another newswire on the same ledger. For ``postgres`` and ``elasticsearch`` name a cluster or node that
``scripts/postgres start --name NAME`` and ``scripts/elasticsearch start --name NAME`` started, and its address.
Exit code 1 where anything was lost, there twice, or otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))
from growing_web import GrowingWeb, serve_web
from mortal_processes import Starter, find_process, is_alive, kill, wait_for_end

from pipeline.audit import CHECK_NAMES, Depth, run_audit
from pipeline.errors import NewswireError
from pipeline.records import Entry, Stage, to_plain
from pipeline.settings import Environment, load_settings, load_sources
from pipeline.stages import HANDLERS, Context, run_all
from pipeline.stages.runner import StageHandler, StageRun
from pipeline.store import ArticleRow, NewArticle
from pipeline.urls import article_id

_REPO = Path(__file__).parent.parent
_SETTINGS = """
[poll]
workers = 1
[fetch]
allow_addresses = ["127.0.0.0/8"]
per_host_delay_seconds = 0.0
[revisit]
hours = []
every_minutes = 0.01
[extract]
workers = 1
[entities]
model = "lists"
[index]
alias = "{alias}"
[run]
batch = {batch}
ordered_batch = {batch}
retry_minutes = 0.005
max_attempts = 50
"""
_LONGEST = 3.0  # seconds of work after which a process is killed at the latest; twice that where it kills itself
_BEGINS = 20.0  # seconds in which a program has begun its work
_STATEMENTS = 600  # of a program's life; at one of them it kills itself
_EARLY = 0.5  # share of them in which it is one of the first rather: feeds are claimed and saved there
_BY_STATEMENT = 0.6  # share of the rounds in which it does
_QUIET_RUNS = 12
_ALL = 1_000_000  # articles, which is more than there are
_ENDS = 300.0  # seconds in which a run that nobody disturbs has ended, on a machine that is extremely busy
# What differs between two runs alike, and what depends on how often a page was looked at
_TIMES = ("first_seen", "indexed", "revision", "revised", "version")
# What doesn't depend on the words of earlier versions of changed pages, with which others were compared meanwhile
_SAME_THOUGH_CHANGED = ("url", "title", "text", "source", "published")
# Stages that compare articles with those before them; a kill changes their order, by which the other run goes too
_BY_ORDER = (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER)
# Python's own fork server tells so where the program is killed while it hands a worker its task, or just before
_CUT_OFF_BY_ITS_PARENT = ("UnpicklingError: pickle data was truncated", "EOFError: Ran out of input")


class Faults:
    """What was found wrong, told at once."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, where: str, what: str) -> None:
        """Tell of a fault."""
        self.count += 1
        print(f"FAULT {where}: {what}", flush=True)


class Era:
    """One ledger, index and archive, the web that is read into them, and the processes at work."""

    def __init__(self, number: int, web: GrowingWeb, home: Path, options: argparse.Namespace, faults: Faults) -> None:
        self.number, self.web, self.home, self.options, self.faults = number, web, home, options, faults
        self.changing = number % 2 == 1
        self.kills: list[float] = []
        self.pids: dict[str, int] = {}
        self.request_count = 0
        self._draw = random.Random(options.seed * 1_000_003 + number)
        self.log = home / "newswire.log"
        self.config = home / "config"
        shutil.copytree(_REPO / "config", self.config)
        self.alias = f"kill-{options.seed}-{number}-{os.getpid()}"
        settings = _SETTINGS.format(alias=self.alias, batch=self._draw.choice((7, 20, 200)))
        (self.config / "newswire.toml").write_text(settings, encoding="utf-8")
        (self.config / "feeds.toml").write_text(web.feeds_toml(), encoding="utf-8")
        self.environment = Environment(
            home=home,
            store_url=_fresh_database(options.store, self.alias) if options.store else f"sqlite:///{home}/ledger.db",
            index_url=options.index or f"sqlite:///{home}/index.db",
            archive_url=str(home / "archive"),
        )

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of newswire's processes."""
        return {
            **os.environ,
            "NEWSWIRE_HOME": str(self.home),
            "NEWSWIRE_CONFIG": str(self.config),
            "NEWSWIRE_STORE_URL": self.environment.store_url,
            "NEWSWIRE_INDEX_URL": self.environment.index_url,
            "NEWSWIRE_ARCHIVE_URL": self.environment.archive_url,
        }

    @contextlib.contextmanager
    def context(self, *, read_only: bool = True) -> Iterator[Context]:
        """Open ledger, index and archive."""
        settings, sources = load_settings(self.config), load_sources(self.config)
        with Context(settings, sources, self.environment, config=self.config, read_only=read_only) as context:
            yield context

    # rounds -----------------------------------------------------------------------------------------------------------

    def play_round(self, number: int, starter: Starter) -> str:
        """Let the web grow, kill something at a drawn moment, and look at what is left; return what was killed."""
        self.web.grow(changing=self.changing)
        target = self._draw.choice(self.options.kill)
        by_statement = target in {"main", "second"} and self._draw.random() < _BY_STATEMENT
        statement = int(_STATEMENTS ** self._draw.random()) if self._draw.random() < _EARLY else 0
        statement = (statement or self._draw.randint(1, _STATEMENTS)) if by_statement else 0
        delay = self._draw.random() * _LONGEST
        self._start_programs(starter, target, statement)
        ended = by_statement and wait_for_end(self.pids[target], 2 * _LONGEST)
        if not ended:
            if not by_statement:
                time.sleep(delay)
            target = self._kill(target)
        self.kills.append(time.monotonic())
        # what is dead is known to be dead by the next that opens the ledger
        names = [name for name in CHECK_NAMES if name != "leases"]
        still = not any(is_alive(pid) for pid in self.pids.values())
        self.audit(f"round {number}, {target} killed", names, pause_seconds=0.0 if still else 1.0)
        return target

    def _start_programs(self, starter: Starter, target: str, statement: int) -> None:
        """Start what doesn't run, ``target`` so that it ends at that statement; wait until it has begun its work."""
        for name in ("main", "second") if "second" in self.options.kill else ("main",):
            if not is_alive(self.pids.get(name, 0)):
                arguments, asked = ["run", *shlex.split(self.options.run)], self.web.feed_requests
                pid = starter.start(arguments, self.env, self.log, statement if name == target else 0)
                self.pids[name] = pid
                until = time.monotonic() + _BEGINS
                while self.web.feed_requests == asked and is_alive(pid) and time.monotonic() < until:
                    time.sleep(0.005)

    def _kill(self, target: str) -> str:
        """Kill a process or server; return what was killed in words."""
        if target in {"postgres", "elasticsearch"}:
            self._kill_server(target)
            return target
        kind = target if target in {"worker", "forkserver"} else "main"
        program, until = self.pids["second" if target == "second" else "main"], time.monotonic() + _LONGEST
        while (pid := find_process(program, kind)) is None and time.monotonic() < until:
            time.sleep(0.02)
        if pid is None or not kill(pid):
            return f"no {target}"
        wait_for_end(pid, 10)
        return target

    def _kill_server(self, kind: str) -> None:
        """Kill a server, all of it or, of PostgreSQL, one of its processes; start it again."""
        name, script = getattr(self.options, kind), _REPO / "scripts" / kind
        port = ["--port", str(sa.make_url(getattr(self.options, "store" if kind == "postgres" else "index")).port)]
        subprocess.run([script, "kill", "--name", name], check=True, capture_output=True)
        subprocess.run([script, "start", "--name", name, *port], check=True, capture_output=True)

    def audit(self, where: str, names: Sequence[str] = CHECK_NAMES, *, pause_seconds: float = 0.0) -> None:
        """Tell what ledger, archive and index don't agree on."""
        try:
            with self.context() as context:
                results = run_audit(context, names, archive=Depth.ALL, documents=Depth.ALL, pause_seconds=pause_seconds)
                for result in results:
                    for example in result.examples:
                        self.faults.add(where, f"{result.name}: {example}")
        except NewswireError as error:
            if "there is none yet" not in str(error) and "its schema is None" not in str(error):
                self.faults.add(where, str(error))

    # the end ----------------------------------------------------------------------------------------------------------

    def end(self, starter: Starter) -> None:
        """End all programs, finish the work undisturbed, and compare everything."""
        for name, pid in self.pids.items():
            if is_alive(pid):
                os.kill(pid, signal.SIGTERM)
                if not wait_for_end(pid, _BEGINS * 3):
                    self.faults.add(f"era {self.number}", f"{name} doesn't end on SIGTERM")
                    kill(pid)
        self._run_quietly(starter)
        where = f"era {self.number}"
        self.audit(where)
        with self.context(read_only=False) as context:
            self._compare_entries(context, where)
            self.request_count = len(self.web.requests)
            self._compare_requests(where)
            self._compare_documents(context, where)

    def _run_quietly(self, starter: Starter) -> None:
        """Run until nothing waits; each run reads each feed once, although they are due all the time."""
        for attempt in range(_QUIET_RUNS):
            if attempt and not self._count_waiting(starter):
                return
            pid = starter.start(["run", "--once", "--now"], self.env, self.log)
            if not wait_for_end(pid, _ENDS):
                self.faults.add(f"era {self.number}", f"an undisturbed run doesn't end within {_ENDS:g} seconds")
                kill(pid)
        self.faults.add(f"era {self.number}", f"after {_QUIET_RUNS} undisturbed runs articles still wait")

    def _count_waiting(self, starter: Starter) -> int:
        """Return how many articles have yet to pass a stage, or pages to be looked at again.

        Articles whose worker was killed are tried again first. A page that changed while its article was on its way is
        looked at when the article has arrived, which may be after the run has fetched its last.
        """
        wait_for_end(starter.start(["retry", "--quarantined"], self.env, self.log), 60)
        with self.context() as context, context.store.read() as connection:
            standings = context.store.admin.count_by_stage(connection)
            due = context.store.visits.count_due(connection, None, context.clock())
        return due + sum(standing.count for standing in standings if standing.stage and standing.state == "pending")

    def _compare_entries(self, context: Context, where: str) -> None:
        """Tell of entries that feeds listed and that are not in the ledger, or neither searchable nor explained."""
        with context.store.read() as connection:
            rows = self._rows(context, connection)
        for piece in self.web.pieces:
            url = self.web.url_of(piece)
            row = rows.get(article_id(url))
            if row is None:
                self.faults.add(where, f"{url} was listed, and is not in the ledger")
                continue
            document = context.index.get(row.id)
            if document is None:
                self.faults.add(where, f"{url} is {row.state} at {row.stage}, and not searchable")
            elif piece.paragraphs[-1] not in document.text or document.title != piece.title:
                self.faults.add(where, f"{url} is searchable with an older text than its version {piece.version}")
        if len(rows) != len(self.web.pieces):
            self.faults.add(where, f"{len(self.web.pieces)} articles were listed, {len(rows)} are known")

    def _rows(self, context: Context, connection: sa.Connection) -> dict[str, ArticleRow]:
        """Return id → article of all."""
        return context.store.ledger.get_articles(
            connection, [row.id for row in connection.execute(sa.text("SELECT id FROM items"))]
        )

    def _compare_requests(self, where: str) -> None:
        """Tell of pages that were fetched twice though nothing was killed between."""
        last: dict[tuple[str, int], float] = {}
        for request in self.web.requests:
            key = (request.url, request.version)
            # a feed that changed while its page was fetched, or lists a page that changed since, is a reason
            is_repeated = key in last and not self.changing
            if is_repeated and not any(last[key] <= at <= request.at for at in self.kills):
                self.faults.add(where, f"{request.url} was fetched twice without need")
            last[key] = request.at

    def _compare_documents(self, context: Context, where: str) -> None:
        """Tell of documents that differ from those of a run that nobody disturbed, on the same articles in order."""
        index = context.index
        index.refresh()
        ids = [name for name, _ in index.revisions()]
        if repeated := [name for name, count in Counter(ids).items() if count > 1]:
            self.faults.add(where, f"twice in the index: {', '.join(repeated)}")
        with context.store.read() as connection:
            rows = self._rows(context, connection)
            entries = context.store.ledger.latest(connection, rows, Entry)
            orders = {stage: _order_of(connection, stage) for stage in _BY_ORDER}
        differing: defaultdict[str, list[str]] = defaultdict(list)
        arrived = [entries[row.id] for row in sorted(rows.values(), key=lambda row: row.seq)]
        with self._undisturbed(arrived, orders) as other:
            for name in ids:
                here, there = to_plain(index.get(name)), to_plain(other.index.get(name))
                compared = _SAME_THOUGH_CHANGED if self.changing else [key for key in here or () if key not in _TIMES]
                for key in compared:
                    if here is None or there is None or here[key] != there[key]:
                        said = _without_shared((here or {}).get(key), (there or {}).get(key))
                        differing[key].append(f"{name} is {said[0]!r:.200}, undisturbed {said[1]!r:.200}")
            for key, examples in differing.items():
                self.faults.add(where, f"{key} differs in {len(examples)} documents: {examples[0]}")
            if other.index.count() != len(set(ids)):
                self.faults.add(where, f"{len(set(ids))} documents, undisturbed {other.index.count()}")

    @contextlib.contextmanager
    def _undisturbed(self, entries: Sequence[Entry], orders: Mapping[Stage, Sequence[str]]) -> Iterator[Context]:
        """Run all stages but poll over these entries, in one process, in another ledger, some in their ``orders``."""
        with tempfile.TemporaryDirectory(prefix="undisturbed-") as folder:
            environment = Environment(
                home=Path(folder),
                store_url=f"sqlite:///{folder}/ledger.db",
                index_url=f"sqlite:///{folder}/index.db",
                archive_url=f"{folder}/archive",
            )
            settings, sources = load_settings(self.config), load_sources(self.config)
            with Context(settings, sources, environment, config=self.config) as context:
                with context.store.write() as connection:
                    articles = [NewArticle.from_entry(entry) for entry in entries]
                    context.store.ledger.insert_articles(connection, articles, context.clock())
                run_all(context, [Stage.FETCH, Stage.EXTRACT])
                for stage, order in orders.items():
                    with HANDLERS[stage]()(context) as handler:
                        run = _OrderedRun(handler, order)
                        while run.step():
                            pass
                run_all(context, [Stage.INDEX])
                yield context


def _without_shared(here: Any, there: Any) -> tuple[Any, Any]:
    """Return two values of a field; of lists what the other one lacks."""
    if isinstance(here, tuple | list) and isinstance(there, tuple | list):
        return [value for value in here if value not in there], [value for value in there if value not in here]
    return here, there


class _OrderedRun(StageRun):
    """Takes all that waits for a stage, one article at a time, in the order of their ids in ``order``."""

    def __init__(self, handler: StageHandler, order: Sequence[str]) -> None:
        super().__init__(handler)
        self._turns = {name: turn for turn, name in enumerate(order)}
        self._left: list[ArticleRow] | None = None

    def _claim(self, size: int, *, only_new: bool) -> list[ArticleRow] | None:  # noqa: ARG002
        if self._left is None:
            claimed = super()._claim(_ALL, only_new=only_new) or []
            self._left = sorted(claimed, key=lambda row: self._turns.get(row.id, _ALL), reverse=True)
        elif self._left and self._handler.ordered:  # each batch gives the stage's lock back
            store, clock = self._handler.context.store, self._handler.context.clock
            with store.write() as connection:
                store.take_lock(connection, self._handler.stage, clock(), _ENDS)
        return [self._left.pop()] if self._left else []


def _order_of(connection: sa.Connection, stage: Stage) -> list[str]:
    """Return the ids of articles in the order in which they passed a stage for the first time."""
    passed = "SELECT id FROM outcomes WHERE stage = :stage AND outcome = 'done' GROUP BY id ORDER BY MIN(n)"
    return list(connection.execute(sa.text(passed), {"stage": stage}).scalars())


def _fresh_database(server: str, name: str) -> str:
    """Create a database on the PostgreSQL server; return its address."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--era", type=int, default=25, help="rounds with one ledger (default: %(default)s)")
    parser.add_argument("--kill", default="main,main,main,worker,forkserver", help="what is killed, each as often")
    parser.add_argument("--store", help="a PostgreSQL server (default: SQLite)")
    parser.add_argument("--index", help="an Elasticsearch node (default: SQLite)")
    parser.add_argument("--run", default="--every 0.2", help="options of newswire run (default: %(default)s)")
    parser.add_argument("--postgres", default="kill", help="the name of the cluster (scripts/postgres)")
    parser.add_argument("--elasticsearch", default="kill", help="the name of the node (scripts/elasticsearch)")
    parser.add_argument("--host", default="127.0.28.", help="the first bytes of the outlets' addresses")
    parser.add_argument("--keep", type=Path, help="keep what is left of an era with faults in this folder")
    options = parser.parse_args(arguments)
    options.kill = options.kill.split(",")
    return options


def play_era(number: int, rounds: int, options: argparse.Namespace, starter: Starter, faults: Faults) -> Counter[str]:
    """Play so many rounds with one ledger; return how often what was killed."""
    killed: Counter[str] = Counter()
    before = faults.count
    with (
        tempfile.TemporaryDirectory(prefix="kill-") as folder,
        serve_web(options.seed * 1_000_003 + number, host=options.host) as web,
    ):
        home = Path(folder) / "home"
        home.mkdir()
        era = Era(number, web, home, options, faults)
        started = time.monotonic()
        try:
            for at in range(rounds):
                killed[era.play_round(at, starter)] += 1
            played = time.monotonic() - started
            era.end(starter)
        finally:
            for pid in era.pids.values():
                kill(pid)
        log = era.log.read_text(encoding="utf-8", errors="replace") if era.log.exists() else ""
        tracebacks = log.count("Traceback") - sum(map(log.count, _CUT_OFF_BY_ITS_PARENT))
        if tracebacks:
            faults.add(f"era {number}", f"{tracebacks} tracebacks in {era.log}")
        if faults.count > before and options.keep:
            shutil.copytree(home, options.keep / f"era-{options.seed}-{number}", dirs_exist_ok=True)
        facts: dict[str, Any] = {"era": number, "rounds": rounds, "articles": len(web.pieces)}
        facts |= {"seconds a round": round(played / max(rounds, 1), 2), "requests": era.request_count}
        facts |= {"killed": dict(killed), "faults": faults.count - before}
        print(json.dumps(facts), flush=True)
    return killed


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all rounds; return the exit code."""
    options = parse_options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended then, too
    faults, starter, killed = Faults(), Starter(), Counter[str]()
    try:
        for number, start in enumerate(range(0, options.rounds, options.era)):
            killed += play_era(number, min(options.era, options.rounds - start), options, starter, faults)
    finally:
        starter.close()
    print(json.dumps({"rounds": options.rounds, "killed": dict(killed), "faults": faults.count}))
    return 1 if faults.count else 0


if __name__ == "__main__":
    sys.exit(main())

"""Run the stream through a simulated day, and say whether a queue grows without end or memory leaks.

    python -m bench.day [--feeds 1000] [--hours 24] [--articles 12000] [--backlog 2000] [--store FOLDER]
                        [--trace-memory] [--profile FILE]

The stages, their loops, the ledger and the index are the real ones, on an event loop of which the time jumps to the
next moment at which something is to happen. The web is bench/day_web.py's: arrival traces of nine kinds of feeds, hosts
that are slow, away, or ask for time, an outage of our own network, pages that change after they were read, two feeds of
2,000 entries (one at a host that wants 30 s between requests), and an hour without index. What pages hold is read, and
names are found, at once and cheaply: both stand for prepared records.

A line an hour: polls and new articles, what waits for each stage and for how long the oldest does, how soon articles
become searchable (on the simulated clock), memory of this process after a collection, disk, processor time. The verdict
compares memory at the end with that after the first hour (24th part of the day), and the queues of the last quarter of
the day with those before. --trace-memory also tells which lines hold more at the end than they did after two hours; it
takes three times as long. --profile writes the profile of the second half of the day.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import ctypes
import datetime as dt
import gc
import re
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import psutil

from bench.day_web import PEOPLE, START, DayPlan, DayWeb
from pipeline.context import Context
from pipeline.enrich.name_workers import NameTask
from pipeline.errors import IndexAwayError
from pipeline.figure_reader import read_overview
from pipeline.figures import Overview
from pipeline.figures.run_figures import RunFigures, subtract_figures
from pipeline.gc_tuning import tune_gc
from pipeline.records import Entity, EntityType, Mention, Names, Stage
from pipeline.settings import Environment, Settings, config_folder
from pipeline.stages.runner import StageHandler
from pipeline.stream import Stream, StreamOptions
from pipeline.stream.stream import Surroundings
from tests.helpers.inline_workers import InlineWorkers
from tests.helpers.simulated_outlets import InlineNames, SimulatedSurroundings
from tests.helpers.virtual_time import run_virtually

_MIB = 1 << 20
_SETTLED_HOURS = 2.0  # after which what is held is compared with the end
_NAMES = re.compile("|".join(PEOPLE))
_MEMORY_LIMIT = 1.1  # times what was held after the first look
_SOME = 100  # articles: a queue no longer than this is no growth


class HourFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen at one look."""

    hour: float
    polls: int
    pages: int
    new: int
    indexed: int
    waiting: dict[str, int]
    later: dict[str, int]
    oldest: dict[str, float]  # seconds
    p50: float | None
    p95: float | None
    memory: int
    ledger: int
    index: int
    cpu: float  # seconds since the look before


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a day.

    Args:
        hours: its looks.
        published: how many articles were out at its end.
        documents: how many the index holds.
        total: what the run counted.
        told: the lines that it told, but for its regular ones.
    """

    hours: list[HourFigures]
    published: int
    documents: int
    total: RunFigures
    told: list[str]

    def memory_growth(self) -> float:
        """Return the memory at the end over that after the first look; 0 where there was none."""
        return self.hours[-1].memory / self.hours[0].memory if self.hours else 0.0

    def grown_queues(self) -> list[str]:
        """Return the stages before which more waits in the last quarter of the day than ever before it."""
        if not self.hours:
            return []
        quarter = max(1, len(self.hours) // 4)
        grown = []
        for stage in Stage:
            counts = [look.waiting.get(stage, 0) + look.later.get(stage, 0) for look in self.hours]
            earlier = max(counts[:-quarter], default=0)
            if stage is not Stage.POLL and statistics.fmean(counts[-quarter:]) > max(earlier, _SOME):
                grown.append(str(stage))
        return grown


class _AwayIndex:
    """An index that is away when the plan says so."""

    def __init__(self, index: Any, is_away: Callable[[], bool]) -> None:
        self._index = index
        self._is_away = is_away

    def __getattr__(self, name: str) -> Any:
        if self._is_away() and name not in {"close", "count"}:
            raise IndexAwayError("the index is away")
        return getattr(self._index, name)


def find_names(task: NameTask) -> Names:
    """Return the names of an article that day_web made."""
    article = task.article
    entities = {name: f"p:{name.replace(' ', '-').lower()}" for name in PEOPLE}
    mentions = tuple(
        Mention(field="text", start=m.start(), end=m.end(), type=EntityType.PERSON, name=m[0], entity=entities[m[0]])
        for m in _NAMES.finditer(article.text)
    )
    names = dict.fromkeys(mention.name for mention in mentions)
    found = (
        Entity(id=entities[name], name=name, type=EntityType.PERSON, aliases=(name,), count=1, salience=0.5)
        for name in names
    )
    return Names(id=article.id, mentions=mentions, entities=tuple(found))


class _PreparedNames(InlineNames):
    """Takes names as they are prepared."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._inline = InlineWorkers(find_names)

    def submit(self, item: Any) -> Future[Any]:
        """Return a future that is done."""
        return self._inline.submit(item)


class _DaySurroundings(SimulatedSurroundings):
    """What the day's run reaches in place of the world."""

    def open_workers(self, handler_class: type[StageHandler], context: Context) -> Any:
        if handler_class.stage is Stage.ENRICH:
            return _PreparedNames(context)
        return super().open_workers(handler_class, context)


class _Day:
    """A day under way."""

    def __init__(self, plan: DayPlan, folder: Path, note: Callable[[HourFigures], None]) -> None:
        self.plan, self.web, self._note = plan, DayWeb(plan), note
        self._folder = folder
        self._looks: list[HourFigures] = []
        self._last = RunFigures()
        self._polls = self._pages = 0
        self._cpu = time.process_time()
        self._told: list[str] = []

    async def run(self, at_half: Callable[[], None]) -> DayResult:
        """Let the stream run for the day; ``at_half`` is called in the middle of it."""
        plan, web, loop = self.plan, self.web, asyncio.get_running_loop()
        environment = Environment(
            home=self._folder,
            store_url=f"sqlite:///{self._folder}/ledger.db",
            index_url=f"sqlite:///{self._folder}/index.db",
            archive_url=str(self._folder / "archive"),
        )

        def clock() -> dt.datetime:
            return START + dt.timedelta(seconds=loop.time())

        surroundings: Any = _DaySurroundings(web)  # type: ignore[arg-type]
        with Context(Settings(), web.sources(), environment, config=config_folder(), clock=clock) as context:
            context.index = _AwayIndex(context.index, lambda: plan.is_within(plan.index_away, loop.time()))  # type: ignore[assignment]
            stream = Stream(context, StreamOptions(follows=True), self._hear, Surroundings(*surroundings.doors()))
            running = asyncio.create_task(stream.run_on_loop(None))
            for number in range(1, plan.looks + 1):
                _, pending = await asyncio.wait({running}, timeout=number * plan.seconds / plan.looks - loop.time())
                if not pending:
                    break
                self._look(context, loop.time())
                if number == plan.looks // 2:
                    at_half()
            stream.end()
            result = await running
            if result.faults:
                raise result.faults[0]
            return DayResult(
                hours=self._looks,
                published=web.published_by(loop.time()),
                documents=context.index.count(),
                total=self._last,
                told=self._told,
            )

    def _hear(self, line: str) -> None:
        if not re.match(r"\d.*/s|articles|following", line):
            self._told.append(f"{asyncio.get_running_loop().time() / 3600:.2f} h: {line}")

    def _look(self, context: Context, at: float) -> None:
        """Read what the ledger says at this moment."""
        now, web = context.clock(), self.web
        overview = read_overview(context.store, now, program=context.store.owner)
        total = overview.programs[0].figures.total
        window, self._last = subtract_figures(total, self._last), total
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):  # elsewhere than on glibc what is freed may stay
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        cpu = time.process_time()
        indexed = window.stages.get("index")
        look = HourFigures(
            hour=at / 3600,
            polls=web.polls - self._polls,
            pages=web.pages - self._pages,
            new=window.new_articles_total,
            indexed=window.searchable_seconds.count if indexed else 0,
            **_backlogs(overview),
            p50=window.searchable_seconds.percentile(50),
            p95=window.searchable_seconds.percentile(95),
            memory=psutil.Process().memory_info().rss,
            ledger=_size(self._folder, "ledger.db"),
            index=_size(self._folder, "index.db"),
            cpu=cpu - self._cpu,
        )
        self._polls, self._pages, self._cpu = web.polls, web.pages, time.process_time()
        self._looks.append(look)
        self._note(look)


def _backlogs(overview: Overview) -> dict[str, Any]:
    queues = overview.queues
    return {
        "waiting": {queue.stage: queue.waiting + queue.in_hand for queue in queues},
        "later": {
            queue.stage: queue.later for queue in queues if queue.stage != Stage.FETCH
        },  # revisits are no backlog
        "oldest": {queue.stage: (overview.at - queue.oldest).total_seconds() for queue in queues if queue.oldest},
    }


def _size(folder: Path, name: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(f"{name}*"))


def run_day(
    plan: DayPlan,
    folder: Path,
    note: Callable[[HourFigures], None] = lambda _: None,
    at_half: Callable[[], None] = lambda: None,
) -> DayResult:
    """Run a day in ``folder``, which is empty; ``note`` takes each look at it."""
    return run_virtually(_Day(plan, folder, note).run(at_half))


# the report -----------------------------------------------------------------------------------------------------------


def _print_head() -> None:
    print(f"{'hour':>5}{'polls':>8}{'pages':>7}{'new':>7}{'found':>7}  waiting by stage (oldest, s)".ljust(92), end="")
    print(f"{'p50 s':>8}{'p95 s':>9}{'MiB':>7}{'ledger':>8}{'index':>7}{'CPU s':>7}")


def _print_look(look: HourFigures) -> None:
    waiting = " ".join(
        f"{stage} {count}" + (f" ({look.oldest[stage]:.0f})" if stage in look.oldest else "")
        for stage, count in look.waiting.items()
        if count
    )
    p50, p95 = (f"{value:.1f}" if value is not None else "-" for value in (look.p50, look.p95))
    print(f"{look.hour:5.1f}{look.polls:8}{look.pages:7}{look.new:7}{look.indexed:7}  {waiting}".ljust(92), end="")
    print(f"{p50:>8}{p95:>9}{look.memory / _MIB:7.0f}{look.ledger / _MIB:8.1f}{look.index / _MIB:7.1f}{look.cpu:7.1f}")
    sys.stdout.flush()


def print_verdict(result: DayResult, looks: int) -> bool:
    """Print what came of a day that was to have so many looks; return whether all is as it should be."""
    growth, grown = result.memory_growth(), result.grown_queues()
    cpu = sum(look.cpu for look in result.hours)
    print(f"{result.documents} of {result.published} articles are searchable; {cpu:.0f} s of CPU")
    for (stage, reason), count in result.total.failures().items():
        print(f"  {stage}: {reason} {count}")
    for line in result.told:
        print(f"  {line}")
    print(f"queues: {'grow before ' + ', '.join(grown) if grown else 'none grows without end'}")
    print(f"memory at the end / after the first look: {growth:.3f} (at most {_MEMORY_LIMIT})")
    if (seen := len(result.hours)) < looks:
        print(f"the run ended after {seen} of {looks} looks")
    return not grown and growth <= _MEMORY_LIMIT and seen == looks


class _MemoryTrace:
    """Says which lines of code hold more at the end of the day than after the second look."""

    def __init__(self, looks: int) -> None:
        self._first: tracemalloc.Snapshot | None = None
        self._to_come = looks

    def note(self, look: HourFigures) -> None:
        """Take a look; the second one is what the end is compared with."""
        _print_look(look)
        self._to_come -= 1
        if self._first is None and look.hour >= _SETTLED_HOURS:
            self._first = tracemalloc.take_snapshot()
        if not self._to_come and self._first:
            for line in tracemalloc.take_snapshot().compare_to(self._first, "traceback")[:25]:
                print(f"{line.size_diff / 1024:+9.0f} KiB {line.count_diff:+8}")
                print("\n".join(f"      {text}" for text in line.traceback.format()[-6:]))


@contextlib.contextmanager
def _profiled(path: Path | None) -> Iterator[Callable[[], None]]:
    """Give what begins a profile, which is written at the end of the block."""
    profile = cProfile.Profile()
    yield profile.enable if path else lambda: None
    if path:
        profile.disable()
        profile.dump_stats(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a day and print its report; return 1 where a queue grows or memory leaks."""
    usual = DayPlan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=usual.feeds)
    parser.add_argument("--hours", type=float, default=usual.hours)
    parser.add_argument("--articles", type=int, default=usual.articles, help="a day, about")
    parser.add_argument("--backlog", type=int, default=usual.backlog, help="entries of each of the two longest feeds")
    parser.add_argument("--store", type=Path, help="an empty folder that keeps ledger, index and archive")
    parser.add_argument("--trace-memory", action="store_true")
    parser.add_argument("--profile", type=Path)
    options = parser.parse_args(arguments)
    tune_gc()
    plan = DayPlan(feeds=options.feeds, hours=options.hours, articles=options.articles, backlog=options.backlog)
    note = _print_look
    if options.trace_memory:
        tracemalloc.start(6)
        note = _MemoryTrace(plan.looks).note
    _print_head()
    with tempfile.TemporaryDirectory() as temporary, _profiled(options.profile) as begin_profile:
        result = run_day(plan, options.store or Path(temporary), note, begin_profile)
    return 0 if print_verdict(result, plan.looks) else 1


if __name__ == "__main__":
    sys.exit(main())

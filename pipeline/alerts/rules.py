"""Say what is wrong by the figures: a function for each rule. Pure.

Each condition says what is wrong, since when, what to do and where to look.
"""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Callable, Iterator
from urllib.parse import quote

from pipeline.alert_records import REPORTED_RULES, AlertCondition, AlertRule
from pipeline.alerts.lifecycle import Assessment
from pipeline.alerts.readings import QueueSample, Readings
from pipeline.feeds.health import Condition as FeedCondition
from pipeline.feeds.health import Health
from pipeline.figures import HostBacklog, ProgramFigures, ProgramState, StageBacklog
from pipeline.figures.text import describe_count, describe_duration, describe_memory
from pipeline.index import IndexHealth
from pipeline.records import Stage
from pipeline.settings import AlertSettings

Rule = Callable[[Readings, AlertSettings], Iterator[AlertCondition]]

_FEWEST_ATTEMPTS = 20  # of a stage in five minutes, below which a share says little
_GROWTH = 1.1  # times what was there before: less comes and goes
_HOSTS_NAMED = 3
_SILENT_SECONDS = 120.0  # that nothing was heard of a program on another machine
_FAILING = frozenset({FeedCondition.GONE, FeedCondition.FAILING})
_QUIET = frozenset({FeedCondition.SILENT, FeedCondition.EMPTY})
_OPERATIONS = "/operations"


def assess(readings: Readings, settings: AlertSettings) -> Assessment:
    """Return what is wrong by ``readings``, as far as it is looked at."""
    looked_at = {rule: find for rule, find in _RULES.items() if rule not in settings.off}
    conditions = [condition for find in looked_at.values() for condition in find(readings, settings)]
    return Assessment(conditions=tuple(conditions), unknown=_unknown_rules(readings))


def _unknown_rules(readings: Readings) -> frozenset[AlertRule]:
    """Return the rules of which nothing can be said: others report them, or too little was seen so far."""
    unknown = set(REPORTED_RULES)
    if not readings.samples or any(queue.bounded for queue in readings.overview.queues):
        unknown.add(AlertRule.QUEUE)
    if readings.airflow and readings.airflow.fault:
        unknown.add(AlertRule.AIRFLOW)
    return frozenset(unknown)


# articles ---------------------------------------------------------------------------------------------------------


def find_waiting_articles(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the stages before which an article waits for too long; the index has a rule of its own."""
    for queue in readings.overview.queues:
        if queue.stage in {Stage.POLL, Stage.INDEX}:
            continue
        hosts = _asked_hosts(readings) if queue.stage == Stage.FETCH else []
        oldest = hosts[0].oldest if hosts else None if queue.stage == Stage.FETCH else queue.oldest
        if oldest and readings.at - oldest > dt.timedelta(minutes=settings.waiting_minutes):
            where = f"; first those of {', '.join(h.host for h in hosts[:_HOSTS_NAMED])}" if hosts else ""
            yield AlertCondition(
                rule=AlertRule.WAITING,
                subject=queue.stage,
                what=f"{queue.stage}: {_count(queue)} articles wait, the longest for {_since(oldest, readings)}{where}",
                since=oldest,
                advice=(
                    "newswire top shows which stage is slow; a stage that nobody runs needs newswire run or Airflow, "
                    "one that is too slow more workers or cores"
                ),
                page=_OPERATIONS,
            )


def _asked_hosts(readings: Readings) -> list[HostBacklog]:
    """Return the hosts with pages that wait and that may be asked, the one first whose page waits longest."""
    hosts = [host for host in readings.overview.hosts if host.oldest and not host.held_until]
    return sorted(hosts, key=lambda host: (host.oldest or readings.at, host.host))


def find_growing_queues(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the stages before which many articles wait, and more than there were."""
    span = dt.timedelta(minutes=settings.queue_minutes)
    earlier = [sample for sample in readings.samples if readings.at - sample.at >= span / 2]
    for queue in readings.overview.queues:
        waiting = queue.waiting + queue.in_hand
        before = [sample.waiting.get(queue.stage, 0) for sample in earlier]
        is_old = bool(earlier) and readings.at - earlier[0].at >= span * 0.9
        if queue.stage == Stage.POLL or not is_old or waiting < settings.queue_articles:
            continue
        if waiting > _GROWTH * max(before):
            yield AlertCondition(
                rule=AlertRule.QUEUE,
                subject=queue.stage,
                what=f"{queue.stage}: {_count(queue)} articles wait, {_growth(earlier[0], queue, readings)}",
                since=earlier[0].at,
                advice="more comes in than the stage can do: newswire top shows how busy it is; give it more workers",
                page=_OPERATIONS,
            )


def _growth(first: QueueSample, queue: StageBacklog, readings: Readings) -> str:
    grown = queue.waiting + queue.in_hand - first.waiting.get(queue.stage, 0)
    return f"{grown:,} more than {_since(first.at, readings)} ago"


def keep_samples(readings: Readings, settings: AlertSettings) -> tuple[QueueSample, ...]:
    """Return the samples to keep for the next look: those of ``settings.queue_minutes``, and this moment's."""
    waiting = {queue.stage: queue.waiting + queue.in_hand for queue in readings.overview.queues}
    oldest = readings.at - dt.timedelta(minutes=settings.queue_minutes)
    recent = [sample for sample in readings.samples if oldest <= sample.at < readings.at]
    return (*recent, QueueSample(at=readings.at, waiting=waiting))


# programs ---------------------------------------------------------------------------------------------------------


def find_unpolled_feeds(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield that no feed is asked for although some are due: whatever should run the stages doesn't."""
    limit = readings.at - dt.timedelta(minutes=settings.polls_minutes)
    overdue = [feed.due for feed in readings.feeds if feed.due and feed.due < limit]
    polled = max((feed.polled for feed in readings.feeds if feed.polled), default=None)
    if not overdue or (polled and polled > limit):
        return
    last = f"since {polled:%Y-%m-%d %H:%M} UTC" if polled else "so far"
    yield AlertCondition(
        rule=AlertRule.POLLS,
        what=f"no feed was read {last}, although {len(overdue)} are due: nothing runs the stages",
        since=polled or min(overdue),
        advice=(
            "start newswire run --follow, or see whether Airflow's scheduler and workers run, and its DAG isn't paused"
        ),
        page=_OPERATIONS,
    )


def find_dead_programs(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:  # noqa: ARG001
    """Yield the programs that died, or that nothing is heard of, and that nobody has started again."""
    for program in readings.overview.programs:
        figures = program.figures
        is_lost = program.state is ProgramState.DEAD or (
            program.state is ProgramState.SILENT and program.silent_seconds > _SILENT_SECONDS
        )
        if is_lost and not any(_succeeds(other.figures, figures) for other in readings.overview.programs):
            died = "died without a word" if program.state is ProgramState.DEAD else "isn't heard of any more"
            yield AlertCondition(
                rule=AlertRule.PROGRAM,
                subject=figures.program,
                what=(
                    f"newswire {figures.command} (process {figures.pid} of {figures.host}) {died}; it had "
                    f"{describe_memory(figures.memory_bytes)} of memory"
                ),
                since=figures.beat,
                advice=(
                    "start it again: nothing is lost. The system's log says whether memory ran out (dmesg, docker "
                    "inspect); then give it more, or fewer workers"
                ),
                page=_OPERATIONS,
            )


def _succeeds(later: ProgramFigures, earlier: ProgramFigures) -> bool:
    return later.command == earlier.command and later.started > earlier.beat


def find_dying_workers(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield that worker processes die, one after the other."""
    died = readings.overview.lately.figures.workers_died_total
    if died >= settings.workers_died:
        yield AlertCondition(
            rule=AlertRule.WORKERS,
            what=f"{died} worker processes died within five minutes: they crashed or were killed",
            advice=(
                "see whether memory runs out (dmesg, docker stats); then set run.workers lower. newswire status names "
                "what is quarantined because it crashed its worker"
            ),
            page=_OPERATIONS,
        )


def find_pauses(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the stages that can't work, each with the reason of the first program that says so."""
    limit = dt.timedelta(minutes=settings.pause_minutes)
    for stage, pause in dict(reversed(readings.overview.pauses)).items():
        if readings.at - pause.since > limit:
            yield AlertCondition(
                rule=AlertRule.PAUSE,
                subject=stage,
                what=f"{stage} can't work: {pause.reason}",
                since=pause.since,
                advice="do what the reason says; it is tried again by itself. newswire check tests all connections",
                page=_OPERATIONS,
            )


def find_long_runs(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the runs that end by themselves and have not."""
    for figures in readings.overview.running:
        started = figures.started
        if figures.command == "run" and readings.at - started > dt.timedelta(hours=settings.run_hours):
            yield AlertCondition(
                rule=AlertRule.RUN,
                subject=figures.program,
                what=(
                    f"newswire {figures.command} (process {figures.pid} of {figures.host}) has been running for "
                    f"{_since(started, readings)}"
                ),
                since=started,
                advice="newswire top shows what it does; it may be ended at any time, and the next run goes on",
                page=_OPERATIONS,
            )


def find_failing_stages(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the stages of which most attempts fail."""
    failures = readings.overview.lately.figures.failures()
    for stage, figures in readings.overview.lately.figures.stages.items():
        reasons = {reason: count for (of, reason), count in failures.items() if of == stage}
        failed = sum(reasons.values())
        if figures.taken_total >= _FEWEST_ATTEMPTS and failed >= settings.failing_share * figures.taken_total:
            unit = "feeds" if stage == Stage.POLL else "articles"
            yield AlertCondition(
                rule=AlertRule.FAILURES,
                subject=stage,
                what=(
                    f"{stage}: {failed:,} of {figures.taken_total:,} {unit} failed within five minutes, "
                    f"most with: {next(iter(reasons))}"
                ),
                advice="see whether the network, the disk and the servers work; what failed is tried again by itself",
                page=_OPERATIONS,
            )


def find_unwell_airflow(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:  # noqa: ARG001
    """Yield that Airflow doesn't answer, or the parts of it that aren't healthy."""
    airflow = readings.airflow
    if airflow is None:
        return
    parts = {"": f"it can't be asked how it is: {airflow.fault}"} if airflow.fault else airflow.parts
    for part, said in parts.items():
        yield AlertCondition(
            rule=AlertRule.AIRFLOW,
            subject=part,
            what=f"Airflow{f', {part}' if part else ''}: {said}",
            advice=(
                "docker compose ps, or the list of processes, shows whether it runs; start it again: what its tasks "
                "did is kept"
            ),
            page=_OPERATIONS,
        )


# sources ----------------------------------------------------------------------------------------------------------


def find_failing_sources(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the sources of which a feed has failed for long."""
    limit = readings.at - dt.timedelta(hours=settings.failing_hours)
    for source, feeds in _by_source(readings).items():
        failing = [feed for feed in feeds if feed.condition in _FAILING and feed.since and feed.since < limit]
        if failing:
            which = f"{len(failing)} of its {len(feeds)} feeds fail" if len(feeds) > 1 else "its feed fails"
            yield AlertCondition(
                rule=AlertRule.SOURCE,
                subject=source,
                what=f"{source}: {which}: {failing[0].feed}: {failing[0].why}",
                since=min(feed.since for feed in failing if feed.since),
                advice=(
                    "newswire feeds check reads it now and says what is wrong; newswire feeds add looks for its new "
                    "address, newswire feeds remove takes it out"
                ),
                page=_source_page(source),
            )


def find_silent_sources(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:  # noqa: ARG001
    """Yield the sources that have nothing new, where there always was."""
    for source, feeds in _by_source(readings).items():
        quiet = [feed for feed in feeds if feed.condition in _QUIET]
        if quiet and not any(feed.condition is FeedCondition.WELL for feed in feeds):
            yield AlertCondition(
                rule=AlertRule.SILENT,
                subject=source,
                what=f"{source}: {quiet[0].feed}: {quiet[0].why}",
                since=quiet[0].since,
                advice="see whether the publisher has moved its feed: newswire feeds add looks for the present one",
                page=_source_page(source),
            )


def find_drift(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:  # noqa: ARG001
    """Yield the sources whose pages have changed."""
    for source, alarm in readings.drift.items():
        yield AlertCondition(
            rule=AlertRule.DRIFT,
            subject=source,
            what=f"{source}: its pages have changed: {alarm.detail}",
            advice=(
                "look at the samples in newswire status. Where the new pages are read well: newswire retry "
                f"--quarantined --source '{source}'; they are held back until then"
            ),
            page=_source_page(source),
        )


def _by_source(readings: Readings) -> dict[str, list[Health]]:
    grouped: collections.defaultdict[str, list[Health]] = collections.defaultdict(list)
    for feed in readings.feeds:
        grouped[feed.source].append(feed)
    return grouped


def _source_page(source: str) -> str:
    return f"/sources/{quote(source, safe='')}"


# storage ----------------------------------------------------------------------------------------------------------


def find_full_disks(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield the disks with little room."""
    for disk in readings.disks:
        if 100 * disk.free_share < settings.disk_percent or disk.free_bytes < settings.disk_gb * 1e9:
            yield AlertCondition(
                rule=AlertRule.DISK,
                subject=disk.folder,
                what=(
                    f"{disk.folder} ({', '.join(disk.holds)}): {disk.free_bytes / 1e9:.1f} GB are free, "
                    f"{disk.free_share:.0%} of its room or file names"
                ),
                advice=(
                    "make room, or move newswire to a larger disk. newswire expire --pages removes pages that no "
                    "article refers to; while the disk is full, stages pause and lose nothing"
                ),
                page=_OPERATIONS,
            )


def find_index_trouble(readings: Readings, settings: AlertSettings) -> Iterator[AlertCondition]:
    """Yield that the index can't be used or isn't kept as it should be, and that it lags behind the ledger."""
    if readings.index_health and readings.index_health.colour != "green":
        yield _describe_health(readings.index_health)
    if readings.index_fault:
        yield AlertCondition(
            rule=AlertRule.INDEX,
            subject="fault",
            what=f"the index can't be used: {readings.index_fault}",
            advice="newswire check tells whether it answers; documents wait in the ledger and are written when it does",
            page=_OPERATIONS,
        )
    for queue in readings.overview.queues:
        limit = dt.timedelta(minutes=settings.index_minutes)
        if queue.stage == Stage.INDEX and queue.oldest and readings.at - queue.oldest > limit:
            yield AlertCondition(
                rule=AlertRule.INDEX,
                subject="lag",
                what=(
                    f"the index lags: {_count(queue)} articles wait for it, the longest for "
                    f"{_since(queue.oldest, readings)}"
                ),
                since=queue.oldest,
                advice="see whether the index answers (newswire check) and stage index runs (newswire top)",
                page=_OPERATIONS,
            )


def _describe_health(health: IndexHealth) -> AlertCondition:
    parts = "1 part" if health.missing == 1 else f"{health.missing:,} parts"
    if health.colour == "red":
        what = f"the index is red: no machine has {parts} of it; searches leave out what is there, and writing waits"
        advice = (
            "see whether all machines of Elasticsearch run and have room: GET _cluster/allocation/explain says what is "
            "missing. What is lost for good comes back from the ledger: newswire reindex"
        )
    else:
        what = (
            f"the index is yellow: second copies of {parts} lie on no machine; one more that fails takes articles away"
        )
        advice = (
            "with one machine there can be no second copies: set index.replicas to 0, then newswire reindex"
            if health.machines == 1
            else "see whether all machines of Elasticsearch run and have room: GET _cluster/allocation/explain"
        )
    return AlertCondition(rule=AlertRule.INDEX, subject=health.colour, what=what, advice=advice, page=_OPERATIONS)


def _count(queue: StageBacklog) -> str:
    return describe_count(queue.waiting + queue.in_hand, is_bounded=queue.bounded)


def _since(time: dt.datetime, readings: Readings) -> str:
    return describe_duration(max(0.0, (readings.at - time).total_seconds()))


_RULES: dict[AlertRule, Rule] = {
    AlertRule.WAITING: find_waiting_articles,
    AlertRule.QUEUE: find_growing_queues,
    AlertRule.POLLS: find_unpolled_feeds,
    AlertRule.PROGRAM: find_dead_programs,
    AlertRule.WORKERS: find_dying_workers,
    AlertRule.PAUSE: find_pauses,
    AlertRule.RUN: find_long_runs,
    AlertRule.FAILURES: find_failing_stages,
    AlertRule.SOURCE: find_failing_sources,
    AlertRule.SILENT: find_silent_sources,
    AlertRule.DRIFT: find_drift,
    AlertRule.DISK: find_full_disks,
    AlertRule.INDEX: find_index_trouble,
    AlertRule.AIRFLOW: find_unwell_airflow,
}

"""Each rule finds what is wrong by the figures, says since when, what to do and where to look, or is quiet."""

from __future__ import annotations

import datetime as dt
import re

import msgspec
import pytest

from pipeline.alert_records import REPORTED_RULES, AlertRule
from pipeline.alerts.reader import is_due, parse_health
from pipeline.alerts.readings import AirflowReading, DiskReading, QueueSample, Readings
from pipeline.alerts.rules import _RULES, assess, keep_samples
from pipeline.feeds.health import Condition, Health
from pipeline.figures import (
    FigureWindow,
    HostBacklog,
    Overview,
    ProgramFigures,
    RunFigures,
    StageBacklog,
    StagePause,
    standing_of,
)
from pipeline.index import IndexHealth
from pipeline.records import Outcome, Reason, Stage
from pipeline.settings import AlertSettings
from pipeline.sites import Alarm
from tests.helpers.support import NOW, REPO

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


def readings(*, queues=(), hosts=(), programs=(), **values):
    """Readings of this moment; a program is (figures, is_dead)."""
    standings = tuple(standing_of(figures, NOW, is_dead=is_dead) for figures, is_dead in programs)
    overview = Overview(at=NOW, programs=standings, queues=queues, hosts=hosts)
    return Readings(at=NOW, overview=overview, **values)


def program(name="h/1/a", *, lately=None, beat=NOW, started=NOW - HOUR, **values):
    windows = (FigureWindow(seconds=300.0, figures=lately or RunFigures()),)
    values = {"command": "run --follow", "total": RunFigures(), **values}
    return ProgramFigures(program=name, version="1", started=started, beat=beat, windows=windows, **values)


def feed(name="a", condition=Condition.WELL, **values):
    times = {"polled": NOW, "due": NOW + MINUTE, **values}
    return Health(source=name, feed=f"https://{name}.example/rss", condition=condition, why="timeout", **times)


def found(given, **settings):
    """Return (rule, subject) → condition of all that is wrong."""
    return {condition.key: condition for condition in assess(given, AlertSettings(**settings)).conditions}


def queue(stage, waiting, since=None, **values):
    return StageBacklog(stage=stage, waiting=waiting, oldest=since and NOW - since, **values)


def failing(count, of):
    figures = RunFigures()
    figures.stage(Stage.FETCH).add(Outcome.DONE, count=of - count)
    figures.stage(Stage.FETCH).add(Outcome.RETRY, Reason.TIMEOUT, count=count)
    return figures


ALARM = Alarm(since=1, what=("shorter",), detail="shorter: 8 of 8 pages", before=(), after=())
HELD = HostBacklog(host="slow.example", waiting=9, oldest=NOW - 9 * HOUR, held_until=NOW + HOUR)
LATE_HOST = HostBacklog(host="late.example", waiting=2, oldest=NOW - 2 * HOUR)

WRONG = [
    ({"queues": (queue("extract", 3, 2 * HOUR),)}, ("waiting", "extract"), "3 articles wait, the longest for 2 h"),
    (
        {"queues": (queue("fetch", 11, 9 * HOUR),), "hosts": (HELD, LATE_HOST)},
        ("waiting", "fetch"),
        "the longest for 2 h; first those of late.example",
    ),
    (
        {
            "queues": (queue("dedupe", 9000),),
            "samples": (QueueSample(at=NOW - 29 * MINUTE, waiting={"dedupe": 2000}),),
        },
        ("queue", "dedupe"),
        "9,000 articles wait, 7,000 more than 29 min ago",
    ),
    ({"feeds": (feed(polled=NOW - HOUR, due=NOW - 50 * MINUTE),)}, ("polls", ""), "although 1 are due"),
    ({"feeds": (feed(polled=None, due=NOW - 50 * MINUTE),)}, ("polls", ""), "no feed was read so far"),
    (
        {"programs": [(program(memory_bytes=2**30), True)]},
        ("program", "h/1/a"),
        "died without a word; it had 1,024 MiB",
    ),
    ({"programs": [(program(beat=NOW - 3 * MINUTE), False)]}, ("program", "h/1/a"), "isn't heard of any more"),
    ({"programs": [(program(lately=RunFigures(workers_died_total=5)), False)]}, ("workers", ""), "5 worker processes"),
    (
        {"programs": [(program(pauses={"index": StagePause(since=NOW - HOUR, reason="it is away")}), False)]},
        ("pause", "index"),
        "index can't work: it is away",
    ),
    ({"programs": [(program(command="run", started=NOW - 7 * HOUR), False)]}, ("run", "h/1/a"), "running for 7 h"),
    ({"programs": [(program(lately=failing(15, 30)), False)]}, ("failures", "fetch"), "15 of 30 articles failed"),
    (
        {"feeds": (feed(condition=Condition.FAILING, since=NOW - 4 * HOUR), feed())},
        ("source", "a"),
        "a: 1 of its 2 feeds fail: https://a.example/rss: timeout",
    ),
    ({"feeds": (feed(condition=Condition.SILENT, since=NOW - 50 * HOUR),)}, ("silent", "a"), "https://a.example/rss"),
    ({"drift": {"a b": ALARM}}, ("drift", "a b"), "its pages have changed: shorter"),
    (
        {"disks": (DiskReading(holds=("ledger", "index"), folder="/v", free_bytes=10**12, free_share=0.04),)},
        ("disk", "/v"),
        "/v (ledger, index): 1000.0 GB are free, 4%",
    ),
    (
        {"disks": (DiskReading(holds=("archive",), folder="/v", free_bytes=10**9, free_share=0.5),)},
        ("disk", "/v"),
        "1.0 GB are free",
    ),
    ({"index_health": IndexHealth("red", 2, 3)}, ("index", "red"), "no machine has 2 parts of it"),
    ({"index_health": IndexHealth("yellow", 1, 3)}, ("index", "yellow"), "second copies of 1 part lie on no machine"),
    ({"index_fault": "no answer"}, ("index", "fault"), "the index can't be used: no answer"),
    ({"queues": (queue("index", 5, HOUR),)}, ("index", "lag"), "the index lags: 5 articles wait for it"),
    ({"airflow": AirflowReading(fault="no answer")}, ("airflow", ""), "it can't be asked how it is: no answer"),
    ({"airflow": AirflowReading(parts={"scheduler": "unhealthy"})}, ("airflow", "scheduler"), "scheduler: unhealthy"),
]


@pytest.mark.parametrize(("given", "key", "said"), WRONG, ids=[f"{rule} {subject}" for _, (rule, subject), _ in WRONG])
def test_a_rule_finds_what_is_wrong(given, key, said):
    conditions = found(readings(**given))
    assert list(conditions) == [key]
    condition = conditions[key]
    assert said in condition.what
    assert condition.advice
    assert condition.page.startswith("/")
    assert " " not in condition.page
    assert found(readings(**given), off=(AlertRule(key[0]),)) == {}


WELL = [
    {"queues": (queue("extract", 3, 59 * MINUTE), queue("index", 3, 14 * MINUTE), queue("poll", 3, 9 * HOUR))},
    {"queues": (queue("fetch", 9, 9 * HOUR),), "hosts": (HELD,)},
    {"queues": (queue("dedupe", 9000),), "samples": (QueueSample(at=NOW - 29 * MINUTE, waiting={"dedupe": 9000}),)},
    {"queues": (queue("dedupe", 1999),), "samples": (QueueSample(at=NOW - 29 * MINUTE, waiting={}),)},
    {"queues": (queue("dedupe", 9000),), "samples": (QueueSample(at=NOW - 10 * MINUTE, waiting={}),)},
    {"feeds": (feed(polled=NOW - 20 * MINUTE, due=NOW - HOUR), feed("b", polled=NOW - HOUR, due=NOW - HOUR))},
    {"feeds": (feed(polled=NOW - 9 * HOUR, due=NOW + HOUR),)},
    {"feeds": (feed(condition=Condition.FAILING, since=NOW - HOUR),)},
    {"feeds": (feed(condition=Condition.SILENT, since=NOW - 50 * HOUR), feed())},
    {"programs": [(program(beat=NOW - HOUR), True), (program("h/2/b", started=NOW - MINUTE), False)]},
    {"programs": [(program(ended=NOW - HOUR, beat=NOW - HOUR), True)]},
    {"programs": [(program(beat=NOW - MINUTE), False)]},
    {"programs": [(program(lately=failing(10, 19)), False)]},
    {"programs": [(program(lately=failing(14, 30)), False)]},
    {"programs": [(program(started=NOW - 90 * HOUR), False)]},
    {"airflow": AirflowReading()},
]


@pytest.mark.parametrize("given", WELL, ids=range(len(WELL)))
def test_the_rules_are_quiet_where_nothing_is_wrong(given):
    assert found(readings(**given)) == {}


def test_nothing_is_said_of_what_others_report_or_what_can_not_be_known():
    nothing_else = QueueSample(at=NOW, waiting={})
    assert assess(readings(samples=(nothing_else,)), AlertSettings()).unknown == REPORTED_RULES
    assert AlertRule.QUEUE in assess(readings(), AlertSettings()).unknown
    full = readings(samples=(nothing_else,), queues=(queue("fetch", 100_000, bounded=True),))
    assert AlertRule.QUEUE in assess(full, AlertSettings()).unknown
    away = readings(airflow=AirflowReading(fault="no answer"))
    assert AlertRule.AIRFLOW in assess(away, AlertSettings()).unknown


def test_samples_of_queues_are_kept_for_as_long_as_they_are_compared():
    samples = tuple(QueueSample(at=NOW - minutes * MINUTE, waiting={}) for minutes in (40, 31, 30, 1))
    kept = keep_samples(readings(samples=samples, queues=(queue("fetch", 7, in_hand=2),)), AlertSettings())
    assert [sample.at for sample in kept] == [NOW - 30 * MINUTE, NOW - MINUTE, NOW]
    assert kept[-1].waiting == {"fetch": 9}


def test_airflow_is_believed_where_it_reports_parts_that_are_not_healthy():
    report = {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": "2026-11-20T11:00:00Z"},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": None,
    }
    said = {"scheduler": "unhealthy, last heard of at 2026-11-20T11:00:00Z"}
    assert parse_health(msgspec.json.encode(report)).parts == said
    for foreign in (b"<html>", b"[]", b'{"scheduler": 7}'):
        assert "no health report" in parse_health(foreign).fault


@pytest.mark.parametrize(
    ("seconds", "due"), [(-3600, True), (-30, False), (0, False), (53, False), (55, True), (9999, True)]
)
def test_figures_are_looked_at_once_a_minute_also_after_the_clock_was_put_back(seconds, due):
    checked = (NOW - dt.timedelta(seconds=seconds)).isoformat()
    assert is_due(checked, NOW, AlertSettings()) is due
    assert is_due(None, NOW, AlertSettings())


def test_settings_and_documentation_name_every_rule():
    settings = (REPO / "config/newswire.toml").read_text(encoding="utf-8")
    section = settings.partition("\n[alerts]")[2].partition("\n[")[0]
    looked_at = {rule.value for rule in AlertRule if rule in _RULES}
    assert looked_at - set(re.findall("[a-z]+", section)) == set()
    page = (REPO / "docs/alerts.md").read_text(encoding="utf-8")
    assert {rule.value for rule in AlertRule if f"`{rule.value}`" not in page} == set()

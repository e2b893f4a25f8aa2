"""Whatever the figures do and whoever looks, each alert is told once when it opens and once when it is over."""

from __future__ import annotations

import collections
import datetime as dt
import json

import hypothesis
import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alert_records import REPORTED_RULES, AlertCondition, AlertPhase, AlertRule
from pipeline.alerts import check_alerts, report_condition, report_end, send_messages, tend_alerts
from pipeline.alerts.ledger_watch import LedgerWatch
from pipeline.alerts.reader import read_readings
from pipeline.alerts.reports import end_by_hand
from pipeline.alerts.watch import CURRENT
from pipeline.context import Context
from pipeline.figures import ProgramFigures, RunFigures, StagePause
from pipeline.notifiers import NotifierError, open_notifiers
from pipeline.settings import AlertSettings, FetchSettings, Settings, WebhookSettings
from pipeline.store.schema.alerts import alerts, deliveries
from pipeline.store.schema.bookkeeping import meta, programs
from tests.helpers.arriving import SOURCES
from tests.helpers.support import NOW, REPO, places

MINUTE = dt.timedelta(minutes=1)
SETTINGS = Settings(alerts=AlertSettings(webhook=(WebhookSettings(name="ops", url="http://127.0.0.1/"),)))


class Receiver:
    """Takes messages while it is up, and remembers the events in them."""

    def __init__(self):
        self.is_up, self.events = True, []

    def send(self, message):
        if not self.is_up:
            raise NotifierError("down")
        self.events += [
            (event["alert"], event["event"], event["rule"], event["subject"]) for event in message.data["events"]
        ]


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def two_programs(tmp_path_factory):
    """Two programs on one ledger, and the clock that both go by."""
    folder, clock = tmp_path_factory.mktemp("alerts"), Clock()
    contexts = [Context(SETTINGS, (), places(folder), config=REPO / "config", clock=clock) for _ in range(2)]
    yield contexts, clock
    for each in contexts:
        each.store.close()


def pause(context, clock, stages):
    """Let a program tell that these stages have been pausing for long."""
    pauses = {stage: StagePause(since=clock.now - 9 * MINUTE, reason=f"no {stage}") for stage in stages}
    context.store.programs.save(
        ProgramFigures(
            program="far.example/1/a",
            version="1",
            command="run --follow",
            started=NOW,
            beat=clock.now,
            total=RunFigures(),
            pauses=pauses,
        )
    )


steps = st.lists(
    st.tuples(
        st.integers(1, 20),  # minutes
        st.frozensets(st.sampled_from(["index", "fetch"])),  # stages that pause
        st.sampled_from([(0,), (1,), (0, 1), (1, 0)]),  # who looks, one after the other
        st.booleans(),  # whether the receiver takes messages
    ),
    max_size=12,
)


@pytest.mark.slow
@hypothesis.settings(max_examples=30)
@given(steps)
def test_each_opening_and_each_end_is_sent_once_and_in_turn_whoever_looks(two_programs, steps):
    (first, second), clock = two_programs
    with first.store.write() as connection:
        for table in (alerts, deliveries, meta, programs):
            connection.execute(table.delete())
    clock.now, receiver, kept = NOW, Receiver(), []
    contexts = (first, second)
    ending = [(20, frozenset(), (0, 1), True)] * 16  # all is well for longer than anything must be gone
    for wait, stages, lookers, receiver.is_up in [*steps, *ending]:
        clock.now += wait * MINUTE
        pause(first, clock, stages)
        for number in lookers:
            kept += check_alerts(contexts[number])
            send_messages(contexts[number], {"ops": receiver})
    events = [event for event in receiver.events if event[1] != "goes on"]
    assert events == [
        (event.alert.id, event.kind.value, *event.alert.condition.key) for event in kept if event.kind != "goes on"
    ]
    turns = collections.defaultdict(list)
    for _, kind, rule, stage in events:
        turns[rule, stage].append(kind)
    for kinds in turns.values():
        assert kinds == ["opened", "over"] * (len(kinds) // 2)
    with first.store.read() as connection:
        assert first.store.alerts.list_alerts(connection, CURRENT) == []


def reopened(context, settings=SETTINGS, clock=None):
    """The same ledger as another program opens it, with other settings."""
    return Context(settings, SOURCES, context.environment, config=REPO / "config", clock=clock or context.clock)


def test_a_webhook_that_fails_twice_gets_the_alert_and_its_end(context, site):
    answers, bodies, clock = [500, 503, 200, 200], [], Clock()

    async def answer(request):
        bodies.append(json.loads(await request.read()))
        return web.Response(status=answers[len(bodies) - 1])

    site.handlers["/hook"] = answer
    webhook = WebhookSettings(name="ops", url=site.url("/hook"))
    settings = Settings(alerts=AlertSettings(webhook=(webhook,), allow_addresses=("127.0.0.0/8",)))
    notifiers = open_notifiers(settings.alerts, FetchSettings(), clock, {"NEWSWIRE_WEBHOOK_KEY_OPS": "k"})
    with reopened(context, settings, clock) as program:
        for minute in range(40):
            clock.now = NOW + minute * MINUTE
            pause(program, clock, ["index"] if minute < 10 else [])
            tend_alerts(program, notifiers)
    told = [(body["id"], [event["event"] for event in body["events"]]) for body in bodies]
    assert [kinds for _, kinds in told] == [["opened"], ["opened"], ["opened"], ["over"]]
    assert len({name for name, _ in told[:3]}) == 1
    (event,) = bodies[0]["events"]
    assert event["what"] == "index can't work: no index"
    assert event["page"] == "http://127.0.0.1:8000/operations"
    assert event["advice"]
    assert event["since"] < event["until"] if event["until"] else True


def test_what_is_reported_opens_at_once_stays_until_it_is_over_and_is_told_once(context):
    failed = AlertCondition(rule=AlertRule.FAILED_RUN, subject="ingest", what="failed", advice="look")
    receiver, clock = Receiver(), Clock()
    with reopened(context, clock=clock) as program:
        for _ in range(3):
            report_condition(program, failed)
        for minute in range(0, 60, 12):
            clock.now = NOW + minute * MINUTE
            tend_alerts(program, {"ops": receiver})
        assert report_end(program, "replay", REPORTED_RULES) == []
        assert len(report_end(program, "ingest", REPORTED_RULES)) == 1
        assert report_end(program, "ingest", REPORTED_RULES) == []
        tend_alerts(program, {"ops": receiver})
    assert [kind for _, kind, rule, _ in receiver.events if rule == "failed run"] == ["opened", "over"]


def test_a_person_may_end_an_alert(context):
    failed = AlertCondition(rule=AlertRule.FAILED_RUN, subject="ingest", what="failed", advice="look")
    alert = report_condition(context, failed)
    assert end_by_hand(context, ["nothing"]) == []
    (ended,) = end_by_hand(context, [alert.id])
    assert ended.phase is AlertPhase.OVER


def test_without_a_notifier_alerts_are_kept_and_nothing_is_sent(context):
    failed = AlertCondition(rule=AlertRule.FAILED_RUN, subject="ingest", what="failed", advice="look")
    report_condition(context, failed)
    with context.store.read() as connection:
        assert len(context.store.alerts.list_alerts(connection, CURRENT)) == 1
        assert connection.execute(deliveries.select()).all() == []


def test_the_figures_are_those_of_the_ledger_the_disks_and_the_index(context):
    given = read_readings(context, context.clock())
    assert next(queue.stage for queue in given.overview.queues) == "poll"
    assert {name for disk in given.disks for name in disk.holds} >= {"index"}
    assert all(0 < disk.free_share <= 1 for disk in given.disks)
    assert given.index_fault is None  # nothing was indexed yet, so none need be there
    with context.store.write() as connection:
        context.store.values.save(connection, "index identity", "x")
    away = msgspec.structs.replace(context.environment, index_url="http://127.0.0.1:9")
    with Context(Settings(), (), away, config=REPO / "config", clock=context.clock) as program:
        assert "can't be reached" in read_readings(program, program.clock()).index_fault


def test_airflow_is_asked_how_it_is(context, site):
    site.page("/api/v2/monitor/health", '{"scheduler": {"status": "unhealthy"}}', kind="application/json")
    environment = msgspec.structs.replace(context.environment, airflow_url=site.url("/"))
    with Context(Settings(), (), environment, config=REPO / "config", clock=context.clock) as program:
        assert read_readings(program, program.clock()).airflow.parts == {"scheduler": "unhealthy"}
        site.page("/api/v2/monitor/health", status=404)
        assert read_readings(program, program.clock()).airflow.fault == "it answers 404"


def test_a_ledger_that_is_away_is_told_without_it(context):
    receiver, clock = Receiver(), Clock()
    watch = LedgerWatch(SETTINGS, {"ops": receiver}, clock)
    for minute in range(40):
        clock.now, receiver.is_up = NOW + minute * MINUTE, minute != 2
        watch.note("no answer" if minute < 8 else None)
    assert [(kind, rule) for _, kind, rule, _ in receiver.events] == [("opened", "ledger"), ("over", "ledger")]

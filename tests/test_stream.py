"""All stages of a run work at once, what fails pauses alone, and it ends by itself or when it is told to."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time

import click
import msgspec
import pytest

from pipeline.cli.run import print_result
from pipeline.errors import BusyError, SearchIndexError, UsageError, WorkersError
from pipeline.index import Query
from pipeline.records import Outcome, Stage
from pipeline.settings import RunSettings
from pipeline.stages import HANDLERS, Context
from pipeline.stages.runner import StageHandler
from pipeline.store import Store
from pipeline.stream import Stream, StreamOptions, StreamResult
from pipeline.stream import stream as stream_module
from pipeline.stream.attendants import FOLLOWER
from tests.helpers.arriving import NOW as LATER
from tests.helpers.arriving import SOURCES, STAGES, arrive
from tests.helpers.newsstand import SETTINGS, WORDS, newsstand, page
from tests.helpers.support import REPO, drop_postgres, elasticsearch_alias, make_postgres, places, write_config
from tests.helpers.transactions import ask

LONG = 120  # seconds until a test gives up on what should have happened
FOLLOW = StreamOptions(follows=True)
AFTER_EXTRACT = frozenset(STAGES)


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path) as made:
        yield made


def publish(stand, *names):
    for name in names:
        stand.site.page(f"/{name}", page(f"The {name} bridge", f"{WORDS}\nNobody in {name} was hurt when it fell."))
        stand.item(f"/{name}", f"The {name} bridge")


def once(context, **options):
    told = []
    return Stream(context, StreamOptions(**options), told.append).run(), told


def wait_until(condition):
    until = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def follow(context, script, options=FOLLOW):
    """Follow the ledger while ``script`` runs on a thread of its own; return the result and what was told."""
    told, errors = [], []
    stream = Stream(context, options, told.append)

    def play():
        try:
            wait_until(lambda: told)
            script(told)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            stream.end()

    thread = threading.Thread(target=play)
    thread.start()
    result = stream.run()
    thread.join()
    if errors:
        raise errors[0]
    return result, told


def release(store):
    with store.write() as connection:
        store.release_lock(connection, FOLLOWER)


def indexed(context):
    with contextlib.suppress(SearchIndexError):
        return {name for name, _ in context.index.revisions()}
    return set()


def found(context):
    with contextlib.suppress(SearchIndexError):
        return [hit.document.id for hit in context.index.search(Query()).hits]
    return []


def test_a_run_ends_when_all_is_indexed_and_counts_what_each_stage_did(stand):
    publish(stand, "old", "new", "stone")
    result, told = once(stand.context)
    assert not told
    assert not result.faults
    assert result.signal is None
    assert not result.is_stuck
    assert [report.stage for report in result.reports] == list(Stage)
    assert {str(report.stage): report.to_plain()["done"] for report in result.reports} == {
        "poll": 1, "fetch": 3, "extract": 3, "dedupe": 3, "enrich": 3, "cluster": 3, "index": 3
    }  # fmt: skip
    assert {stand.document(f"/{name}").title for name in ("old", "new", "stone")} == {
        "The old bridge", "The new bridge", "The stone bridge"
    }  # fmt: skip
    again, _ = once(stand.context)
    assert {report.taken for report in again.reports} == {0}


def test_a_run_of_some_stages_leaves_the_others_alone(stand):
    publish(stand, "old", "new")
    result, _ = once(stand.context, stages=frozenset({Stage.POLL, Stage.FETCH}))
    assert [report.stage for report in result.reports] == [Stage.POLL, Stage.FETCH]
    assert {stand.find(f"/{name}").stage for name in ("old", "new")} == {"extract"}


@pytest.mark.servers
def test_searches_find_what_comes_at_once_however_seldom_elasticsearch_refreshes(tmp_path):
    settings = msgspec.structs.replace(SETTINGS, index=msgspec.structs.replace(SETTINGS.index, refresh_seconds=3600.0))
    with elasticsearch_alias() as alias:
        settings = msgspec.structs.replace(settings, index=msgspec.structs.replace(settings.index, alias=alias))
        url = os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]
        environment = msgspec.structs.replace(places(tmp_path), index_url=url)
        with Context(settings, SOURCES, environment, config=REPO / "config", clock=lambda: LATER) as context:

            def script(told):
                arrive(context, "a", f"{WORDS} It is the only one.")
                wait_until(lambda: found(context) == ["a"])

            follow(context, script, StreamOptions(follows=True, stages=AFTER_EXTRACT))


def test_what_waits_between_two_stages_does_not_stop_a_run_of_the_first_alone(context):
    for number in range(5):
        arrive(context, f"a{number}", f"{WORDS} It is number {number}.")
    run = msgspec.structs.replace(context.settings.run, queue_articles=1)
    context.settings = msgspec.structs.replace(context.settings, run=run)
    result, _ = once(context, stages=frozenset({Stage.DEDUPE}))
    assert result.reports[0].taken == 5
    result, _ = once(context, stages=AFTER_EXTRACT)
    assert {str(report.stage): report.taken for report in result.reports} == {
        "dedupe": 0, "enrich": 5, "cluster": 5, "index": 5
    }  # fmt: skip


def test_a_stage_takes_no_more_than_its_limit(context):
    for number in range(5):
        arrive(context, f"a{number}", f"{WORDS} It is number {number}.")
    result, _ = once(context, stages=AFTER_EXTRACT, limit=2)
    assert {report.taken for report in result.reports} == {2}


def test_a_source_that_nobody_knows_is_refused(context):
    with pytest.raises(UsageError, match="'Nobody'"):
        once(context, sources=("Nobody",))


def test_a_stage_that_cannot_work_ends_alone_in_a_run_that_ends_by_itself(stand, tmp_path):
    publish(stand, "old")
    (tmp_path / "index.db").write_bytes(b"no index " * 500)
    result, told = once(stand.context)
    assert not told
    (fault,) = result.faults
    assert "index.db" in str(fault)
    assert {str(report.stage): report.taken for report in result.reports}["cluster"] == 1
    assert stand.find("/old").stage == "index"
    assert not stand.find("/old").leased


def test_a_stage_that_cannot_work_pauses_alone_and_goes_on_when_it_can(stand, tmp_path):
    publish(stand, "old")
    (tmp_path / "index.db").write_bytes(b"no index " * 500)

    def script(told):
        wait_until(lambda: (row := stand.find("/old")) and row.stage == "index")
        wait_until(lambda: any("index pauses" in line for line in told))
        (tmp_path / "index.db").unlink()
        wait_until(lambda: stand.find("/old").stage is None)

    result, told = follow(stand.context, script)
    assert not result.faults
    (begun,) = [line for line in told if "index pauses" in line]
    assert "index.db" in begun
    assert len([line for line in told if "index goes on" in line]) == 1
    assert stand.document("/old").title == "The old bridge"


def test_what_another_program_brings_is_indexed_by_the_one_that_follows(tmp_path, store_url):
    addresses, folder = places(tmp_path, store_url), REPO / "config"
    with Context(SETTINGS, (), addresses, config=folder, clock=lambda: LATER) as context:

        def script(told):
            with Context(SETTINGS, (), addresses, config=folder, clock=lambda: LATER) as other:
                arrive(other, "a1", WORDS, source="Daily")
            wait_until(lambda: indexed(context) == {"a1"})

        follow(context, script, StreamOptions(follows=True, stages=AFTER_EXTRACT))


def test_what_a_dead_program_had_claimed_is_taken_over_soon(context):
    arrive(context, "a1", WORDS)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    def script(told):
        wait_until(lambda: indexed(context) == {"a1"})
        host = context.store.owner.split("/")[0]
        killed = Store(context.environment.store_url)
        killed.ledger._owner = f"{host}/{dead.pid}/0"
        arrive(context, "a2", f"{WORDS} And another one.")
        ask(killed).ledger.claim(Stage.DEDUPE, LATER, limit=5, seconds=10**6)
        killed.close()
        wait_until(lambda: indexed(context) == {"a1", "a2"})

    follow(context, script, StreamOptions(follows=True, stages=AFTER_EXTRACT))


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_jumps_neither_stops_a_run_nor_makes_it_spin(tmp_path, hours):
    shift, held = dt.timedelta(0), threading.Lock()
    began = time.monotonic()

    def clock():
        with held:
            return LATER + shift + dt.timedelta(seconds=time.monotonic() - began)

    with Context(SETTINGS, (), places(tmp_path), config=REPO / "config", clock=clock) as context:

        def script(told):
            nonlocal shift
            arrive(context, "a1", WORDS)
            wait_until(lambda: indexed(context) == {"a1"})
            with held:  # what arrives is due by the clock as it was before
                shift = dt.timedelta(hours=hours)
                arrive(context, "a2", f"{WORDS} And another one.")
            wait_until(lambda: any("the clock was" in line for line in told))
            wait_until(lambda: indexed(context) == {"a1", "a2"})

        follow(context, script, StreamOptions(follows=True, stages=AFTER_EXTRACT))


def test_what_was_due_by_a_clock_that_went_back_is_due_still(context):
    ahead = LATER + dt.timedelta(hours=5)
    arrive(context, "a1", WORDS)
    with context.store.write() as connection:
        row = context.store.ledger.find_article(connection, "a1")
        context.store.ledger.start_version(connection, row, Stage.DEDUPE, ahead)
    assert ask(context.store).ledger.count_waiting(Stage.DEDUPE, LATER) == 0
    context.store.settle_clock(LATER, ahead)
    assert ask(context.store).ledger.count_waiting(Stage.DEDUPE, LATER) == 1


def test_a_second_program_that_follows_a_sqlite_ledger_is_refused(tmp_path):
    with Context(SETTINGS, (), places(tmp_path), config=REPO / "config") as context:
        other = Store(context.environment.store_url)
        assert other.keep_lock(FOLLOWER, context.clock(), 1000) is None
        with pytest.raises(BusyError, match="follows this ledger already"):
            Stream(context, FOLLOW, lambda _: None).run()
        release(other)
        other.close()
        follow(context, lambda told: None)
        assert context.store.keep_lock(FOLLOWER, context.clock(), 1) is None, "it was given back"


def test_a_follower_whose_ledger_was_taken_over_ends(tmp_path):
    with Context(SETTINGS, (), places(tmp_path), config=REPO / "config") as context:

        def script(told):
            other = Store(context.environment.store_url)

            def take_over():
                release(context.store)  # which the follower may take again before the other one does
                return other.keep_lock(FOLLOWER, context.clock(), 1000) is None

            wait_until(take_over)
            wait_until(lambda: any("taken the ledger over" in line for line in told))
            other.close()

        follow(context, script)


@pytest.mark.servers
def test_several_programs_follow_a_postgresql_ledger_and_each_article_has_one_outcome_a_stage(tmp_path):
    url = make_postgres()
    folder, run = REPO / "config", RunSettings(batch=5, ordered_batch=5)
    settings = msgspec.structs.replace(SETTINGS, run=run)
    try:
        with (
            Context(settings, (), places(tmp_path, url), config=folder, clock=lambda: LATER) as first,
            Context(settings, (), places(tmp_path, url), config=folder, clock=lambda: LATER) as second,
        ):
            names = [f"a{number}" for number in range(40)]

            def script(told):
                program = subprocess.Popen(
                    [sys.executable, "-m", "pipeline.cli", "run", "--follow", *(f"--stage={s}" for s in AFTER_EXTRACT)],
                    env=environment(tmp_path, config=folder) | {"NEWSWIRE_STORE_URL": url},
                    stderr=subprocess.PIPE,
                    text=True,
                )
                try:
                    read_until(program, "following")
                    for name in names:
                        arrive(second, name, f"{WORDS} It is {name}.")
                    wait_until(lambda: indexed(first) == set(names))
                finally:
                    program.send_signal(signal.SIGTERM)
                    _, said = program.communicate()
                assert program.returncode == 0, said

            follow(first, script, StreamOptions(follows=True, stages=AFTER_EXTRACT))
            for name in names:
                outcomes = ask(first.store).ledger.list_outcomes(name)
                by_stage = [(row.stage, row.outcome) for row in outcomes if row.stage != Stage.INDEX]
                assert by_stage == [
                    (stage, Outcome.DONE) for stage in (Stage.POLL, Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER)
                ]
    finally:
        drop_postgres(url)


# real processes -------------------------------------------------------------------------------------------------------


def environment(home, config):
    return {**os.environ, "NEWSWIRE_CONFIG": str(config), "NEWSWIRE_HOME": str(home)}


@contextlib.contextmanager
def newswire(stand, home, *arguments):
    """A real process that runs over the outlet of ``stand``."""
    config = write_config(home / "config", [])
    (source,) = stand.context.sources.values()
    feeds = f'[[source]]\nname = "{source.name}"\nfeeds = ["{source.feeds[0]}"]\n'
    (config / "feeds.toml").write_text(feeds, encoding="utf-8")
    command = [sys.executable, "-m", "pipeline.cli", "run", *arguments]
    process = subprocess.Popen(
        command, env=environment(home, config), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process, words):
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return
    pytest.fail(f"it ended without saying {words!r}: {''.join(said)}")


def leased(home):
    store = Store(f"sqlite:///{home}/ledger.db")
    with store.read() as connection:
        owners = store.feeds.list_lease_owners(connection)
        rows = connection.exec_driver_sql("SELECT count(*) FROM items WHERE lease_owner IS NOT NULL").scalar()
    store.close()
    return len(owners) + rows


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_program_that_follows_and_what_it_had_claimed_is_given_back(stand, tmp_path, number):
    publish(stand, "old")
    home = tmp_path / "home"
    with newswire(stand, home, "--follow") as process:
        read_until(process, "following")
        wait_until(lambda: stand.asked("/old"))
        process.send_signal(number)
        assert process.wait(LONG) == 0
    assert leased(home) == 0


def test_a_service_manager_may_send_its_signal_to_all_processes_of_a_program(stand, tmp_path):
    publish(stand, "old")
    with newswire(stand, tmp_path / "home", "--follow") as process:
        read_until(process, "following")
        wait_until(lambda: stand.asked("/old"))
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(LONG) == 0
        said = process.stderr.read()
    assert "ending" in said
    assert "worker" not in said
    assert leased(tmp_path / "home") == 0


def test_a_run_that_a_signal_ends_before_it_is_through_says_so_by_its_exit_code(stand, tmp_path):
    hang(stand, "/old")
    with newswire(stand, tmp_path / "home") as process:
        wait_until(lambda: stand.asked("/old"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 128 + signal.SIGTERM
    assert leased(tmp_path / "home") == 0


class StuckPool(contextlib.ExitStack):
    """Worker processes that are at it until they are killed."""

    count = 1

    def __init__(self):
        super().__init__()
        self.at_work, self.given_up = threading.Event(), threading.Event()

    def give_up(self):
        self.given_up.set()


class StuckHandler(StageHandler):
    stage = Stage.DEDUPE

    def decide(self, claimed, emit):
        self.shared_workers.at_work.set()
        self.shared_workers.given_up.wait(LONG)
        raise WorkersError("the work was given up")


def test_that_work_was_cut_off_is_no_fault_of_a_run_that_is_told_to_end(context, monkeypatch):
    pool = StuckPool()
    monkeypatch.setattr(StuckHandler, "open_workers", classmethod(lambda *_: pool))
    monkeypatch.setitem(HANDLERS, Stage.DEDUPE, lambda: StuckHandler)
    monkeypatch.setattr(stream_module, "_CUT_OFF_AFTER", 0.0)
    arrive(context, "a", WORDS)
    stream = Stream(context, StreamOptions(stages=frozenset({Stage.DEDUPE})), lambda _: None)
    end = threading.Thread(target=lambda: pool.at_work.wait(LONG) and stream.end())
    end.start()
    result = stream.run()
    end.join()
    assert (result.faults, result.is_stuck) == ([], False)
    assert len(ask(context.store).ledger.claim(Stage.DEDUPE, context.clock(), limit=9, seconds=60)) == 1


def test_a_run_that_a_signal_ends_tells_what_could_not_work_and_ends_as_the_signal_says(capsys):
    faults = [SearchIndexError("the index is away"), SearchIndexError("it is still")]
    result = StreamResult(reports=[], faults=faults, signal=signal.SIGTERM, is_stuck=False)
    with pytest.raises(click.exceptions.Exit) as ended:
        print_result(result, follows=False, as_json=False)
    assert ended.value.exit_code == 128 + signal.SIGTERM
    assert "newswire: the index is away\nnewswire: it is still\n" in capsys.readouterr().err


def test_a_second_signal_ends_a_program_at_once(stand, tmp_path):
    hang(stand, "/old")
    with newswire(stand, tmp_path / "home", "--follow") as process:
        wait_until(lambda: stand.asked("/old"))
        process.send_signal(signal.SIGINT)
        read_until(process, "ending")
        process.send_signal(signal.SIGINT)
        process.wait(LONG)
        assert process.returncode in {-signal.SIGINT, 0}, "0 where it was through with ending"


def test_a_second_process_that_follows_says_so_and_ends(stand, tmp_path):
    with newswire(stand, tmp_path / "home", "--follow") as process:
        read_until(process, "following")
        second = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "run", "--follow"],
            env=environment(tmp_path / "home", tmp_path / "home" / "config"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert f"newswire: newswire (process {process.pid} of" in second.stderr
        assert "Traceback" not in second.stderr


def hang(stand, path):
    """List an article whose page never comes."""
    import asyncio

    async def answer(request):
        await asyncio.sleep(LONG)

    stand.site.handlers[path] = answer
    stand.item(path, "A page that never comes")


@pytest.mark.parametrize("error", [OSError("Too many open files"), RuntimeError("of ours")])
def test_what_attends_to_a_run_is_tried_again_after_an_error(stand, monkeypatch, caplog, error):
    monkeypatch.setattr("pipeline.stream.stream._UNATTENDED_SECONDS", 0.01)
    tended = []

    async def tend(_):
        tended.append(1)
        if len(tended) < 3:
            raise error

    monkeypatch.setattr("pipeline.stream.attendants.Attendant.tend", tend)
    follow(stand.context, lambda _: wait_until(lambda: len(tended) >= 3))
    lines = [record.getMessage() for record in caplog.records if "not attended to" in record.getMessage()]
    assert len(lines) == 2
    assert any(record.exc_info for record in caplog.records) is isinstance(error, RuntimeError)

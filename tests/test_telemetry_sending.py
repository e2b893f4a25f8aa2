"""Operations reach Elasticsearch as the ledger has them, after articles, and nothing of them is lost or there twice."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import msgspec
import pytest
import sqlalchemy as sa
from elasticsearch import Elasticsearch

from pipeline.context import Context
from pipeline.editorial.takedown import take_down
from pipeline.errors import IndexAwayError, IndexRefusedError
from pipeline.feed_records import SourceDay
from pipeline.index import open_index
from pipeline.index.operations import open_operations
from pipeline.records import Outcome, Reason, Stage
from pipeline.runs import begin_run, end_run
from pipeline.settings import IndexSettings, OperationsSettings, Settings
from pipeline.store.schema.articles import outcomes
from pipeline.telemetry import sending
from pipeline.telemetry.sampling import keep_sample
from pipeline.telemetry.sending import OperationsSender, open_sender, send_rest
from pipeline.telemetry.standing import describe_standing, read_standing
from tests.helpers.arriving import NOW, SOURCES, arrive, finish
from tests.helpers.support import REPO, places

TEXT = "The council met on Monday and agreed to mend the old bridge over the river before winter comes."
FEED = "https://daily.example/feed"
RUN = "ingest/manual__2026-03-10"


@pytest.fixture
def prefix():
    """A prefix of one test; its indices and templates are removed afterwards."""
    name = f"test-{os.urandom(6).hex()}"
    yield name
    with Elasticsearch(os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]) as client:
        for index in client.indices.get(index=f"{name}-*"):
            client.indices.delete(index=index)
        for family in ("outcomes", "runs", "sources"):
            client.options(ignore_status=404).indices.delete_index_template(name=f"{name}-{family}")


@contextlib.contextmanager
def opened(folder, url, prefix="unused", **settings):
    environment = msgspec.structs.replace(places(folder), operations_url=url)
    operations = OperationsSettings(prefix=prefix, **settings)
    with Context(
        Settings(operations=operations), SOURCES, environment, config=REPO / "config", clock=lambda: NOW
    ) as made:
        yield made


@pytest.fixture
def sent(tmp_path, prefix):
    with opened(tmp_path, os.environ["NEWSWIRE_TEST_ELASTICSEARCH"], prefix) as made:
        yield made


def work(context, *names):
    """Let articles through the stages, one of them no further than dedupe, and a feed fail."""
    for name in names:
        arrive(context, name, f"{TEXT} {name}")
    finish(context, Stage.DEDUPE, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE)
    for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX):
        for _ in names[1:]:
            finish(context, stage, outcome=Outcome.DONE)
    with context.store.write() as connection:
        context.store.ledger.log_outcome(connection, FEED, Stage.POLL, Outcome.RETRY, Reason.TIMEOUT, "slow", NOW)


def in_ledger(context):
    """Return (stage, outcome, reason) → how many outcomes the ledger has."""
    c = outcomes.c
    with context.store.read() as connection:
        rows = connection.execute(sa.select(c.stage, c.outcome, c.reason, sa.func.count()).group_by(c[2], c[4], c[5]))
        return Counter({(row[0], row[1], row[2] or ""): row[3] for row in rows})


def search(context, family, **body):
    client = Elasticsearch(context.environment.operations_url)
    alias = f"{context.settings.operations.prefix}-{family}"
    with client:
        client.indices.refresh(index=alias)
        return client.search(index=alias, **body)


def in_elasticsearch(context):
    """Return the same of the index."""
    sources = [{name: {"terms": {"field": name, "missing_bucket": True}}} for name in ("stage", "outcome", "reason")]
    by_key = {"composite": {"size": 1000, "sources": sources}}
    buckets = search(context, "outcomes", size=0, aggs={"by_key": by_key})["aggregations"]["by_key"]["buckets"]
    return Counter(
        {tuple(each["key"][n] or "" for n in ("stage", "outcome", "reason")): each["doc_count"] for each in buckets}
    )


def documents(context, family, **terms):
    filters = [{"term": {name: value}} for name, value in terms.items()]
    hits = search(context, family, size=100, query={"bool": {"filter": filters}})["hits"]["hits"]
    return [hit["_source"] for hit in hits]


@pytest.mark.servers
def test_every_outcome_is_there_once_with_what_is_known_of_it(sent):
    work(sent, "a", "b", "c")
    sender = open_sender(sent)
    assert sender.send().outcomes == 13
    assert sender.send().outcomes == 0
    assert in_elasticsearch(sent) == in_ledger(sent)
    (indexed,) = documents(sent, "outcomes", article="b", stage="index")
    assert indexed["latency_seconds"] == indexed["age_seconds"] == 24 * 3600
    assert (indexed["kind"], indexed["subject"], indexed["source"], indexed["host"]) == (
        "attempt",
        "article",
        "Daily",
        "daily.example",
    )
    (failed,) = documents(sent, "outcomes", subject="feed")
    assert (failed["feed"], failed["reason"], failed["stage_number"]) == (FEED, "timeout", 1)
    sender.close()


@pytest.mark.servers
def test_whoever_is_killed_between_index_and_ledger_sends_some_again_and_none_twice(sent, monkeypatch):
    class KilledError(Exception):
        pass

    monkeypatch.setattr(sending, "PAGE", 5)
    work(sent, "a", "b", "c")
    sender = open_sender(sent)

    def kill(cursors):
        raise KilledError

    sender.send(pages=1)
    with monkeypatch.context() as patched:
        patched.setattr(sender, "_save", kill)
        with pytest.raises(KilledError):
            sender.send(pages=1)
    assert in_elasticsearch(sent).total() == 10
    sender.close()
    again = open_sender(sent)
    assert again.send().outcomes == 8  # five of them for the second time
    assert in_elasticsearch(sent) == in_ledger(sent)
    again.close()


FOLLOWER = """
import sys
from pathlib import Path
import msgspec
from pipeline.records import Stage
from pipeline.settings import OperationsSettings, RunSettings, Settings
from pipeline.stream import Stream, StreamOptions
from pipeline.context import Context
from tests.helpers.arriving import SOURCES, arrive
from tests.helpers.support import places, REPO

folder, url, prefix = sys.argv[1:]
environment = msgspec.structs.replace(places(Path(folder)), operations_url=url)
settings = Settings(
    operations=OperationsSettings(prefix=prefix, every_seconds=0.05),
    run=RunSettings(ordered_batch=3),
)
with Context(settings, SOURCES, environment, config=REPO / "config") as context:
    for number in range(300):
        arrive(context, f"a{number}", f"{number} councils met on Monday and mended bridge {number * 7} of {number}.")
    Stream(context, StreamOptions(stages=frozenset({Stage.DEDUPE}), follows=True), print).run()
"""


@pytest.mark.servers
def test_counts_equal_the_ledgers_after_a_killed_run(tmp_path, sent):
    environment, prefix = sent.environment, sent.settings.operations.prefix
    command = [sys.executable, "-c", FOLLOWER, str(tmp_path), environment.operations_url, prefix]
    program = subprocess.Popen(command, cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)}, start_new_session=True)
    until = time.monotonic() + 600  # on a machine that is extremely busy
    with Elasticsearch(environment.operations_url) as client:

        def is_sent():
            options = {"index": f"{prefix}-outcomes-*", "allow_no_indices": True, "q": "stage:dedupe"}
            client.indices.refresh(index=options["index"])
            return client.count(**options)["count"] > 0

        while program.poll() is None and time.monotonic() < until and not is_sent():
            time.sleep(0.1)
    assert program.poll() is None
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    before = in_ledger(sent)
    assert 0 < in_elasticsearch(sent).total() <= before.total()
    assert before["dedupe", "done", ""] > 0
    work(sent, "late", "later")  # by another program, which sees that nobody holds the lock any more
    sent.store.release_dead_owners()
    assert send_rest(sent, 60) is not None
    assert in_elasticsearch(sent) == in_ledger(sent) > before


def test_while_nothing_answers_articles_go_on_and_nothing_is_lost(tmp_path, caplog):
    with opened(tmp_path, "http://127.0.0.1:9") as context:
        work(context, "a", "b")
        sender = open_sender(context)
        with pytest.raises(IndexAwayError, match="can't be reached"):
            sender.send()
        sender.close()
        assert send_rest(context, 5) is None
        assert "operations are sent later" in caplog.text
        with context.store.read() as connection:
            standing = read_standing(context, connection)
        assert (standing.position, standing.sent, standing.waiting) == (0, None, in_ledger(context).total())
        assert standing.fault.since == standing.fault.tried == NOW
        assert "can't be reached" in standing.fault.what
        context.clock = lambda: NOW + dt.timedelta(minutes=7)
        assert send_rest(context, 5) is None
        with context.store.read() as connection:
            standing = read_standing(context, connection)
        assert (standing.fault.since, standing.fault.tried) == (NOW, NOW + dt.timedelta(minutes=7))
        told = describe_standing(standing, NOW)
        assert "none sent yet" in told
        assert f"{standing.waiting} wait since {NOW:%Y-%m-%d %H:%M:%S}" in told
        assert f"not taken since {NOW:%Y-%m-%d %H:%M:%S}: Elasticsearch" in told


@pytest.mark.servers
def test_what_waited_while_nothing_answered_is_sent_then(tmp_path, sent):
    with opened(tmp_path, "http://127.0.0.1:9") as away:
        work(away, "a", "b")
        assert send_rest(away, 5) is None
    assert send_rest(sent, 60).outcomes == in_ledger(sent).total()
    assert in_elasticsearch(sent) == in_ledger(sent)
    with sent.store.read() as connection:
        standing = read_standing(sent, connection)
    assert (standing.waiting, standing.waiting_since, standing.fault, standing.sent) == (0, None, None, NOW)
    assert "none waits" in describe_standing(standing, NOW)


@pytest.mark.servers
def test_of_an_article_that_is_taken_down_no_address_stays(sent):
    work(sent, "a", "b", "c")
    with sent.store.write() as connection:
        sent.store.ledger.log_outcome(
            connection, "b", Stage.FETCH, Outcome.RETRY, Reason.TIMEOUT, "https://daily.example/b is slow", NOW
        )
    sender = open_sender(sent)
    sender.send()
    assert {each.get("url") for each in documents(sent, "outcomes", article="b")} == {"https://daily.example/b"}
    with sent.store.read() as connection:
        row = sent.store.ledger.find_article(connection, "b")
    take_down(sent, row)
    with pytest.MonkeyPatch.context() as patched:  # whoever is cut off before that does it again
        patched.setattr(sender, "_save", lambda cursors: sys.exit("killed"))
        patched.setattr(sender._index, "remove_fields", lambda *names, **more: sys.exit("killed"))
        with pytest.raises(SystemExit):
            sender.send()
    assert any("url" in each for each in documents(sent, "outcomes", article="b"))
    sender.send()
    of_b = documents(sent, "outcomes", article="b")
    assert len(of_b) == 7
    assert not any(each.keys() & {"url", "detail"} for each in of_b)
    assert {each["reason"] for each in of_b if "reason" in each} == {"timeout", "taken down"}
    assert search(sent, "outcomes", q='"https://daily.example/b"')["hits"]["total"]["value"] == 0
    assert all(each["url"] == "https://daily.example/a" for each in documents(sent, "outcomes", article="a"))
    assert in_elasticsearch(sent) == in_ledger(sent)
    sender.close()


@pytest.mark.servers
def test_runs_samples_and_sources_are_told(sent):
    begin_run(sent, RUN, command="airflow: ingest", started_by="ann")
    work(sent, "a", "b")
    end_run(sent, RUN)
    keep_sample(sent)
    assert keep_sample(sent) is None
    with sent.store.write() as connection:
        sent.store.source_days.add(
            connection, [SourceDay(source="Daily", day=NOW.date(), polls=4, failed=1, articles=2)]
        )
    send_rest(sent, 60)
    (run,) = documents(sent, "runs", kind="run")
    assert (run["run"], run["state"], run["started_by"], run["new_articles"], run["indexed"]) == (
        RUN,
        "well",
        "ann",
        2,
        1,
    )
    stages = {each["stage"]: each for each in documents(sent, "runs", kind="stage")}
    assert {name: (each["taken"], each["done"]) for name, each in stages.items()} == {
        "poll": (1, 0),
        "dedupe": (2, 1),
        "enrich": (1, 1),
        "cluster": (1, 1),
        "index": (1, 1),
    }
    assert stages["dedupe"]["reasons"] == ["duplicate"]
    assert len(documents(sent, "runs", kind="queue")) == len(Stage)
    sources = {each["source"]: each for each in documents(sent, "sources", kind="source")}
    assert set(sources) == {source.name for source in SOURCES}
    assert (sources["Daily"]["articles_today"], sources["Daily"]["condition"]) == (2, "new")
    (day,) = documents(sent, "sources", kind="day")
    assert (day["polls"], day["failed"]) == (4, 1)


@pytest.mark.servers
def test_an_index_elsewhere_gets_all_that_the_ledger_has(sent, monkeypatch):
    work(sent, "a", "b")
    sender = open_sender(sent)
    sender.send()
    monkeypatch.setattr(sender._index, "identity", lambda: "another cluster")
    assert sender.send().outcomes == in_ledger(sent).total()
    sender.close()


@pytest.mark.servers
def test_old_days_go_and_what_is_kept_stays(sent):
    work(sent, "a", "b")
    sender = open_sender(sent)
    sender.send()
    assert sender.drop_old() == []
    sent.clock = lambda: NOW + dt.timedelta(days=29)
    assert sender.drop_old() == []
    sent.clock = lambda: NOW + dt.timedelta(days=31)
    assert sender.drop_old() == [f"{sent.settings.operations.prefix}-outcomes-{NOW:%Y.%m.%d}"]
    sender.close()


@pytest.mark.servers
def test_one_that_is_refused_is_left_out_and_the_others_are_there(sent, caplog):
    work(sent, "a", "b")
    # an older hand had set the field otherwise
    prefix, url = sent.settings.operations.prefix, sent.environment.operations_url
    with Elasticsearch(url) as client:
        client.indices.create(
            index=f"{prefix}-outcomes-{NOW:%Y.%m.%d}",
            mappings={"properties": {"reason": {"type": "long"}}},
            aliases={f"{prefix}-outcomes": {}},
        )
    index = open_operations(url, prefix, timeout=30)
    index.prepare = lambda families: None
    sender = OperationsSender(sent, index)
    assert sender.send().outcomes == in_ledger(sent).total()
    assert search(sent, "outcomes")["hits"]["total"]["value"] == in_ledger(sent).total() - 2
    assert caplog.text.count("is refused") == 1
    sender.close()


def test_nothing_is_sent_where_nothing_says_where_to_or_the_settings_say_not_to(tmp_path):
    with opened(tmp_path, None) as context:
        assert open_sender(context) is None
        with context.store.read() as connection:
            assert read_standing(context, connection) is None
    with opened(tmp_path, "http://127.0.0.1:9", write=False) as context:
        assert open_sender(context) is None
        assert send_rest(context, 5) is None


@pytest.mark.servers
def test_the_key_of_operations_may_write_them_and_nothing_else(tmp_path, prefix):
    secured = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH_SECURED")
    if not secured:
        pytest.fail("NEWSWIRE_TEST_ELASTICSEARCH_SECURED is not set: run `eval $(scripts/services start)` first")
    sys.path.insert(0, str(REPO / "deploy"))
    from elasticsearch_setup import keys

    with Elasticsearch(secured) as client:
        roles = {"it": keys(f"{prefix}-articles", prefix)["operations"]}
        key = client.security.create_api_key(name=prefix, role_descriptors=roles)["encoded"]
        url = "http://" + secured.rpartition("@")[2]
        with opened(tmp_path, url, prefix) as context:
            context.environment = msgspec.structs.replace(context.environment, operations_api_key=key)
            work(context, "a", "b")
            sender = open_sender(context)
            assert sender.send().outcomes == in_ledger(context).total()
            assert sender.drop_old() == []
            sender.close()
            articles = open_index(url, IndexSettings(alias=f"{prefix}-articles"), api_key=key)
            with pytest.raises(IndexRefusedError):
                articles.prepare()
            articles.close()
            context.environment = msgspec.structs.replace(context.environment, operations_api_key="d3Jvbmc6d3Jvbmc=")
            assert send_rest(context, 5) is None
        client.indices.refresh(index=f"{prefix}-outcomes")
        assert client.count(index=f"{prefix}-outcomes")["count"] > 0
        for index in client.indices.get(index=f"{prefix}-*"):
            client.indices.delete(index=index)

"""What is to be seen is read from the ledger."""

from __future__ import annotations

import datetime as dt

from pipeline.feed_records import HostState
from pipeline.figure_reader import read_overview
from pipeline.figures import ProgramFigures, RunFigures
from pipeline.records import Stage
from pipeline.store import NewArticle
from tests.helpers.support import NOW


def save(store, name):
    store.programs.save(
        ProgramFigures(program=name, version="1", command="run", started=NOW, beat=NOW, total=RunFigures())
    )


def test_programs_queues_and_hosts_are_read_together(store):
    save(store, "h/1/a")
    new = NewArticle(id="x", source="S", first_seen=NOW, url="https://a.example/x")
    with store.write() as connection:
        store.ledger.insert_articles(connection, [new], NOW)
    overview = read_overview(store, NOW + dt.timedelta(seconds=1))
    assert [program.figures.program for program in overview.programs] == ["h/1/a"]
    assert {queue.stage: queue.waiting for queue in overview.queues} == {**dict.fromkeys(Stage, 0), "fetch": 1}
    assert [host.host for host in overview.hosts] == ["a.example"]


def test_one_program_alone_can_be_asked_for(store):
    save(store, "h/1/a")
    save(store, "h/2/b")
    overview = read_overview(store, NOW, program="h/2/b")
    assert [program.figures.program for program in overview.programs] == ["h/2/b"]


def test_hosts_that_were_read_before_are_not_read_again(store):
    earlier = read_overview(store, NOW)
    with store.write() as connection:
        store.hosts.lease(connection, ["a.example"], NOW, 60)
        held = HostState(host="a.example", held_until=NOW + dt.timedelta(minutes=1))
        store.hosts.release(connection, [held])
    assert read_overview(store, NOW, earlier=earlier).hosts == ()
    assert [host.host for host in read_overview(store, NOW).hosts] == ["a.example"]

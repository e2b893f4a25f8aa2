"""What is taken down is gone, whatever a worker was doing with it."""

from __future__ import annotations

import pytest

from pipeline.editorial.takedown import take_down
from pipeline.records import Outcome, Stage
from pipeline.stages import run_one
from pipeline.stages.cluster import ClusterHandler
from pipeline.stages.dedupe import DedupeHandler
from pipeline.stages.enrich import EnrichHandler
from pipeline.stages.index import IndexHandler, build_documents
from pipeline.stages.runner import run_handler
from pipeline.store import Selection
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask


@pytest.fixture
def read(context):
    """Three articles that are through, two of them one text."""
    arrive(context, "a1", WIRE)
    arrive(context, "a2", WIRE, source="Evening", seen=1.0)
    arrive(context, "a3", OTHER, seen=2.0)
    through(context)
    return context


def meanwhile(kind, act):
    """Return the stage, with something done by another process once it has claimed its articles."""

    class Interrupted(kind):
        def decide(self, claimed, emit):
            if claimed:
                act()
            super().decide(claimed, emit)

    return Interrupted


def gone(context, name):
    context.index.refresh()
    return context.index.get(name) is None and ask(context.store).ledger.find_article(name).state == "removed"


def test_what_is_taken_down_between_claim_and_read_stops_no_worker_and_is_not_written(read):
    ask(read.store).admin.redo_stage(Stage.INDEX, Selection(), NOW)
    act = meanwhile(IndexHandler, lambda: take_down(read, ask(read.store).ledger.find_article("a1")))
    report = run_handler(act(read))
    assert gone(read, "a1")
    assert report.counts_by_reason(Outcome.QUARANTINED) == {}
    made = through(read)
    assert (set(made), made["a2"].is_primary, made["a2"].copies) == ({"a2", "a3"}, True, 0)


@pytest.mark.slow
def test_a_document_that_is_written_after_the_takedown_is_removed_in_the_same_run(read, monkeypatch):
    ask(read.store).admin.redo_stage(Stage.INDEX, Selection(), NOW)
    index = type(read.index)
    upsert = index.upsert

    def late(self, made):
        if any(one.id == "a1" for one in made):
            take_down(read, ask(read.store).ledger.find_article("a1"))
            read.store.pending_removals.remove_documents(self.delete)  # another worker forgets the note
        return upsert(self, made)

    monkeypatch.setattr(index, "upsert", late)
    run_one(read, Stage.INDEX)
    assert gone(read, "a1")
    assert set(through(read)) == {"a2", "a3"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DedupeHandler, EnrichHandler, ClusterHandler])
def test_articles_without_records_stop_no_stage_and_are_shown_to_a_person(read, kind):
    ask(read.store).admin.redo_stage(kind.stage, Selection(), NOW)
    with read.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM records WHERE id = 'a1'")
    report = run_handler(kind(read))
    assert (report.taken, report.counts_by_reason(Outcome.QUARANTINED)) == (3, {"bad record": 1})
    assert ask(read.store).ledger.find_article("a1").state == "quarantined"


@pytest.mark.slow
def test_documents_are_made_of_what_is_there(read):
    claimed = [ask(read.store).ledger.find_article(name) for name in ("a1", "a3")]
    take_down(read, claimed[0])
    assert [one.id for one in build_documents(read, claimed)] == ["a3"]

"""Replays: what a dry run says is what comes about, of the articles that it concerns, and of no others."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from pipeline.editorial.takedown import take_down
from pipeline.errors import UnknownError, UsageError
from pipeline.records import Page, Reason, Stage
from pipeline.replay import batches, dry_run
from pipeline.replay.plan import get_replay, parse_selection, parse_stage, plan_replay
from pipeline.replay.view import describe_selection, summarise, view_replay
from pipeline.stages import run_one
from pipeline.store import ReplayState, Selection
from pipeline.store.schema import metadata
from pipeline.urls import article_id
from tests.helpers.replaying import NOTE, NOTED, PAGES, change_rule, open_newsroom, publish, url
from tests.helpers.support import NOW
from tests.helpers.transactions import ask

EVERYTHING = Selection()


@pytest.fixture
def newsroom(tmp_path, store_url):
    """A newsroom with eight articles in the index, whose rules have changed since."""
    with open_newsroom(tmp_path, store_url) as context:
        publish(context)
    change_rule(tmp_path)
    with open_newsroom(tmp_path, store_url) as context:
        yield context


def snapshot(context):
    """Return all rows of all tables, but for those of replays and what is counted by itself."""
    with context.store.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
            if not table.name.startswith("replay")
            and table.info.get("dialect", connection.dialect.name) == connection.dialect.name
        }


def documents(context):
    found = {number: context.index.get(article_id(url(number))) for number in range(PAGES)}
    return {number: document for number, document in found.items() if document}


def compare(context, stage=Stage.EXTRACT, selection=EVERYTHING):
    return dry_run.compare_replay(context, plan_replay(context, stage, selection, "ines").n)


def carry_out(context, replay):
    batches.approve_replay(context, replay.n, "ines")
    reports = [batches.run_batch(context, replay.n, batch) for batch in range(batches.count_batches(replay))]
    run_one(context, Stage.INDEX)
    return batches.close_replay(context, replay.n), reports


def test_a_dry_run_shows_which_articles_would_read_otherwise_and_saves_nothing_of_it(newsroom):
    before = snapshot(newsroom)
    replay = compare(newsroom)
    assert snapshot(newsroom) == before
    assert (replay.state, replay.total, replay.counts.compared) == (ReplayState.COMPARED, PAGES, PAGES)
    assert replay.counts.changed == len(NOTED)
    assert replay.counts.fields["text"] == len(NOTED)
    view = view_replay(newsroom, replay)
    assert [shown.article.url for shown in view.articles] == [url(number) for number in NOTED]
    text = next(field for field in view.articles[0].article.fields if field.field == "text")
    assert (text.removed, text.added) == ((NOTE,), ())
    assert str(text.passages()[0]) == f"[-{NOTE}-]"
    assert summarise(replay).startswith("3 of 8 articles would read otherwise: ")


def test_what_a_replay_concerns_becomes_a_revision_of_ours_as_the_dry_run_said_and_nothing_else_changes(newsroom):
    before = documents(newsroom)
    done, reports = carry_out(newsroom, compare(newsroom))
    after = documents(newsroom)
    assert (done.state, done.counts.agreed, done.counts.differed) == (ReplayState.DONE, len(NOTED), 0)
    assert [(report.sent, report.left) for report in reports] == [(len(NOTED), 0)]
    for number in range(PAGES):
        assert after[number].version == before[number].version
        if number in NOTED:
            assert NOTE in before[number].text
            assert NOTE not in after[number].text
            assert after[number].revision > before[number].revision
        else:
            assert after[number].text == before[number].text
    assert compare(newsroom).counts.changed == 0


def test_a_rejected_replay_changes_nothing(newsroom):
    replay = compare(newsroom)
    before = snapshot(newsroom)
    assert batches.reject_replay(newsroom, replay.n, "ines").decided_by == "ines"
    for forbidden in (
        lambda: batches.approve_replay(newsroom, replay.n),
        lambda: batches.run_batch(newsroom, replay.n, 0),
    ):
        with pytest.raises(UsageError, match="rejected"):
            forbidden()
    assert batches.close_replay(newsroom, replay.n).state is ReplayState.REJECTED
    assert snapshot(newsroom) == before


def test_a_replay_that_is_cut_off_anywhere_goes_on_and_sends_nothing_twice(newsroom, monkeypatch):
    monkeypatch.setattr(dry_run, "_BATCH", 3)
    monkeypatch.setattr(batches, "BATCH", 1)
    replay = plan_replay(newsroom, Stage.EXTRACT, EVERYTHING)
    rehearse, calls = dry_run.rehearse, []

    def cut_off(handler, rows):
        calls.append(len(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rehearse(handler, rows)

    monkeypatch.setattr(dry_run, "rehearse", cut_off)
    with pytest.raises(KeyboardInterrupt):
        dry_run.compare_replay(newsroom, replay.n)
    replay = dry_run.compare_replay(newsroom, replay.n)
    assert (replay.counts.compared, replay.counts.changed, calls) == (PAGES, len(NOTED), [3, 3, 3, 2])
    batches.approve_replay(newsroom, replay.n)
    assert batches.run_batch(newsroom, replay.n, 0).sent == 1
    batches.pause_replay(newsroom, replay.n)
    with pytest.raises(UsageError, match="paused"):
        batches.run_batch(newsroom, replay.n, 1)
    batches.approve_replay(newsroom, replay.n)
    assert [batches.run_batch(newsroom, replay.n, batch).sent for batch in (0, 1, 2, 2)] == [0, 1, 1, 0]
    run_one(newsroom, Stage.INDEX)
    assert batches.close_replay(newsroom, replay.n).counts.agreed == len(NOTED)
    assert all(NOTE not in document.text for document in documents(newsroom).values())


def test_an_article_that_changed_since_the_dry_run_is_left_as_it_is(newsroom):
    replay = compare(newsroom)
    changed = ask(newsroom.store).ledger.find_article(url(NOTED[0]))
    page = ask(newsroom.store).ledger.latest([changed.id], Page)[changed.id]
    ask(newsroom.store).ledger.start_version(changed, Stage.EXTRACT, NOW, page)
    done, reports = carry_out(newsroom, replay)
    assert [report.sent for report in reports] == [len(NOTED) - 1]
    assert done.counts.agreed == len(NOTED) - 1
    assert view_replay(newsroom, done).overtaken == 1


def test_a_replay_chooses_by_source_time_version_reason_and_address(newsroom):
    later = (NOW + dt.timedelta(hours=1)).isoformat()
    for chosen, count in (
        ({"sources": ["Post"]}, 2),
        ({"since": later}, 0),
        ({"until": later, "sources": ["Herald"]}, 6),
        ({"version": "1"}, 8),
        ({"version": "0"}, 0),
        ({"reason": "no text"}, 0),
        ({"addresses": [url(3), url(4), url(4)]}, 2),
        ({"sources": None, "addresses": None, "since": None, "version": ""}, 8),
    ):
        assert plan_replay(newsroom, Stage.EXTRACT, parse_selection(newsroom, chosen)).total == count, chosen


def test_articles_that_a_stage_gave_up_for_a_reason_can_be_chosen_and_come_back(tmp_path):
    with open_newsroom(tmp_path) as context:
        publish(context, stages=())
        with context.store.write() as connection:
            connection.execute(sa.text("UPDATE items SET state = 'dropped' WHERE url = :url"), {"url": url(2)})
            name = article_id(url(2))
            args = (Stage.EXTRACT, "dropped", Reason.NO_TEXT, None, NOW)
            context.store.ledger.log_outcome(connection, name, *args)
        replay = compare(context, selection=Selection(reason=Reason.NO_TEXT))
        assert (replay.total, replay.counts.changed, replay.counts.fields["given up"]) == (1, 1, 1)
        carry_out(context, replay)
        assert ask(context.store).ledger.find_article(url(2)).state == "pending"
        assert context.index.get(name).title


def test_the_stages_behind_extract_can_be_rehearsed_too(newsroom):
    before = snapshot(newsroom)
    for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER):
        replay = compare(newsroom, stage)
        assert (replay.counts.compared, replay.counts.changed) == (PAGES, 0), (stage, view_replay(newsroom, replay))
    after = snapshot(newsroom)
    assert {name for name in after if after[name] != before[name]} <= {"locks"}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda c: parse_stage("exctract"), "'exctract' is none of extract, dedupe"),
        (lambda c: plan_replay(c, Stage.FETCH, EVERYTHING), "fetch can't be compared"),
        (lambda c: plan_replay(c, Stage.EXTRACT, Selection(sources=("Nobody",))), "no source is called 'Nobody'"),
        (lambda c: parse_selection(c, {"since": "yesterday"}), "since: 'yesterday' is not a day or time"),
        (lambda c: parse_selection(c, {"reason": "bored"}), "reason: 'bored' is none of"),
        (lambda c: parse_selection(c, {"addresses": ["https://nobody.example/"]}), "no article with this address"),
        (lambda c: plan_replay(c, Stage.EXTRACT, Selection(since=NOW, until=NOW)), "until: it is not after since"),
        (lambda c: get_replay(c, 10**30), "there is no replay"),
        (lambda c: batches.run_batch(c, plan_replay(c, Stage.EXTRACT, EVERYTHING).n, 0), "is planned"),
        (lambda c: batches.approve_replay(c, plan_replay(c, Stage.EXTRACT, EVERYTHING).n), "it is planned"),
    ],
)
def test_wrong_use_is_told_in_one_line(context, fault, says):
    with pytest.raises((UsageError, UnknownError), match=says) as told:
        fault(context)
    assert "\n" not in str(told.value)


def test_of_an_article_that_was_taken_down_a_replay_keeps_no_word(newsroom):
    replay = compare(newsroom)
    take_down(newsroom, ask(newsroom.store).ledger.find_article(url(NOTED[0])))
    view = view_replay(newsroom, replay)
    assert [shown.article.url for shown in view.articles] == [url(number) for number in NOTED[1:]]


def test_of_everything_it_says_so():
    assert describe_selection(EVERYTHING) == "everything"
    assert describe_selection(Selection(sources=("A",), made_by="1")) == "articles, of A, made by version 1"

"""A story that articles leave as copies of what is in another one is made anew, and its id leads on."""

from __future__ import annotations

import pytest

from pipeline.decisions import DecisionAuthor, Subject
from pipeline.editorial import stories
from pipeline.editorial.copies import merge_groups, split_group
from pipeline.editorial.undo import undo_decision
from pipeline.errors import UsageError
from pipeline.records import Outcome, Placement, Reason, Stage
from pipeline.stages import run_one
from pipeline.store import Selection, StageResult
from tests.helpers.arriving import NOW, arrive, change, through
from tests.helpers.copies import OTHER, WIRE, invented
from tests.helpers.transactions import ask
from tests.test_cluster import CHOIR

ANA = DecisionAuthor(name="ana")


def told(context):
    """Two stories: an accident (a1), and a choir (c1, c2)."""
    arrive(context, "a1", WIRE)
    arrive(context, "c1", OTHER, source="Evening", seen=1.0)
    arrive(context, "c2", CHOIR, seen=2.0)
    made = through(context)
    assert [one.story for one in made.values()] == ["sa1", "sc1", "sc1"]


def one_text(context, *names):
    """Let an editor say that these are copies of one text."""
    merge_groups(context, [ask(context.store).ledger.find_article(name) for name in names], ANA)


def card(context, story):
    with context.store.read() as connection:
        return context.store.story_catalog.load_stories(connection, [story]).get(story)


def test_the_id_of_a_story_leads_to_where_all_its_articles_went(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    made = through(context)
    assert {one.story for one in made.values()} == {"sa1"}
    assert {one.story_aliases for one in made.values()} == {("sc1",)}
    assert (ask(context.store).story_catalog.resolve("sc1"), card(context, "sc1")) == ("sa1", None)
    (moved,) = ask(context.store).decisions.list_story_decisions("sc1")
    assert (moved.kind, moved.story, moved.by) == ("merge", "sa1", "cluster")
    assert "copies of articles there" in moved.note
    with pytest.raises(UsageError, match="with its copies, on either side"):
        undo_decision(context, moved.n, ANA, Subject.STORIES)


def test_when_the_copies_are_apart_again_the_story_can_be_too(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    through(context)
    split_group(context, [ask(context.store).ledger.find_article(name) for name in ("c1", "c2")], ANA)
    assert [one.story for one in through(context).values()] == ["sa1", "sc1", "sc1"]
    assert ask(context.store).story_catalog.resolve("sc1") == "sc1"


def test_a_story_forgets_what_left_it(context):
    told(context)
    assert card(context, "sc1").summary.votes == 2
    one_text(context, "a1", "c1")
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sc1"}
    assert card(context, "sc1").summary.votes == 1
    assert ask(context.store).story_catalog.resolve("sc1") == "sc1"
    assert made["c2"].story_size == 1


def test_what_joins_a_story_in_the_batch_in_which_others_leave_it_keeps_it(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    with context.store.write() as connection:  # as if they had been read again, and dedupe had found it
        outbox = context.store.articles_to_reassign
        outbox.delete(connection, outbox.list_pending(connection))
    ask(context.store).admin.redo_stage(Stage.CLUSTER, Selection(), NOW)
    arrive(context, "c3", " ".join(sorted(CHOIR.split())), seen=3.0)  # of its words, but no copy
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sa1", "c3": "sc1"}
    assert card(context, "sc1").summary.votes == 1


def test_what_is_split_off_is_placed_as_if_it_had_just_arrived(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    through(context)
    assert ask(context.store).story_catalog.resolve("sc1") == "sa1"
    split_group(context, [ask(context.store).ledger.find_article("c1")], ANA)
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sc1", "c2": "sa1"}
    assert {name: one.story_size for name, one in made.items()} == {"a1": 2, "c1": 1, "c2": 2}
    assert card(context, "sa1").summary.votes == 1


def test_what_came_into_a_story_by_a_wrong_copy_link_goes_back_to_the_one_that_is_like_it(context):
    told(context)
    one_text(context, "a1", "c2")
    assert through(context)["c2"].story == "sa1"
    split_group(context, [ask(context.store).ledger.find_article("c2")], ANA)
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sc1", "c2": "sc1"}
    assert (card(context, "sa1").summary.votes, card(context, "sc1").summary.votes) == (1, 2)


@pytest.mark.slow
def test_what_is_split_off_has_another_id_where_its_own_is_the_story_of_others(context):
    told(context)
    one_text(context, "a1", "c1")
    through(context)
    change(context, "c2", invented(3))  # so that c1 isn't like what is left of its story
    through(context)
    stories.refresh_story(context, "sc1")
    split_group(context, [ask(context.store).ledger.find_article("c1")], ANA)
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sc1-2", "c2": "sc1"}
    assert ask(context.store).story_catalog.resolve("sc1-2") == "sc1-2"


@pytest.mark.slow
def test_what_an_editor_put_into_a_story_stays_there_when_it_is_split_off(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    through(context)
    arrive(context, "x1", invented(5), seen=3.0)
    through(context)
    stories.merge_stories(context, "sx1", "sa1", ANA)
    # the decision names the first of the group, a1
    split_group(context, [ask(context.store).ledger.find_article("a1")], ANA)
    made = through(context)
    assert (made["a1"].story, made["x1"].story) == ("sx1", "sx1")
    assert {made["c1"].story, made["c2"].story} == {"sc1"}


@pytest.mark.slow
def test_a_split_that_a_merger_takes_back_before_any_run_moves_nothing(context):
    told(context)
    one_text(context, "a1", "c1")
    through(context)
    split_group(context, [ask(context.store).ledger.find_article("c1")], ANA)
    one_text(context, "a1", "c1")
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sc1"}


@pytest.mark.parametrize("stage", [pytest.param(Stage.FETCH, marks=pytest.mark.slow), Stage.INDEX])
def test_a_merger_reaches_an_article_that_a_worker_has_just_now(context, stage):
    told(context)
    ledger = context.store.ledger
    with context.store.write() as connection:
        if stage is Stage.FETCH:  # its page is looked at again
            ledger.start_version(connection, ledger.find_article(connection, "c1"), Stage.FETCH, NOW)
        else:
            ledger.bump_revision(connection, ids=["c1"])
    (article,) = ask(context.store).ledger.claim(stage, NOW, limit=1, seconds=60)
    one_text(context, "a1", "c1")
    run_one(context, Stage.CLUSTER)
    outcome = Outcome.DROPPED if stage is Stage.FETCH else Outcome.DONE
    result = StageResult(article=article, outcome=outcome, reason=Reason.NOT_MODIFIED if stage is Stage.FETCH else None)
    with context.store.write() as connection:
        assert ledger.finish(connection, stage, [result], NOW, max_attempts=3)
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sc1"}
    assert made["c1"].story_size == 2


@pytest.mark.slow
def test_an_article_that_is_placed_again_and_stays_keeps_the_reason_for_which_it_came(context):
    told(context)
    before = ask(context.store).ledger.latest(["a1", "c1", "c2"], Placement)
    ask(context.store).admin.redo_stage(Stage.CLUSTER, Selection(), NOW)
    through(context)
    assert ask(context.store).ledger.latest(before, Placement) == before

"""A story that articles leave as copies of what is in another one is made anew, and its id leads on."""

from __future__ import annotations

import pytest

from pipeline.errors import UsageError
from pipeline.stages import stories
from pipeline.stages.rulings import merge, split
from pipeline.stages.stories import Who
from pipeline.store import storybook
from tests.arriving import arrive, through
from tests.copies import OTHER, WIRE
from tests.test_cluster import CHOIR

ANA = Who(name="ana")


def told(context):
    """Two stories: an accident (a1), and a choir (c1, c2)."""
    arrive(context, "a1", WIRE)
    arrive(context, "c1", OTHER, source="Evening", seen=1.0)
    arrive(context, "c2", CHOIR, seen=2.0)
    made = through(context)
    assert [one.story for one in made.values()] == ["sa1", "sc1", "sc1"]


def one_text(context, *names):
    """Let an editor say that these are copies of one text."""
    merge(context, [context.store.ledger.find(name) for name in names], "ana")


def card(context, story):
    with context.store.database.read() as connection:
        return storybook.cards(connection, [story]).get(story)


def test_the_id_of_a_story_leads_to_where_all_its_articles_went(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    made = through(context)
    assert {one.story for one in made.values()} == {"sa1"}
    assert {one.story_aliases for one in made.values()} == {("sc1",)}
    assert (context.store.storybook.resolve("sc1"), card(context, "sc1")) == ("sa1", None)
    (moved,) = context.store.storybook.changes("sc1")
    assert (moved.kind, moved.story, moved.made_by) == ("merge", "sa1", "cluster")
    assert "copies of articles there" in moved.reason
    with pytest.raises(UsageError, match="with its copies, on either side"):
        stories.undo(context, moved.n, ANA)


def test_when_the_copies_are_apart_again_the_story_can_be_too(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    through(context)
    split(context, [context.store.ledger.find(name) for name in ("c1", "c2")], "ana")
    through(context)
    stories.undo(context, 1, ANA)
    assert [one.story for one in through(context).values()] == ["sa1", "sc1", "sc1"]


def test_a_story_forgets_what_left_it(context):
    told(context)
    assert card(context, "sc1").card.votes == 2
    one_text(context, "a1", "c1")
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sc1"}
    assert card(context, "sc1").card.votes == 1
    assert context.store.storybook.resolve("sc1") == "sc1"
    assert made["c2"].story_size == 1


def test_what_joins_a_story_in_the_batch_in_which_others_leave_it_keeps_it(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    arrive(context, "c3", " ".join(sorted(CHOIR.split())), seen=3.0)  # of its words, but no copy
    made = through(context)
    assert {name: one.story for name, one in made.items()} == {"a1": "sa1", "c1": "sa1", "c2": "sa1", "c3": "sc1"}
    assert card(context, "sc1").card.votes == 1


def test_a_group_that_is_there_again_is_where_its_story_is_now(context):
    told(context)
    one_text(context, "a1", "c1", "c2")
    through(context)
    assert context.store.storybook.resolve("sc1") == "sa1"
    split(context, [context.store.ledger.find("c1")], "ana")
    made = through(context)
    assert (made["c1"].copy_group, made["c1"].story) == ("c1", "sa1")

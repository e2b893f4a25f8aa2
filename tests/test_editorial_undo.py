"""Whatever an editor decided is taken back by its number; who did so is told."""

from __future__ import annotations

import pytest

from pipeline.decisions import DecisionAuthor, Subject
from pipeline.editorial import stories
from pipeline.editorial.copies import merge_groups, split_group
from pipeline.editorial.decisions import list_decisions
from pipeline.editorial.entities import hide_entity
from pipeline.editorial.undo import undo_decision
from pipeline.errors import UnknownError, UsageError
from pipeline.records import Stage
from pipeline.store import Selection
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask
from tests.test_cluster import CHOIR, HARBOUR

ANA, BO = DecisionAuthor(name="ana"), DecisionAuthor(name="bo", note="a mistake")


def items(context, *names):
    return [ask(context.store).ledger.find_article(name) for name in names]


def groups(made):
    return {name: one.copy_group for name, one in made.items()}


def again(context):
    with context.store.write() as connection:
        context.store.admin.redo_stage(connection, Stage.DEDUPE, Selection(), NOW)
    return through(context)


@pytest.fixture
def two(context):
    """A ledger with a group of two articles, and another one of two."""
    arrive(context, "a1", WIRE)
    arrive(context, "b1", OTHER, source="Evening", seen=1.0)
    arrive(context, "a2", WIRE, source="Evening", seen=2.0)
    arrive(context, "b2", OTHER, seen=3.0)
    assert groups(through(context)) == {"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1"}
    return context


def test_a_merger_of_groups_is_taken_back_and_dedupe_done_again_decides_as_it_did(two):
    merged = merge_groups(two, items(two, "a1", "b2"), ANA)
    assert set(groups(through(two)).values()) == {"a1"}
    undone = undo_decision(two, merged.n, BO)
    assert (undone.undone_by, undone.undone_note, undone.stands) == ("bo", "a mistake", False)
    for made in (through(two), again(two)):
        assert groups(made) == {"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1"}
        assert [name for name, one in made.items() if one.is_primary] == ["a1", "b1"]
        assert (made["b2"].copy_of, made["a2"].copy_of) == ("b1", "a1")
        assert made["b1"].story != made["a1"].story


def test_a_split_is_taken_back_with_what_has_copied_the_articles_since(two):
    split = split_group(two, items(two, "b2"), ANA)
    assert (split.group, split.taken) == ("b1", "b2")
    arrive(two, "b3", OTHER + "\nThe mayor will speak on Monday.", source="Coastwire", seen=4.0)
    through(two)
    undo_decision(two, split.n, BO)
    made = through(two)
    assert groups(made) == {"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1", "b3": "b1"}


def test_later_copies_go_along_with_what_is_put_back(two):
    merged = merge_groups(two, items(two, "a1", "b1"), ANA)
    arrive(two, "b3", OTHER, source="Coastwire", seen=4.0)
    assert groups(through(two))["b3"] == "a1"
    undo_decision(two, merged.n, BO)
    for made in (through(two), again(two)):
        assert groups(made) == {"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1", "b3": "b1"}


def test_what_was_decided_since_stands(two):
    first = merge_groups(two, items(two, "a1", "b1"), ANA)
    split_group(two, items(two, "b2"), ANA)
    undo_decision(two, first.n, BO)  # all of it was decided on again
    assert groups(through(two)) == {"a1": "a1", "a2": "a1", "b1": "a1", "b2": "b2"}


def test_decisions_are_taken_back_in_any_order_and_an_article_is_where_its_group_is(two):
    split = split_group(two, items(two, "b2"), ANA)
    merged = merge_groups(two, items(two, "a1", "b1"), ANA)
    undo_decision(two, split.n, BO)  # the rest of its group is part of another one by now
    assert groups(through(two)) == {"a1": "a1", "a2": "a1", "b1": "a1", "b2": "a1"}
    undo_decision(two, merged.n, BO)
    assert groups(again(two)) == {"a1": "a1", "a2": "a1", "b1": "b1", "b2": "b1"}


def test_the_latest_decision_that_stands_binds_again(two):
    merge_groups(two, items(two, "a1", "b1"), ANA)
    split = split_group(two, items(two, "b1"), ANA)
    assert groups(through(two))["b1"] == "b1"
    undo_decision(two, split.n, BO)
    for made in (through(two), again(two)):
        assert set(groups(made).values()) == {"a1"}


def test_an_article_that_is_taken_down_stays_away(two):
    merged = merge_groups(two, items(two, "a1", "b1"), ANA)
    with two.store.write() as connection:
        two.store.admin.remove_articles(connection, items(two, "b1"), NOW)
    undo_decision(two, merged.n, BO)
    made = through(two)
    assert groups(made) == {"a1": "a1", "a2": "a1", "b2": "b1"}
    assert made["b2"].copy_of is None


def test_one_command_undoes_decisions_on_copies_stories_and_entities(context):
    for name, text in (("a", WIRE), ("b", HARBOUR), ("c", OTHER), ("d", CHOIR)):
        arrive(context, name, text)
    through(context)
    copies = merge_groups(context, items(context, "a", "c"), ANA)
    through(context)
    (story, *_) = {row.story for row in items(context, "a", "b")}
    renamed = stories.rename_story(context, story, "Port Ansel", ANA)
    entity = ask(context.store).entities.search_entities()[0].id
    hidden = hide_entity(context, entity, ANA)
    numbers = [decision.n for decision in (copies, renamed, hidden)]
    for n in numbers:
        assert undo_decision(context, n, BO).undone_by == "bo"
        with pytest.raises(UsageError, match=r"taken back already, at .* by bo"):
            undo_decision(context, n, BO)
    decisions, unreadable = list_decisions(context)
    assert ([decision.n for decision in decisions if decision.undone_at], unreadable) == (numbers, [])
    (back,) = [decision for decision in decisions if decision.undoes]
    assert (back.undoes, back.by) == (renamed.n, "bo")


def test_a_number_is_that_of_one_subject(two):
    merged = merge_groups(two, items(two, "a1", "b1"), ANA)
    for subject, why in (
        (Subject.STORIES, "there is no decision 1 on stories; newswire stories show lists them"),
        (Subject.ENTITIES, "there is no decision 1 on entities; newswire entities decisions lists them"),
    ):
        with pytest.raises(UnknownError, match=why):
            undo_decision(two, merged.n, BO, subject)
    for n in (0, -1, 10**30):
        with pytest.raises(UnknownError, match="newswire decisions lists them"):
            undo_decision(two, n, BO)

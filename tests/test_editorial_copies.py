"""What an editor decides on copy groups stands."""

from __future__ import annotations

import pytest

from pipeline.decisions import DecisionAuthor
from pipeline.editorial.copies import merge_groups, repair_groups, split_group
from pipeline.errors import UsageError
from pipeline.records import Stage
from pipeline.store import Selection
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask

ANA, BO = DecisionAuthor(name="ana"), DecisionAuthor(name="bo")


def halves(decision):
    return decision.group, decision.taken


def items(context, *names):
    return [ask(context.store).ledger.find_article(name) for name in names]


def again(context):
    ask(context.store).admin.redo_stage(Stage.DEDUPE, Selection(), NOW)
    return through(context)


def groups(made):
    return {name: one.copy_group for name, one in made.items()}


def test_groups_that_were_merged_are_one_with_one_primary_also_when_dedupe_is_done_again(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", OTHER, source="Evening", seen=1.0)
    arrive(context, "a3", OTHER, seen=2.0)
    assert groups(through(context)) == {"a1": "a1", "a2": "a2", "a3": "a2"}
    assert merge_groups(context, items(context, "a1", "a3"), ANA).group == "a1"
    for made in (through(context), again(context)):
        assert groups(made) == {"a1": "a1", "a2": "a1", "a3": "a1"}
        assert [one.copy_of for one in made.values()] == [None, "a1", "a2"]
        assert made["a1"].copies == 2
        assert len({one.story for one in made.values()}) == 1


def test_what_was_split_off_stays_apart_also_when_dedupe_is_done_again(context):
    for n in range(1, 5):
        arrive(context, f"a{n}", WIRE, source=("Daily", "Evening")[n % 2], seen=float(n))
    through(context)
    assert halves(split_group(context, items(context, "a3", "a4"), ANA)) == ("a1", "a3")
    for made in (through(context), again(context)):
        assert groups(made) == {"a1": "a1", "a2": "a1", "a3": "a3", "a4": "a3"}
        assert [name for name, one in made.items() if one.is_primary] == ["a1", "a3"]
        assert (made["a4"].copy_of, made["a3"].copies) == ("a3", 1)


def test_the_article_that_the_group_is_called_by_keeps_the_name(context):
    for n in range(1, 4):
        arrive(context, f"a{n}", WIRE, seen=float(n))
    through(context)
    assert halves(split_group(context, items(context, "a1"), ANA)) == ("a2", "a1")
    assert groups(again(context)) == {"a1": "a1", "a2": "a2", "a3": "a2"}


def test_a_later_copy_joins_the_group_that_its_original_was_put_in(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", OTHER, source="Evening", seen=1.0)
    through(context)
    merge_groups(context, items(context, "a1", "a2"), ANA)
    arrive(context, "a3", OTHER, seen=2.0)
    assert groups(through(context)) == {"a1": "a1", "a2": "a1", "a3": "a1"}


def test_what_was_decided_since_an_article_was_looked_up_counts(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", OTHER, source="Evening", seen=1.0)
    through(context)
    before = items(context, "a1", "a2")
    merge_groups(context, before, ANA)
    with pytest.raises(UsageError, match="one group already"):
        merge_groups(context, before, BO)
    assert halves(split_group(context, before[1:], BO)) == ("a1", "a2")


def test_what_cannot_be_merged_or_split_is_wrong_use(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", WIRE, seen=1.0)
    arrive(context, "a3", OTHER, seen=2.0)
    with pytest.raises(UsageError, match="has not decided"):
        merge_groups(context, items(context, "a1", "a2"), ANA)
    through(context)
    with pytest.raises(UsageError, match="one group already"):
        merge_groups(context, items(context, "a1", "a2"), ANA)
    with pytest.raises(UsageError, match="several groups"):
        split_group(context, items(context, "a1", "a3"), ANA)
    with pytest.raises(UsageError, match="all of group a1"):
        split_group(context, items(context, "a1", "a2"), ANA)


def test_a_group_whose_original_was_taken_down_gets_another_primary(context):
    for n in range(1, 4):
        arrive(context, f"a{n}", WIRE, seen=float(n))
    through(context)
    ask(context.store).admin.remove_articles(items(context, "a1"), NOW)
    repair_groups(context, ["a1"])
    made = through(context)
    assert (made["a2"].is_primary, made["a2"].copy_of, made["a2"].copies) == (True, None, 1)
    assert (made["a3"].copy_of, made["a3"].copy_group) == ("a2", "a1")

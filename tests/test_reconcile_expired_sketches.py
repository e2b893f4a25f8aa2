"""An article that is decided again after its fingerprint was forgotten stays in its copy group, while it is a copy."""

from __future__ import annotations

import pytest

from pipeline.records import Copy, Stage
from pipeline.stages import run_one
from pipeline.store import Selection, sketch_index
from tests.helpers.arriving import HOUR, NOW, arrive, change
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask

MORE = WIRE + "\n" + OTHER.split("\n")[0]


@pytest.fixture
def forgotten(context):
    """A group of three articles, a2 a copy of a1 and a3 of a2, whose fingerprints are forgotten."""
    arrive(context, "a1", WIRE)
    arrive(context, "a2", MORE, source="Evening", seen=1.0)
    arrive(context, "a3", MORE, source="Morning", seen=2.0)
    assert links(context) == {"a1": ("a1", None), "a2": ("a1", "a1"), "a3": ("a1", "a2")}
    with context.store.write() as connection:
        sketch_index.delete_sketches_before(connection, NOW + 24 * HOUR)
        connection.exec_driver_sql("UPDATE items SET stage = NULL")  # as if they had been through all stages
    return context


def links(context):
    """Let dedupe decide; return article → (group, what it copies), as the ledger has them."""
    run_one(context, Stage.DEDUPE)
    ledger = ask(context.store).ledger
    made = ledger.latest(["a1", "a2", "a3"], Copy)
    assert {name: ledger.find_article(name).copy_group for name in made} == {
        name: one.group for name, one in made.items()
    }
    return {name: (one.group, one.copy_of) for name, one in made.items()}


def again(context, *names):
    ask(context.store).admin.redo_stage(Stage.DEDUPE, Selection(ids=names), NOW)
    return links(context)


@pytest.mark.parametrize(
    "names",
    [("a2",), *(pytest.param(some, marks=pytest.mark.slow) for some in (("a1",), ("a3", "a1"), ("a1", "a2", "a3")))],
)
def test_what_is_decided_again_as_it_is_stays_and_copies_what_it_copied(forgotten, names):
    before = ask(forgotten.store).ledger.latest(names, Copy)
    for _ in range(2):
        assert again(forgotten, *names) == {"a1": ("a1", None), "a2": ("a1", "a1"), "a3": ("a1", "a2")}
    if len(names) == 1:
        assert ask(forgotten.store).ledger.latest(names, Copy) == before


def test_a_copy_in_which_a_word_was_put_right_stays(forgotten):
    change(forgotten, "a2", MORE.replace("Nobody was hurt", "Two men were hurt"))
    assert links(forgotten)["a2"] == ("a1", "a1")
    made = ask(forgotten.store).ledger.latest(["a2"], Copy)["a2"]
    assert (0.8 < made.score < 1, made.behind) == (True, 60)


@pytest.mark.slow
def test_a_copy_that_says_something_else_now_leaves(forgotten):
    change(forgotten, "a2", OTHER)
    assert links(forgotten) == {"a1": ("a1", None), "a2": ("a2", None), "a3": ("a1", "a1")}


@pytest.mark.slow
def test_what_arrives_later_does_not_draw_it_out_of_its_group(forgotten):
    arrive(forgotten, "z1", WIRE, source="Late", seen=20.0)
    run_one(forgotten, Stage.DEDUPE)
    assert again(forgotten, "a1", "a2")["a1"] == ("a1", None)

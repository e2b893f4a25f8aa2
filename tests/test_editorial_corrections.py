"""Which copies still say what was corrected."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.editorial.corrections import find_corrections
from pipeline.records import Article, Stage
from pipeline.store import Selection
from tests.helpers.arriving import NOW, arrive, change, through
from tests.helpers.copies import WIRE
from tests.helpers.transactions import ask

SINCE = NOW - dt.timedelta(days=1)
CORRECTED = WIRE.replace("six cranes", "five cranes")


def found(context, since=SINCE):
    return [
        (one.article.id, one.old, one.new, [copy.id for copy in one.copies])
        for one in find_corrections(context, since, include_uncopied=True)
    ]


def printed(context):
    arrive(context, "w1", WIRE, source="Coastwire")
    arrive(context, "a1", "PORT ANSEL - " + WIRE, source="Daily", seen=1.0)
    arrive(context, "a2", WIRE, source="Evening", seen=2.0)
    through(context)


def test_copies_that_still_say_it_are_named_and_those_that_followed_are_not(context):
    printed(context)
    change(context, "w1", CORRECTED)
    change(context, "a2", CORRECTED)
    through(context)
    by_article = {article: (old, new, copies) for article, old, new, copies in found(context)}
    old, new, copies = by_article["w1"]
    assert "remaining six cranes" in old
    assert "remaining five cranes" in new
    assert copies == ["a1"]
    assert by_article["a2"][2] == ["a1"]


def test_nothing_is_said_of_what_has_no_copies_or_was_read_before(context):
    arrive(context, "w1", WIRE, source="Coastwire")
    through(context)
    change(context, "w1", CORRECTED)
    through(context)
    assert found(context) == []
    printed(context)
    assert found(context, NOW + dt.timedelta(days=1)) == []


def test_a_correction_under_another_address_is_one_too(context):
    printed(context)
    arrive(context, "w2", CORRECTED, source="Coastwire", seen=3.0)
    through(context)
    ((article, old, _, copies),) = found(context)
    assert (article, copies) == ("w2", ["a1", "a2"])
    assert "six cranes" in old


def test_of_versions_that_arrive_in_the_wrong_order_the_one_published_later_is_the_correction(context):
    arrive(context, "a1", CORRECTED, seen=3.0, published=2.0)
    arrive(context, "w1", WIRE, source="Evening", seen=4.0, published=3.0)
    through(context)
    arrive(context, "a2", WIRE, seen=5.0, published=1.0)
    through(context)
    ((article, old, new, copies),) = found(context)
    assert (article, copies) == ("a1", ["w1"])
    assert "six cranes" in old
    assert "five cranes" in new


@pytest.mark.slow
def test_what_is_decided_or_extracted_again_is_no_new_correction(context):
    printed(context)
    arrive(context, "w2", CORRECTED, source="Coastwire", seen=3.0)
    change(context, "a2", WIRE.replace("Nobody was", "Two men were"))
    through(context)
    assert {article for article, *_ in found(context)} == {"w2", "a2"}
    context.clock = lambda: NOW + dt.timedelta(days=3)
    ask(context.store).admin.redo_stage(Stage.DEDUPE, Selection(), context.clock())
    through(context)
    with context.store.write() as connection:  # as extract does when it is done again
        made = context.store.ledger.latest(connection, ["a2"], Article)
        context.store.ledger.replace_latest(connection, Article, made, context.clock())
    assert {article for article, *_ in found(context)} == {"w2", "a2"}
    assert found(context, NOW + dt.timedelta(days=2)) == []


def test_an_article_that_became_a_notice_is_withdrawn_and_its_copies_are_named(context):
    printed(context)
    change(context, "w1", "Withdrawn.")
    through(context)
    assert found(context) == [("w1", None, None, ["a1", "a2"])]


def test_an_article_that_is_no_more_is_withdrawn_and_its_copies_are_named(context):
    printed(context)
    change(context, "a2", None)
    assert found(context) == [("a2", None, None, ["w1", "a1"])]

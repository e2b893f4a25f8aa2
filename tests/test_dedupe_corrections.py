"""What a corrected article said before, and whether another text still says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedupe.corrections import SentenceChange, changed_sentences, has_old_wording, is_withdrawn
from tests.helpers.copies import OTHER, WIRE

NEW = WIRE.replace("Nobody was hurt.", "Two workers were hurt.").replace("six cranes", "five cranes")


def test_a_reworded_sentence_is_told_with_its_new_wording():
    assert [(one.old[:18], (one.new or "")[:22]) for one in changed_sentences(WIRE, NEW)] == [
        ("Nobody was hurt.", ""),
        ("Engineers began to", "Engineers began to ins"),
    ]


def test_house_style_is_no_correction():
    styled = WIRE.replace("\n", "\n\n").replace("Odile Farran", "ODILE FARRAN").replace("98,", "98;")
    assert changed_sentences(WIRE, styled) == []


def test_a_copy_that_kept_the_old_wording_carries_it_and_one_that_changed_it_does_not():
    for change in changed_sentences(WIRE, NEW):
        assert has_old_wording(WIRE, change)
        assert not has_old_wording(NEW, change)
        assert not has_old_wording(OTHER, change)


def test_the_old_wording_is_found_in_a_sentence_that_was_edited_elsewhere():
    (change,) = changed_sentences(
        "The quake killed 12 people in the north, police said.", "The quake killed 14 people in the north, police said."
    )
    assert has_old_wording("Officials: the quake killed 12 people in the northern hills on Monday.", change)
    assert not has_old_wording("Officials: the quake killed 14 people in the northern hills on Monday.", change)
    assert not has_old_wording("Some 12 people were rescued elsewhere.", change)


def test_a_sentence_that_was_inserted_takes_nothing_back():
    assert changed_sentences(WIRE, WIRE + "\nThe inquiry will report in May.") == []


def test_a_word_that_was_added_corrects_the_text_without_it():
    (change,) = changed_sentences(
        "The court said he was guilty of fraud.", "The court said he was not guilty of fraud."
    )
    assert has_old_wording("On Monday the court said he was guilty of fraud.", change)
    assert not has_old_wording("The court said he was not guilty of fraud.", change)


def test_a_notice_in_its_place_withdraws_an_article_and_an_update_does_not():
    assert is_withdrawn(WIRE, "This report has been withdrawn. The harbour authority did not close the terminal.")
    assert not is_withdrawn(WIRE, NEW)
    assert not is_withdrawn(WIRE, "\n".join(WIRE.split("\n")[:2]))
    assert not is_withdrawn(WIRE, OTHER)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(old, new):
    for change in changed_sentences(old, new):
        assert change.old != change.new
        assert has_old_wording(new, change) in {True, False}


@given(st.text())
def test_a_text_takes_nothing_of_itself_back(text):
    assert changed_sentences(text, text) == []


@pytest.mark.parametrize("new", [None, "Three ships were sent to Velmark."])
def test_nothing_is_carried_by_an_empty_text(new):
    assert not has_old_wording("", SentenceChange(old="Three ships were sent away.", new=new))

"""What another version says otherwise, as it is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.article_diff import compare_versions
from pipeline.diff_text import cut_side_by_side, describe_edits, word_edits
from pipeline.records import Article


def told(old: str, new: str) -> list[str]:
    change = compare_versions(Article(id="a", text=old), Article(id="a", text=new))
    return describe_edits(change) if change else []


def test_a_word_that_changed_is_shown_with_the_words_around_it():
    old = "The council met.\nThe storm that came on Monday killed two people on the coast of Ansel, the mayor said."
    assert told(old, old.replace("two", "three")) == ["… came on Monday killed [-two-] {+three+} people on the coast …"]


def test_a_paragraph_that_was_added_or_taken_out_is_shown_as_such():
    assert told("One.", "One.\nAnd two.") == ["{+And two.+}"]
    assert told("One.\nAnd two.", "One.") == ["[-And two.-]"]


def test_of_many_changes_the_first_are_shown():
    old = [f"In town {number} there were many people on the streets." for number in range(30)]
    shown = told("\n".join(old), "\n".join(line.replace("many", "few") for line in old))
    assert len(shown) == 11
    assert shown[-1] == "and in 20 more places; --json tells all of it"


@given(st.text(), st.text())
def test_places_are_shown_of_no_texts_but_different_ones(old, new):
    shown = told(old, new)
    assert not shown or " ".join(old.split()) != " ".join(new.split())
    assert all("[-" in place or "{+" in place or place.startswith("and in ") for place in shown)


def test_wordings_that_part_late_are_cut_before_it():
    old = "The quake that shook the northern hills on Monday killed 12 people, police said."
    assert cut_side_by_side(old, old.replace("12", "14"), 30) == (
        "… killed 12 people, police sa…",
        "… killed 14 people, police sa…",
    )


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.integers(20, 60))
def test_two_wordings_are_cut_so_that_where_they_part_is_seen(same, old, new, width):
    old, new = f"{same}<{old}", f"{same}>{new}"
    shown = cut_side_by_side(old, new, width)
    assert all(len(one) <= width for one in shown)
    assert "<" in shown[0]
    assert ">" in shown[1]
    assert cut_side_by_side(old, new, None) == (old, new)


def test_two_wordings_are_one_text_in_which_what_differs_is_told_apart():
    assert word_edits("The dam has six cranes.", "The old dam has five cranes.") == [
        ("same", "The"),
        ("new", "old"),
        ("same", "dam has"),
        ("old", "six"),
        ("new", "five"),
        ("same", "cranes."),
    ]
    assert word_edits("", "") == []


@given(st.lists(st.sampled_from("a b c d".split())), st.lists(st.sampled_from("a b c d".split())))
def test_the_pieces_of_two_wordings_are_each_of_them_again(old, new):
    pieces = word_edits(" ".join(old), " ".join(new))
    assert " ".join(words for kind, words in pieces if kind != "new").split() == old
    assert " ".join(words for kind, words in pieces if kind != "old").split() == new

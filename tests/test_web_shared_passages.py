"""What two texts share is marked in both, and nothing of either is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import split_paragraphs
from pipeline.web.shared_passages import compare_passages
from tests.helpers.copies import OTHER, WIRE

LINES = WIRE.split("\n")


def own(side):
    return [part.text.strip() for paragraph in side.paragraphs for part in paragraph if not part.is_shared]


def test_one_changed_word_is_marked_in_both():
    first, second = compare_passages(WIRE, WIRE.replace("six cranes", "five cranes"))
    assert (own(first), own(second)) == (["six"], ["five"])
    assert 0.98 < first.share < 1


def test_paragraphs_in_another_order_are_shared_and_what_was_added_is_not():
    first, second = compare_passages(WIRE, "\n".join(["A reporter of ours saw it.", *LINES[::-1]]))
    assert own(first) == []
    assert own(second) == ["A reporter of ours saw it."]
    assert first.share == 1


def test_what_a_shortened_copy_left_out_is_its_originals_own():
    first, second = compare_passages(WIRE, "\n".join(LINES[:2]))
    assert own(first) == LINES[2:]
    assert own(second) == []


def test_case_and_signs_make_no_difference_and_other_texts_share_nothing():
    first, _ = compare_passages(LINES[0], LINES[0].upper().replace(",", " –"))
    assert first.share == 1
    assert compare_passages(WIRE, OTHER)[0].share == 0


def test_texts_of_single_characters_need_more_of_them():
    text = "数千人の難民が国境を越えて隣の国へ逃げたと当局は述べた"
    assert compare_passages(text, text)[0].share == 1
    assert compare_passages(text, "数千人の難民が家に帰った。そして静かに暮らし始めたという")[0].share == 0


TEXTS = st.text(st.sampled_from("ab c.\n難é"), max_size=60)


@given(TEXTS, TEXTS)
def test_the_parts_of_a_paragraph_are_the_paragraph_and_equal_texts_share_all(one, other):
    for text, side in zip((one, other), compare_passages(one, other), strict=True):
        assert ["".join(part.text for part in parts) for parts in side.paragraphs] == split_paragraphs(text)
        assert 0 <= side.share <= 1
    assert own(compare_passages(one, one)[0]) == [
        line for line in split_paragraphs(one) if not any(map(str.isalnum, line))
    ]

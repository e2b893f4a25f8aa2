"""A text finds the values that hold it, whatever is typed."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.value_pattern import MAX_CHARACTERS, value_pattern


def holds(value, text):
    return re.fullmatch(value_pattern(text), value, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sou", "Ana Sousa"),
        ("SOU", "Ana Sousa"),
        ("joao", "João Müller"),
        ("João", "joao"),
        ("o", "Øst"),
        ("ł", "Lodz"),
    ],
)
def test_case_and_accents_make_no_difference(text, value):
    assert holds(value, text)


@pytest.mark.parametrize(("text", "value"), [(".", "ab"), ("a|b", "b"), ("[ab]", "a"), ("a", "b"), ("é", "E-mail"[1:])])
def test_signs_are_signs_and_other_letters_are_others(text, value):
    assert not holds(value, text)


@given(st.text(max_size=60), st.text(max_size=5), st.text(max_size=5))
def test_any_text_is_found_in_what_holds_it_and_elasticsearch_takes_its_pattern(text, before, after):
    held = unicodedata.normalize("NFC", text)[:MAX_CHARACTERS]
    assert holds(before + held + after, text)
    assert len(value_pattern(text)) <= 1000

"""Facts about the letters of languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alphabets import LANGUAGES, knows_language, letter_fits
from tests.helpers.languages import old_writings


@pytest.mark.parametrize("writing", old_writings(), ids=lambda writing: writing.language)
def test_a_text_fits_its_own_language(writing):
    text, language = " ".join(writing.headlines), writing.language[:2]
    assert knows_language(language)
    assert letter_fits(text, [language])[language] >= 0.95


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Þiþli’de köprü açýldý", "tr"),
        ("Rz¹d przyj¹³ now¹ ustawê", "pl"),
        ("оПЮБХРЕКЭЯРБН", "ru"),
        ("Ïðàâèòåëüñòâî", "ru"),
        ("ÊÐ³¤Ðû²¼ÐÂÇÅ", "zh"),
        ("カガ穝爵盢秅", "zh"),
    ],
)
def test_a_wrong_reading_fits_badly(text, language):
    assert letter_fits(text, [language])[language] < 0.9


def test_signs_speak_neither_for_nor_against_a_language():
    assert letter_fits("“5 € – 3 °C…”", ["ru", "zh", "de"]) == {"ru": 1, "zh": 1, "de": 1}


@given(st.text(max_size=60))
def test_a_fit_is_a_share(text):
    assert all(0 <= fit <= 1 for fit in letter_fits(text, LANGUAGES).values())

"""Facts about text that was encoded twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.mojibake import undo_double_encoding
from tests.helpers.languages import old_writings

HEADLINES = [headline for writing in old_writings() for headline in writing.headlines]


@pytest.mark.parametrize("headline", HEADLINES)
def test_right_text_stays_as_it_is(headline):
    assert undo_double_encoding(headline) == headline


@pytest.mark.parametrize(
    "charset", ["latin-1", "sloppy-windows-1252", "sloppy-windows-1250", "sloppy-windows-1251", "mac-roman"]
)
@pytest.mark.parametrize(
    "text",
    [
        "Perché la città è più bella – “così”",
        "Élection à Orléans, été",
        "Мост через реку закроют",
        "Łódź się żali, że źle śpi",
        "İstanbul’da köprü açıldı",
        "政府通过新的新闻法",
        "Η κυβέρνηση ψήφισε τον νόμο",
        "الحكومة تقر قانون الصحافة",
    ],
)
def test_text_that_was_encoded_twice_is_read(text, charset):
    assert undo_double_encoding(text.encode().decode(charset)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Why you see Ã© on web pages",
        "The characters Ã© stand for é",
        "Mojibake: MÃ¼nchen instead of München",
        "“SÃO PAULO” in capitals",
        "Œuvre et cœur à l’œuvre…",
        "don’t … “x” – 5 € ½ °C",
        "https://a.example/MÃ¼nchen",
    ],
)
def test_text_that_speaks_of_such_characters_keeps_them(text):
    assert undo_double_encoding(text) == text


def test_a_lost_byte_of_a_quotation_mark_is_known():
    assert undo_double_encoding("â€œcosÃ¬ perchÃ©â€\ufffd") == "“così perché”"


@given(st.text(max_size=80))
def test_any_text_is_read_and_ascii_stays(text):
    assert isinstance(undo_double_encoding(text), str)
    plain = text.encode("ascii", "ignore").decode()
    assert undo_double_encoding(plain) == plain

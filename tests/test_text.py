"""Facts about the words, names and paragraphs of a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import fold, normalise, shorten, split_paragraphs, split_words, without_control_characters


def test_words_are_compared_without_case_typography_and_soft_hyphens():
    assert split_words("The mayor’s Donau\u00addampfer") == split_words("the MAYOR'S donaudampfer")


def test_full_width_letters_are_the_plain_ones():
    assert normalise("ＡＢＣ１") == "abc1"


def test_scripts_without_spaces_are_counted_by_character():
    assert split_words("橋が開通") == ["橋", "が", "開", "通"]
    assert split_words("橋 3 増") == ["橋", "3", "増"]


def test_a_character_is_counted_alone_also_behind_digits_and_letters():
    assert split_words("ＪＲ橋は11月に増便") == ["jr", "橋", "は", "11", "月", "に", "増", "便"]
    assert split_words("人々とナ・ミ") == ["人", "々", "と", "ナ", "ミ"]


def test_a_word_keeps_the_vowels_that_indian_scripts_write_as_marks():
    assert split_words("बाढ़ में डूबा। தமிழ்நாடு") == ["बाढ\u093c", "में", "डूबा", "தமிழ்நாடு"]


def test_an_apostrophe_inside_a_word_belongs_to_it_and_quotes_do_not():
    assert split_words("'don't', she said") == ["don't", "she", "said"]


def test_words_hold_letters_and_digits_of_any_script_and_no_underscore():
    assert split_words("snake_case __init__ x² Ж7 ٣ naïve") == ["snake", "case", "init", "x2", "ж7", "٣", "naïve"]


def test_names_are_folded_without_accents_and_case():
    assert fold("  José  ÁLVAREZ ") == "jose alvarez"
    assert fold("Łódź") != ""


def test_paragraphs_are_the_lines_that_hold_something():
    assert split_paragraphs("One.\n\n  \n Two. \r\nThree.") == ["One.", "Two.", "Three."]


@given(st.text(max_size=100))
def test_words_hold_no_spaces_and_folding_twice_is_folding_once(text):
    assert all(word and not any(char.isspace() for char in word) for word in split_words(text))
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=100))
def test_no_paragraph_is_blank(text):
    assert all(paragraph.strip() == paragraph != "" for paragraph in split_paragraphs(text))


def test_how_a_text_begins_is_cut_between_words():
    assert shorten("  A ferry\nran aground  ") == "A ferry ran aground"
    assert shorten("A ferry ran aground", 12) == "A ferry ran …"
    assert shorten("渡" * 90) == "渡" * 80 + " …"


def test_control_characters_are_left_out_and_other_line_ends_are_spaces():
    assert without_control_characters("Flood a\x00b\x1b[31m\x7f\x81c\ud800\uffff") == "Flood ab[31mc"
    assert without_control_characters("a\x0bb\x0cc\x1fd\te\nf\r\ng") == "a b c d\te\nf\r\ng"
    assert (
        without_control_characters("क\u200dष 👩\u200d👧 \u202aمرحبا\u202c") == "क\u200dष 👩\u200d👧 \u202aمرحبا\u202c"
    )


def test_signs_of_windows_that_were_read_as_controls_are_what_they_were_meant_to_be():
    assert without_control_characters("It\x92s \x93so\x94 \x96 or\x85 \x80 5") == "It’s “so” – or… € 5"


@given(st.text())
def test_what_is_left_is_written_as_utf8_and_stays(text):
    plain = without_control_characters(text)
    assert plain.encode().decode() == without_control_characters(plain) == plain

"""Base forms of names' words by language, and what leans on a name."""

from __future__ import annotations

import pytest

from pipeline.enrich.coreference.declension import choose_base_words
from pipeline.enrich.knowledge.endings import base_phrases, base_words, strip_affixes, strip_apart
from pipeline.enrich.knowledge.tokens import fold_word


@pytest.mark.parametrize(
    ("language", "form", "base"),
    [
        ("ru", "Путиным", "Путин"),
        ("ru", "Захаровой", "Захарова"),
        ("ru", "Зеленского", "Зеленский"),
        ("ru", "Германии", "Германия"),
        ("uk", "Києва", "Київ"),
        ("uk", "Харкова", "Харків"),
        ("pl", "Kaczyńskiego", "Kaczyński"),
        ("pl", "Polsce", "Polska"),
        ("cs", "Praze", "Praha"),
        ("cs", "Clintonová", "Clinton"),
        ("sl", "Bidna", "Biden"),
        ("hr", "Plenkovića", "Plenković"),
        ("fi", "Koivuniemen", "Koivuniemi"),
        ("fi", "Helsingissä", "Helsinki"),
        ("et", "Kaljulaidile", "Kaljulaid"),
        ("hu", "Orbánnal", "Orbán"),
        ("lv", "Trampa", "Tramps"),
        ("el", "Παπαδόπουλου", "Παπαδόπουλος"),
        ("ro", "Bucureștiului", "București"),
        ("de", "Merkels", "Merkel"),
        ("ko", "서울에서", "서울"),
        ("ar", "للأمم", "الأمم"),
    ],
)
def test_a_form_may_stand_for_its_base_form(language, form, base):
    assert fold_word(base) in base_words(fold_word(form), language)


def test_a_language_without_endings_has_no_other_forms():
    assert base_words("trumpa", "en") == ()
    assert base_phrases(("donalda", "trumpa"), "en") == []


def test_only_the_last_word_changes_where_the_language_says_so():
    assert ("antti", "koivuniemi") in base_phrases(("antti", "koivuniemen"), "fi")
    assert all(phrase[0] == "antti" for phrase in base_phrases(("antti", "koivuniemen"), "fi"))


@pytest.mark.parametrize(
    ("language", "text", "plain"),
    [
        ("tr", "Ankara'da", "Ankara"),
        ("hu", "NATO-ban", "NATO"),
        ("fr", "l’Irak", "Irak"),
        ("it", "dell'Iraq", "Iraq"),
        ("fr", "O'Neill", "O'Neill"),
        ("fr", "Jeanne d'Arc", "Jeanne d'Arc"),
        ("fi", "EU:n", "EU"),
        ("hu", "Csang Kaj-sek", "Csang Kaj-sek"),
        ("hu", "Kim Dzsong-un", "Kim Dzsong-un"),
        ("ro", "CFR-ului", "CFR"),
        ("uk", "Знам'янка", "Знам'янка"),
    ],
)
def test_what_leans_on_a_name_is_no_part_of_it(language, text, plain):
    assert strip_affixes(text, language) == plain


@pytest.mark.parametrize(
    ("language", "text", "plain"),
    [
        ("tr", "Ankara'da", "Ankara"),
        ("it", "dell'Iraq", "Iraq"),
        ("fi", "EU:n", "EU:n"),
        ("hu", "NATO-ban", "NATO-ban"),
    ],
)
def test_only_what_is_no_case_ending_is_cut_from_the_text_of_a_name(language, text, plain):
    assert strip_apart(text, language) == plain


def bases(language, *names, known=()):
    counted = {tuple(fold_word(name).split()): 1 for name in names}
    return choose_base_words(counted, language, lambda word: word in known)


def test_a_base_form_counts_where_it_is_written_known_or_led_to_twice():
    assert bases("ru", "путина", "путин") == {"путина": "путин"}
    assert bases("ru", "путина", known={"путин"}) == {"путина": "путин"}
    assert bases("ru", "путиным", "путине") == {"путиным": "путин", "путине": "путин"}
    assert bases("ru", "путина") == {}


def test_a_form_that_shows_the_base_to_be_a_womans_keeps_it():
    assert bases("ru", "захарова", "захаровой", "захаров") == {fold_word("захаровой"): "захарова"}


def test_forms_that_lead_to_one_another_have_one_base():
    chosen = bases("ru", "джорджия", "джорджии")
    assert len({chosen.get(word, word) for word in ("джорджия", "джорджии")}) == 1

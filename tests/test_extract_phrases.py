"""Facts about how set phrases are compared, and about the fragments that they share."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.extract import load_config
from pipeline.extract.phrases import compile_phrases, write_caseless

CONFIG = Path(__file__).parent.parent / "config"


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("İlgili haber", "İLGİLİ HABER"),
        ("ısı", "ISI"),
        ("straße", "STRASSE"),
        (r"READ\W+MORE", "read – more"),
        (r"now(?= only)", "NOW only"),
        (r"(?P<Word>sign) (?P=Word)", "Sign sign"),
        ("τελος", "ΤΕΛΟΣ"),
    ],
)
def test_a_phrase_matches_whatever_the_case_of_either(phrase, text):
    assert compile_phrases([phrase]).match(write_caseless(text))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"]), min_size=1))
def test_a_plain_phrase_matches_as_it_does_without_regard_to_case(text):
    for written in (text, text.upper(), text.swapcase()):
        assert bool(compile_phrases([text]).fullmatch(write_caseless(written))) == bool(
            re.fullmatch(text, written, re.IGNORECASE)
        )


def test_no_phrases_match_nothing():
    assert compile_phrases([]).search("anything") is None


def test_the_name_of_a_fragment_stands_for_its_pattern():
    (offer,) = (rule for rule in load_config(CONFIG).phrases.foreign if rule.rule == "offer")
    assert compile_phrases(offer.starts).match(write_caseless("Subscribe today for €9"))
    assert not any("{price}" in form for form in offer.starts)


def test_a_fragment_that_the_file_does_not_have_is_named_with_those_it_has(tmp_path):
    shutil.copy(CONFIG / "agencies.toml", tmp_path)
    fragment, rule = (
        '[[fragment]]\nname = "price"\npattern = "x"\n',
        '[[foreign]]\nrule = "offer"\nstarts = ["now {prize}"]\n',
    )
    (tmp_path / "extract.toml").write_text(fragment + rule)
    with pytest.raises(SettingsError, match=r"extract\.toml: a phrase names \{prize\}.*there are: price"):
        load_config(tmp_path)

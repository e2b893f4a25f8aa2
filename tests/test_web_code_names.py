from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import CopyKind, EntityType
from pipeline.web.code_names import (
    ENTITY_FIELDS,
    ENTITY_WORDS,
    copy_words,
    country_name,
    delay_words,
    language_name,
    value_name,
)


def test_codes_of_countries_and_languages_have_names():
    assert [country_name(code) for code in ("DE", "GB", "ci", "PS", "XZ")] == [
        "Germany",
        "United Kingdom",
        "Côte d’Ivoire",
        "Palestine",
        "XZ",
    ]
    assert [language_name(code) for code in ("de", "pt-BR", "zh_TW", "qqq")] == [
        "German",
        "Portuguese (Brazil)",
        "Chinese (Taiwan)",
        "qqq",
    ]


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("countries", "US", "United States"),
        ("source_country", "NZ", "New Zealand"),
        ("language", "en", "English"),
        ("copy_kind", "truncated", "shortened copy"),
        ("is_primary", "true", "yes"),
        ("paywalled", "false", "no"),
        ("people", "DE", "DE"),
        ("source", "true", "true"),
    ],
)
def test_a_value_is_named_by_its_field(field, value, name):
    assert value_name(value, field) == name


@given(st.text(max_size=20), st.sampled_from(["countries", "language", "copy_kind", "source", "live"]))
def test_whatever_a_field_holds_has_a_name(value, field):
    assert isinstance(value_name(value, field), str)


def test_every_kind_of_copy_and_entity_has_plain_words():
    assert len({copy_words(kind) for kind in CopyKind}) == len(CopyKind)
    assert set(ENTITY_FIELDS) == set(ENTITY_WORDS) == set(EntityType)


def test_a_delay_is_said_as_people_say_it():
    assert delay_words(0) == "in the same minute"
    assert delay_words(250) == "4 h later"
    assert delay_words(-90) == "90 min earlier"

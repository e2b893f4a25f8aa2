from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.enrich.knowledge.aliases import Aliases, read_aliases
from pipeline.records import EntityType
from pipeline.web.reader_names import ReaderNames, build_labels

CONFIG = Path(__file__).parent.parent / "config"
ROWS = [
    ["C", "FR", "France", "Paris", "48.9", "2.4", "1", ""],
    ["C", "PS", "Palestinian Territory", "", "", "", "1", ""],
    ["N", "de", "PS", "Palästina"],
    ["N", "fr", "PS", "Palestine"],
    ["S", "DE", "BY", "Bayern", ""],
    ["S", "CN", "BJ", "Beijing Shi", ""],
    ["S", "US", "GA", "Georgia", ""],
    ["T", "de", "CN", "BJ", "Peking"],
    ["T", "fr", "DE", "BY", "Bavière"],
    ["T", "fr", "US", "GA", "Géorgie"],
]
ALIASES = Aliases(
    organisations={"World Bank": ()},
    peoples={"IQ": ("Yazidi|Yazidis",)},
    demonyms={"FR": ("French",)},
    regions={"DE": ("Bavaria|Bayern",)},
    translations={
        "de": {
            "World Bank": ("Weltbank",),
            "French": ("französisch", "Franzose"),
            "Yazidi": ("jesidisch", "Jeside"),
            "France": ("Frankreich im Verzeichnis",),
        },
        "fr": {"French": ("français", "française")},
    },
)


@pytest.fixture(scope="module", name="names")
def _names():
    return ReaderNames(CONFIG)


def labels(language, aliases=ALIASES):
    return {name: label for (_, name), label in build_labels(aliases, language, ROWS).items()}


def test_names_come_from_the_alias_file_the_gazetteer_and_cldr():
    german = build_labels(ALIASES, "de", ROWS)
    assert german[EntityType.ORG, "World Bank"] == "Weltbank"
    assert german[EntityType.PLACE, "Palestine"] == german[EntityType.PLACE, "Palestinian Territory"] == "Palästina"
    assert german[EntityType.PLACE, "Bavaria"] == "Bayern"
    assert german[EntityType.PLACE, "Beijing"] == "Peking"
    assert german[EntityType.PLACE, "Moscow"] == "Moskau"
    assert german[EntityType.PLACE, "Europe"] == "Europa"
    assert labels("fr")["Bavaria"] == "Bavière"


def test_a_country_is_called_as_cldr_does():
    assert labels("de")["France"] == "Frankreich"


def test_a_people_is_called_by_a_noun_where_the_language_writes_it_with_a_capital():
    german = build_labels(ALIASES, "de", ROWS)
    assert german[EntityType.GROUP, "French"] == "Franzose"
    assert german[EntityType.GROUP, "Yazidi"] == "Jeside"
    assert labels("fr")["French"] == "français"


def test_a_name_of_two_places_stays_as_it_is():
    assert "Georgia" not in labels("fr")


def test_what_is_called_the_same_has_no_label():
    assert all(name != label for name, label in labels("fr").items())


@pytest.mark.parametrize(
    ("value", "field", "language", "label"),
    [
        ("Germany", "places", "de", "Deutschland"),
        ("Germany", "about", "pl", "Niemcy"),
        ("Germany", "people", "de", "Germany"),
        ("DE", "countries", "fr", "Allemagne"),
        ("pt-BR", "language", "de", "Portugiesisch (Brasilien)"),
        ("United Nations", "story_names", "ru", "ООН"),
        ("European Union", "organisations", "de", "Europäische Union"),
        ("Germany", "places", "en", "Germany"),
        ("Germany", "places", "", "Germany"),
        ("Germany", "places", "tlh", "Germany"),
        ("Harborton", "places", "de", "Harborton"),
        ("truncated", "copy_kind", "de", "shortened copy"),
        ("Northwire", "source", "de", "Northwire"),
    ],
)
def test_a_value_is_called_as_readers_of_a_language_do(names, value, field, language, label):
    assert names.label(value, field, language) == label


def test_names_are_shown_without_an_alias_file_that_cannot_be_read(tmp_path):
    (tmp_path / "aliases.toml").write_text("no = [toml", encoding="utf-8")
    names = ReaderNames(tmp_path)
    assert names.label("Germany", "places", "de") == "Deutschland"
    assert names.label("World Bank", "organisations", "de") == "World Bank"


def test_the_alias_file_gives_each_translation_a_name_of_a_known_type():
    aliases = read_aliases(CONFIG)
    assert aliases.type_of("World Bank") is EntityType.ORG
    assert aliases.type_of("Vladimir Putin") is EntityType.PERSON
    assert aliases.type_of("Kurdish") is EntityType.GROUP
    assert aliases.type_of("American") is EntityType.GROUP
    assert aliases.type_of("Russia") is EntityType.PLACE
    assert aliases.type_of("Bavaria") is EntityType.PLACE
    assert msgspec.structs.replace(aliases, organisations={}).type_of("World Bank") is EntityType.PLACE

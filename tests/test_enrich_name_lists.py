"""What a recogniser takes for one name may be a list; what may as well be one name stays whole."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.knowledge.lexicon import read_lexicon
from pipeline.enrich.knowledge.name_lists import part_names
from pipeline.records import EntityType

LEXICON = read_lexicon()
KNOWN = {"Amnesty International", "Human Rights Watch", "Oxfam", "World Bank", "NATO"}


def parted(name, kind=EntityType.PERSON):
    return [name[start:end] for start, end in part_names(name, kind, LEXICON, KNOWN.__contains__)]


@pytest.mark.parametrize(
    "line",
    [
        "Anna Berg, Carl Dorn, Eva van der Falk, Georg bin Holt, Inga al-Jensen and Karl Lund",
        "Anna Berg, Carl Dorn, Eva van der Falk, Georg bin Holt, Inga al-Jensen, Karl Lund",
        "Anna Berg; Carl Dorn; Eva van der Falk; Georg bin Holt; Inga al-Jensen; Karl Lund",
        "Anna Berg, Carl Dorn, Eva van der Falk, Georg bin Holt, Inga al-Jensen, and Karl Lund",
        "Anna Berg / Carl Dorn / Eva van der Falk / Georg bin Holt / Inga al-Jensen / Karl Lund",
        "Anna Berg • Carl Dorn • Eva van der Falk\nGeorg bin Holt\nInga al-Jensen\nKarl Lund",
        "Anna Berg, Carl Dorn, Eva van der Falk, Georg bin Holt, Inga al-Jensen et Karl Lund",
        "Anna Berg, Carl Dorn, Eva van der Falk, Georg bin Holt, Inga al-Jensen und Karl Lund",
        "Anna Berg、Carl Dorn、Eva van der Falk、Georg bin Holt、Inga al-Jensen、Karl Lund",
        "Anna Berg، Carl Dorn، Eva van der Falk؛ Georg bin Holt، Inga al-Jensen و Karl Lund",
    ],
)
def test_six_names_in_a_row_are_six_people(line):
    people = ["Anna Berg", "Carl Dorn", "Eva van der Falk", "Georg bin Holt", "Inga al-Jensen", "Karl Lund"]
    assert parted(line) == people


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("Anna Berg and Carl Dorn", ["Anna Berg", "Carl Dorn"]),
        ("Anna Berg, Carl Dorn and Eva Falk in Millgate", ["Anna Berg", "Carl Dorn", "Eva Falk"]),
        ("Eva Falk & Georg Holt", ["Eva Falk", "Georg Holt"]),
        ("José García y Ana López", ["José García", "Ana López"]),
        ("Анна Берг, Карл Дорн и Ева Фальк", ["Анна Берг", "Карл Дорн", "Ева Фальк"]),
        ("Anna Berg, minister Carl Dorn, and Professor Eva Falk", ["Anna Berg", "Carl Dorn", "Professor Eva Falk"]),
        ("Carl Dorn Jr., and sons", ["Carl Dorn Jr."]),
        ("Carl Dorn, Jr., Eva Falk, PhD, and Karl Lund, III", ["Carl Dorn, Jr.", "Eva Falk, PhD", "Karl Lund, III"]),
        ("Neymar, Lionel Messi and Kylian Mbappé", ["Neymar", "Lionel Messi", "Kylian Mbappé"]),
        ("A. Berg, C. Dorn, E. Falk", ["A. Berg", "C. Dorn", "E. Falk"]),
        ("Berg, Anna; Dorn, Carl", ["Berg, Anna", "Dorn, Carl"]),
    ],
)
def test_people_are_parted_by_signs_and_by_and(line, people):
    assert parted(line) == people


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Berg, Anna", EntityType.PERSON),
        ("García Márquez, Gabriel", EntityType.PERSON),
        ("José Ortega y Gasset", EntityType.PERSON),
        ("Santiago Ramón y Cajal", EntityType.PERSON),
        ("Bill and Melinda Gates", EntityType.PERSON),
        ("Simon & Garfunkel", EntityType.PERSON),
        ("Martin Luther King, Jr.", EntityType.PERSON),
        ("Higher Education and Scientific Research", EntityType.PERSON),
        ("Smith and Jones Ltd", EntityType.ORG),
        ("Johnson & Johnson", EntityType.ORG),
        ("Goldman, Sachs & Co", EntityType.ORG),
        ("Skadden, Arps, Slate, Meagher & Flom", EntityType.ORG),
        ("Dolce, Gabbana", EntityType.ORG),
        ("Department of Health, Education and Welfare", EntityType.ORG),
        ("Bureau of Alcohol, Tobacco, Firearms and Explosives", EntityType.ORG),
        ("Trinidad and Tobago", EntityType.PLACE),
    ],
)
def test_what_may_be_one_name_stays_whole(name, kind):
    assert parted(name, kind) == [name]


def test_semicolons_part_organisations_and_commas_only_known_ones():
    assert parted("Harbour Watch; the Vellamo Fund", EntityType.ORG) == ["Harbour Watch", "the Vellamo Fund"]
    bodies = ["Amnesty International", "Human Rights Watch", "Oxfam", "Harbour Watch"]
    assert parted("Amnesty International, Human Rights Watch, Oxfam and Harbour Watch", EntityType.ORG) == bodies
    assert parted("Harbour Watch, Vellamo Fund, Rostera Trust", EntityType.ORG) == [
        "Harbour Watch, Vellamo Fund, Rostera Trust"
    ]


@given(
    st.lists(st.sampled_from(["Anna", "Berg", "and", ",", ";", "&", "van", "Jr.", "minister", " ", "/", "и"])),
    st.sampled_from(list(EntityType)),
)
def test_parts_are_in_order_and_within_the_name(words, kind):
    name = " ".join(words)
    places = part_names(name, kind, LEXICON, KNOWN.__contains__)
    assert places
    assert all(0 <= start <= end <= len(name) for start, end in places)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(places))

"""What a text shares with its retelling in another language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cluster.anchors import MOST_ANCHORS, article_anchors, find_names, find_numbers
from pipeline.records import Article, Entity, EntityType, Names


@pytest.mark.parametrize("written", ["40,000", "40.000", "40 000", "40\u202f000", "40’000", "40000"])
def test_a_number_is_the_same_however_its_thousands_are_set_apart(written):
    assert find_numbers(f"cut power to {written} homes") == ["40000"]


@pytest.mark.parametrize("written", ["6.8", "6,8"])
def test_a_decimal_point_is_a_decimal_comma(written):
    assert find_numbers(f"une magnitude de {written}, dit-on.") == ["6.8"]


def test_a_single_digit_and_a_part_of_a_word_are_no_number():
    assert find_numbers("3 people, the A380 and Route2") == []


def test_names_are_compared_without_accents_and_case():
    assert find_names("in Tarapacá, l'État et IQUIQUE") == ["tarapaca", "etat", "iquique"]


def test_retellings_share_names_numbers_and_entities():
    entity = Entity(id="q42", name="Marine", type=EntityType.ORG)
    german = Article(id="de", title="Beben vor Iquique", text="40.000 Haushalte in Tarapacá ohne Strom")
    french = Article(id="fr", title="Séisme près d'Iquique", text="40 000 foyers sans courant")
    shared = set(article_anchors(german, Names(id="de", entities=(entity,))).tolist())
    shared &= set(article_anchors(french, Names(id="fr", entities=(entity,))).tolist())
    assert len(shared) == 3


@given(st.text(), st.text())
def test_anchors_of_any_text_are_few_and_in_order(title, text):
    anchors = article_anchors(Article(id="a", title=title, text=text), None).tolist()
    assert anchors == sorted(set(anchors))
    assert len(anchors) <= MOST_ANCHORS

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Entity, EntityType
from pipeline.web.text_marks import NameMarker, mark_words, search_words, surfaces_of

WHO = Entity(id="org:who", name="World Health Organization", type=EntityType.ORG, aliases=("WHO",))
WHOLE = Entity(id="org:whole-foods", name="WHO Foods", type=EntityType.ORG)
CAIRO = Entity(id="place:cairo", name="القاهرة", type=EntityType.PLACE)
TOKYO = Entity(id="place:tokyo", name="東京", type=EntityType.PLACE)


def marked(entities, text, line=""):
    return [(s.text, s.entity, s.is_first) for s in NameMarker(entities, line).mark(text) if s.entity]


def test_the_longest_name_is_marked_and_the_first_of_each_is_told():
    text = "The WHO met WHO Foods; the World Health Organization (WHO) won."
    assert marked([WHO, WHOLE], text) == [
        ("WHO", "org:who", True),
        ("WHO Foods", "org:whole-foods", True),
        ("World Health Organization", "org:who", False),
        ("WHO", "org:who", False),
    ]


def test_a_name_is_a_whole_word_where_scripts_have_words():
    assert marked([WHO], "WHOM did the WHOs ask?") == []
    assert marked([CAIRO], "في القاهرة") == [("القاهرة", "place:cairo", True)]
    assert marked([TOKYO], "東京都で") == [("東京", "place:tokyo", True)]


def test_signs_in_a_name_are_no_pattern():
    odd = Entity(id="org:odd", name="A.B (C*", type=EntityType.ORG)
    assert marked([odd], "AxB; A.B (C* said") == [("A.B (C*", "org:odd", True)]


def test_of_two_entities_written_alike_the_first_one_counts():
    other = Entity(id="person:who", name="WHO", type=EntityType.PERSON)
    assert surfaces_of([WHO, other])["WHO"] == "org:who"


def test_a_search_line_is_taken_apart_into_the_words_that_it_looks_for():
    line = 'title:Flood AND "state of emergency" -dam NOT rain OR (Łódź flo*) people:"Ana Sousa" -"no words"'
    assert search_words(line) == ("flood", "state", "of", "emergency", "lodz", "flo*", "ana", "sousa")


def found(text, line):
    return [piece.text for piece in mark_words(text, search_words(line)) if piece.is_match]


def test_what_a_search_finds_is_marked_with_english_endings_accents_and_prefixes():
    assert found("Floods flooded the floor in Łódź, flooding Lodz", "flood lodz") == [
        "Floods",
        "flooded",
        "Łódź",
        "flooding",
        "Lodz",
    ]
    assert found("Flora and floor", "flo*") == ["Flora", "floor"]
    assert found("a news day", "new") == ["news"]
    assert found("東京都", "東京") == ["東京"]
    assert found("Nothing here", "") == []


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=8), max_size=5), st.text(max_size=40))
def test_the_stretches_of_a_text_are_the_text(text, names, line):
    entities = [Entity(id=f"e{n}", name=name, type=EntityType.ORG) for n, name in enumerate(names)]
    marker = NameMarker(entities, line)
    assert "".join(stretch.text for stretch in marker.mark(text)) == text
    assert "".join(piece.text for piece in marker.words(text)) == text

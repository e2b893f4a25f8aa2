"""Names in texts of other languages than English: decoding, edges, and what is done with odd texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.enrich import load_recognisers
from pipeline.enrich.multilingual_model.article_names import article_names
from pipeline.enrich.multilingual_model.name_edges import trim_edges
from pipeline.enrich.recogniser import Span
from pipeline.multilingual.labels import LABEL_COUNT, first_label
from pipeline.multilingual.tokenizer import Pieces
from pipeline.records import EntityType
from pipeline.settings import EntitySettings

CONFIG = Path(__file__).parent.parent / "config"
PERSON, ORG, PLACE = EntityType.PERSON, EntityType.ORG, EntityType.PLACE


def names(text: str, language: str | None, entities: EntitySettings | None = None) -> set[tuple[str, str]]:
    _, choose = load_recognisers(entities or EntitySettings(), CONFIG)
    return {(text[s.start : s.end], s.type.value) for s in choose(language)(text, language)}


def split(text: str) -> Pieces:
    """Return a text's words between spaces, each one piece."""
    starts, at = [], 0
    for word in text.split():
        starts.append(text.index(word, at))
        at = starts[-1] + len(word)
    start = np.array(starts)
    end = start + np.array([len(word) for word in text.split()])
    return Pieces(start, end, np.arange(len(start)), np.arange(len(start)))


def label(text: str, **labelled: tuple[EntityType, float]) -> tuple[Pieces, np.ndarray]:
    """Return words and probabilities: each labelled word begins a name of the type with the probability."""
    pieces = split(text)
    probabilities = np.zeros((len(pieces.start), LABEL_COUNT), dtype=np.float32)
    for row, word in zip(probabilities, text.split(), strict=True):
        kind, chance = labelled.get(word, (PERSON, 0.0))
        row[first_label(kind)] = chance
        row[0] = 1 - chance
    return pieces, probabilities


def test_a_name_has_the_type_that_most_of_its_case_forms_have() -> None:
    text = "Moskvy Moskve Moskvu"
    pieces, probabilities = label(text, Moskvy=(PLACE, 0.9), Moskve=(PLACE, 0.8), Moskvu=(PERSON, 0.6))
    assert {s.type for s in article_names(text, pieces, probabilities, [])} == {PLACE}


def test_a_name_is_found_again_where_the_network_is_unsure_but_not_where_it_is_sure() -> None:
    text = "Kessler sah Kessler"
    pieces, probabilities = label(text, Kessler=(PERSON, 0.9))
    probabilities[2] = 0
    probabilities[2, [0, first_label(PERSON)]] = 0.8, 0.2
    assert len(article_names(text, pieces, probabilities, [])) == 2
    probabilities[2, [0, first_label(PERSON)]] = 0.99, 0.01
    assert len(article_names(text, pieces, probabilities, [])) == 1


def test_a_known_name_is_added_where_the_network_does_not_rule_it_out() -> None:
    text = "heute Bremen"
    hint = Span(6, 12, PLACE)
    pieces, probabilities = label(text, Bremen=(ORG, 0.3))
    assert article_names(text, pieces, probabilities, [hint]) == [hint]
    pieces, probabilities = label(text)
    assert article_names(text, pieces, probabilities, [hint]) == []


@pytest.mark.parametrize(
    ("name", "trimmed"),
    [
        ("„Kessler“", "Kessler"),
        ("«Газпром»", "Газпром"),
        ("«Ромашка", "Ромашка"),
        ("ООО «Ромашка»", "ООО «Ромашка»"),
        ("«ООО „Ромашка“»", "ООО „Ромашка“"),
        ('Ромашка",', "Ромашка"),
        ("Partai Pembangunan (PPP)", "Partai Pembangunan (PPP)"),
        ("(PPP", "PPP"),
        ("PPP)", "PPP"),
        ("MIT:stä", "MIT:stä"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("'Bruno'", "Bruno"),
        ("北京，", "北京"),
        ("(ONU)", "ONU"),
        ("\u200fبغداد\u200e", "بغداد\u200e"),
        ("กทม.", "กทม."),
    ],
)
def test_edges_are_trimmed(name: str, trimmed: str) -> None:
    assert [name[s.start : s.end] for s in trim_edges(name, [Span(0, len(name), ORG)])] == [trimmed]


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("von ООО «Ромашка», der", "ООО «Ромашка", "ООО «Ромашка»"),
        ("Bursa Efek (BEI) naik", "Bursa Efek (BEI", "Bursa Efek (BEI)"),
        ('ТОВ "Роса" у', 'ТОВ "Роса', 'ТОВ "Роса"'),
    ],
)
def test_what_closes_a_quote_within_a_name_is_part_of_it(text: str, part: str, whole: str) -> None:
    start = text.index(part)
    assert [text[s.start : s.end] for s in trim_edges(text, [Span(start, start + len(part), ORG)])] == [whole]


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("여수 거문도 남동쪽", "수 거", ["여수 거문도"]),
        ("카시야스가 공을", "카시야스가", ["카시야스"]),
        ("몽골 선적", "몽", ["몽골"]),
        ("서울에서", "서울", ["서울"]),
        ("日本の選手", "日本の", ["日本"]),
        ("广州松日队的雨", "广州松日队的", ["广州松日队"]),
        ("バドミントン選手", "トン", []),
        ("モスクワの", "モスク", ["モスクワ"]),
    ],
)
def test_words_without_spaces_are_whole_and_without_particles(text: str, part: str, whole: list[str]) -> None:
    start = text.index(part)
    assert [text[s.start : s.end] for s in trim_edges(text, [Span(start, start + len(part), PLACE)])] == whole


@pytest.mark.parametrize(
    ("name", "kind", "trimmed"),
    [
        ("在中国", PLACE, "中国"),
        ("司法部长", ORG, "司法部"),
        ("デザイン部長", ORG, "デザイン部"),
        ("会長", ORG, "会長"),
        ("安倍晋三氏", PERSON, "安倍晋三"),
        ("王毅先生", PERSON, "王毅"),
        ("박근혜씨", PERSON, "박근혜"),
        ("ในประเทศไทย", PLACE, "ประเทศไทย"),
        ("นายบรรหาร", PERSON, "นายบรรหาร"),
    ],
)
def test_what_a_piece_has_beyond_a_name_is_cut(name: str, kind: EntityType, trimmed: str) -> None:
    assert [name[s.start : s.end] for s in trim_edges(name, [Span(0, len(name), kind)])] == [trimmed]


def test_a_sign_that_begins_japanese_names_is_kept_in_a_japanese_text() -> None:
    text = "在日米軍は"
    assert [text[s.start : s.end] for s in trim_edges(text, [Span(0, 4, ORG)])] == ["在日米軍"]


@pytest.mark.parametrize("name", ["—", "2019", "x", "..."])
def test_signs_numbers_and_lone_letters_are_no_names(name: str) -> None:
    assert not list(trim_edges(name, [Span(0, len(name), ORG)]))


ARTICLES = {
    "de": ("Ministerin Karin Wolters traf am Montag in Paris den Präsidenten Emmanuel Macron.", "Karin Wolters"),
    "es": ("El ministro Pablo Herreros se reunió el lunes en Madrid con Angela Merkel.", "Pablo Herreros"),
    "ru": ("Министр России Виктор Зорин встретился в Москве с Ангелой Меркель.", "Виктор Зорин"),
}


@pytest.mark.parametrize("language", ARTICLES)
def test_persons_are_found_in_other_languages(language: str) -> None:
    text, person = ARTICLES[language]
    assert (person, "PERSON") in names(text, language)


def test_the_text_decides_which_network_reads_it_not_its_label() -> None:
    for language in ("ru", "en", None):
        assert ("Виктор Зорин", "PERSON") in names(ARTICLES["ru"][0] * 3, language)


def test_a_short_text_without_a_label_is_not_taken_for_english() -> None:
    text = "Gleich darauf entwarf sie in enger Auseinandersetzung mit dem Bild ein neues Stück."
    assert names(text, None) == names(text, "de")


def test_a_language_that_is_not_listed_gets_the_known_names_alone() -> None:
    text, person = ARTICLES["de"]
    only_spanish = EntitySettings(languages=("es",))
    assert (person, "PERSON") not in names(text, "de", only_spanish)
    assert (ARTICLES["es"][1], "PERSON") in names(ARTICLES["es"][0], "es", only_spanish)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "漢" * 5_000,
        "😀🏳️‍🌈 " * 500,
        "\u202eAnkara\u202c \u200fبغداد\u200e Москва 東京 " * 50,
        "DIE MINISTERIN SPRACH IN BREMEN MIT HERRN KESSLER. " * 20,
        "al-ra'is al-misri waṣala ilā l-Qāhira " * 20,
        "\x00\ud7ff\uffff" * 20,
    ],
)
def test_odd_texts_are_read(text: str) -> None:
    _, choose = load_recognisers(EntitySettings(), CONFIG)
    spans = choose("de")(text, "de")
    assert all(0 <= s.start < s.end <= len(text) for s in spans)

"""Known bodies and states under the short names of other languages, with what leans on a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.enrich import enrich, load_recognisers
from pipeline.enrich.knowledge.aliases import Aliases
from pipeline.enrich.knowledge.knowledge_base import build_knowledge_base
from pipeline.enrich.knowledge.lexicon import read_lexicon
from pipeline.errors import SettingsError
from pipeline.records import Article
from pipeline.settings import EntitySettings

CONFIG = Path(__file__).parent.parent / "config"


def named(language, text):
    knowledge, choose = load_recognisers(EntitySettings(languages=()), CONFIG)
    names = enrich(Article(id="a", text=text, language=language), knowledge, choose(language))
    entities = {entity.id: entity.name for entity in names.entities}
    return [(text[mention.start : mention.end], entities[mention.entity]) for mention in names.mentions]


UN, EU, WHO = "United Nations", "European Union", "World Health Organization"


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("zh", "联合国和世界卫生组织发表声明。", [("联合国", UN), ("世界卫生组织", WHO)]),
        ("zh", "联合国安理会与欧盟", [("联合国安理会", "UN Security Council"), ("欧盟", EU)]),
        ("zh", "聯合國和北約", [("聯合國", UN), ("北約", "NATO")]),
        ("zh", "上海合作组织与上海", [("上海合作组织", "Shanghai Cooperation Organisation"), ("上海", "Shanghai")]),
        (
            "ja",
            "国連と東南アジア諸国連合、EUとロシア",
            [("国連", UN), ("東南アジア諸国連合", "ASEAN"), ("EU", EU), ("ロシア", "Russia")],
        ),
        ("ko", "유엔은 서울에서 나토와 회의를", [("유엔", UN), ("서울", "Seoul"), ("나토", "NATO")]),
        ("ko", "NATO는 북한을", [("NATO", "NATO"), ("북한", "North Korea")]),
        (
            "ru",
            "В ООН и ЕС, МВФ и РФ",
            [("ООН", UN), ("ЕС", EU), ("МВФ", "International Monetary Fund"), ("РФ", "Russia")],
        ),
        ("ar", "الأمين العام للأمم المتحدة والناتو", [("للأمم المتحدة", UN), ("الناتو", "NATO")]),
        (
            "fa",
            "سازمان ملل و صندوق بین‌المللی پول",
            [("سازمان ملل", UN), ("صندوق بین‌المللی پول", "International Monetary Fund")],
        ),
        ("he", 'האו"ם וארה"ב', [('האו"ם', UN), ('ארה"ב', "United States")]),
        ("hi", "संयुक्त राष्ट्र और नाटो", [("संयुक्त राष्ट्र", UN), ("नाटो", "NATO")]),
        ("th", "สหประชาชาติและอาเซียน", [("สหประชาชาติ", UN), ("อาเซียน", "ASEAN")]),
        ("fr", "L’ONU et l'UE, la Croix-Rouge", [("ONU", UN), ("UE", EU), ("Croix-Rouge", "Red Cross")]),
        ("es", "La ONU y EE.UU. hablan", [("ONU", UN), ("EE.UU.", "United States")]),
        ("de", "Der IWF und die Weltbank", [("IWF", "International Monetary Fund"), ("Weltbank", "World Bank")]),
        ("sv", "Enligt FN och Röda korset", [("FN", UN), ("Röda korset", "Red Cross")]),
        ("it", "La Croce Rossa vola da Roma", [("Croce Rossa", "Red Cross"), ("Roma", "Rome")]),
    ],
)
def test_a_body_is_known_by_its_short_name_in_the_language_of_the_text(language, text, names):
    assert named(language, text) == names


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        (
            "tr",
            "Dün Ankara'da ABD'nin ve İstanbul’un",
            [("Ankara", "Ankara"), ("ABD", "United States"), ("İstanbul", "Istanbul")],
        ),
        ("tr", "NATO'nun ve Avrupa Birliği'nin kararı", [("NATO", "NATO"), ("Avrupa Birliği", EU)]),
        ("tr", "Türkiye'ye Almanyaʼdan", [("Türkiye", "Turkey"), ("Almanya", "Germany")]),
        ("fi", "NATO:n ja WHO:n edustajat", [("NATO", "NATO"), ("WHO", WHO)]),
        ("hu", "A NATO-ban és az ENSZ-ben", [("NATO", "NATO"), ("ENSZ", UN)]),
        ("et", "Eile NATO'le", [("NATO", "NATO")]),
    ],
)
def test_a_suffix_is_no_part_of_the_name(language, text, names):
    assert named(language, text) == names


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "双方发表联合声明，民主与青年工作取得胜利"),  # words that are towns' names too
        ("zh", "他在联合记者会上说"),
        ("fr", "Le FN et le BM progressent"),  # the United Nations in Swedish and in Turkish
        ("ru", "Воз стоит"),  # a cart, not the WHO
    ],
)
def test_a_word_is_not_taken_for_a_name_of_another_language(language, text):
    assert named(language, text) == []


def test_a_translation_of_nothing_known_is_an_error_that_names_it():
    aliases = Aliases(translations={"fr": {"Harbour Watch": ("Garde du port",)}})
    with pytest.raises(SettingsError, match=r"translations\.fr: 'Harbour Watch'"):
        build_knowledge_base(aliases, read_lexicon())

"""One entity under its names in several languages, within an article and across articles."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipeline.enrich import Span, enrich, load_knowledge_base
from pipeline.enrich.coreference.romanisation import foreign_sound, foreign_sounds, sound_alike
from pipeline.enrich.knowledge.tokens import fold_word
from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch
from pipeline.records import Article, EntityType
from pipeline.store import Store

CONFIG = Path(__file__).parent.parent / "config"
NOW = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)


def words(name):
    return [fold_word(word) for word in name.replace("・", " ").split()]


def read(ident, language, text, **types):
    """Return the names of an article in which each name of ``types`` stands once ("_" for a blank)."""
    spans = []
    for name, entity_type in types.items():
        plain = name.replace("_", " ")
        spans.append(Span(text.index(plain) + 2, text.index(plain) + 2 + len(plain), EntityType(entity_type)))
    article = Article(id=ident, text=text, language=language)
    return enrich(article, load_knowledge_base(CONFIG), lambda _text, _language: spans)


def ids(names):
    return {mention.name: mention.entity for mention in names.mentions}


@pytest.mark.parametrize(
    ("language", "name", "entity"),
    [
        ("ru", "Дональду Трампу", "person:donald-trump"),
        ("uk", "Володимиром Зеленським", "person:volodymyr-zelensky"),
        ("cs", "Hillary Clintonovou", "person:hillary-clinton"),
        ("hu", "Orbán Viktornak", "person:viktor-orban"),
        ("ar", "ناريندرا مودي", "person:narendra-modi"),
        ("ko", "도널드 트럼프", "person:donald-trump"),
        ("zh", "普京", "person:vladimir-putin"),
        ("bg", "Доналд Тръмп", "person:donald-trump"),
        ("bg", "Джо Байдън", "person:joe-biden"),
        ("bg", "Хилари Клинтън", "person:hillary-clinton"),
    ],
)
def test_a_known_person_is_known_in_other_languages(language, name, entity):
    text = f"… {name} …"
    assert ids(read("a", language, text, **{name.replace(" ", "_"): "PERSON"})) == {name: entity}


@pytest.mark.parametrize(
    ("language", "name", "entity"),
    [
        ("fr", "Pékin", "place:beijing-cn"),
        ("fr", "La Haye", "place:the-hague-nl"),
        ("ru", "Пенсильвании", "place:pennsylvania-us"),
        ("ru", "американской", "place:united-states"),
    ],
)
def test_a_place_is_known_in_other_languages(language, name, entity):
    assert ids(read("a", language, f"… {name} …", **{name.replace(" ", "_"): "PLACE"})) == {name: entity}


def test_a_people_is_one_group_in_all_languages():
    for language, name in (("es", "palestinos"), ("ru", "палестинцев"), ("ar", "الفلسطينيون")):
        assert ids(read("a", language, f"… {name} …", **{name: "GROUP"})) == {name: "group:palestinian"}


def test_the_forms_of_a_name_are_one_entity_under_its_base_form():
    text = "Суд арестовал Аркадия Вельяшева. Аркадий Вельяшев молчит, защита Вельяшева тоже."
    names = read("a", "ru", text, Аркадия_Вельяшева="PERSON", Аркадий_Вельяшев="PERSON")
    (entity,) = names.entities
    assert (entity.name, entity.count) == ("Аркадий Вельяшев", 2)


@pytest.mark.parametrize(
    ("one", "first", "other", "second"),
    [
        ("ru", "Аркадий Вельяшев", "de", "Arkadi Weljaschew"),
        ("ru", "Нина Чугаева", "de", "Nina Tschugajewa"),
        ("ru", "Владимир Путин", "fr", "Vladimir Poutine"),
        ("uk", "Володимир Зеленський", "de", "Wolodymyr Selenskyj"),
    ],
)
def test_the_sound_that_one_language_leaves_is_among_those_another_asks_for(one, first, other, second):
    assert foreign_sound(words(first), one) in foreign_sounds(words(second), other)
    assert foreign_sound(words(second), other) in foreign_sounds(words(first), one)


def test_names_sound_alike_in_scripts_without_vowels():
    assert sound_alike(words("نارندرا مودي"), words("Narendra Modi"))
    assert sound_alike(words("ドナルド・トランプ"), words("Donald Trump"))
    assert not sound_alike(words("نارندرا مودي"), words("Donald Trump"))
    assert not sound_alike(words("Олег Иванов"), words("Ольга Иванова"))


def linked(tmp_path, *names):
    knowledge, store = load_knowledge_base(CONFIG), Store(f"sqlite:///{tmp_path}/ledger.db")
    result = []
    with store.write() as connection:
        for seq, each in enumerate(names, 1):
            memory = store.entity_memory(connection)
            result += link_batch([ArticleNames(seq, NOW, each)], knowledge, memory)
            memory.flush()
    store.close()
    return [ids(each) for each in result]


def test_two_names_that_sound_like_two_named_together_are_these(tmp_path):
    russian = "Аркадия Вельяшева защищает Нина Чугаева"
    german = "Arkadi Weljaschew und seine Anwältin Nina Tschugajewa"
    first, second = linked(
        tmp_path,
        read("a", "ru", russian, Аркадия_Вельяшева="PERSON", Нина_Чугаева="PERSON"),
        read("b", "de", german, Arkadi_Weljaschew="PERSON", Nina_Tschugajewa="PERSON"),
    )
    assert second["Arkadi Weljaschew"] == first["Аркадия Вельяшева"]
    assert second["Nina Tschugajewa"] == first["Нина Чугаева"]


def test_a_name_that_sounds_so_in_other_company_is_another(tmp_path):
    first, second = linked(
        tmp_path,
        read("a", "ru", "… Аркадия Вельяшева …", Аркадия_Вельяшева="PERSON"),
        read("b", "de", "… Arkadi Weljaschew …", Arkadi_Weljaschew="PERSON"),
    )
    assert second["Arkadi Weljaschew"] != first["Аркадия Вельяшева"]


@pytest.mark.parametrize(
    ("language", "written", "name"),
    [
        ("fi", "Velmarkin-talo", "Velmarkin-talo"),
        ("fi", "VKL:n", "VKL"),
        ("hu", "VKL-nek", "VKL"),
        ("it", "l'Osca", "Osca"),
    ],
)
def test_a_case_ending_is_part_of_the_text_of_a_mention_but_not_of_its_name(language, written, name):
    text = f"… {written} …"
    (mention,) = enrich(
        Article(id="a", text=text, language=language),
        load_knowledge_base(CONFIG),
        lambda full, _language: [Span(full.index(written), full.index(written) + len(written), EntityType.ORG)],
    ).mentions
    apart = written.partition("'")[2] or written
    assert (mention.name, text[mention.start : mention.end]) == (name, apart)

from __future__ import annotations

import functools
import itertools
import re
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.enrich import Span, enrich, load_recognisers
from pipeline.enrich.english_model.decoding import decode_names, decode_spans
from pipeline.enrich.english_model.english import bundled_recogniser
from pipeline.enrich.english_model.model_input import LABEL_COUNT, LINE_START, encode_text, first_label, label_words
from pipeline.enrich.english_model.network import Network
from pipeline.enrich.english_model.plain_words import drop_common_words
from pipeline.enrich.english_model.trimming import find_addresses, join_nicknames, trim_names
from pipeline.enrich.english_model.windows import cut_windows
from pipeline.errors import SettingsError
from pipeline.records import Article, EntityType
from pipeline.settings import EntitySettings

CONFIG = Path(__file__).parent.parent / "config"
PERSON, ORG, PLACE, GROUP, EVENT = EntityType


@functools.cache
def loaded():
    return load_recognisers(EntitySettings(), CONFIG)


@functools.cache
def network():
    return Network()


def told(text: str) -> list[tuple[str, EntityType]]:
    _, chooser = loaded()
    return [(text[s.start : s.end], s.type) for s in chooser("en")(text, "en")]


def words_of(text, hints=()):
    return encode_text(network().tokenizer, text, hints)


def unknown(_name):
    return None


def chances_of(words, *labelled: tuple[int, EntityType, bool, float]):
    """Chances that say of no word but these that it is (the first word of) a name."""
    made = np.zeros((len(words.start), LABEL_COUNT), dtype=np.float32)
    made[:, 0] = 1
    for at, kind, first, chance in labelled:
        made[at, 0] = 1 - chance
        made[at, first_label(kind) + (not first)] = chance
    return made


def test_an_unknown_person_office_and_town_are_told_by_what_is_said_of_them():
    text = (
        "Zelandra Mokwhena, who has led the Ubari Water Authority since March, told reporters in Tessawik that the "
        "pumps would run again. Mokwhena said the British engineers had left."
    )
    found = dict(told(text))
    assert found["Zelandra Mokwhena"] is found["Mokwhena"] is PERSON
    assert found["Ubari Water Authority"] is ORG
    assert found["Tessawik"] is PLACE
    assert found["British"] is GROUP


def test_words_and_pieces_lie_where_the_text_has_them():
    text = "The Ubaidat\nsaid: USA, 3 iPads."
    words = words_of(text, [Span(4, 11, GROUP)])
    assert [text[a:b] for a, b in zip(words.start, words.end, strict=True)] == [
        "The", "Ubaidat", "said", ":", "USA", ",", "3", "iPads", ".",
    ]  # fmt: skip
    looks = words.looks[words.first]
    assert (looks >= LINE_START).tolist() == [True, False, True, *[False] * 6]
    assert len(set(looks.tolist())) == 7
    assert words.hints[words.first].tolist() == [0, first_label(GROUP), *[0] * 7]
    assert len(words.ids) == len(words.looks) == len(words.hints) > len(words.first)


def test_labels_say_the_first_word_of_a_name_and_further_ones():
    start, end = np.array([0, 4, 9]), np.array([3, 8, 12])
    person = first_label(PERSON)
    assert label_words(start, end, [Span(4, 12, PERSON)]).tolist() == [0, person, person + 1]


def test_a_name_is_one_word_after_the_other_and_a_new_one_begins_where_the_network_says():
    words = words_of("met Ann Lee Bob Ray .")
    chances = chances_of(
        words, (1, PERSON, True, 0.9), (2, PERSON, False, 0.8), (3, PERSON, True, 0.9), (4, ORG, False, 0.7)
    )
    assert [(f.first, f.stop) for f in decode_spans(chances, np.zeros(6, bool))] == [(1, 3), (3, 5)]
    assert [(f.first, f.stop) for f in decode_spans(chances, np.arange(6) == 2)] == [(1, 2), (2, 3), (3, 5)]


def test_a_name_has_one_type_in_an_article_and_is_found_wherever_it_stands():
    text = "Tessawik is calm. In Tessawik it rained. Tessawik slept. They left Tessawik."
    words = words_of(text)
    at = [i for i, (a, b) in enumerate(zip(words.start, words.end, strict=True)) if text[a:b] == "Tessawik"]
    chances = chances_of(words, (at[0], PERSON, True, 0.6), (at[1], PLACE, True, 0.9), (at[2], ORG, True, 0.1))
    found = decode_names(text, words, chances, unknown)
    assert [s.start for s in found] == [0, 21, 41]  # the last has no chance at all
    assert {s.type for s in found} == {PLACE}


def test_a_bare_surname_is_the_person_of_that_name():
    text = "Ann Lee spoke. Lee left."
    words = words_of(text)
    chances = chances_of(words, (0, PERSON, True, 0.99), (1, PERSON, False, 0.99), (4, PLACE, True, 0.6))
    assert [s.type for s in decode_names(text, words, chances, unknown)] == [PERSON, PERSON]


def test_what_only_a_country_is_called_is_a_place():
    text = "Norway scored."
    words = words_of(text)
    chances = chances_of(words, (0, ORG, True, 0.6))
    assert decode_names(text, words, chances, {"Norway": PLACE}.get) == [Span(0, 6, PLACE)]
    assert decode_names(text, words, chances, unknown) == [Span(0, 6, ORG)]


def test_what_a_camp_or_a_village_is_called_by_is_a_place():
    text = "They left the Ghoran military camp and the Ghoran board."
    words = words_of(text)
    chances = chances_of(words, (3, ORG, True, 0.6), (8, ORG, True, 0.6))
    assert {s.type for s in decode_names(text, words, chances, unknown)} == {ORG}
    chances = chances_of(words, (3, ORG, True, 0.6))
    assert [s.type for s in decode_names(text, words, chances, unknown)] == [PLACE]


@pytest.mark.parametrize(
    ("text", "kind"), [("the mayor of Valencia flew", PLACE), ("the art of Valencia flew", PERSON)]
)
def test_whose_mayor_is_named_is_a_place(text, kind):
    words = words_of(text)
    chances = chances_of(words, (3, PERSON, True, 0.6))
    assert [s.type for s in decode_names(text, words, chances, unknown)] == [kind]


@pytest.mark.parametrize(
    ("seen", "name"),
    [((4, 6), "Islamic State in Iraq and the Levant"), ((4, 11), "State in Iraq and the Levant group")],
)
def test_a_known_name_of_several_words_is_taken_whole_where_nothing_goes_beyond_it(seen, name):
    text = "They fought the Islamic State in Iraq and the Levant group."
    words = words_of(text)
    chances = chances_of(words, *((at, ORG, at == seen[0], 0.9) for at in range(*seen)))
    hint = Span(16, 52, ORG)
    found = decode_names(text, words, chances, {text[16:52]: ORG}.get, [hint])
    assert [text[s.start : s.end] for s in found] == [name]


@pytest.mark.parametrize(
    ("text", "kind", "name", "whole"),
    [
        ("Gen. Dr Bara Tosk spoke", PERSON, "Gen. Dr Bara Tosk", "Bara Tosk"),
        ("fighters of al-Qaeda fled", ORG, "Qaeda", "al-Qaeda"),
        ("Marvel Foods, Inc. grew", ORG, "Marvel Foods", "Marvel Foods, Inc."),
        ("Ann Lee, Jr. spoke", PERSON, "Ann Lee", "Ann Lee, Jr."),
        ("The president spoke", PERSON, "president", None),
        ("Brig. Gen. Bara Tosk spoke", ORG, "Brig", None),
        ("Bank of and for it", ORG, "Bank of and for", "Bank"),
        ("the -General of Tientsin", PLACE, "of Tientsin", "Tientsin"),
        ("for US$5 each", PLACE, "US", None),
        ("And of course", ORG, "And of", None),
        ("pay Sh380 million", PLACE, "Sh380", None),
        ("at 11.30 GMT", ORG, "GMT", None),
        ("Senator Ana Ruiz, D-N.M., left", PERSON, "D-N.M.", None),
        ("closed the A52 near Louth", ORG, "A52", None),
        ("the Britain-based Harbour Watch said", ORG, "Britain-based Harbour Watch", "Harbour Watch"),
        ("of Rostera Inc. of Austin, Texas", ORG, "Rostera Inc. of Austin", "Rostera Inc."),
        ("Its chief, Bara Tosk, fled", PERSON, "chief, Bara Tosk", "Bara Tosk"),
        ("India's Supreme Court ruled", ORG, "s Supreme Court", "Supreme Court"),
        ("the FAO Director-General said", ORG, "FAO Director-General", "FAO"),
        ("National Assembly Deputy Speaker Lee", ORG, "National Assembly Deputy Speaker", "National Assembly"),
        ("Office of the Prime Minister", ORG, "Office of the Prime Minister", "Office of the Prime Minister"),
        ("the film Lucky President won", ORG, "Lucky President", "Lucky President"),
        ("said Tosk Bara-yun, who", PERSON, "Tosk Bara", "Tosk Bara-yun"),
        ("said Tosk Bara-yun, who", PERSON, "Tosk Bara-", "Tosk Bara-yun"),
        ("the Bara Tosk-led board", PERSON, "Bara Tosk", "Bara Tosk"),
        ("U.S. District Judge Lee", ORG, "District Judge", None),
        ("the Crown Prince said", PLACE, "Crown Prince", None),
        ("read Parts II of it", ORG, "II", None),
        ("at the Zembla opera house", PLACE, "Zembla opera house", "Zembla"),
        ("from mainland China to", PLACE, "mainland China", "China"),
        ("in Zembla village", PLACE, "Zembla village", "Zembla village"),
    ],
)
def test_a_name_is_whole_and_without_titles(text, kind, name, whole):
    at = text.index(name)
    found = list(trim_names(text, [Span(at, at + len(name), kind)], loaded()[0].lexicon))
    assert [text[s.start : s.end] for s in found] == ([whole] if whole else [])


@pytest.mark.parametrize(
    ("text", "kind", "parts"),
    [
        ("Harbour Watch (HW", ORG, [("Harbour Watch", ORG), ("HW", ORG)]),
        ("Harbour Watch (HW)", ORG, [("Harbour Watch", ORG), ("HW", ORG)]),
        ("Harbour Watch (North)", ORG, [("Harbour Watch (North)", ORG)]),
        ("ZEMBLA - Harbour Watch", ORG, [("ZEMBLA", ORG), ("Harbour Watch", ORG)]),
        ("Gary, Ind.", PLACE, [("Gary", PLACE), ("Ind.", PLACE)]),
        ("Lima, Oslo and Rome", PLACE, [("Lima", PLACE), ("Oslo", PLACE), ("Rome", PLACE)]),
        ("Tyne and Wear", PLACE, [("Tyne and Wear", PLACE)]),
        ("Kenya's Ministry of Health", ORG, [("Kenya", PLACE), ("Ministry of Health", ORG)]),
        ("Lloyd's Register", ORG, [("Lloyd's Register", ORG)]),
        ("Lima feeds Oslo; Rome", PLACE, [("Lima", PLACE), ("Oslo", PLACE), ("Rome", PLACE)]),
        ("Lima del Mar", PLACE, [("Lima del Mar", PLACE)]),
        ("Kenyan President Bara Tosk", PERSON, [("Kenyan", GROUP), ("Bara Tosk", PERSON)]),
        ("Kenyan Tosk", PERSON, [("Kenyan Tosk", PERSON)]),
        ("governor of Lima", PERSON, [("Lima", PLACE)]),
        ("king of Tosk", PERSON, [("Tosk", PERSON)]),
        ("Treaty of Tosk", ORG, [("Treaty of Tosk", EVENT)]),
        ("Tosk Accords", ORG, [("Tosk Accords", EVENT)]),
        ("Tosk Pact Museum", ORG, [("Tosk Pact Museum", ORG)]),
    ],
)
def test_names_that_were_taken_for_one_are_parted(text, kind, parts):
    found = trim_names(
        text,
        [Span(0, len(text), kind)],
        loaded()[0].lexicon,
        {"Kenya": PLACE, "Kenyan": GROUP}.get,
        {"Oslo", "Rome", "Lima"}.__contains__,
    )
    assert [(text[s.start : s.end], s.type) for s in found] == parts


@pytest.mark.parametrize(("seen", "kind", "name"), [((3, 5), ORG, "Church of Tessawik"), ((4, 5), PLACE, "Tessawik")])
def test_a_body_that_the_lists_find_is_taken_whole_where_the_network_sees_a_part_of_it(seen, kind, name):
    text = "In the Church of Tessawik women preach."
    words = words_of(text)
    chances = chances_of(words, *((at, kind, at == seen[0], 0.9) for at in range(*seen)))
    found = decode_names(text, words, chances, unknown, [Span(7, 25, ORG)])
    assert [(text[s.start : s.end], s.type) for s in found] == [(name, kind)]


def test_a_known_name_that_the_network_overlooks_is_found():
    text = "Turkey agreed and Ankara waited."
    words = words_of(text)
    known = {"Turkey": PLACE}.get
    found = decode_names(
        text, words, chances_of(words), known, [Span(0, 6, PLACE), Span(7, 13, ORG), Span(18, 24, PLACE)]
    )
    assert [text[s.start : s.end] for s in found] == ["Turkey", "Ankara"]


def test_a_name_with_a_possessive_is_the_name_without():
    text = "Norway's budget grew."
    words = words_of(text)
    chances = chances_of(words, (0, ORG, True, 0.9), (1, ORG, False, 0.9), (2, ORG, False, 0.9))
    assert decode_names(text, words, chances, {"Norway": PLACE}.get) == [Span(0, 6, PLACE)]


@pytest.mark.parametrize(
    ("text", "kind", "kept"),
    [
        ("It shows the lacunae in it. " * 20, ORG, False),
        ("It shows the lacunae in it. ", ORG, True),
        ("it shows the lacunae in it. " * 20, ORG, True),
        ("As i said, it shows the lacunae in it. " * 20, ORG, True),
        ("It shows the lacunae in it. " * 20, GROUP, True),
    ],
    ids=["edited", "short", "careless", "message", "people"],
)
def test_what_an_edited_text_writes_small_is_no_name_but_a_peoples(text, kind, kept):
    at = text.index("lacunae")
    assert bool(list(trim_names(text, [Span(at, at + 7, kind)], loaded()[0].lexicon))) is kept


def test_what_is_known_is_a_name_whatever_it_looks_like():
    def kept(text, **known):
        found = trim_names(text, [Span(0, len(text), ORG)], loaded()[0].lexicon, {**known, "United Nations": ORG}.get)
        return [text[s.start : s.end] for s in found]

    assert (kept("M23"), kept("M23", M23=ORG)) == ([], ["M23"])
    assert kept("United Nations food") == ["United Nations"]
    assert kept("Harbour Watch food") == ["Harbour Watch food"]


def test_a_faith_before_a_known_organisation_is_a_name_of_its_own():
    text = "The Sunni Islamic State in Iraq and the Levant fled."
    words = words_of(text)
    chances = chances_of(words, (1, ORG, True, 0.9), (2, ORG, False, 0.9), (3, ORG, False, 0.9), (5, PLACE, True, 0.9))
    kinds = {"Sunni": GROUP, text[10:46]: ORG}
    found = decode_names(text, words, chances, kinds.get, [Span(10, 46, ORG)])
    assert [(text[s.start : s.end], s.type) for s in found] == [("Sunni", GROUP), (text[10:46], ORG)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hauliers wait\n\nThe hauliers said so. “Hauliers,” he said.", []),
        ("Dredger's bucket brings up a boat\n\nIt came up in the jaws of his dredger.", []),
        ("Rose waits\n\nHe gave Rose a rose.", ["Rose", "Rose"]),
        ("Turkey eats turkey.", ["Turkey"]),
        ("Hauliers wait\n\nNobody came.", ["Hauliers"]),
        ("SP leads. The senior partner (SP) left.", []),
    ],
)
def test_a_word_that_the_text_writes_small_is_no_name_where_all_words_have_a_capital(text, kept):
    name = text.split()[0].split("'")[0]
    spans = [Span(m.start(), m.end(), PERSON) for m in re.finditer(rf"\b{name}\b", text)]
    found = drop_common_words(text, spans, loaded()[0].lexicon, {"Turkey": PLACE}.get)
    assert [text[s.start : s.end] for s in found] == kept


@pytest.mark.parametrize(
    ("text", "kind", "kept"),
    [
        ("It spoke of Constitution and duty.", ORG, []),
        ("It told the State and the Voice.", ORG, []),
        ("The Year began. The year ended. A Year passed.", ORG, []),
        ("They meet by Easter again.", ORG, []),
        ("He flew home to the Kingdom.", PLACE, []),
        ("Some in Parliament and the Senate spoke to House members.", ORG, ["Parliament", "Senate", "House"]),
        ("They asked Voice for it.", ORG, ["Voice"]),
        ("They moved to Reading from STATE.", PLACE, ["Reading", "STATE"]),
        ("They asked the Office for it.", PERSON, ["Office"]),
    ],
)
def test_a_word_that_says_but_the_sort_is_no_organisation_or_place(text, kind, kept):
    words = "Constitution|State|Voice|Year|Easter|Kingdom|Parliament|Senate|House|Office|Reading|STATE"
    spans = [Span(m.start(), m.end(), kind) for m in re.finditer(rf"\b(?:{words})\b", text)]
    found = drop_common_words(text, spans, loaded()[0].lexicon, unknown, {"Reading"}.__contains__)
    assert [text[s.start : s.end] for s in found] == kept


@pytest.mark.parametrize(
    ("text", "parts", "joined"),
    [
        ("Rohan “Bama” Davey ran", ["Rohan", "Bama", "Davey"], ["Rohan “Bama” Davey"]),
        ("Ann 'Bo' Lee, Jr. and Bob", ["Ann", "Lee", "Bob"], ["Ann 'Bo' Lee", "Bob"]),
        ("Ann “Bo Peep” said Lee", ["Ann", "Bo Peep", "Lee"], ["Ann", "Bo Peep", "Lee"]),
        ("Ann “Bo” Lee", ["Ann", "Bo"], ["Ann", "Bo"]),
    ],
)
def test_a_person_has_one_name_with_the_nickname_in_it(text, parts, joined):
    spans = [Span(text.index(part), text.index(part) + len(part), PERSON) for part in parts]
    assert [text[s.start : s.end] for s in join_nicknames(text, spans)] == joined


def test_a_storm_is_an_event_and_a_ship_has_no_name_of_ours():
    def types(text, kind, *at):
        words = words_of(text)
        found = decode_names(text, words, chances_of(words, *((i, kind, True, 0.9) for i in at)), {"Oslo": PLACE}.get)
        return [(text[s.start : s.end], s.type) for s in found]

    assert types("The storm, named Odile, turned. Odile weakened.", PERSON, 4, 8) == [("Odile", EVENT)] * 2
    assert types("The Hurricane Center warned.", ORG, 2) == [("Center", ORG)]
    assert types("The trawler Odile sank. Odile was old.", ORG, 2, 5) == []
    assert types("It was a bulk carrier, the Odile.", ORG, 7) == []
    assert types("The ferry Oslo sank near the island.", PERSON, 2) == [("Oslo", PLACE)]
    assert types("They meant to storm Zembla at night.", PLACE, 4) == [("Zembla", PLACE)]


def test_addresses_hold_no_names():
    text = (
        "See www.kenya-today.example/iraq or https://paris.example/a, mail ann.lee@oslo.example, @Mosul, times.co.uk."
    )
    assert [text[a:b] for a, b in find_addresses(text)] == [
        "www.kenya-today.example/iraq", "https://paris.example/a,", "ann.lee@oslo.example", "@Mosul", "times.co.uk",
    ]  # fmt: skip


def test_a_name_is_found_wherever_the_windows_over_a_long_text_fall():
    line = "The mayor of Tessawik, Zelandra Mokwhena, spoke to reporters about the pumps.\n"
    words = words_of(line * 60)
    assert len(cut_windows(line * 60, words)) > 5
    assert np.allclose(network().label_probabilities(line * 60, words).sum(axis=1), 1, atol=1e-3)
    assert told(line * 60).count(("Zelandra Mokwhena", PERSON)) == 60


@hypothesis_settings(max_examples=60)
@given(st.text(max_size=300))
def test_any_text_gives_spans_in_order_that_do_not_overlap(text):
    _, chooser = loaded()
    found = chooser("en")(text, "en")
    assert all(0 <= s.start < s.end <= len(text) for s in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "A" * 1_000_000,
        "A." * 500_000,
        "\x00\x07 Mosul\x1b\u202e\ufffe " * 20_000,
        "قال رئيس الوزراء نوري المالكي في بغداد " * 2_500,
        " ".join(f"Ann{n} Smith met the United Fund{n} Bank in Mosul." for n in range(100_000 // 3)),
    ],
    ids=["empty", "space", "word", "dots", "controls", "right to left", "100,000 names"],
)
def test_hostile_text_is_answered_in_time(text):
    known, chooser = loaded()
    article = Article(id="a", text=text, language="en")
    begun = time.process_time()
    enrich(article, known, chooser("en"))
    assert time.process_time() - begun < 240  # ten times what it takes


@pytest.mark.slow
def test_behind_the_longest_of_articles_word_lists_go_on():
    text = "It rained and rained in the north. " * 3_000 + "They met in Baghdad."
    assert told(text)[-1] == ("Baghdad", PLACE)


@pytest.mark.slow
def test_the_network_is_loaded_in_seconds_and_memory_stays_bounded():
    begun = time.process_time()
    recognise = bundled_recogniser(loaded()[0])
    assert time.process_time() - begun < 10
    recognise("Ann Lee met Bob Ray in Mosul. " * 500, "en")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    recognise("Ann Lee met Bob Ray in Mosul. " * 20_000, "en")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_a_missing_file_of_the_network_is_one_clear_line():
    with pytest.raises(SettingsError, match="install newswire anew"):
        Network("data/away")


def test_a_word_of_a_million_letters_is_answered_at_once():
    begun = time.process_time()
    assert told("A" * 1_000_000) == []
    assert time.process_time() - begun < 5


def test_lists_alone_are_a_setting():
    _, chooser = load_recognisers(EntitySettings(model="lists"), CONFIG)
    text = "Dana Whitfield flew to Beirut."
    assert [(s.start, s.type) for s in chooser("en")(text, "en")] == [(0, PERSON), (23, PLACE)]

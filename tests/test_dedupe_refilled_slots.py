"""Short texts that are one form with other facts are told from copies that were edited, corrected or updated."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedupe.refilled_slots import compare_words, differ_as_fillings, find_names, join_numbers
from pipeline.dedupe.sketch import Sketch, sketch_text
from tests.helpers.copies import arrival, decided

QUAKE = (
    "A magnitude {} earthquake was recorded near {} on {}, the seismology institute said. There were no reports of "
    "damage or injuries. The quake struck at a depth of {} kilometres at {} local time."
)
MATCH = (
    "{} hat am {} {} gegen {} gewonnen. Den entscheidenden Treffer erzielte {} in der {}. Minute. Die Gäste bleiben in "
    "der unteren Tabellenhälfte und müssen am nächsten Wochenende wieder reisen."
)
SHARES = (
    "{}股价周{}上涨{}%，报收{}元，成交额{}亿元。大盘指数小幅波动，投资者等待央行的利率决定。"
    "分析人士预计节前市场将保持平静，建议关注业绩稳定的公司。"
)
WEATHER = (
    "À {}, la journée de {} sera {}. Le thermomètre affichera {} degrés le matin et {} degrés l'après-midi. Les "
    "automobilistes sont invités à la prudence à cause du brouillard matinal."
)
SCHOOL = (
    "{} Primary School is closed on Monday because of {}. {} pupils are affected. Parents are asked to check the "
    "school's website before {}. The council expects the building to open again on the following day."
)
RESCUE = (
    "سجل معهد الزلازل يوم {} زلزالا بقوة {} درجات قرب {} عند الساعة {} بالتوقيت المحلي. وقال المعهد إن مركز الزلزال "
    "كان على عمق {} كيلومترا. ولم ترد تقارير عن أضرار أو إصابات."
)
BUS = (
    "لقي {} أشخاص مصرعهم وأصيب {} آخرون في حادث سير وقع يوم {} على طريق {} قرب {}. وقالت الشرطة إن حافلة اصطدمت "
    "بشاحنة. ونقل المصابون إلى مستشفى {}. وفتحت النيابة العامة تحقيقا في أسباب الحادث وأعيد فتح الطريق في وقت لاحق."
)
TRUCK = (
    "{} जिले के {} थाना क्षेत्र में {} को एक {} और {} की टक्कर में {} लोगों की मौत हो गई तथा {} घायल हो गए। पुलिस ने "
    "बताया कि घायलों को जिला अस्पताल में भर्ती कराया गया है। शवों को पोस्टमार्टम के लिए भेज दिया गया है और मामले की जांच जारी है।"
)
FIRST = QUAKE.format("4.1", "Millgate", "Tuesday", "ten", "14:01")
TOLL = (
    "At least {} people were killed and {} injured when a bus overturned near Velmark on Monday, police said. The bus "
    "was on its way to Tolland with 48 passengers. It was raining, and the road through the hills was being repaired."
)
FILLINGS = [
    (FIRST, QUAKE.format("3.2", "Harwell", "Tuesday", "twelve", "16:40")),
    (FIRST, QUAKE.format("5.0", "Millgate", "Wednesday", "four", "19:12")),
    (
        MATCH.format("FC Dornau", "Sonntag", "2:1", "SV Birkheim", "Otto Siebert", 73),
        MATCH.format("VfB Steinach", "Samstag", "3:0", "FC Dornau", "Inge Vogel", 86),
    ),
    (SHARES.format("北方航运", "一", "1.25", "33.10", 4), SHARES.format("港湾银行", "三", "0.87", "12.48", 19)),
    (
        WEATHER.format("Montclair", "lundi", "nuageuse", 4, 17),
        WEATHER.format("Pontaven", "mardi", "ensoleillée", 9, 21),
    ),
    (SCHOOL.format("Harwell", "snow", 145, "7:30"), SCHOOL.format("Stonebridge", "a burst pipe", 163, "8:15")),
    (
        RESCUE.format("الأحد", "6.8", "وادي النخيل", "14:00", 37),
        RESCUE.format("السبت", "5.6", "عين الماء", "00:42", 10),
    ),
    (
        BUS.format("أربعة", "تسعة", "الأحد", "الساحل", "الرملة", "الأمل"),
        BUS.format("ستة", "سبعة", "الثلاثاء", "الجبل", "عين الصفا", "الجامعي"),
    ),
    (
        TRUCK.format("सीतापुर", "महोली", "गुरुवार", "बस", "कार", "दो", "आठ"),
        TRUCK.format("हरदोई", "बिलग्राम", "शनिवार", "ट्रैक्टर", "बाइक", "चार", "पांच"),
    ),
]
COPIES = [
    FIRST.replace("said", "stated").replace("were no", "have been no"),
    FIRST.replace("4.1", "4.3"),
    FIRST.replace("4.1", "4.3").replace("institute said", "office reported"),
    "(CWA) " + FIRST,
    FIRST + "\nReporting by Ada Quill; editing by Tom Reed.",
    FIRST + "\nOfficials in Velmark said that 3 inspectors would see the 2 dams in the hills above Millgate on Friday.",
    FIRST.partition(" The quake")[0],
]


def packed(text):
    return sketch_text(text).sketch.words


def are_fillings(new, old):
    slots = compare_words(packed(new), packed(old))
    return slots is not None and differ_as_fillings(slots)


@pytest.mark.parametrize(("one", "other"), FILLINGS)
def test_two_fillings_of_a_form_are_told(one, other):
    assert are_fillings(one, other)
    assert are_fillings(other, one)


@pytest.mark.parametrize("copy", COPIES)
def test_what_was_edited_corrected_credited_cut_or_extended_is_no_filling(copy):
    assert not are_fillings(copy, FIRST)
    assert not are_fillings(FIRST, copy)


def test_an_update_of_two_figures_keeps_its_names():
    assert not are_fillings(TOLL.format(12, 45), TOLL.format(5, 20))
    assert not are_fillings(TOLL.format(12, 45).replace("police said", "officials said"), TOLL.format(5, 20))


def test_fillings_open_groups_of_their_own_and_their_copies_join_them(store):
    texts = [text for pair in FILLINGS for text in pair if text != FIRST]
    first = [arrival(n, text, source="Bot") for n, text in enumerate([FIRST, *texts], 1)]
    copies = [arrival(100 + n, text, source=f"Paper {n}") for n, text in enumerate(COPIES)]
    groups = [copy.group for copy in decided(store, [*first, *copies])]
    assert groups[: len(first)] == [dated.article.id for dated in first]
    assert set(groups[len(first) :]) == {first[0].article.id}


def test_where_a_form_is_known_what_differs_as_much_as_its_fillings_is_another_one(store):
    dead = (
        "{}, a {} from Millgate, has died, the family said. A service will be held in the parish church on {} at noon. "
    )
    dead += "Flowers may be sent to the undertaker, and donations are welcome to the lifeboat station by the harbour."
    alone = [dead.format("Karin Holm", "teacher", 4), dead.format("Karin Berg", "nurse", 5)]
    known = [dead.format("Lars Vik", "pilot", 6), dead.format("Else Dahl", "baker", 7)]
    groups = [copy.group for copy in decided(store, [arrival(n, text) for n, text in enumerate(known + alone, 1)])]
    assert len(set(groups)) == 4


def test_a_sketch_of_an_earlier_version_is_read_without_words():
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(sketch_text(FIRST).sketch))
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(fields[:-1]), type=Sketch)
    assert old.words == b""
    assert old.shingles == sketch_text(FIRST).sketch.shingles


def test_names_have_a_capital_within_a_sentence():
    assert find_names('Karin Holm of Millgate said: "Nobody came." Lars Vik, too.') == {"holm", "millgate", "vik"}
    assert find_names("Вчера «Орёл» обыграл «Сокол». «Мы рады», сказал Лосев.") == {"орёл", "сокол", "лосев"}


def test_the_parts_of_a_number_are_joined():
    words = ["a", "4", "5", "at", "14", "01", "then", "4"]
    assert join_numbers("a 4.5 at 14:01, then 4", words) == ["a", "45", "at", "1401", "then", "4"]
    assert join_numbers("M6.4, no 4 or 5.5", plain := ["m6", "4", "no", "4", "or", "5", "5"]) == [*plain[:5], "55"]
    assert join_numbers("計３．５％ ٣٫٥", ["計", "3", "5", "٣", "٥"]) == ["計", "35", "٣٥"]
    assert join_numbers("none", words) is words


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_two_texts_compare(one, other):
    filler = " the harbour was closed on monday after a crane had come down on two wagons"
    new, old = packed(one + filler), packed(other + filler)
    slots = compare_words(new, old)
    assert slots is None or (slots.slots >= 0 and slots.same_words <= min(len(new), len(old)) // 2)
    assert compare_words(new, new) is None

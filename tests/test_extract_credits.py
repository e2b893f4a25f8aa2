"""Facts about wire forms: datelines, credits and sign-offs, and what only looks like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import load_config
from pipeline.extract.agencies import agency_of, credited_agency
from pipeline.extract.blocks import TextLine
from pipeline.extract.captions import parse_caption
from pipeline.extract.credits import find_owner, split_credits
from pipeline.records import Caption

KNOWN = load_config(Path(__file__).parent.parent / "config")
REST = "The council voted on Tuesday to repair the bridge."


def wire(*texts):
    made = split_credits([TextLine(text) for text in texts], KNOWN)
    return made.dateline, made.agency, [line.text for line in made.lines]


@pytest.mark.parametrize(
    ("start", "place", "agency"),
    [
        ("KATHMANDU, April 25 (Reuters) - ", "KATHMANDU", "Reuters"),
        ("BEIRUT/THE HAGUE, March 7 (Reuters) - ", "BEIRUT/THE HAGUE", "Reuters"),
        ("MEXICO CITY (AP) — ", "MEXICO CITY", "AP"),
        ("LA CROSSE, Wis. (AP) — ", "LA CROSSE, Wis.", "AP"),
        ("Berlin (dpa) - ", "Berlin", "dpa"),
        ("Frankfurt am Main (dpa/lhe) - ", "Frankfurt am Main", "dpa"),
        ("PARIS, Jan 3 (Xinhua) -- ", "PARIS", "Xinhua"),
        ("(Reuters) - ", None, "Reuters"),
        ("DUBLIN — ", "DUBLIN", None),
        ("PORT-AU-PRINCE, Haiti — ", "PORT-AU-PRINCE, Haiti", None),
        ("Beirut: ", "Beirut", None),
        ("Mosul: ", "Mosul", None),
        ("Berlin. ", "Berlin", None),
        ("New Delhi, April 3: ", "New Delhi", None),
        ("Port Sudan: ", "Port Sudan", None),
        ("El Fasher — ", "El Fasher", None),
        ("PARIS, 3 janv (AFP) - ", "PARIS", "AFP"),
        ("Paris, 3 janvier 2031 (AFP) – ", "Paris", "AFP"),
        ("Madrid, 7 de marzo (EFE).- ", "Madrid", "EFE"),
        ("SAO PAULO, 3 de março (Reuters) - ", "SAO PAULO", "Reuters"),
        ("ROMA, 12 MAR - ", "ROMA", None),
        ("(ANSA) - ROMA, 12 MAR - ", "ROMA", "ANSA"),
        ("Roma, 3 apr. (Adnkronos) - ", "Roma", "Adnkronos"),
        ("КИЕВ, 7 марта (Интерфакс) - ", "КИЕВ", "Interfax"),
        ("МОСКВА, 7 мар — РИА Новости. ", "МОСКВА", "RIA Novosti"),
        ("Sydney, AAP — ", "Sydney", "AAP"),
        ("March 7 (Reuters) - ", None, "Reuters"),
        ("Oslo (NTB): ", "Oslo", "NTB"),
        ("New Delhi | ", "New Delhi", None),
        ("Brüssel. ", "Brüssel", None),
        ("Genf (awp/sda) - ", "Genf", "AWP"),
        ("HOBART, Thursday — ", "HOBART", None),
        ("[SINGAPORE] ", "SINGAPORE", None),
        ("[ADDIS ABABA] ", "ADDIS ABABA", None),
        ("【北京共同】", "北京", "Kyodo"),
        ("（中央社台北3日電）", "台北", "CNA"),
        ("(서울=연합뉴스) 홍길동 기자 = ", "서울", "Yonhap"),
    ],
)
def test_a_dateline_is_cut_off_into_its_fields(start, place, agency):
    assert wire(start + REST, "More.") == (place, agency, [REST, "More."])


@pytest.mark.parametrize(
    "text",
    [
        "Update: The council voted on Tuesday to repair the bridge.",
        "UPDATE — The council voted on Tuesday to repair the bridge.",
        "[UPDATED] The council voted on Tuesday to repair the bridge.",
        "Berlin-based engineers said that the bridge can be repaired.",
        "Berlin is not a place where bridges are repaired quickly.",
        "The mayor told AP on Tuesday that the bridge would be repaired.",
        "AP reporters saw the bridge on Tuesday, and it was closed.",
        "Bridge: The council voted on Tuesday to repair the bridge.",
        "Mayor: the bridge will be repaired by the autumn, she said.",
    ],
)
def test_what_only_looks_like_a_dateline_stays(text):
    assert wire(text, "More.")[2][0] == text


@pytest.mark.parametrize(
    ("last", "agency"),
    [
        ("(dpa)", "dpa"),
        ("(Quelle: APA/sda/dpa)", "APA"),
        ("With files from The Associated Press", "AP"),
        ("—Associated Press writer Jo Doe in Paris contributed to this report.", "AP"),
        ("(Reporting by Jo Doe and Max Roe; Editing by Ann Poe)", None),
        ("Mit Agenturmaterial.", None),
        ("Additional reporting from PA", "PA"),
        ("Source: AFP", "AFP"),
        ("SDA/jok", "Keystone-SDA"),
        ("(Agencias)", None),
        ("(With inputs from agencies)", None),
        ("(with PTI inputs)", "PTI"),
        ("(con informazioni ANSA)", "ANSA"),
        ("Con información de Reuters", "Reuters"),
        ("(avec AFP)", "AFP"),
        ("autor: Jan Kowalski", None),
        ("kw/ je/", None),
        ("bur-gw/mh-kl", None),
        ("/TASS/", "TASS"),
        ("Lusa/Fim", "Lusa"),
        ("（完）", None),
        ("Our Standards: The Principles of the agency.", None),
    ],
)
def test_a_sign_off_is_cut_off_the_end(last, agency):
    assert wire(REST, "More.", last)[1:] == (agency, [REST, "More."])


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("© 2031 AFP", "AFP"),
        ("Copyright 2031 The Associated Press. All rights reserved.", "AP"),
        ("(c) dpa-infocom, dpa:240516-99-53606/3", "dpa"),
        ("Source: Xinhua", "Xinhua"),
        ("Quelle: dpa", "dpa"),
        ("Photo: AFP", None),
        ("The mayor told AP that the source: a man from Reuters, was not named by any of those who were there.", None),
    ],
)
def test_whose_text_it_is_is_told_by_a_line_that_says_so(text, agency):
    assert find_owner([text], KNOWN) == agency


def test_a_bracket_of_another_script_that_names_no_agency_stays():
    assert wire("【独自】市議会は火曜日に橋の修理を決めた。", "More.")[2][0].startswith("【独自】")


def test_a_credit_at_the_end_of_the_last_paragraph_is_cut_off():
    assert wire(REST, "The work begins in April. (NTB)") == (None, "NTB", [REST, "The work begins in April."])
    assert wire(REST, "The work begins in April. – AFP") == (None, "AFP", [REST, "The work begins in April."])
    assert wire(REST, "The work begins in April. REUTERS") == (None, "Reuters", [REST, "The work begins in April."])


def test_a_sign_off_is_told_and_the_strokes_before_it_are_no_text():
    made = split_credits([TextLine(REST), TextLine("___"), TextLine("With files from The Associated Press")], KNOWN)
    assert [line.text for line in made.lines] == [REST]
    assert made.sign_offs == ("With files from The Associated Press",)


def test_a_bracket_that_names_no_agency_stays():
    assert wire(REST, "The work begins in April (if it does).")[2][-1] == "The work begins in April (if it does)."


def test_short_forms_of_agencies_are_compared_with_their_case():
    assert agency_of("(AP)", KNOWN.agencies) == "AP"
    assert agency_of("pa", KNOWN.agencies) is None
    assert agency_of("the associated press", KNOWN.agencies) == "AP"
    assert credited_agency("dpa/AFP", KNOWN.agencies) == "dpa"
    assert credited_agency("dpa und Jo Doe", KNOWN.agencies) is None


@pytest.mark.parametrize(
    ("text", "words", "credit"),
    [
        (
            "The harbour after the storm. AFP PHOTO/SAMIR HADDAD Image Credit: AFP",
            "The harbour after the storm.",
            "AFP",
        ),
        ("Der Hafen nach dem Sturm. Foto: Anna Moreau/dpa", "Der Hafen nach dem Sturm.", "Anna Moreau/dpa"),
        ("The harbour after the storm. (AP Photo/Jo Doe)", "The harbour after the storm.", "AP Photo/Jo Doe"),
        ("The harbour after the storm. © Anna Moreau", "The harbour after the storm.", "Anna Moreau"),
        ("The harbour after the storm.", "The harbour after the storm.", None),
    ],
)
def test_a_captions_credit_is_told_apart(text, words, credit):
    assert parse_caption(text, KNOWN) == Caption(text=words, credit=credit)


@pytest.mark.parametrize(
    ("text", "words", "credit"),
    [
        ("The harbour after the storm. (Harbour Trust)", "The harbour after the storm.", "Harbour Trust"),
        ("The harbour after the storm. (Courier/Jo Doe)", "The harbour after the storm.", "Courier/Jo Doe"),
        ("The harbour after the storm (Courier/Jo Doe)", "The harbour after the storm", "Courier/Jo Doe"),
        ("The harbour after the storm. Jo van der Doe", "The harbour after the storm.", "Jo van der Doe"),
        ("The harbour after the storm. Jo Doe / Archive", "The harbour after the storm.", "Jo Doe / Archive"),
        ("The harbour after the storm. (Left to right)", "The harbour after the storm. (Left to right)", None),
        ("The mayor of Grimsby, Jo Doe (left)", "The mayor of Grimsby, Jo Doe (left)", None),
        ("It was cold. The Harbour Bridge", "It was cold. The Harbour Bridge", None),
    ],
)
def test_under_a_picture_the_name_behind_the_last_sentence_is_credited(text, words, credit):
    assert parse_caption(text, KNOWN, pictured=True) == Caption(text=words, credit=credit)


def test_in_running_text_a_name_behind_a_sentence_is_no_credit():
    assert parse_caption("It reopens on Monday. Grand Harbour Hotel", KNOWN).credit is None


@given(st.lists(st.text(max_size=80), max_size=6))
def test_cutting_never_adds_text(texts):
    made = wire(*texts)[2]
    assert len(made) <= len(texts)
    assert sum(map(len, made)) <= sum(map(len, texts))

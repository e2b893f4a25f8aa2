"""Facts about authors: persons, split and cleaned, apart from agencies, desks and outlets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import authors, load_config
from pipeline.extract.blocks import split_blocks
from pipeline.extract.page_signals import gather_signals, parse_page

KNOWN = load_config(Path(__file__).parent.parent / "config")
URL = "https://www.courier.example/local/old-bridge"


def page(head="", body=""):
    return gather_signals(parse_page(f"<html lang='en'><head>{head}</head><body>{body}</body></html>"), URL)


def script(text):
    return f'<script type="application/ld+json">{text}</script>'


@pytest.mark.parametrize(
    ("given", "persons"),
    [
        (["By Mira Lindqvist and Tomas Okafor"], ("Mira Lindqvist", "Tomas Okafor")),
        (["Von Jana Kühn und Uwe Groß"], ("Jana Kühn", "Uwe Groß")),
        (["MIRA LINDQVIST, Political Correspondent"], ("Mira Lindqvist",)),
        (["Mira Lindqvist (@miral)"], ("Mira Lindqvist",)),
        (["Mira Lindqvist mira@courier.example"], ("Mira Lindqvist",)),
        (["https://www.facebook.com/courier"], ()),
        (["Economy desk By Mira Lindqvist"], ("Mira Lindqvist",)),
        (["Mira Lindqvist", "mira lindqvist"], ("Mira Lindqvist",)),
        (["María José García y Luis Pérez"], ("María José García", "Luis Pérez")),
        (["The Courier"], ()),
        (["Harbour Voice (www.voice.example)"], ()),
        (["admin"], ()),
        (["dmk"], ("dmk",)),
        (["BY MIRA LINDQVIST AND TOMAS OKAFOR"], ("Mira Lindqvist", "Tomas Okafor")),
        (["Mira Lindqvist Political Correspondent"], ("Mira Lindqvist",)),
        (["Mira Lindqvist - Senior Editor"], ("Mira Lindqvist",)),
        (["Mira Lindqvist, Staff Writer"], ("Mira Lindqvist",)),
        (["Mira Lindqvist in London and Tomas Okafor in Paris"], ("Mira Lindqvist", "Tomas Okafor")),
        (["Mira Lindqvist | The Courier"], ("Mira Lindqvist",)),
        (["Mira Lindqvist, BBC News"], ("Mira Lindqvist",)),
        (["Mira Lindqvist, 24.05.2031"], ("Mira Lindqvist",)),
        (["Special to the Courier"], ()),
        (["Team Courier"], ()),
        (["The Editors"], ()),
        (["M. R."], ("M. R.",)),
        (["Jo Doe Jr."], ("Jo Doe Jr.",)),
        (["Ludwig van der Berg"], ("Ludwig van der Berg",)),
        (["Von unserer Korrespondentin Jana Kühn"], ("Jana Kühn",)),
        (["Von Jana Kühn, Berlin"], ("Jana Kühn",)),
        (["Gastbeitrag von Jana Kühn"], ("Jana Kühn",)),
        (["Text: Jana Kühn, Fotos: Uwe Groß"], ("Jana Kühn",)),
        (["Nachrichtenredaktion"], ()),
        (["Par Jean Dupont avec AFP"], ("Jean Dupont",)),
        (["Por María José García"], ("María José García",)),
        (["Redacción"], ()),
        (["di Mario Rossi e Luca Bianchi"], ("Mario Rossi", "Luca Bianchi")),
        (["Mario Rossi, inviato a Roma"], ("Mario Rossi",)),
        (["Door onze redacteur Kees de Vries"], ("Kees de Vries",)),
        (["Av Kari Nordmann"], ("Kari Nordmann",)),
        (["oprac. Jan Kowalski"], ("Jan Kowalski",)),
        (["Oleh: Budi Santoso"], ("Budi Santoso",)),
        (["Автор: Иван Петров"], ("Иван Петров",)),
        (["홍길동 기자"], ("홍길동",)),
        (["記者王小明／台北報導"], ("王小明",)),
        (["【記者 王小明】"], ("王小明",)),
        ([""], ()),
    ],
)
def test_authors_are_split_and_cleaned(given, persons):
    assert authors.clean_names(given, KNOWN, frozenset({"the courier"})).persons == persons


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("dpa/Jana Kühn", (("Jana Kühn",), "dpa", None)),
        ("jk/dpa", (("jk",), "dpa", None)),
        ("Jana Kühn (dpa)", (("Jana Kühn",), "dpa", None)),
        ("Jean Dupont (avec AFP)", (("Jean Dupont",), "AFP", None)),
        ("MIRA LINDQVIST Associated Press", (("Mira Lindqvist",), "AP", None)),
        ("Associated Press Writer Jo Doe", (("Jo Doe",), "AP", None)),
        ("Reuters Staff", ((), "Reuters", "Reuters Staff")),
        ("EFE / Madrid", ((), "EFE", None)),
        ("Coast Media Bureau/Lina Haddad", (("Lina Haddad",), None, "Coast Media Bureau")),
        ("Jan Kowalski, PAP", (("Jan Kowalski",), "PAP", None)),
        ("Beta", ((), "Beta", None)),
    ],
)
def test_agencies_and_desks_in_a_byline_have_fields_of_their_own(given, made):
    assert authors.clean_names([given], KNOWN) == made


def test_an_agency_is_a_credit_and_not_a_person():
    made = authors.clean_names(["Reuters", "Mira Lindqvist (AP)", "Staff Reporter"], KNOWN)
    assert made == (("Mira Lindqvist",), "Reuters", "Staff Reporter")
    assert authors.clean_names(["Associated Press in Valencia"], KNOWN) == ((), "AP", None)


def test_a_company_as_author_is_no_person():
    node = '{"@type": "NewsArticle", "headline": "x", "author": {"@type": "Organization", "name": "Harbour Media"}}'
    assert authors.choose_authors(page(script(node)), KNOWN, frozenset()).persons == ()


def test_a_visible_byline_is_found_and_those_of_teasers_are_not():
    teaser = '<div class="teaser"><div><span class="author">Another Person</span></div></div>'
    body = f'<div class="head"><div><span class="author">Mira Lindqvist</span></div></div><p>Text</p>{teaser}'
    assert authors.choose_authors(page(body=body), KNOWN, frozenset()).persons == ("Mira Lindqvist",)


def chosen(body, head=""):
    made = page(head, body)
    return authors.choose_authors(made, KNOWN, frozenset({"the courier"}), (), split_blocks(made.tree, URL)).persons


TEXT = "<p>The council voted on Tuesday to repair the bridge, which was closed in spring, officials said.</p>"


def test_a_line_that_says_by_under_the_headline_is_the_byline():
    body = f"<h1>Old bridge opens</h1><div>von Jana Kühn</div>{TEXT}<p>von Uwe Groß</p>"
    assert chosen(body) == ("Jana Kühn",)


def test_a_link_to_a_page_about_an_author_under_the_headline_is_the_byline():
    link = '<a href="/{}/{}">{}</a>'
    body = (
        f"<h1>Old bridge opens</h1><p>{link.format('autoren', 'jk', 'Jana Kühn')}</p>{TEXT * 4}"
        f"<div>{link.format('autoren', 'ug', 'Uwe Groß')}</div>"
    )
    assert chosen(body) == ("Jana Kühn",)
    assert chosen(body.replace("<p><a", "<p><b").replace("</a></p>", "</b></p>")) == ()


def test_a_labelled_name_is_the_byline_wherever_it_stands_if_it_is_the_only_one():
    label = "<li><strong>Autorin/Autor</strong> {}</li>"
    assert chosen(TEXT * 4 + label.format("Jana Kühn")) == ("Jana Kühn",)
    assert chosen(TEXT * 4 + label.format("Jana Kühn") + label.format("Uwe Groß")) == ()


def test_a_byline_that_says_by_outweighs_a_logo_in_the_same_box():
    body = (
        '<div><div><span class="author-line">capital</span><span class="author-line">von Jana Kühn</span></div></div>'
    )
    assert chosen(body) == ("Jana Kühn",)


def test_whom_the_page_calls_its_editor_is_not_its_author_where_a_byline_names_another():
    node = script('{"@type": "NewsArticle", "headline": "x", "author": {"@type": "Person", "name": "Ann Poe"}}')
    byline = '<div><div class="author-name">Budi Santoso</div></div>'
    assert chosen(f"{byline}{TEXT}<div>Editor : Ann Poe</div>", node) == ("Budi Santoso",)
    assert chosen(f"{byline}{TEXT}", node) == ("Ann Poe",)
    assert chosen(f"{TEXT}<div>Editor : Ann Poe</div>", node) == ("Ann Poe",)


@given(
    st.lists(
        st.text(max_size=60)
        | st.from_regex(r"(By |Von |)[A-Z][a-z]{1,9} [A-Z][a-z]{1,9}(, | and |/)AFP", fullmatch=True)
    )
)
def test_cleaned_names_are_cleaned_already(names):
    persons = authors.clean_names(names, KNOWN).persons
    assert all(person == person.strip() and 0 < len(person) <= 60 for person in persons)
    assert len({person.casefold() for person in persons}) == len(persons)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("JO VAN DER DOE", "Jo van der Doe"),
        ("JK MCROE", "JK McRoe"),
        ("MARY-ANN O'BRIEN", "Mary-Ann O'Brien"),
        ("Jo DOE", "Jo DOE"),
        ("MADONNA", "MADONNA"),
    ],
)
def test_a_name_in_capitals_is_written_as_others_write_it(given, shown):
    assert authors.clean_names([given], KNOWN).persons == (shown,)


def test_the_role_behind_a_name_is_no_bureau():
    assert authors.clean_names(["By JANE DOE, Staff Writer"], KNOWN) == authors.Authorship(("Jane Doe",))
    assert authors.clean_names(["Staff Reporter"], KNOWN).bureau == "Staff Reporter"


def test_what_is_left_of_a_byline_that_names_agency_and_place_is_nobody():
    assert authors.clean_names(["From Reuters, Geneva"], KNOWN) == authors.Authorship((), "Reuters")

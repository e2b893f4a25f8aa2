"""Facts about authors: persons, split and cleaned, apart from agencies, desks and outlets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import RawPage, authors, extract, load_config
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


@pytest.mark.parametrize(
    ("byline", "persons"),
    [
        ("By Ana Ruiz, photographs by Bo Lind", ("Ana Ruiz",)),
        ("Photographs by Bo Lind | Words by Ana Ruiz", ("Ana Ruiz",)),
        ("Ana Ruiz and Bo Lind, with additional reporting by Cy Po in Rome", ("Ana Ruiz", "Bo Lind")),
        ("By Ana Ruiz; Editing by Bo Lind", ("Ana Ruiz",)),
        ("记者：王小明 编辑：李雷", ("王小明",)),
        ("文/张三丰", ("张三丰",)),
        ("文 / 李四 图 / 王五", ("李四",)),
        ("撰文：李明", ("李明",)),
        ("本报记者 王小明", ("王小明",)),
        ("新华社记者 王小明、李雷", ("王小明", "李雷")),
        ("责任编辑：王五", ()),
        ("김철수 기자 kim@x.kr", ("김철수",)),
        ("김철수·이영희 기자", ("김철수", "이영희")),
        ("（山田太郎）", ("山田太郎",)),
        ("山田 太郎", ("山田 太郎",)),
        ("كتبت: سارة أحمد", ("سارة أحمد",)),
        ("كتب: محمد علي", ("محمد علي",)),
        ("بقلم: سارة أحمد", ("سارة أحمد",)),
        ("द्वारा: अना रुइज़", ("अना रुइज़",)),
        ("Текст: Анна Иванова", ("Анна Иванова",)),
        ("Автор: Анна Иванова", ("Анна Иванова",)),
        ("Από τον Γιάννη Παπαδόπουλο", ("Γιάννη Παπαδόπουλο",)),
        ("מאת דנה כהן", ("דנה כהן",)),
        ("โดย สมชาย ใจดี", ("สมชาย ใจดี",)),
        ("Haber: Ayşe Yılmaz", ("Ayşe Yılmaz",)),
        ("Haber Merkezi", ()),
        ("Por Ana Ruiz y Bo Lind", ("Ana Ruiz", "Bo Lind")),
        ("Par Ana Ruiz, à Paris", ("Ana Ruiz",)),
        ("Di Ana Ruiz e Bo Lind", ("Ana Ruiz", "Bo Lind")),
        ("Door Ana Ruiz en Bo Lind", ("Ana Ruiz", "Bo Lind")),
        ("Jane Doe, MD", ("Jane Doe",)),
        ("Jane Doe, M.D., Ph.D.", ("Jane Doe",)),
        ("Jane Doe MD and John Roe PhD", ("Jane Doe", "John Roe")),
        ("Dr. Jane Doe", ("Dr. Jane Doe",)),
        ("John Roe III", ("John Roe III",)),
        ("John Roe, III and Ana Ruiz", ("John Roe, III", "Ana Ruiz")),
        ("By John Roe Sr.", ("John Roe Sr.",)),
        ("Ana Ruiz, Europe correspondent", ("Ana Ruiz",)),
        ("Ana Ruiz — Harbour correspondent", ("Ana Ruiz",)),
        ("Ana Ruiz | Political Editor", ("Ana Ruiz",)),
        ("By Ana Ruiz, Bo Lind and Cy Po", ("Ana Ruiz", "Bo Lind", "Cy Po")),
        ("By Ana Ruiz, Bo Lind, and Cy Po", ("Ana Ruiz", "Bo Lind", "Cy Po")),
        ("Ana Ruiz for the BBC", ("Ana Ruiz",)),
        ("Ana Ruiz para EL PAÍS", ("Ana Ruiz",)),
        ("Ana Ruiz pour Le Monde", ("Ana Ruiz",)),
        ("For Quayside Post", ()),
        ("Ana Ruiz, Special to The Quayside Post", ("Ana Ruiz",)),
        ("admin", ()),
        ("webmaster@herald.example", ()),
        ("user123", ()),
        ("ana_ruiz", ()),
        ("newsdesk", ()),
        ("Redaktion", ()),
        ("News Desk", ()),
        ("Updated by Bo Lind", ()),
        ("By Ana Ruiz @anaruiz", ("Ana Ruiz",)),
        ("By Ana Ruiz Updated by Bo Lind", ("Ana Ruiz",)),
        ("Ana Ruiz in Kyiv and Bo Lind in Rome", ("Ana Ruiz", "Bo Lind")),
        ("Ana Ruiz, in Kyiv; Bo Lind, in Rome", ("Ana Ruiz", "Bo Lind")),
        ("Jan Novák a Petr Svoboda", ("Jan Novák", "Petr Svoboda")),
        ("Nagy Anna és Kis Péter", ("Nagy Anna", "Kis Péter")),
        ("Ion Popescu și Ana Radu", ("Ion Popescu", "Ana Radu")),
        ("Anna Koskinen ja Pekka Virtanen", ("Anna Koskinen", "Pekka Virtanen")),
        ("Redaktion: Bo Lind", ()),
        ("Edited by Bo Lind", ()),
        ("Text: Ana Ruiz, Redaktion: Bo Lind", ("Ana Ruiz",)),
        ("Ana María Ruiz López de la Cruz", ("Ana María Ruiz López de la Cruz",)),
        ("Von Jan Kahl (Text) und Bo Lind (Fotos)", ("Jan Kahl",)),
        ("José Inácio da Silva Filho", ("José Inácio da Silva Filho",)),
        ("Mei-Ling van den Berg", ("Mei-Ling van den Berg",)),
        ("O. Henry", ("O. Henry",)),
        ("JACK MA", ("Jack Ma",)),
        ("ANA RUIZ", ("Ana Ruiz",)),
        ("Reporting by Ana Ruiz; Editing by Bo Lind and Cy Po", ("Ana Ruiz",)),
        ("Ana Ruiz/Bo Lind", ("Ana Ruiz", "Bo Lind")),
        ("Nguyễn Văn An", ("Nguyễn Văn An",)),
        ("Oleh Budi Santoso", ("Budi Santoso",)),
        ("Reporter: Budi Santoso, Editor: Siti Aminah", ("Budi Santoso",)),
        ("Tekst: Ola Nordmann Foto: Kari Nordmann", ("Ola Nordmann",)),
        ("Written by Ana Ruiz, reviewed by Bo Lind, MD", ("Ana Ruiz",)),
        ("约翰·史密斯", ("约翰·史密斯",)),
        ("Ana Ruiz, Associated Press", ("Ana Ruiz",)),
        ("AFP", ()),
        ("Staff and agencies", ()),
        ("Ruiz, Ana", ("Ruiz", "Ana")),
        ("Analysis by Ana Ruiz", ("Ana Ruiz",)),
        ("Lt. Col. Bo Lind (ret.)", ("Lt. Col. Bo Lind",)),
        ("By Ana Ruiz. Photographs by Bo Lind.", ("Ana Ruiz",)),
        ("By ANA RUIZ and BO LIND", ("Ana Ruiz", "Bo Lind")),
        ("Special for Herald by Ana Ruiz", ("Ana Ruiz",)),
        ("Guest post by Ana Ruiz", ("Ana Ruiz",)),
        ("Text and photos by Ana Ruiz", ("Ana Ruiz",)),
        ("EXCLUSIVE by ANA RUIZ", ("Ana Ruiz",)),
        ("Eine Reportage von Ana Ruiz", ("Ana Ruiz",)),
        ("Una crónica de Ana Ruiz", ("Ana Ruiz",)),
        ("Karl von Berg", ("Karl von Berg",)),
        ("By Ana Ruiz of the Herald", ("Ana Ruiz",)),
        ("By Ana Ruiz as told to Bo Lind", ("Ana Ruiz",)),
        ("Protokoll: Ana Ruiz", ("Ana Ruiz",)),
        ("Opracowanie: Ana Ruiz", ("Ana Ruiz",)),
        ("Regie: Ana Ruiz", ()),
        ("dalla nostra inviata Ana Ruiz", ("Ana Ruiz",)),
        ("Ana Ruiz. Corresponsal en Londres", ("Ana Ruiz",)),
        ("Ana Ruiz - Da Redação", ("Ana Ruiz",)),
        ("Berlin - Ana Ruiz", ("Ana Ruiz",)),
        ("القاهرة - سارة علي", ("سارة علي",)),
        ("كتب - سارة علي", ("سارة علي",)),
        ("记者 王小明 北京报道", ("王小明",)),
        ("本报记者王小明", ("王小明",)),
        ("文｜王小明", ("王小明",)),
        ("来源：新闻网 作者：王小明", ("王小明",)),
        ("文・山田太郎", ("山田太郎",)),
        ("By IAN McDONALD", ("Ian McDonald",)),
        ("ავტორი: ნინო ბერიძე", ("ნინო ბერიძე",)),
        ("Հեղինակ՝ Աննա Պետրոսյան", ("Աննա Պետրոսյան",)),
        ("Especial para El Heraldo de Ana Ruiz", ("Ana Ruiz",)),
        ("Bericht von Experten zur Brücke liegt vor", ()),
        ("By Ana Ruiz et al.", ("Ana Ruiz",)),
        ("By Ana Ruiz and others", ("Ana Ruiz",)),
        ("Jonas ir Rasa Petraitis", ("Jonas ir Rasa Petraitis",)),
    ],
)
def test_a_byline_names_its_authors_alone(byline, persons):
    assert authors.clean_names([byline], KNOWN).persons == persons


BODY = "".join(
    f"<p>{paragraph}</p>"
    for paragraph in (
        "The ferry company said its two ships would sail to the outer islands again from Friday, after the storm.",
        "Service was stopped for four days, and hundreds of islanders waited in a school hall in the harbour town.",
        "The mayor thanked the volunteers and promised that the breakwater would be raised before next winter.",
    )
)


def authors_of(*, data=None, below="", end="", lang="en"):
    """Return the authors of a page whose JSON-LD states ``data``, with these parts below headline and text."""
    stated = script(f'{{"@type": "NewsArticle", "headline": "Ferry sails again", "author": {data}}}') if data else ""
    html = (
        f"<!doctype html><html lang='{lang}'><head><title>Ferry sails again</title>{stated}</head><body><article>"
        f"<h1>Ferry sails again</h1>{below}{BODY}{end}</article></body></html>"
    )
    return extract(RawPage(data=html.encode(), url=URL), KNOWN).authors


@pytest.mark.parametrize(
    ("data", "persons"),
    [
        ('"Ana Ruiz"', ("Ana Ruiz",)),
        ('["Ana Ruiz", {"name": "Bo Lind"}]', ("Ana Ruiz", "Bo Lind")),
        ('{"name": ["Ana Ruiz", "Bo Lind"]}', ("Ana Ruiz", "Bo Lind")),
        ('{"name": "Ruiz, Ana"}', ("Ana Ruiz",)),
        ('"Ruiz, Ana; Lind, Bo"', ("Ana Ruiz", "Bo Lind")),
        ('{"name": "Smith, John A."}', ("John A. Smith",)),
        ('{"name": "Ana Ruiz, Reuters"}', ("Ana Ruiz",)),
        ('{"name": "Joe Smith, Jr."}', ("Joe Smith, Jr.",)),
        ('{"name": "Levi Parsons For Quayside Post Australia"}', ("Levi Parsons",)),
        ('{"givenName": "Ana", "familyName": "Ruiz"}', ("Ana Ruiz",)),
        ('{"@type": "Organization", "name": "Quayside Post"}', ()),
    ],
)  # fmt: skip
def test_data_name_authors_in_many_shapes(data, persons):
    assert authors_of(data=data) == persons


@pytest.mark.parametrize(
    ("data", "below"),
    [
        ('"A. Ruiz"', '<p class="byline">By Ana Ruiz</p>'),
        ('"aru"', '<p class="byline">By Ana Ruiz</p>'),
        ('"AR"', '<p class="byline">By Ana Ruiz</p>'),
        ('"admin"', '<p class="byline">By Ana Ruiz</p>'),
        ('"webmaster@herald.example"', '<p class="byline">By Ana Ruiz</p>'),
        ('"Ana Ruiz"', '<p class="byline">By A. R.</p>'),
    ],
)
def test_a_name_in_full_outweighs_initials_codes_and_accounts(data, below):
    assert authors_of(data=data, below=below) == ("Ana Ruiz",)


def test_a_code_is_the_author_where_nobody_is_named():
    assert authors_of(data='"aru"') == ("aru",)


@pytest.mark.parametrize("below", ["<p><b>By Ana Ruiz</b></p>", "<p><strong>Von Ana Ruiz, Tübingen</strong></p>"])
def test_a_byline_may_be_the_first_paragraph(below):
    assert authors_of(below=below) == ("Ana Ruiz",)


@pytest.mark.parametrize("end", ["<p>— Ana Ruiz</p>", "<p>Ana Ruiz</p>", "<p>(Ana Ruiz)</p>"])
def test_a_text_may_be_signed_at_its_end(end):
    assert authors_of(end=end) == ("Ana Ruiz",)


@pytest.mark.parametrize("end", ["（山田太郎）", "ferry sailed at noon.【山田太郎】", "（山田 太郎）"])
def test_a_japanese_text_may_be_signed_in_brackets(end):
    assert len(authors_of(end=f"<p>{end}</p>", lang="ja")) == 1


@pytest.mark.parametrize("end", ["（敬称略）", "（共同通信）", "（写真は市提供）", "（おわり）", "（山田線は運休）"])
def test_a_note_in_brackets_is_no_signature(end):
    assert authors_of(end=f"<p>{end}</p>", lang="ja") == ()


def test_a_word_joins_names_in_its_own_language_alone():
    line = '<p class="byline">Jonas Petraitis ir Rasa Kalnė</p>'
    assert authors_of(below=line, lang="lt-LT") == ("Jonas Petraitis", "Rasa Kalnė")
    assert authors_of(below=line) == ("Jonas Petraitis ir Rasa Kalnė",)


@pytest.mark.parametrize(
    "other",
    [
        '<div class="byline" style="display:none">By Bo Lind</div>',
        '<div hidden><div class="author">Bo Lind</div></div>',
        '<div class="related"><div><span class="author">Bo Lind</span></div></div>',
        '<section id="comments"><b class="author">Bo Lind</b></section>',
    ],
)
def test_bylines_that_are_hidden_or_of_other_articles_do_not_count(other):
    assert authors_of(below=other) == ()
    assert authors_of(below=other + '<p class="byline">By Ana Ruiz</p>') == ("Ana Ruiz",)


def test_an_author_in_hidden_microdata_counts():
    stated = '<div style="display:none"><span itemprop="author">Ana Ruiz</span></div>'
    assert authors_of(below=stated) == ("Ana Ruiz",)

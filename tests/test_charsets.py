from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.charsets import decode_feed, decode_page
from pipeline.errors import ItemError
from pipeline.feeds.xml_repair import without_prolog
from tests.helpers.languages import encode, old_writings

BODY = "<rss><title>Le café de la gare rouvre à Genève</title></rss>"
RUSSIAN = "<rss><title>Правительство приняло новый закон о печати</title></rss>"


def declared(encoding, body=BODY):
    return f'<?xml version="1.0" encoding="{encoding}"?>{body}'


@pytest.mark.parametrize(
    ("http", "xml", "true"),
    list(
        itertools.product(
            [None, "utf-8", "windows-1252", "windows-1251", "utf-16", "nonsense"],
            ["utf-8", "iso-8859-1", "windows-1251", "utf-16", "nonsense"],
            ["utf-8", "windows-1252", "utf-8-sig", "utf-16", "utf-32"],
        )
    ),
)
def test_a_lying_charset_is_read_by_its_bytes(http, xml, true):
    assert "café" in decode_feed(declared(xml).encode(true), http)


@pytest.mark.parametrize(
    ("http", "xml"), list(itertools.product([None, "utf-8", "iso-8859-1"], ["utf-8", "windows-1251"]))
)
def test_cyrillic_in_its_old_encoding_is_told_from_western_text(http, xml):
    assert RUSSIAN in decode_feed(declared(xml, RUSSIAN).encode("windows-1251"), http)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", "政府は新しい法律を可決した"),
        ("euc-jp", "政府は新しい法律を可決した"),
        ("iso-2022-jp", "政府は新しい法律を可決した"),
        ("gb2312", "政府通过了新的法律"),
        ("big5", "政府通過了新的法律"),
        ("euc-kr", "정부가 새로운 법을 통과시켰다"),
        ("iso-8859-2", "Żółw źle śpi, rząd przyjął ustawę"),
        ("iso-8859-7", "Η κυβέρνηση ψήφισε τον νέο νόμο"),
        ("iso-8859-9", "Hükümet yeni yasayı çıkardı, şimdi ığdır"),
        ("windows-1255", "הממשלה אישרה את החוק החדש"),
        ("koi8-r", "Правительство приняло новый закон"),
    ],
)
def test_what_is_declared_rightly_is_believed(encoding, text):
    assert text in decode_feed(declared(encoding, f"<rss><title>{text}</title></rss>").encode(encoding))
    assert text in decode_feed(f"<rss><title>{text}</title></rss>".encode(encoding), encoding)


def test_the_language_tells_the_encoding_where_nothing_else_does():
    text = "<rss><language>el</language><title>Η κυβέρνηση ψήφισε</title></rss>"
    assert decode_feed(text.encode("windows-1253")) == text


def test_one_bad_byte_costs_one_character():
    titles = "".join(f"<title>Überschrift {number}</title>" for number in range(50)).encode()
    text = decode_feed(declared("utf-8", "").encode() + titles + b"<title>bad \xe9 byte</title>", "utf-8")
    assert text.count("Überschrift") == 50
    assert "bad \ufffd byte" in text


def test_utf_16_without_a_bom_is_recognised():
    for encoding in ("utf-16-le", "utf-16-be"):
        assert BODY in decode_feed(declared("utf-16").encode(encoding))


def test_characters_that_xml_forbids_are_left_out():
    assert decode_feed(b"<a>\x00\x08b\x0b\x1f\xef\xbf\xbf\tc</a>") == "<a>b\tc</a>"


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=20)))
def test_any_bytes_make_text(data, charset):
    assert isinstance(without_prolog(decode_feed(data, charset)), str)


@given(st.text(max_size=200).filter(lambda text: "\x1b" not in text))
def test_utf_8_is_always_read_as_it_is(text):
    text = decode_feed(text.encode("utf-8", "ignore"))
    assert decode_feed(text.encode()) == text.removeprefix("\ufeff")


def test_a_pages_lying_charset_is_read_by_its_bytes():
    text = '<meta charset="iso-8859-1"><p>Brücke – „schön“</p>'
    assert decode_page(text.encode()) == text
    assert decode_page(text.encode(), "windows-1252") == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Brücke schön", "iso-8859-1"),
        ("Мост открыт", "windows-1251"),
        ("橋が開通した", "shift_jis"),
        ("橋が開通した", "iso-2022-jp"),
        ("Bridge", "utf-16"),
    ],
)
def test_a_declared_charset_is_used_where_the_bytes_fit(text, charset):
    assert decode_page(text.encode(charset), charset) == text
    if charset != "utf-16":
        html = f'<meta charset="{charset}">{text}'
        assert decode_page(html.encode(charset)) == html


def test_a_few_broken_bytes_do_not_turn_a_page_into_another_charset():
    data = ("Brücke " * 200).encode() + b"\xc3" + b" Ende"
    assert decode_page(data).startswith("Brücke Brücke")


def test_a_name_of_no_charset_of_text_is_passed_over():
    assert decode_page(b"Br\xfccke, 48656c6c6f", "hex") == "Brücke, 48656c6c6f"
    assert decode_page("Brücke +ADw-".encode("cp1252"), "utf-7") == "Brücke +ADw-"


def test_bytes_in_no_known_charset_are_unreadable():
    with pytest.raises(ItemError, match="no known charset"):
        decode_page(b"\x81\x8d\x8f\x90\x9d" * 20)


WRITINGS = [(writing, encoding) for writing in old_writings() for encoding in writing.encodings]
NAMES = [f"{writing.language}-{encoding}" for writing, encoding in WRITINGS]


def as_feed(lines, language=None, encoding=None):
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    told = f"<language>{language}</language>" if language else ""
    items = "".join(
        f"<item><title>{line}</title><link>https://a.example/{at}</link></item>" for at, line in enumerate(lines)
    )
    return f"{head}<rss><channel>{told}{items}</channel></rss>"


def meant(text, encoding):
    return text.replace("’", "'") if encoding.startswith("iso") else text


@pytest.mark.parametrize(("writing", "encoding"), WRITINGS, ids=NAMES)
@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "right"])
@pytest.mark.parametrize("told", [True, False])
def test_an_old_encoding_is_told_whatever_the_label_says(writing, encoding, label, told):
    language = writing.language if told else None
    text = as_feed(writing.headlines, language, encoding if label == "right" else label)
    assert decode_feed(encode(text, encoding)) == meant(text, encoding)


@pytest.mark.parametrize(("writing", "encoding"), WRITINGS, ids=NAMES)
def test_an_old_encoding_of_a_page_is_told_too(writing, encoding):
    text = f'<html lang="{writing.language}"><meta charset="utf-8"><p>{"</p><p>".join(writing.headlines)}</p></html>'
    assert decode_page(encode(text, encoding)) == meant(text, encoding)
    assert decode_page(encode(text.replace(' lang="', ' data-x="'), encoding), "iso-8859-1") == meant(
        text.replace(' lang="', ' data-x="'), encoding
    )


@pytest.mark.parametrize("language", ["de", "fr", "en", None])
def test_a_right_label_is_believed_for_names_from_everywhere(language):
    text = as_feed(["Łódź, Škoda und Ångström", "Ślub w Łodzi: Dvořák, Erdoğan"[:12], "Żółw"], language, "iso-8859-2")
    text = text.replace("Å", "A").replace("ö", "o")
    assert decode_feed(text.encode("iso-8859-2", "ignore")) == text.encode("iso-8859-2", "ignore").decode("iso-8859-2")


def test_entries_of_different_encodings_are_read_each_by_itself():
    entries = [
        "<item><title>café déjà vu</title></item>".encode("cp1252"),
        "<item><title>Élection à Orléans, été</title></item>".encode(),
        "<item><title>« Où est passé l’été ? »</title></item>".encode("cp1252"),
    ]
    data = b'<?xml version="1.0" encoding="iso-8859-1"?><rss>' + b"".join(entries) + b"</rss>"
    text = decode_feed(data)
    for title in ("café déjà vu", "Élection à Orléans, été", "« Où est passé l’été ? »"):
        assert f"<title>{title}</title>" in text


def test_a_character_that_was_cut_in_two_does_not_turn_its_entry_into_another_encoding():
    good = "<item><title>Überschrift</title></item>".encode() * 3
    data = (
        b"<rss>"
        + good
        + b"<item><title>The caf\xc3</title></item><item><title>The mayor\xe2\x80...</title></item></rss>"
    )
    assert "<title>The caf\ufffd</title>" in decode_feed(data)
    assert "<title>The mayor\ufffd...</title>" in decode_feed(data)


def test_characters_encoded_by_halves_are_whole():
    halves = b"\xed\xa0\xbd\xed\xb8\x80"
    assert "smile 😀 é" in decode_feed(b"<rss><title>smile " + halves + " é</title></rss>".encode())
    assert "smile 😀 é" in decode_page(b"<p>smile " + halves + " é é é</p>".encode())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1"])
def test_wide_encodings_are_told_without_a_mark(encoding, label):
    assert decode_feed((" " + BODY).encode(encoding), label) == " " + BODY
    assert decode_page(f"<html><p>Brücke {BODY}".encode(encoding), label) == f"<html><p>Brücke {BODY}"


def test_a_mark_that_lies_is_passed_over():
    assert decode_feed(b"\xef\xbb\xbf" + RUSSIAN.encode("cp1251")) == RUSSIAN


def test_what_the_source_says_of_its_language_helps():
    text = "<rss><item><title>Şişli</title></item></rss>"
    assert decode_feed(text.encode("cp1254"), "iso-8859-1", "tr") == text


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "windows-1252"])
def test_dashes_and_quotes_alone_are_no_other_alphabet(label):
    text = "<html><p>It seemed—like so much—to be over… “said”Smith ’90s 5\u00a0km</p></html>"
    assert decode_page(text.encode("cp1252"), label) == text
    one = "<html><p>It seemed—like so much to be over</p></html>"
    assert decode_page(one.encode("cp1252"), label) == one


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "shift_jis"])
def test_japanese_in_seven_bits_is_told_by_its_escapes(label):
    body = "<rss><title>橋が十一週間閉鎖される</title></rss>"
    data = (declared(label, body) if label else body).encode("iso-2022-jp")
    assert "橋が十一週間閉鎖される" in decode_feed(data)
    assert "橋が十一週間閉鎖される" in decode_page(data.replace(b"rss>", b"html>"))


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1"])
def test_the_charset_of_dos_is_told_where_no_other_reading_makes_sense(label):
    data = (declared(label, RUSSIAN) if label else RUSSIAN).encode("cp866")
    assert RUSSIAN in decode_feed(data)


@pytest.mark.parametrize(
    ("language", "encoding", "title"),
    [("eo", "iso-8859-3", "Ĉu ŝanĝo ĵaŭde?"), ("cy", "iso-8859-14", "Tŷ a dŵr a sŵn")],
)
def test_a_label_that_no_program_fills_in_is_believed_where_the_letters_of_the_language_are_unknown(
    language, encoding, title
):
    body = f"<rss><channel><language>{language}</language><title>{title}</title></channel></rss>"
    assert title in decode_feed(declared(encoding, body).encode(encoding))

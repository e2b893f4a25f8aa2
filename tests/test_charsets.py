from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.charsets import decode_feed, decode_page
from pipeline.errors import ItemError
from pipeline.feeds.xml_repair import without_prolog

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

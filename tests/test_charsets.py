from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.decode import decode, with_safe_references, without_prolog

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
    assert "café" in decode(declared(xml).encode(true), http)


@pytest.mark.parametrize(
    ("http", "xml"), list(itertools.product([None, "utf-8", "iso-8859-1"], ["utf-8", "windows-1251"]))
)
def test_cyrillic_in_its_old_encoding_is_told_from_western_text(http, xml):
    assert RUSSIAN in decode(declared(xml, RUSSIAN).encode("windows-1251"), http)


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
    assert text in decode(declared(encoding, f"<rss><title>{text}</title></rss>").encode(encoding))
    assert text in decode(f"<rss><title>{text}</title></rss>".encode(encoding), encoding)


def test_the_language_tells_the_encoding_where_nothing_else_does():
    text = "<rss><language>el</language><title>Η κυβέρνηση ψήφισε</title></rss>"
    assert decode(text.encode("windows-1253")) == text


def test_one_bad_byte_costs_one_character():
    titles = "".join(f"<title>Überschrift {number}</title>" for number in range(50)).encode()
    text = decode(declared("utf-8", "").encode() + titles + b"<title>bad \xe9 byte</title>", "utf-8")
    assert text.count("Überschrift") == 50
    assert "bad \ufffd byte" in text


def test_utf_16_without_a_bom_is_recognised():
    for encoding in ("utf-16-le", "utf-16-be"):
        assert BODY in decode(declared("utf-16").encode(encoding))


def test_characters_that_xml_forbids_are_left_out():
    assert decode(b"<a>\x00\x08b\x0b\x1f\xef\xbf\xbf\tc</a>") == "<a>b\tc</a>"


def test_references_to_no_character_are_replaced_and_others_stay():
    text = "&#233; &#x20AC; &#0; &#xD800; &#99999999; &#x110000; &amp; &#" + "9" * 5000 + ";"
    assert with_safe_references(text) == "&#233; &#x20AC; \ufffd \ufffd \ufffd \ufffd &amp; \ufffd"


@pytest.mark.parametrize(
    "prolog",
    [
        '<?xml version="1.0"?>', " \n\t", "<!-- a > b -->", "<!DOCTYPE rss>",
        '<!doctype rss SYSTEM "http://a.example/x">',
        '<?xml version="1.0"?>\n<?xml-stylesheet href="a"?><!-- c --><!DOCTYPE a [<!ENTITY b "]"> <!ENTITY c ">">] >\n',
    ],
)  # fmt: skip
def test_whatever_stands_before_the_first_element_goes(prolog):
    assert without_prolog(prolog + BODY) == BODY


@pytest.mark.parametrize("text", ["", "plain text", "<rss", "a<!DOCTYPE b>"])
def test_text_without_a_prolog_stays(text):
    assert without_prolog(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 1_000_000, "<!--" * 250_000, "<?" + "encoding='" * 100_000, "<!DOCTYPE " + "\n" * 1_000_000,
        "<!DOCTYPE a [" + "]" * 1_000_000, "<!-- -->" * 100_000, "<!DOCTYPE a>" * 100_000,
    ],
)  # fmt: skip
def test_a_crafted_prolog_takes_no_time(text):
    began = time.process_time()
    without_prolog(decode(text.encode()))
    assert time.process_time() - began < 2


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=20)))
def test_any_bytes_make_text(data, charset):
    assert isinstance(without_prolog(decode(data, charset)), str)


@given(st.text(max_size=200).filter(lambda text: "\x1b" not in text))
def test_utf_8_is_always_read_as_it_is(text):
    text = decode(text.encode("utf-8", "ignore"))
    assert decode(text.encode()) == text.removeprefix("\ufeff")

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.charsets import decode_feed
from pipeline.feeds.xml_repair import with_safe_ampersands, with_safe_references, without_prolog

BODY = "<rss><title>Le café de la gare rouvre à Genève</title></rss>"


def test_references_to_no_character_are_replaced_and_others_stay():
    text = "&#233; &#x20AC; &#0; &#xD800; &#99999999; &#x110000; &amp; &#" + "9" * 5000 + ";"
    assert with_safe_references(text) == "&#233; &#x20AC; \ufffd \ufffd \ufffd \ufffd &amp; \ufffd"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("R&D at AT&T", "R&D at AT&T"),
        ("S&P 500, B&B; Q&A: R&D; &", "S&P 500, B&B; Q&A: R&D; &"),
        ("caf&eacute; &hellip; &nbsp;&foo; &AMP; &colon;", "café … \u00a0&foo; & :"),
        ("black&reg shoes &copy 2026, 5&nbspkm &amp tea", "black® shoes © 2026, 5\u00a0km & tea"),
        ("https://h.example/x?a=1&copy=2&lang=en&reg=1&not=7&copy", "https://h.example/x?a=1&copy=2&lang=en&reg=1&not=7&copy"),
        ("/x?a=1&amp;copy=2&sect", "/x?a=1&copy=2&sect"),
        ("&lt;b&gt; &#38;lt; &amp;eacute;", "<b> &lt; &eacute;"),
        ("&#xD83D;&#xDE00; &#55357;&#56832; &#xd83d&#xde00; &#128512", "😀 😀 😀 😀"),
        ("&#147;so&#148; &#x80; &#150; a&#11;b &#xFFFE;", "“so” € – ab "),
        ("&#xDE00;&#xD83D; &#8217s", "\ufffd\ufffd ’s"),
        ("<![CDATA[R&D &eacute; &lt;]]> A&B<!-- & -->", "R&D &eacute; &lt; A&B"),
    ],
)  # fmt: skip
def test_every_parser_reads_what_an_ampersand_means(written, meant):
    root = etree.fromstring(f"<a>{with_safe_references(written)}</a>")
    assert "".join(root.xpath("//text()")) == meant


@pytest.mark.parametrize("name", ["copy", "lang", "reg", "section", "para", "not", "amp", "nbsp", "lt"])
def test_a_parameter_named_like_a_character_stays_a_parameter(name):
    address = f"https://h.example/x?a=1&{name}=2&b=3"
    for written in (address, address.replace("&", "&amp;")):
        root = etree.fromstring(with_safe_references(f'<a url="{written}">{written}</a>'))
        assert (root.get("url"), root.text) == (address, address)


@given(st.text(alphabet="&;#x1aDltgcopyegmp<>=? '\"", max_size=60))
def test_whatever_stands_between_tags_is_well_formed_afterwards(text):
    text = text.replace("<", "").replace(">", "")
    etree.fromstring(f"<a>{with_safe_references(text)}</a>".encode())
    assert with_safe_references(with_safe_references(text)) == with_safe_references(text)


def test_a_fragment_of_html_keeps_its_markup_and_references():
    fragment = '<a href="?a=1&copy=2">R&D</a> &eacute;&#39;'
    assert with_safe_ampersands(fragment) == '<a href="?a=1&amp;copy=2">R&amp;D</a> é&#39;'


@pytest.mark.parametrize("text", ["<![CDATA[" * 100_000, "<!--" * 200_000, "&" * 500_000, "?&copy" * 40_000])
def test_crafted_ampersands_take_no_time(text):
    began = time.process_time()
    with_safe_references(text)
    assert time.process_time() - began < 5


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
    without_prolog(decode_feed(text.encode()))
    assert time.process_time() - began < 2

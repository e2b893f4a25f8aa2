from __future__ import annotations

import time

import pytest

from pipeline.charsets import decode_feed
from pipeline.feeds.xml_repair import with_safe_references, without_prolog

BODY = "<rss><title>Le café de la gare rouvre à Genève</title></rss>"


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
    without_prolog(decode_feed(text.encode()))
    assert time.process_time() - began < 2

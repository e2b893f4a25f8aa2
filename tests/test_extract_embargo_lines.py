"""A line at the top of an item that names a time after a phrase holds the item back until then."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import RawPage, extract, load_config
from pipeline.extract.embargo_lines import read_embargo_lines
from pipeline.settings import Source
from tests.helpers.support import REPO

CONFIG = load_config(REPO / "config")
OSLO = RawPage(data=b"", source=Source(name="Coastwire", time_zone="Europe/Oslo", language="en", country="GB"))


def at(day, hour=0, minute=0):
    return dt.datetime(2026, 12, day, hour, minute, tzinfo=dt.UTC)


def read(line, raw=OSLO):
    return read_embargo_lines([line], CONFIG.embargo_phrases, raw)[0]


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("EMBARGOED UNTIL 00:01 GMT, Thursday 24 December 2026", at(24, 0, 1)),
        ("** NOT FOR PUBLICATION BEFORE 12:01 a.m. ET, Dec. 24, 2026 **", at(24, 5, 1)),
        ("Embargo: 24/12/2026 09:30", at(24, 8, 30)),
        ("SPERRFRIST: 24. Dezember 2026", at(23, 23)),
        ("+++ SPERRFRIST 24.12.2026, 10:00 Uhr +++", at(24, 9)),
        ("Achtung: Sperrfrist bis Donnerstag, 24. Dezember 2026, 9.30 Uhr", at(24, 8, 30)),
        ("Sous embargo jusqu’au jeudi 24 décembre 2026 à 9h30", at(24, 8, 30)),
        ("EMBARGADO HASTA el 24 de diciembre de 2026 a las 10:00", at(24, 9)),
        ("EMBARGO FINO alle ore 10.00 del 24 dicembre 2026", at(24, 9)),
        ("Klausuleret til 24. december 2026 kl. 09.30", at(24, 8, 30)),
        ("ЭМБАРГО ДО 24 декабря 2026 года 10:00 мск", at(24, 7)),
        ("【報道解禁】2026年12月24日10時", at(24, 9)),
        ("محظور النشر حتى 24 ديسمبر 2026 الساعة 10:00", at(24, 9)),
        # a time of day that can't be read: not before the day is over
        ("EMBARGOED FOR RELEASE: 0001 GMT THURSDAY 24 DECEMBER 2026", at(24, 23)),
    ],
)  # fmt: skip
def test_a_line_that_names_a_time_holds_until_then(line, until):
    assert read(line) == until


@pytest.mark.parametrize(
    "line",
    [
        "Embargo on Russian oil until 5 January 2027",
        "EMBARGO UNTIL 5 January 2027 on the sale of arms to the army of Sudan",
        "EMBARGO ENDS 5 JANUARY 2027",
        "EMBARGO: 5 January 2027 deadline for Sudan peace talks nears after UN vote",
        "EMBARGOED oil sold on 24 December 2026 in Bergen market",
        "Sperrfrist endet am 5. Januar 2027",
        "EMBARGO UNTIL Thursday 10 am",
        "EMBARGO",
        "Embargo until further notice",
        "EMBARGO UNTIL 1 January 9999",
    ],
)
def test_a_sentence_about_an_embargo_holds_nothing(line):
    assert read(line) is None


@given(st.text(max_size=80))
def test_any_line_is_read(text):
    for line in (text, f"EMBARGOED UNTIL {text}"):
        until, lines = read_embargo_lines([line], CONFIG.embargo_phrases, OSLO)
        assert (until is None) == (lines == [])


WORDS = "The council will close the swing bridge for eleven weeks, the harbour authority said on Tuesday."


def test_the_line_leaves_the_text_of_an_email_and_a_page_is_never_held_by_one():
    line = "EMBARGOED UNTIL 00:01 GMT, Thursday 24 December 2026"
    head = b"From: Ana Ruiz <ana@port.example>\nSubject: Bridge closes\nContent-Type: text/plain; charset=utf-8\n\n"
    mail = RawPage(data=head + f"{line}\n\n{WORDS}\n\n{WORDS.replace('eleven', 'ten')}\n".encode())
    article = extract(mail, CONFIG, "a.eml")
    assert (article.embargoed, article.text.split("\n")[0]) == (at(24, 0, 1), WORDS)
    markup = f"<html><body><p>{line}</p><p>{WORDS}</p><p>{WORDS.replace('eleven', 'ten')}</p></body></html>"
    sent = RawPage(data=head.replace(b"plain", b"html") + markup.encode())
    assert (extract(sent, CONFIG, "a.eml").embargoed, line in extract(sent, CONFIG, "a.eml").text) == (
        at(24, 0, 1),
        False,
    )
    page = f"<html><body><article><h1>Bridge closes</h1><p>{line}</p><p>{WORDS}</p></article></body></html>"
    assert extract(RawPage(data=page.encode(), media_type="text/html"), CONFIG, "a.html").embargoed is None

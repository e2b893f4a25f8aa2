"""What a version means follows from its number, its time and its status alone; how notices are told from articles."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.extract.config import load_notice_phrases
from pipeline.wires import (
    Arrival,
    ItemLink,
    ItemStanding,
    decide_arrival,
    find_notice,
    is_newer,
    is_same_sender,
    merge_standing,
    parse_wire_item,
    read_wire_item,
)
from pipeline.wires.markup import split_paragraphs
from pipeline.wires.model import publication_status
from tests.helpers.support import REPO

PHRASES = load_notice_phrases(REPO / "config")
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
STATUSES = st.sampled_from(["usable", "withheld", "canceled"])
STANDINGS = st.builds(
    ItemStanding,
    id=st.just("a"),
    source=st.just("s"),
    guid=st.just("g"),
    version=st.sampled_from([None, "1", "2", "10", "1.2", "x"]),
    created=st.sampled_from([None, NOON, NOON + dt.timedelta(hours=1)]),
    status=STATUSES,
    notice=st.sampled_from([None, "n1", "n2"]),
)


def standing(version="1", status="usable", created=None, notice=None):
    return ItemStanding(id="a", source="s", guid="g", version=version, status=status, created=created, notice=notice)


@pytest.mark.parametrize(
    ("known", "sent", "arrival"),
    [
        (standing("1"), standing("2"), Arrival.UPDATE),
        (standing("9"), standing("10"), Arrival.UPDATE),
        (standing("2"), standing("1"), Arrival.OLDER),
        (standing("2"), standing("2"), Arrival.SAME_VERSION),
        (standing(None), standing(None), Arrival.SAME_VERSION),
        (standing(None, created=NOON), standing(None, created=NOON + dt.timedelta(1)), Arrival.UPDATE),
        (standing("5"), standing("1", "canceled", notice="n"), Arrival.WITHDRAW),
        (standing("5"), standing("1", "withheld", notice="n"), Arrival.OLDER),
        (standing("5"), standing("5", "withheld", notice="n"), Arrival.WITHDRAW),
        (standing("5", "withheld"), standing("6"), Arrival.REINSTATE),
        (standing("5", "withheld"), standing("5"), Arrival.STAYS_WITHDRAWN),
        (standing("5", "withheld", notice="n"), standing("6", "canceled", notice="m"), Arrival.WITHDRAW),
        (standing("5", "canceled"), standing("6"), Arrival.STAYS_WITHDRAWN),
        (standing("5", "usable", notice="n"), standing("5", "canceled", notice="n"), Arrival.STAYS_WITHDRAWN),
    ],
)
def test_a_version_means_what_its_number_and_status_say(known, sent, arrival):
    assert decide_arrival(known, sent) is arrival


@given(STANDINGS, STANDINGS)
def test_canceled_is_final_and_no_two_versions_are_newer_than_each_other(known, sent):
    if known.status == "canceled":
        assert decide_arrival(known, sent) is Arrival.STAYS_WITHDRAWN
    if is_newer(sent, known):
        assert is_newer(known, sent) is False
    assert merge_standing(known, sent).id == known.id


def test_one_sender_is_who_names_a_common_provider_or_none():
    assert is_same_sender(("quay press", "qp"), ("qp",))
    assert is_same_sender((), ("qp",))
    assert not is_same_sender(("quay press",), ("hill news",))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("stat:canceled", "canceled"), ("stat:cancelled", "canceled"), ("ps:Canceled", "canceled"),
        ("http://cv.iptc.org/newscodes/pubstatusg2/withheld", "withheld"), ("withheld", "withheld"),
        ("stat:usable", "usable"), ("x:unheard", "usable"), (None, "usable"), ("embargoed", "embargoed"),
    ],
)  # fmt: skip
def test_a_status_is_read_in_any_vocabulary(code, status):
    assert publication_status(code) == status


@pytest.mark.parametrize(
    "title",
    [
        "MANDATORY KILL", "BULLETIN KILL: Bridge", "*** KILL NOTICE ***", "KILL: Bridge", "KILL", "ANNULATION – Pont",
        "RECTIFICATIF/ANNULE - Pont", "DÉPÊCHE ANNULÉE", "ACHTUNG – ZURÜCKZIEHUNG: Brücke", "Meldung zurückgezogen",
        "ANULACIÓN: Puente", "NOTA ANULADA", "NOTIZIA ANNULLATA", "BERICHT INGETROKKEN", "Depesza anulowana: Most",
        "Сообщение аннулировано", "【記事取り消し】橋",
        "[기사취소] 다리", "撤稿：大桥",
    ],
)  # fmt: skip
def test_notices_are_told_by_how_they_begin(title):
    assert find_notice(title, "Do not use it.", PHRASES, is_agency=True)


@pytest.mark.parametrize(
    "title",
    [
        "KILL Bill returns", "KILLING of judge condemned", "Bridge killed by cost", "Annulation du vol Paris-Nice",
        "ANULACIÓN de las elecciones en Quito", "RETRACTION-WATCH turns ten", "取消关税谈判",
        "Zurückziehung der Truppen",
    ],
)  # fmt: skip
def test_headlines_about_killing_and_cancelling_are_none(title):
    assert find_notice(title, "It was a long day.", PHRASES, is_agency=True) is None


def test_a_word_alone_is_a_notice_only_in_agencies():
    assert find_notice("KILL: Bridge", "x", PHRASES, is_agency=False) is None
    assert find_notice("MANDATORY KILL", "x", PHRASES, is_agency=False)


def test_metadata_alone_may_say_what_is_taken_back():
    links = [ItemLink("kills", "urn:x:1"), ItemLink("seealso", "urn:x:2")]
    notice = find_notice("Advisory to editors", "x", PHRASES, is_agency=True, links=links)
    assert notice.links == ("urn:x:1",)
    assert find_notice("Bridge", "x", PHRASES, is_agency=True, links=links[1:]) is None


def test_a_notice_names_a_headline_whole_or_within_a_sentence():
    text = "Kill the item headed “Ferry timetable changes today” at once."
    notice = find_notice("KILL: Bridge closes", text, PHRASES, is_agency=True)
    assert notice.names_title("Bridge closes")
    assert notice.names_title("Ferry timetable changes today")
    assert not notice.names_title("timetable changes")
    assert not notice.names_title("Sport")


def newsml(content, headline="<headline>Bridge</headline>", language="en"):
    start = f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x" xml:lang="{language}">'
    return f"{start}<contentMeta>{headline}</contentMeta>{content}</newsItem>".encode()


ONE = "The bridge closes."
PLAIN = f"<contentSet><inlineData>{ONE}</inlineData></contentSet>"
PACKED = base64.b64encode(f"<p>{ONE}</p>".encode()).decode()
WIDE = base64.b64encode(ONE.encode("utf-16")).decode()


@pytest.mark.parametrize(
    ("attributes", "data"),
    [
        ("", ONE),
        ('contenttype="text/html"', f"&lt;p&gt;{ONE}&lt;/p&gt;"),
        ('contenttype="text/html"', f"<![CDATA[<div>{ONE}</div>]]>"),
        ("", f"&lt;p&gt;{ONE}&lt;/p&gt;"),
        ('contenttype="text/html" encoding="encd:base64"', PACKED),
        ('contenttype="text/plain; charset=utf-16" encoding="base64"', WIDE),
    ],
)
def test_inline_data_is_read_as_text_or_html(attributes, data):
    read = parse_wire_item(newsml(f"<contentSet><inlineData {attributes}>{data}</inlineData></contentSet>"))
    assert [paragraph.text for paragraph in read.paragraphs] == [ONE]


@pytest.mark.parametrize(
    "other",
    [
        '<remoteContent href="x.jpg" contenttype="image/jpeg"/>',
        '<inlineData contenttype="image/png" encoding="base64">AAAA</inlineData>',
        '<inlineData contenttype="text/html" encoding="base64">A</inlineData>',
    ],
)
def test_a_set_that_holds_no_text_hides_no_other(other):
    read = parse_wire_item(newsml(f"<contentSet>{other}</contentSet>{PLAIN}"))
    assert [paragraph.text for paragraph in read.paragraphs] == [ONE]


@pytest.mark.parametrize(
    ("headlines", "language", "title"),
    [
        ('<headline xml:lang="de">Brücke</headline><headline xml:lang="en">Bridge</headline>', "en", "Bridge"),
        ('<headline xml:lang="de">Brücke</headline><headline xml:lang="en-GB">Bridge</headline>', "en", "Bridge"),
        ('<headline xml:lang="de">Brücke</headline><headline>Bridge</headline>', "en", "Bridge"),
        ('<headline xml:lang="en">Bridge</headline><headline xml:lang="de">Brücke</headline>', "de-AT", "Brücke"),
        ('<headline xml:lang="fr">Pont</headline><headline xml:lang="de">Brücke</headline>', "en", "Pont"),
        (
            '<headline role="hl:sub">Sub</headline><headline role="hl:main">Bridge</headline>',
            "en",
            "Bridge",
        ),
    ],
)
def test_the_headline_is_that_of_the_items_own_language(headlines, language, title):
    assert read_wire_item(newsml(PLAIN, headlines, language)).title == title


def test_text_between_line_breaks_and_beside_paragraphs_is_kept():
    root = etree.fromstring("<body>One<br/>two <b>three</b><p>four<br/>five</p>six</body>")
    assert [paragraph.text for paragraph in split_paragraphs(root)] == ["One", "two three", "four five", "six"]

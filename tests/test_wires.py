"""Facts about the formats of the news trade: what they say is read, what they could do to us is not done."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.extract import RawPage, extract, load_config
from pipeline.intake.import_files import read_items as read_file
from pipeline.records import Outcome, Reason
from pipeline.wires import Format, detect_format, parse_mail, parse_wire_item, split_items
from tests.helpers.support import REPO

DATA = Path(__file__).parent / "data" / "wires"
KNOWN = load_config(REPO / "config")
CLOSED = "The harbour bridge was closed on Monday after inspectors found cracks in two of its supports"


def article(name, **more):
    return extract(RawPage(data=(DATA / name).read_bytes(), **more), KNOWN)


def refused(data, **more):
    with pytest.raises(ItemError) as caught:
        extract(RawPage(data=data, **more), KNOWN)
    return caught.value.outcome, caught.value.reason


def test_nitf_is_read_whole():
    made = article("bridge.nitf.xml")
    assert made.title == "Lisbon closes harbour bridge after inspection"
    assert made.standfirst == "Inspectors found cracks in two supports."
    assert made.authors == ("Ines Okafor", "Tomas Lindqvist")
    assert made.agency == "Reuters"
    assert made.dateline == "Lisbon"
    assert made.published == dt.datetime(2026, 11, 20, 7, 30, tzinfo=dt.UTC)
    assert made.section == "Business"
    assert made.tags == ("bridges", "Lisbon")
    assert made.language == "en"
    assert made.image == "https://pictures.example/bridge.jpg"
    assert [(one.text, one.credit) for one in made.captions] == [("The bridge on Monday", "Ana Ruiz")]
    assert made.text.splitlines() == [
        f"{CLOSED}—the third time in ten years.",
        "Ferries instead",
        "Ferries run every ten minutes, the city’s Port Authority said.",
        "North pier: lines 1 and 2",
        "South pier: line 3",
        "“We looked at every bolt,” the mayor said.",
    ]
    assert made.subheadings == ("Ferries instead",)


def test_newsml_g2_is_read_and_its_wire_forms_are_taken_out():
    made = article("harvest.newsml.xml")
    assert made.title == "Maize harvest is the best in nine years"
    assert made.standfirst == "Early rains helped the farmers of the Rift Valley."
    assert made.authors == ("Grace Wanjiru",)
    assert made.agency == "AFP"
    assert made.dateline == "NAIROBI"
    assert made.published == dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
    assert made.modified == dt.datetime(2026, 11, 20, 8, 10, tzinfo=dt.UTC)
    assert made.section == "economy"
    assert made.tags == ("harvest", "economy", "agriculture")
    assert made.subheadings == ("Prices fall",)
    assert made.text.startswith("Kenya's maize harvest is the best")


def test_each_item_of_a_message_that_holds_a_text_is_imported():
    found = [item for item, _ in read_file(DATA / "harvest.newsml.xml", 10_000_000)]
    titles = [extract(RawPage(data=one.data, media_type=one.media_type), KNOWN).title for one in found]
    assert titles == ["Maize harvest is the best in nine years", "Port strike ends"]


def test_the_section_is_the_subject_of_the_first_level():
    item = {"uri": "x:1", "type": "text", "body_text": CLOSED, "genres": [{"name": "Current"}]}
    subjects = [{"code": "medtop:20000210"}, {"uri": "http://cv.iptc.org/newscodes/mediatopic/15000000"}]
    assert extract(RawPage(data=json.dumps({**item, "subjects": subjects}).encode()), KNOWN).section == "Sport"
    assert extract(RawPage(data=json.dumps(item).encode()), KNOWN).section == "Current"


def test_ninjs_is_read_in_the_words_of_its_three_versions():
    second = json.loads((DATA / "satellite.ninjs").read_text())
    photo = {
        "type": "picture",
        "description_text": "The launch on Thursday",
        "byline": "Ana Ruiz",
        "renditions": {"main": {"href": "https://pictures.example/launch.jpg"}},
    }
    first = {
        "uri": second["uri"], "type": "text", "firstcreated": second["firstcreated"], "byline": second["by"],
        "versioncreated": second["versioncreated"], "language": second["language"], "located": second["located"],
        "headline": second["headlines"][0]["value"], "description_text": second["descriptions"][0]["value"],
        "body_xhtml": second["bodies"][0]["value"], "infosource": second["infosources"], "subject": second["subjects"],
        "associations": {"photo": photo},
    }  # fmt: skip
    camel = {"firstcreated": "firstCreated", "versioncreated": "versionCreated", "infosources": "infoSources"}
    third = {camel.get(key, key): value for key, value in second.items()}
    third["bodies"] = [{"role": "main", "contentType": "application/xhtml+xml", "value": second["bodies"][0]["value"]}]
    made = [extract(RawPage(id="x", data=json.dumps(one).encode()), KNOWN) for one in (first, second, third)]
    assert made[0] == made[1] == made[2]
    (one, *_) = made
    assert one.title == "Weather satellite reaches its orbit"
    assert one.url == "https://wire.example/items/satellite-2026"
    assert one.authors == ("Samuel Brandt",)
    assert one.agency == "dpa"
    assert one.published == dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
    assert one.image == "https://pictures.example/launch.jpg"
    assert one.subheadings == ("What it sees",)
    assert len(one.text.splitlines()) == 3


def test_an_e_mail_gives_its_text_subject_date_and_sender():
    made = article("release.eml")
    assert made.title == "Ferries will run until spring – timetable"
    assert made.authors == ("Ines Okafor",)
    assert made.published == dt.datetime(2026, 11, 20, 8, 30, tzinfo=dt.UTC)
    assert "The café on the north pier" in made.text
    assert len(made.text.splitlines()) == 2


def test_an_e_mail_that_is_html_alone_is_read_as_a_page():
    lines = [f"Paragraph {n} says that ferry number {n} runs every ten minutes from today on." for n in range(6)]
    head = "From: a@b.example\nSubject: Ferries\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
    body = "".join(f"<p>{line}</p>" for line in lines)
    made = extract(RawPage(data=f"{head}<html><body>{body}</body></html>".encode()), KNOWN)
    assert made.title == "Ferries"
    assert len(made.text.splitlines()) == 6


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CORE = """<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:creator>Ines Okafor</dc:creator>
<dcterms:modified>2026-11-20T08:00:00Z</dcterms:modified></cp:coreProperties>"""


def word(*paragraphs, **parts):
    """A Word document of (style, text) paragraphs."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{t}</w:t></w:r></w:p>' for style, t in paragraphs
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>')
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


def test_a_word_document_gives_its_paragraphs_headings_and_properties():
    data = word(
        ("Title", "Ferries will run until spring"), ("Normal", f"{CLOSED}."), ("Heading2", "Timetable"),
        ("Normal", "Ferries run every ten minutes until the repairs are done."), docProps__core_xml=CORE,
    )  # fmt: skip
    made = extract(RawPage(data=data), KNOWN)
    assert made.title == "Ferries will run until spring"
    assert made.authors == ("Ines Okafor",)
    assert made.published == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    assert made.subheadings == ("Timetable",)
    assert len(made.text.splitlines()) == 3


def test_the_byline_in_a_word_document_outweighs_who_set_up_the_program():
    made = extract(
        RawPage(data=word(("Normal", "By Tomas Okafor"), ("Normal", f"{CLOSED}."), docProps__core_xml=CORE)), KNOWN
    )
    assert (made.authors, made.text) == (("Tomas Okafor",), f"{CLOSED}.")


def test_the_signature_of_an_e_mail_is_no_text():
    mail = (
        f"From: a@b.example\nSubject: Ferries\nMIME-Version: 1.0\n\n{CLOSED}.\n\n-- \nPress office\nHarbour Street 1\n"
    )
    assert extract(RawPage(data=mail.encode()), KNOWN).text == f"{CLOSED}."


def test_a_word_document_that_unpacks_to_too_much_is_refused():
    assert refused(word(("Normal", "0" * (33 * 1024**2)))) == (Outcome.QUARANTINED, Reason.TOO_LARGE)


def test_other_archives_and_damaged_documents_are_refused():
    assert refused(word(("Normal", "x"))[:300])[0] is Outcome.QUARANTINED
    assert refused(b"PK\x03\x04" + bytes(200)) == (Outcome.QUARANTINED, Reason.BINARY)


@pytest.mark.parametrize(
    ("data", "media_type", "found"),
    [
        (b"<?xml version='1.0'?><nitf><body/></nitf>", None, Format.NITF),
        (b"<nar:newsItem xmlns:nar='http://iptc.org/std/nar/2006-10-01/'/>", None, Format.NEWSML),
        (b'{"uri": "urn:x", "headline": "y"}', None, Format.NINJS),
        (b'{"a": 1}', "application/json", Format.NINJS),
        (b"From: a@b.example\r\nSubject: x\r\nDate: y\r\n\r\nText", None, Format.MAIL),
        (b"Lisbon: The bridge was closed.", None, None),
        (b"<html><body><p>nitf</p></body></html>", None, None),
        (b"Who: the mayor\nWhat: a bridge\nWhere: Lisbon\n\nText", None, None),
    ],
)  # fmt: skip
def test_a_format_is_told_by_its_first_bytes(data, media_type, found):
    assert detect_format(data, None, media_type) is found


BOMB = b"""<?xml version="1.0"?><!DOCTYPE nitf [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<nitf><body><body.content><p>&b;</p></body.content></body></nitf>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE nitf [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<nitf><body><body.content><p>&x;</p></body.content></body></nitf>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, BOMB.replace(b"<!ENTITY", b"<!entity")])
def test_entities_are_neither_expanded_nor_fetched(data):
    assert refused(data) == (Outcome.QUARANTINED, Reason.UNREADABLE)


def test_an_external_dtd_is_not_loaded(tmp_path):
    (tmp_path / "x.dtd").write_text('<!ENTITY stolen "secret">')
    body = "<body><body.content><p>So it is: &stolen; stands here, and a lot of it.</p></body.content></body>"
    data = f'<!DOCTYPE nitf SYSTEM "{tmp_path}/x.dtd"><nitf>{body}</nitf>'
    try:
        text = extract(RawPage(data=data.encode()), KNOWN).text
    except ItemError as error:
        text = str(error)
    assert "secret" not in text


@pytest.mark.parametrize(
    ("data", "outcome", "reason"),
    [
        (b"<nitf><body>", Outcome.QUARANTINED, Reason.UNREADABLE),
        (b"<nitf><body><body.content/></body></nitf>", Outcome.DROPPED, Reason.NO_TEXT),
        (b"<packageItem/>", Outcome.DROPPED, Reason.NO_TEXT),
        (b'{"uri": "urn:x", "type": "video", "headline": "y"}', Outcome.DROPPED, Reason.NO_TEXT),
        (b'{"uri": "urn:x", "headline": "y"}', Outcome.DROPPED, Reason.NO_TEXT),
        (b'{"uri": "urn:x", "pubstatus": "canceled", "body_text": "z"}', Outcome.DROPPED, Reason.WITHDRAWN),
        (b'{"uri": "urn:x", "headline"', Outcome.QUARANTINED, Reason.BAD_RECORD),
    ],
)  # fmt: skip
def test_what_holds_no_usable_text_is_refused_with_the_reason(data, outcome, reason):
    assert refused(data) == (outcome, reason)


SAMPLES = [path.read_bytes() for path in sorted(DATA.iterdir())]


@given(st.sampled_from(SAMPLES), st.binary(max_size=40), st.integers(0, 3000), st.integers(0, 200))
def test_a_damaged_file_is_read_or_refused(data, noise, place, removed):
    data = data[:place] + noise + data[place + removed :]
    try:
        if detect_format(data) is Format.MAIL:
            assert parse_mail(data).text
        elif detect_format(data) is not None:
            assert list(split_items(data))
            assert parse_wire_item(data).paragraphs
    except ItemError as error:
        assert error.detail  # noqa: PT017

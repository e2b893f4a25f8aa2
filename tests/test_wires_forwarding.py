"""Of a forwarded e-mail the message that was forwarded is read, in whatever language its programs speak."""

from __future__ import annotations

import email.message
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wires import parse_mail
from pipeline.wires.forwarding import find_forwarded, find_forwarded_markup, find_header

BODY = "The old swing bridge closes for eleven weeks from January.\n\nShops on the quay fear for their customers.\n"
OUTER = (
    "From: Ana Ruiz <desk@quay.example>\nDate: Tue, 24 Nov 2026 09:30:00 +0100\nSubject: {}\nMIME-Version: 1.0\n{}\n{}"
)


def mail(body, subject="Fwd: Bridge", kind="text/plain"):
    return parse_mail(OUTER.format(subject, f"Content-Type: {kind}; charset=utf-8\n", body).encode())


def quoted(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


LATIN = "From: Bo Lind <bo@x.example>\nDate: Mon, 23 Nov 2026 08:00\nSubject: Bridge\nTo: <a@b.example>\n\n"


@pytest.mark.parametrize(
    "text",
    [
        f"FYI\n\n---------- Forwarded message ---------\n{LATIN}{BODY}",
        f"\nBegin forwarded message:\n\n{quoted(LATIN + BODY)}",
        f"--- Weitergeleitete Nachricht ---\nBetreff: x\nDatum: 23.11.2026\nVon: \tBo Lind\nAn: \ta\n\n{BODY}",
        f"--- Message transféré ---\nSujet : x\nDate : 23/11/2026\nDe : Bo Lind\nPour : a\n\n{BODY}",
        f"------- Mensaje reenviado -------\nDe: Bo Lind\nFecha: lun, 23 nov 2026\nAsunto: x\nPara: a@b\n\n{BODY}",
        f"---------- Mensagem encaminhada ---------\nDe: Bo Lind\nData: 23/11/2026\nAssunto: x\nPara: a@b\n\n{BODY}",
        f"--- Пересылаемое сообщение ---\nОт: Bo Lind\nДата: 23.11.2026\nКому: a@b\nТема: Мост\n\n{BODY}",
        f"--- 转发的邮件 ---\n发件人：Bo Lind\n日期：2026年11月23日\n主题：桥\n收件人：a@b\n\n{BODY}",
        f"--- 전달된 메시지 ---\n보낸사람: Bo Lind\n날짜: 2026년 11월 23일\n제목: 다리\n받는사람: a@b\n\n{BODY}",
        f"FYI\n\nFrom: Bo Lind\nSent: Monday, 23 November 2026 08:00\nTo: Ana Ruiz\nSubject: Bridge\n\n{BODY}",
        f"\n________________________________\nVon: Bo Lind\nGesendet: Montag\nAn: Ana Ruiz\nBetreff: x\n\n{BODY}",
        f"*From:* Bo Lind\n*Sent:* Monday\n*To:* Ana Ruiz\n*Subject:* Bridge\n\n{BODY}",
    ],
)
def test_the_header_of_a_forwarded_message_is_no_text(text):
    read = mail(text)
    assert " ".join(read.text.split()) == " ".join(BODY.split())
    assert (read.sender, read.subject) == ("Bo Lind", "Bridge")


def test_an_empty_outer_subject_is_that_of_the_message_and_its_time_has_the_forwarders_zone():
    read = mail(f"---------- Forwarded message ---------\n{LATIN}{BODY}", "Fwd:")
    assert (read.subject, read.date) == ("Bridge", "2026-11-23T08:00:00+01:00")


def test_of_a_message_that_is_forwarded_again_the_first_is_read():
    first = f"-----Original Message-----\nFrom: Cy Dee\nSent: Sunday\nSubject: First\n\n{BODY}"
    read = mail(f"FYI\n---------- Forwarded message ---------\n{LATIN}see below\n\n{first}")
    assert read.sender == "Cy Dee"
    assert "see below" not in read.text


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        f"Who: the mayor\nFrom: Monday\nWhere: the quay\n\n{BODY}",
        f"{BODY * 6}The e-mail that was leaked:\n\nFrom: Minister\nTo: Aide\nSubject: Bridge\n\nClose it.\n\n{BODY}",
        f"The message was forwarded by the minister.\n\n{BODY}",
    ],
)
def test_an_article_that_names_or_quotes_messages_is_left_alone(text):
    assert find_forwarded(text) is None


def test_what_the_forwarder_wrote_stays_where_it_is_more_than_a_note():
    read = mail(f"{BODY * 6}\n---------- Forwarded message ---------\n{LATIN}{BODY}")
    assert read.text.count("eleven weeks") == 7
    assert "Bo Lind" not in read.text
    assert read.sender == "Ana Ruiz"


FIELDS = "<b>From:</b> Bo Lind<br><b>Sent:</b> Monday<br><b>To:</b> Ana<br><b>Subject:</b> Bridge"
GMAIL = (
    '<div dir="ltr">FYI<br><div class="gmail_quote"><div class="gmail_attr">--- Forwarded message ---<br>'
    f"{FIELDS}<br></div>{{}}</div></div>"
)
OUTLOOK = f'<div><p>FYI</p><div style="border-top:solid"><p>{FIELDS}</p></div>{{}}</div>'
APPLE = (
    "<div>Begin forwarded message:</div><blockquote><div><b>From: </b>Bo Lind<br></div><div><b>Subject: </b>"
    "Bridge</div><div><b>Date: </b>23 November</div><div><b>To: </b>a@b</div><div>{}</div></blockquote>"
)


@pytest.mark.parametrize("page", [GMAIL, OUTLOOK, APPLE])
def test_so_it_is_in_html(page):
    forwarded = find_forwarded_markup(page.format("<p>The old swing bridge closes.</p>"))
    assert "The old swing bridge closes." in forwarded.text
    assert (forwarded.sender, forwarded.subject, forwarded.is_all) == ("Bo Lind", "Bridge", True)
    for word in ("FYI", "Bo Lind", "orwarded message", "Subject"):
        assert word not in forwarded.text


def test_an_attached_message_is_read_where_the_note_around_it_is_short():
    inner = email.message_from_string(OUTER.format("Bridge", "", BODY), policy=email.policy.default)
    outer = email.message.EmailMessage()
    outer["From"], outer["Subject"] = "Desk <d@x.example>", "Fwd: see this"
    outer.set_content("please see attached\n")
    outer.add_attachment(inner)
    read = parse_mail(bytes(outer))
    assert (read.sender, read.subject) == ("Ana Ruiz", "Bridge")
    assert "please see" not in read.text


@given(st.text(alphabet="From: Subject:Date\n->*x ", max_size=300))
def test_any_text_has_a_header_inside_its_lines_or_none(text):
    lines = text.splitlines()
    block = find_header(lines)
    assert block is None or 0 <= block.start < block.end <= len(lines)
    find_forwarded_markup(text)

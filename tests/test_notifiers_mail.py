"""A message reaches people as an e-mail, encrypted and logged in; what the server says decides what becomes of it."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alert_records import Message
from pipeline.errors import SettingsError
from pipeline.notifiers import NotifierError, open_notifiers
from pipeline.notifiers.mail import MailNotifier, compose_mail
from pipeline.settings import AlertSettings, FetchSettings, MailSettings
from tests.helpers.certificates import self_signed_certificate, server_side
from tests.helpers.mailbox import run_mailbox
from tests.helpers.support import NOW

MESSAGE = Message(id="m1", at=NOW, subject="newswire: Süddeutsche is silent", text="it is silent\ndo: look\n.\nend")


def settings(port=25, **values):
    values = {"tls": "none", "to": ("desk@a.example", "chief@a.example"), **values}
    return MailSettings(name="desk", host="127.0.0.1", port=port, sender="newswire@a.example", **values)


def refusal(port, **values):
    with pytest.raises(NotifierError) as caught:
        MailNotifier(settings(port, **values), None).send(MESSAGE)
    return caught.value


def test_a_message_comes_as_a_mail():
    with run_mailbox() as mailbox:
        MailNotifier(settings(mailbox.port), None).send(MESSAGE)
    (mail,) = mailbox.mails
    assert mailbox.recipients == [["desk@a.example", "chief@a.example"]]
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == "<m1@newswire.invalid>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n").rstrip().splitlines()[:2] == ["it is silent", "do: look"]


def test_the_password_is_sent_over_an_encrypted_line_whose_certificate_was_checked(tmp_path):
    file = self_signed_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=file)
    with run_mailbox(server_side(file)) as mailbox:
        wanted = settings(mailbox.port, tls="starttls", user="newswire")
        MailNotifier(wanted, "s3cret", trusting).send(MESSAGE)
        assert (mailbox.logins, mailbox.encrypted) == (["newswire s3cret"], [True])
        with pytest.raises(NotifierError, match="certificate") as caught:
            MailNotifier(wanted, "s3cret").send(MESSAGE)
        assert not caught.value.is_final
        assert len(mailbox.logins) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "is_final"),
    [
        ("RCPT", "450 later", False),
        ("RCPT", "550 no such user", True),
        ("DATA", "451 busy", False),
        ("DATA", "554 spam", True),
        ("", "421 closed", False),
    ],
)
def test_what_a_server_refuses_for_now_is_tried_again(verb, answer, is_final):
    with run_mailbox() as mailbox:
        mailbox.answers[verb] = answer
        error = refusal(mailbox.port)
    assert error.is_final is is_final
    assert answer.split()[0] in str(error)


def test_a_mail_that_some_recipients_get_is_not_sent_again(caplog):
    with run_mailbox() as mailbox:
        mailbox.refused["chief@a.example"] = "550 no such user"
        MailNotifier(settings(mailbox.port), None).send(MESSAGE)
    assert mailbox.recipients == [["desk@a.example"]]
    assert "chief@a.example" in caplog.text


def test_a_server_that_is_away_or_offers_no_encryption_is_tried_again():
    with run_mailbox() as mailbox:
        port = mailbox.port
        assert not refusal(port, tls="starttls").is_final
    assert "mail server 127.0.0.1" in str(refusal(port))


@given(st.text(), st.text())
def test_whatever_a_message_says_it_adds_no_header_and_no_recipient(subject, text):
    message = Message(id="m", at=NOW, subject=subject, text=text)
    mail = compose_mail(message, settings())
    names = {"subject", "from", "to", "date", "message-id", "auto-submitted", "content-type", "mime-version"}
    assert {name.lower() for name in mail} - {"content-transfer-encoding"} == names
    head = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\r\nTo: desk@a.example, chief@a.example\r\n" in head


@pytest.mark.parametrize(
    ("values", "environ", "said"),
    [
        ({"to": ()}, {}, "names nobody"),
        ({"to": ("desk",)}, {}, "no e-mail address"),
        ({"to": ("a@b.example\nBcc: c@d.example",)}, {}, "no e-mail address"),
        ({"user": "u", "tls": "starttls"}, {}, "NEWSWIRE_MAIL_PASSWORD_DESK"),
        ({"user": "u"}, {"NEWSWIRE_MAIL_PASSWORD_DESK": "p"}, "over an open line"),
    ],
)
def test_a_mail_that_can_not_be_sent_is_named(values, environ, said):
    with pytest.raises(SettingsError, match=said):
        open_notifiers(AlertSettings(mail=(settings(**values),)), FetchSettings(), lambda: NOW, environ)

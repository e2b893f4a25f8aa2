"""Read the text of an e-mail, as press offices and correspondents send it.

The sender's signature and the marks of a forwarded subject are left out; quoted text stays. Of a message that is
forwarded, in the text or as an attachment, the header is read and not part of the text.
"""

from __future__ import annotations

import email
import email.message
import email.policy
import email.utils
import re

import msgspec

from pipeline import dates
from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires.forwarding import ForwardedMessage, find_forwarded, find_forwarded_markup

# As mail programs of many languages mark replies and forwards
_FORWARDED = re.compile(
    r"^(?:\s*(?:re|fwd?|aw|wg|tr|rv|vs|sv|enc|i|pd|odp|ynt|ilt|ang|vl|vb|vd|doorst|antw|res|rif|továbbítás|fw|ref|tl|"
    r"转发|轉寄|回复|答复|回覆|転送|전달|回信|пересл|отв|вн|hа|تحويل|رد|הועבר|השב)\s*(?:\[\d+\])?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_MOST_FORWARDS = 3  # messages within messages
_MOST_NOTE_WORDS = 60  # of the forwarder's own words beside a message that is attached
_SIGNATURE = re.compile(r"^-- ?\r?$", re.MULTILINE)
_SIGNATURE_LINES = 12  # four are usual; firms add their address and a disclaimer
_MIN_PLAIN_PART = 200  # characters: a plain part below this beside an HTML part only says that there is one


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What an e-mail says; its text is plain or HTML."""

    text: str
    media_type: str
    subject: str | None
    sender: str | None
    date: str | None


def parse_mail(data: bytes) -> Mail:
    """Return the e-mail in ``data``.

    Raises:
        ItemError: NO_TEXT where no part of it is a text.
    """
    return _read_message(email.message_from_bytes(data, policy=email.policy.default), _MOST_FORWARDS)


def _read_message(message: email.message.EmailMessage, forwards: int) -> Mail:
    """Return what a message says; ``forwards`` is how many forwarded messages in one another are read.

    Raises:
        ItemError: NO_TEXT.
    """
    if forwards and (attached := _attached_message(message)) is not None:
        return _with_outer_subject(_read_message(attached, forwards - 1), message)
    parts = {kind: _content(message, kind) for kind in ("plain", "html")}
    plain, marked = parts["plain"], parts["html"]
    use_html = marked is not None and (plain is None or len(plain.strip()) < min(_MIN_PLAIN_PART, len(marked)))
    text = marked if use_html else plain
    if text is None or not text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "no part of the e-mail is a text")
    if not use_html:
        text = _without_signature(text)
    mail = Mail(
        text=text,
        media_type="text/html" if use_html else "text/plain",
        subject=_subject(message),
        sender=_sender(_header(message, "From")),
        date=_date(_header(message, "Date")),
    )
    forwarded = find_forwarded_markup(text) if use_html else find_forwarded(text)
    return mail if forwarded is None else _with_forwarded(mail, forwarded)


def _with_forwarded(mail: Mail, forwarded: ForwardedMessage) -> Mail:
    """Return a mail with the message that it forwards; with who wrote that, and when, where the rest is only a note."""
    mail = msgspec.structs.replace(
        mail, text=forwarded.text, subject=mail.subject or _FORWARDED.sub("", forwarded.subject or "").strip() or None
    )
    if not forwarded.is_all:
        return mail
    return msgspec.structs.replace(
        mail, sender=_sender(forwarded.sender) or mail.sender, date=_stated_date(forwarded.date, mail.date) or mail.date
    )


def _with_outer_subject(inner: Mail, message: email.message.EmailMessage) -> Mail:
    """Return a forwarded mail; with the subject under which it was forwarded where it has none."""
    return inner if inner.subject else msgspec.structs.replace(inner, subject=_subject(message))


def _attached_message(message: email.message.EmailMessage) -> email.message.EmailMessage | None:
    """Return the only message that is attached, where the message around it says little or nothing itself."""
    if not message.is_multipart():
        return None
    attached = [
        inner
        for part in message.iter_parts()
        if part.get_content_type() == "message/rfc822"
        for inner in part.iter_parts()
        if isinstance(inner, email.message.EmailMessage)
    ]
    note = _content(message, "plain")
    if note is None:
        note = re.sub(r"<[^>]*>", " ", _content(message, "html") or "")
    return attached[0] if len(attached) == 1 and len(note.split()) <= _MOST_NOTE_WORDS else None


def _subject(message: email.message.EmailMessage) -> str | None:
    return _FORWARDED.sub("", _header(message, "Subject") or "").strip() or None


def _sender(value: str | None) -> str | None:
    if value is None or "@" not in value:  # parseaddr would take one word of a name for an address
        return value
    name, address = email.utils.parseaddr(value)
    return name or address or value


def _stated_date(value: str | None, outer: str | None) -> str | None:
    """Return a forwarded header's date; without a zone it is the forwarder's, whose program wrote it down."""
    stated = dates.parse(value)
    if stated is None:
        return None
    around = dates.parse(outer)
    if stated.exact and stated.time.tzinfo is None and around is not None:
        return stated.time.replace(tzinfo=around.time.tzinfo).isoformat()
    return value


def _without_signature(text: str) -> str:
    """Return a text without its sender's signature, which stands behind a line of two hyphens (RFC 3676, 4.3)."""
    marks = list(_SIGNATURE.finditer(text))
    last = marks[-1] if marks else None
    return text[: last.start()] if last and text.count("\n", last.end()) <= _SIGNATURE_LINES else text


def _content(message: email.message.EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, ValueError):  # a charset that nobody knows
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else None
    return content if isinstance(content, str) else None


def _header(message: email.message.EmailMessage, name: str) -> str | None:
    try:
        value = message.get(name)
        return str(value) if value is not None else None
    except (ValueError, IndexError, TypeError, AttributeError):  # what the header parser stumbles over
        return None


def _date(value: str | None) -> str | None:
    try:
        return email.utils.parsedate_to_datetime(value).isoformat() if value else None
    except (ValueError, IndexError, TypeError):
        return None

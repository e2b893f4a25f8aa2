"""Read the text of an e-mail, as press offices and correspondents send it.

The sender's signature and the marks of a forwarded subject are left out; quoted text stays.
"""

from __future__ import annotations

import email
import email.message
import email.policy
import email.utils
import re

import msgspec

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason

_FORWARDED = re.compile(r"^(?:\s*(?:re|fwd?|aw|wg|tr|rv|vs|sv)\s*(?:\[\d+\])?:\s*)+", re.IGNORECASE)
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
    message = email.message_from_bytes(data, policy=email.policy.default)
    parts = {kind: _content(message, kind) for kind in ("plain", "html")}
    plain, marked = parts["plain"], parts["html"]
    use_html = marked is not None and (plain is None or len(plain.strip()) < min(_MIN_PLAIN_PART, len(marked)))
    text = marked if use_html else plain
    if text is None or not text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "no part of the e-mail is a text")
    if not use_html:
        text = _without_signature(text)
    name, address = email.utils.parseaddr(_header(message, "From") or "")
    return Mail(
        text=text,
        media_type="text/html" if use_html else "text/plain",
        subject=_FORWARDED.sub("", _header(message, "Subject") or "").strip() or None,
        sender=name or address or None,
        date=_date(_header(message, "Date")),
    )


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

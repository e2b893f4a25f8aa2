"""Send messages by e-mail, over a server that takes them (SMTP)."""

from __future__ import annotations

import contextlib
import email.message
import email.policy
import email.utils
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator

from pipeline.alert_records import Message
from pipeline.notifiers.notifier import NotifierError
from pipeline.settings import MailSettings
from pipeline.text import without_control_characters

_log = logging.getLogger(__name__)

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ANSWER_SECONDS = 20.0  # for one answer of the server
_TOTAL_SECONDS = 90.0  # for a whole message
_MOST_SUBJECT = 200  # characters
_PERMANENT = 500  # from which on SMTP's replies say that it won't work later either (RFC 5321 4.2.1)


class MailNotifier:
    """Sends messages to the people whom ``settings`` name.

    Args:
        settings: the server, and from whom to whom.
        password: of ``settings.user``.
        tls: how the server's certificate is checked; None for the system's authorities.
    """

    def __init__(self, settings: MailSettings, password: str | None, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._password = password
        self._tls = tls

    def send(self, message: Message) -> None:
        """Send a message to all whom it is for.

        Raises:
            NotifierError: The server can't be reached, or doesn't take it for any of them.
        """
        mail = compose_mail(message, self._settings)
        try:
            with self._session() as session:
                refused = session.send_message(mail, self._settings.sender, list(self._settings.to))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise _notifier_error(error, self._settings.host) from error
        if refused:  # the others have it: sent again, they would have it twice
            _log.warning("e-mail: the server refuses %s", ", ".join(sorted(refused)))

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Open a session with the server, encrypted and logged in as the settings say."""
        settings = self._settings
        port = settings.port or _PORTS[settings.tls]
        context = self._tls or ssl.create_default_context()
        if settings.tls == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, port, timeout=_ANSWER_SECONDS, context=context)
        else:
            session = smtplib.SMTP(settings.host, port, timeout=_ANSWER_SECONDS)
        with _ended_in_time(session), session:
            if settings.tls == "starttls":
                session.starttls(context=context)
            if settings.user and self._password:
                session.login(settings.user, self._password)
            yield session


def compose_mail(message: Message, settings: MailSettings) -> email.message.EmailMessage:
    """Return a message as an e-mail; nothing in its text can add a header."""
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    subject = " ".join(without_control_characters(message.subject).split())
    mail["Subject"] = subject if len(subject) <= _MOST_SUBJECT else f"{subject[: _MOST_SUBJECT - 1]}…"
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Date"] = email.utils.format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@newswire.invalid>"  # the same each time, so that a second one can be told
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is to answer
    mail.set_content(f"{message.text}\n")
    return mail


@contextlib.contextmanager
def _ended_in_time(session: smtplib.SMTP) -> Iterator[None]:
    """End a session that takes too long on the whole, however slowly the server goes on answering."""

    def end() -> None:
        if session.sock is not None:
            with contextlib.suppress(OSError):
                session.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_TOTAL_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _notifier_error(error: Exception, host: str) -> NotifierError:
    """Return what went wrong, and whether it will go wrong again."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        said = "; ".join(f"{who}: {code} {_text(text)}" for who, (code, text) in error.recipients.items())
        is_final = min(codes, default=0) >= _PERMANENT
        return NotifierError(f"mail server {host} refuses all recipients: {said}", is_final=is_final)
    if isinstance(error, smtplib.SMTPAuthenticationError):  # a password may be set right
        return NotifierError(f"mail server {host} refuses the login: {error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, smtplib.SMTPResponseException):
        detail = f"mail server {host} answers {error.smtp_code} {_text(error.smtp_error)}"
        return NotifierError(detail, is_final=error.smtp_code >= _PERMANENT)
    said = " ".join(str(error).split()) or type(error).__name__
    return NotifierError(f"mail server {host}: {said}")


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())

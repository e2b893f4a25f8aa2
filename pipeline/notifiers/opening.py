"""Open the notifiers that the settings name, with the secrets of the environment."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import SettingsError
from pipeline.fetch.addresses import parse_networks
from pipeline.notifiers.log_line import LogNotifier
from pipeline.notifiers.mail import MailNotifier
from pipeline.notifiers.notifier import Notifier
from pipeline.notifiers.signature import sign_body
from pipeline.notifiers.webhook import WebhookNotifier
from pipeline.settings import AlertSettings, FetchSettings, MailSettings, WebhookSettings, read_variable
from pipeline.urls import check_address

LOG = "log"  # the name of the notifier that writes lines of the log

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_TIMEOUT_SECONDS = 10.0  # that a receiver of webhooks has to answer
_MAX_BYTES = 16 * 1024  # of its answer
_DEFAULT_PORTS = {"http": 80, "https": 443}


def notifier_names(settings: AlertSettings) -> list[str]:
    """Return the names of the notifiers that the settings name.

    Raises:
        SettingsError: One can't be a name, or two are the same.
    """
    names = [LOG] * settings.log + [w.name for w in settings.webhook] + [m.name for m in settings.mail]
    for name in names:
        if not _NAME.fullmatch(name):
            raise SettingsError(f"alerts: {name!r} is no name for a notifier: lower case letters, digits and _")
        if names.count(name) > 1:
            raise SettingsError(f"alerts: two notifiers are called {name!r}; give one another name")
    return names


def open_notifiers(
    settings: AlertSettings,
    fetch: FetchSettings,
    clock: Callable[[], dt.datetime],
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Notifier]:
    """Return the notifiers that the settings name, by name. Nothing is sent or connected to.

    Args:
        settings: [alerts].
        fetch: [fetch]: how we call ourselves.
        clock: tells when something is sent.
        environ: holds their secrets.

    Raises:
        SettingsError: A setting or secret can't be used.
    """
    notifier_names(settings)
    parse_networks(settings.allow_addresses, "alerts.allow_addresses")
    notifiers: dict[str, Notifier] = {LOG: LogNotifier()} if settings.log else {}
    for webhook in settings.webhook:
        notifiers[webhook.name] = _open_webhook(webhook, settings, fetch, clock, environ)
    for mail in settings.mail:
        notifiers[mail.name] = open_mail(mail, environ)
    return notifiers


def _open_webhook(
    webhook: WebhookSettings,
    settings: AlertSettings,
    fetch: FetchSettings,
    clock: Callable[[], dt.datetime],
    environ: Mapping[str, str],
) -> WebhookNotifier:
    where = f"alerts: webhook {webhook.name!r}"
    variable = f"NEWSWIRE_WEBHOOK_URL_{webhook.name.upper()}"
    url = webhook.url or read_variable(environ, variable)
    if not url:
        raise SettingsError(f"{where}: it has no url; give it one, or set {variable} where it is a secret")
    try:
        parts = urlsplit(check_address(url))
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError as error:
        raise SettingsError(f"{where}: its url is not an http or https address") from error
    client = webhook_client(fetch, settings.allow_addresses, ports=(port,))
    return WebhookNotifier(url, _webhook_key(webhook, where, environ), client, clock)


def webhook_client(fetch: FetchSettings, networks: tuple[str, ...], ports: tuple[int, ...]) -> FetchSettings:
    """Return how webhooks are called: as pages are, in less time, at ``ports``; of private networks at these alone."""
    return msgspec.structs.replace(
        fetch,
        timeout_seconds=_TIMEOUT_SECONDS,
        max_bytes=_MAX_BYTES,
        allow_addresses=networks,
        allow_ports=ports,
    )


def _webhook_key(webhook: WebhookSettings, where: str, environ: Mapping[str, str]) -> str | None:
    """Return the key that signs what a webhook gets, None for one that gets only text.

    Raises:
        SettingsError: It isn't set, or is none.
    """
    if webhook.format == "text":
        return None
    variable = f"NEWSWIRE_WEBHOOK_KEY_{webhook.name.upper()}"
    key = read_variable(environ, variable)
    if not key:
        raise SettingsError(f'{where}: set the key that signs what it gets as {variable}, or format = "text"')
    try:
        sign_body(key, "", b"", dt.datetime.fromtimestamp(0, dt.UTC))
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}") from error
    return key


def is_mail_address(text: str) -> bool:
    """Tell whether a text may be the address of one person."""
    return _ADDRESS.fullmatch(text) is not None


def open_mail(mail: MailSettings, environ: Mapping[str, str] = os.environ) -> MailNotifier:
    """Return what sends e-mails as ``mail`` says, with its password of the environment. Nothing is connected to.

    Raises:
        SettingsError: A setting or the password can't be used.
    """
    where, variable = f"alerts: mail {mail.name!r}", f"NEWSWIRE_MAIL_PASSWORD_{mail.name.upper()}"
    if not mail.to:
        raise SettingsError(f"{where}: to names nobody")
    for address in (mail.sender, *mail.to):
        if not is_mail_address(address):
            raise SettingsError(f"{where}: {address!r} is no e-mail address")
    password = read_variable(environ, variable) if mail.user else None
    if mail.user and not password:
        raise SettingsError(f"{where}: set the password of {mail.user!r} as {variable} or {variable}_FILE")
    if password and mail.tls == "none":
        raise SettingsError(f'{where}: a password isn\'t sent over an open line: set tls = "starttls" or "tls"')
    return MailNotifier(mail, password)

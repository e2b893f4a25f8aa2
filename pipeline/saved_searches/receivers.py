"""Check whom a saved search is to tell, and open what tells him: the notifiers that operators' alerts go by, too.

The ledger holds no key: what signs a search's webhook follows from its id and the server's key.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import SettingsError, UsageError
from pipeline.fetch.addresses import is_host_allowed, parse_networks
from pipeline.notifiers import Notifier
from pipeline.notifiers.opening import is_mail_address, open_mail, webhook_client
from pipeline.notifiers.webhook import WebhookNotifier
from pipeline.search_records import SavedSearch
from pipeline.settings import MailSettings, Settings, read_variable
from pipeline.urls import check_address

KEY_VARIABLE = "NEWSWIRE_SEARCHES_KEY"

_SHORTEST_KEY = 16  # characters
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NETWORKS = "searches.allow_addresses"
_MOST_RECIPIENTS = 20


class Receivers(NamedTuple):
    """The notifiers of saved searches by name, and why others can't be opened, by the name of their search."""

    notifiers: Mapping[str, Notifier]
    faults: Mapping[str, str]


def check_webhook(url: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of a reader's webhook, as it is kept. Nothing is sent, and no name is looked up.

    Raises:
        UsageError: It is no address, names a user, leads into the network, or the server has no key to sign with.
    """
    try:
        url = check_address(url)
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme.lower()]
    except ValueError as error:
        raise UsageError("webhook: not an http or https address") from error
    if "@" in parts.netloc:
        raise UsageError("webhook: the address names a user or password, which would be kept: leave it out")
    networks = parse_networks(settings.searches.allow_addresses, _NETWORKS)
    if not is_host_allowed(parts.hostname or "", networks):
        raise UsageError(f"webhook: {parts.hostname} is not public; an operator opens its network in {_NETWORKS}")
    if port not in settings.fetch.allow_ports and not networks:
        raise UsageError(f"webhook: port {port} isn't called; ports: {', '.join(map(str, settings.fetch.allow_ports))}")
    try:
        _server_key(environ)
    except SettingsError as error:
        raise UsageError(f"webhook: {error}") from error
    return url


def check_mail(addresses: Iterable[str], settings: Settings) -> tuple[str, ...]:
    """Return the addresses of those whom a search tells by e-mail.

    Raises:
        UsageError: One is none, there are too many, or no server sends readers' mails.
    """
    recipients = tuple(dict.fromkeys(addresses))
    for address in recipients:
        if not is_mail_address(address):
            raise UsageError(f"mail: {address[:100]!r} is no e-mail address")
    if len(recipients) > _MOST_RECIPIENTS:
        raise UsageError(f"mail: at most {_MOST_RECIPIENTS} addresses")
    if recipients:
        try:
            _mail_server(settings)
        except SettingsError as error:
            raise UsageError(f"mail: {error}") from error
    return recipients


def signing_key(search: SavedSearch, environ: Mapping[str, str] = os.environ) -> str:
    """Return the key by which the receiver of a search's webhook checks what it gets.

    Raises:
        SettingsError: The server has no key.
    """
    derived = hmac.digest(_server_key(environ).encode(), f"saved search {search.id}".encode(), "sha256")
    return f"whsec_{base64.b64encode(derived).decode()}"


def open_receivers(
    searches: Iterable[SavedSearch],
    settings: Settings,
    clock: Callable[[], dt.datetime],
    environ: Mapping[str, str] = os.environ,
) -> Receivers:
    """Return the notifiers of ``searches``. Nothing is sent or connected to.

    A search whose notifiers can't be opened is a fault of its own: its messages wait, the others go.
    """
    notifiers: dict[str, Notifier] = {}
    faults: dict[str, str] = {}
    for search in searches:
        try:
            if search.webhook:
                notifiers[search.webhook_name] = _open_webhook(search, search.webhook, settings, clock, environ)
            if search.mail:
                server = msgspec.structs.replace(_mail_server(settings), to=search.mail)
                notifiers[search.mail_name] = open_mail(server, environ)
        except SettingsError as error:
            faults[search.name] = str(error)
    return Receivers(notifiers, faults)


def _open_webhook(
    search: SavedSearch, url: str, settings: Settings, clock: Callable[[], dt.datetime], environ: Mapping[str, str]
) -> WebhookNotifier:
    networks = settings.searches.allow_addresses
    parse_networks(networks, _NETWORKS)
    client = webhook_client(settings.fetch, networks, settings.fetch.allow_ports)
    return WebhookNotifier(url, signing_key(search, environ), client, clock)


def _server_key(environ: Mapping[str, str]) -> str:
    key = read_variable(environ, KEY_VARIABLE)
    if not key or len(key) < _SHORTEST_KEY:
        raise SettingsError(
            f"webhooks are signed: set {KEY_VARIABLE} (or {KEY_VARIABLE}_FILE) to {_SHORTEST_KEY} random characters "
            "or more"
        )
    return key


def _mail_server(settings: Settings) -> MailSettings:
    name = settings.searches.mail
    if not name:
        raise SettingsError("readers get no mails here: name one of [alerts] mail as searches.mail in newswire.toml")
    for server in settings.alerts.mail:
        if server.name == name:
            return server
    raise SettingsError(f"searches.mail: there is no mail {name!r} under [alerts]")

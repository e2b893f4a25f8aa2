"""Connect to a cluster of Elasticsearch: to any of the nodes that are named, and to the next where one is away.

Only a node that can't be reached is passed over. What a node answers, and a node that does not answer in time, count:
what was asked may be too much for all of them, and the ledger has it tried later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from elastic_transport.client_utils import url_to_node_config
from elasticsearch import Elasticsearch

from pipeline.errors import SettingsError

_PORTS = {"http": 9200, "https": 443}
Credentials = tuple[str, str]


def connect(
    urls: str, *, variable: str, timeout: float, name: str, api_key: str | None, ca_file: str | None
) -> tuple[Elasticsearch, str]:
    """Return a client for the nodes at ``urls``, parted by commas, and their addresses as messages show them.

    ``variable`` is what the addresses were set by; ``name`` is what the cluster's logs call the client. A name and
    password in the addresses go before ``api_key``.

    Raises:
        SettingsError: An address or the file of the certificate authority can't be used, or two addresses name
            different users.
    """
    addresses, credentials = split_addresses(urls, variable)
    if ca_file and not Path(ca_file).is_file():
        raise SettingsError(f"NEWSWIRE_INDEX_CA: {ca_file} is not a file")
    certificates: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
    user: dict[str, Any] = {"basic_auth": credentials} if credentials else {"api_key": api_key}
    client = Elasticsearch(
        addresses,
        request_timeout=timeout,
        max_retries=len(addresses) - 1,  # each node once
        retry_on_status=(),
        retry_on_timeout=False,
        opaque_id=name,
        **user,
        **certificates,
    )
    return client, ", ".join(addresses)


def split_addresses(urls: str, variable: str) -> tuple[list[str], Credentials | None]:
    """Return addresses with their ports and without name and password, and these, of all alike.

    Raises:
        SettingsError: One can't be used, or two name different users.
    """
    parted = [_split_address(url.strip(), variable) for url in urls.split(",")]
    users = {credentials for _, credentials in parted}
    if len(users) > 1:
        raise SettingsError(f"{variable}: all addresses of a cluster need the same name and password")
    return list(dict.fromkeys(address for address, _ in parted)), users.pop()


def _split_address(url: str, variable: str) -> tuple[str, Credentials | None]:
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it needs http(s)://HOST:PORT")  # noqa: TRY301 - one message for all that is wrong
        port = parts.port or _PORTS[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        address = f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"
        url_to_node_config(address)
    except ValueError as error:
        raise SettingsError(f"{variable}: not a usable address: {error}") from error
    if not parts.username:
        return address, None
    return address, (unquote(parts.username), unquote(parts.password or ""))

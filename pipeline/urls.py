"""Canonicalise addresses, and derive the ids of articles from them.

Pure: one article has one id, whichever of its addresses is given.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from pipeline.tracking import plain_path, without_tracking

# Raised with every change of what ``canonicalise`` makes of an address: the ledger then adds the new keys of articles
# that it knows by old ones (``store.article_addresses``).
KEY_VERSION = 2
MAX_ADDRESS = 8000  # characters; servers refuse longer ones (RFC 9110, 4.1, asks them to take as many)
_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What no host has in it: RFC 3986 forbids these, and browsers and servers would read different hosts out of them.
_NOT_IN_HOST = re.compile(r"[\s<>\"'\\^`{|}%,;!$&()*+=]")
_CREDENTIALS = re.compile(r"(?P<start>(?:\b[a-z][a-z0-9+.\-]*:|^\s*)//)[^\s/?#\"'<>]*@", re.IGNORECASE)
_ROUTE = re.compile(r"!?/[^?]|![^?/]")
_OLD_ROUTE = "_escaped_fragment_"  # how crawlers had to ask for "#!…" until 2015
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;|#0{0,3}38;|#[xX]0{0,3}26;)+")
_LOST_PARAMETER = re.compile(r"(?<=\?)(?:amp;)+")


def canonicalise(url: str) -> str:
    """Return the form of ``url`` that is the same for all addresses of one article.

    Lower-case host without a default port, query sorted and without tracking parameters and session ids, no mark of an
    accelerated mobile page, no fragment but one that names a page (``#!/news/1``). The scheme is left as it is
    (``article_id`` ignores it).

    Raises:
        ValueError: ``url`` isn't an http(s) address.
    """
    url = with_plain_ampersands(url.strip())
    parts = urlsplit(url)
    if parts.scheme.lower() not in _PORTS or not parts.hostname:
        raise ValueError(f"not an http or https address: {url[:200]!r}")
    fragment = parts.fragment
    parts = urlsplit(canonicalize_url(url, keep_fragments=False))
    port = parts.port
    host = (parts.hostname or "").rstrip(".")
    if not host:  # it consisted of characters that no host has
        raise ValueError(f"not an http or https address: {url[:200]!r}")
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS[parts.scheme]:
        host = f"{host}:{port}"
    path = plain_path(parts.path or "/")
    parameters = without_tracking(path, parse_qsl(parts.query, keep_blank_values=True))
    old_route = next((value for name, value in parameters if name == _OLD_ROUTE), None)
    route = _route("!" + old_route if old_route else fragment)
    query = urlencode([parameter for parameter in parameters if parameter[0] != _OLD_ROUTE])
    return urlunsplit((parts.scheme, host, path, query, route))


def page_fragment(url: str) -> str:
    """Return the fragment of ``url`` where it names a page of an application that runs in the browser, else ""."""
    fragment = urlsplit(url).fragment
    return fragment if _ROUTE.match(fragment) else ""


def _route(fragment: str) -> str:
    """Return a fragment as it is compared: "" unless it names a page, without tracking parameters in it."""
    if not _ROUTE.match(fragment):
        return ""
    path, mark, query = fragment.partition("?")
    kept = urlencode(without_tracking(path, parse_qsl(query, keep_blank_values=True)))
    return quote(path.rstrip("/"), safe="!/%:@,;=+&") + (f"?{kept}" if mark and kept else "")


def check_address(url: str) -> str:
    """Return ``url``, which is to be fetched, kept or linked to, without white space around it.

    Raises:
        ValueError: It is no http or https address, too long, has control characters, or a host or port that is none.
    """
    url = url.strip()
    shown = repr(_CREDENTIALS.sub(r"\g<start>", url)[:200])
    if len(url) > MAX_ADDRESS:
        raise ValueError(f"the address is too long, more than {MAX_ADDRESS:,} characters: {shown}")
    if _CONTROL.search(url):
        raise ValueError(f"the address has control characters in it: {shown}")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"the address's host can't be read: {shown}") from error
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an http or https address: {shown}")
    if _NOT_IN_HOST.search(parts.hostname) or "\\" in parts.netloc or not any(map(str.isalnum, parts.hostname)):
        raise ValueError(f"the address's host can't be read: {shown}")
    if not _has_port(parts):
        raise ValueError(f"the address's port is none: {shown}")
    return url


def _has_port(parts: SplitResult) -> bool:
    """Tell whether the port is one, or left out."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def without_credentials(text: str) -> str:
    """Return an address, or a text that names addresses, without the ``user:password@`` in them."""
    return _CREDENTIALS.sub(r"\g<start>", text) if "@" in text else text


def with_plain_ampersands(url: str) -> str:
    """Return ``url`` with ampersands that were escaped once too often (``?a=1&amp;b=2``, ``&#038;``) as they are.

    A program that took the first parameter out left the rest of one behind (``?amp;b=2``).
    """
    return _LOST_PARAMETER.sub("", _ESCAPED_AMPERSAND.sub("&", url))


def site_host(url: str | None) -> str | None:
    """Return the host in an address, without ``www.``; None where there is none."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:  # a bracket that isn't an IPv6 address's
        return None
    return host.removeprefix("www.") if host else None


def address_key(url: str) -> str:
    """Return what two addresses of one article have in common: canonical, without scheme, "www." and last slash."""
    key = canonicalise(url).partition("://")[2]
    key = re.sub(r"^www\.", "", key)
    end = next((at for at, character in enumerate(key) if character in "?#"), len(key))
    return key[:end].rstrip("/") + key[end:]


def optional_address_key(url: str | None) -> str | None:
    """Return the key of an address, None where it is none."""
    try:
        return address_key(url) if url else None
    except ValueError:
        return None


def article_id(url: str) -> str:
    """Return the id of the article at ``url``: 20 hex digits (80 bits: no collision expected below 10^11 articles)."""
    return key_id(address_key(url))


def key_id(key: str) -> str:
    """Return the id that follows from what ``address_key`` returned, now or in an earlier version."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def content_id(data: bytes) -> str:
    """Return the id of an article that has no address, which follows from the bytes that it came as."""
    return hashlib.sha256(data).hexdigest()[:20]


def host_and_port(url: str) -> str:
    """Return the lower-case host of ``url`` with its port where that isn't the scheme's own."""
    return urlsplit(canonicalise(url)).netloc


def host_or_nothing(url: str | None) -> str:
    """Return what ``host_and_port`` does, nothing where ``url`` is no address."""
    try:
        return host_and_port(url) if url else ""
    except ValueError:
        return ""

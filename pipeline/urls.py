"""Canonicalise addresses, and derive the ids of articles from them.

Pure: one article has one id, whichever of its addresses is given.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

# Parameters that say where a reader came from, not what is read (from feeds; miniflux and courlan list most of them).
_TRACKING = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh mc_cid mc_eid _hsenc _hsmi mkt_tok "
    "ocid ito cmp cmpid cid_source ns_campaign ns_mchannel ns_source ns_linkname smid smtyp partner emc xtor rss "
    "feedtype feedname fb_ref fb_source ref_src ref_url s_cid sref wt_mc wtmc at_medium at_campaign at_link_type "
    "at_bbc_team at_format at_link_origin at_link_id at_ptr_name traffic_source __twitter_impression guccounter "
    "guce_referrer guce_referrer_sig campaign_id taid sfnsn spm sr_share srnd cndid mbid echobox".split()
)
_TRACKING_PREFIX = ("utm_", "mtm_", "pk_", "piwik_", "hsa_", "oly_", "vero_", "ga_", "trk_")
_TRACKING_VALUES = {("ref", "rss"), ("source", "rss"), ("src", "rss"), ("from", "rss"), ("output", "rss")}


def canonicalise(url: str) -> str:
    """Return the form of ``url`` that is the same for all addresses of one article.

    Lower-case host without a default port, query sorted and without tracking parameters, no fragment. The scheme is
    left as it is (``article_id`` ignores it).

    Raises:
        ValueError: ``url`` isn't an http(s) address.
    """
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an http or https address: {url[:200]!r}")
    parts = urlsplit(canonicalize_url(url, keep_fragments=False))
    port = parts.port
    host = (parts.hostname or "").rstrip(".")
    if not host:  # it consisted of characters that no host has
        raise ValueError(f"not an http or https address: {url[:200]!r}")
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        host = f"{host}:{port}"
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(k, v)])
    return urlunsplit((parts.scheme, host, parts.path or "/", query, ""))


def site_host(url: str | None) -> str | None:
    """Return the host in an address, without ``www.``; None where there is none."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:  # a bracket that isn't an IPv6 address's
        return None
    return host.removeprefix("www.") if host else None


def _is_tracking(key: str, value: str) -> bool:
    key = key.lower()
    return key in _TRACKING or key.startswith(_TRACKING_PREFIX) or (key, value.lower()) in _TRACKING_VALUES


def address_key(url: str) -> str:
    """Return what two addresses of one article have in common: canonical, without scheme, "www." and last slash."""
    key = canonicalise(url).partition("://")[2]
    key = re.sub(r"^www\.", "", key)
    path, mark, query = key.partition("?")
    return path.rstrip("/") + mark + query


def article_id(url: str) -> str:
    """Return the id of the article at ``url``: 20 hex digits (80 bits: no collision expected below 10^11 articles)."""
    return hashlib.sha256(address_key(url).encode()).hexdigest()[:20]


def content_id(data: bytes) -> str:
    """Return the id of an article that has no address, which follows from the bytes that it came as."""
    return hashlib.sha256(data).hexdigest()[:20]


def host_and_port(url: str) -> str:
    """Return the lower-case host of ``url`` with its port where that isn't the scheme's own."""
    return urlsplit(canonicalise(url)).netloc

"""Decide which IP addresses may be connected to; asked for each at the moment of connecting. Pure."""

from __future__ import annotations

import ipaddress
import socket
import unicodedata
from collections.abc import Sequence

from pipeline.errors import SettingsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
# What Python's is_global calls global in one version or another. In this order: IPv4-compatible, site-local (both RFC
# 4291), 6to4 relays (RFC 7526), shared between a provider's customers (RFC 6598), Teredo (RFC 4380), local NAT64 (RFC
# 8215), documentation (RFC 9637), segment routing (RFC 9602), protocol assignments (RFC 6890; Oracle's cloud
# answers its machines there); and the public address at which Azure answers its machines.
_NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in "::/96 fec0::/10 192.88.99.0/24 100.64.0.0/10 2001::/32 64:ff9b:1::/48 3fff::/20 5f00::/16 "
    "192.0.0.0/24 168.63.129.16/32".split()
)


def parse_networks(texts: Sequence[str], setting: str = "fetch.allow_addresses") -> tuple[Network, ...]:
    """Return the networks that ``texts`` name, such as "127.0.0.0/8"; ``setting`` is where they stand.

    Raises:
        SettingsError: A text names no network.
    """
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise SettingsError(f"{setting}: {error}; name networks such as 127.0.0.0/8") from error


def embedded_ipv4(ip: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for (mapped, NAT64, 6to4), else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.sixtofour or ip


def is_in_networks(ip: str, allowed_networks: Sequence[Network]) -> bool:
    """Tell whether one of the networks that the operator opened holds ``ip``, or the address that it stands for."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return any(form in network for form in {address, embedded_ipv4(address)} for network in allowed_networks)


def is_host_allowed(host: str, allowed_networks: Sequence[Network] = ()) -> bool:
    """Tell whether a host that an address names may be connected to, as far as its name says; nothing is asked.

    Addresses in all forms that systems read (``127.1``, ``0x7f000001``, full-width digits) are decided, and the names
    that stand for this machine (RFC 6761). What another name leads to is decided for each connection.
    """
    name = unicodedata.normalize("NFKC", host).strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        name = "127.0.0.1"
    try:
        return is_address_allowed(str(ipaddress.ip_address(name)), allowed_networks)
    except ValueError:
        pass
    try:
        return is_address_allowed(socket.inet_ntoa(socket.inet_aton(name)), allowed_networks)
    except OSError:
        return True


def is_address_allowed(ip: str, allowed_networks: Sequence[Network] = ()) -> bool:
    """Tell whether ``ip`` may be connected to: a public unicast address, or one in a network that the operator opened.

    What is no address (a scope id makes one link-local) is refused.
    """
    if is_in_networks(ip, allowed_networks):
        return True
    try:
        address = embedded_ipv4(ipaddress.ip_address(ip))
    except ValueError:
        return False
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved

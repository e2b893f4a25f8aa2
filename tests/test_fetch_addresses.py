from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.fetch.addresses import is_address_allowed, is_host_allowed, parse_networks

PRIVATE = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 239.1.2.3 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a00:1
64:ff9b:1::808:808 2002:7f00:1:: 2002:a00:1::1 fe80::1 fec0::1 fc00::1 fd12::1 ff02::1 ff0e::1 100::1 2001:db8::1
2001::1 2001:10::1 3fff::1 5f00::1 fe80::1%eth0
100.100.100.200 168.63.129.16 ::ffff:168.63.129.16 64:ff9b::a83f:8110 192.0.0.192 fd00:ec2::254 fd20:ce::254
""".split()
PUBLIC = """
8.8.8.8 1.1.1.1 93.184.216.34 172.32.0.1 100.128.0.1 192.88.100.1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
2606:4700::1111 2a00:1450:4001::1
""".split()


@pytest.mark.parametrize("ip", PRIVATE)
def test_what_is_not_public_is_refused_however_it_is_written(ip):
    assert not is_address_allowed(ip)


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_are_allowed(ip):
    assert is_address_allowed(ip)


@pytest.mark.parametrize("ip", ["", "localhost", "2130706433", "0x7f.1", "127.1", "127.0.0.1.", "①②⑦.⓪.⓪.①"])
def test_what_is_no_address_is_refused(ip):
    assert not is_address_allowed(ip, parse_networks(["0.0.0.0/0"]))


def test_an_opened_network_is_allowed_in_every_form_and_nothing_beside_it():
    opened = parse_networks(["127.0.0.0/30", "fd00::/8"])
    assert is_address_allowed("127.0.0.1", opened)
    assert is_address_allowed("::ffff:127.0.0.1", opened)
    assert is_address_allowed("fd00::1", opened)
    assert not is_address_allowed("127.0.0.9", opened)
    assert not is_address_allowed("10.0.0.1", opened)


def test_a_network_that_is_none_is_a_settings_error():
    with pytest.raises(SettingsError, match=r"fetch\.allow_addresses.*home"):
        parse_networks(["home"])


@given(st.ip_addresses(v=4))
def test_an_address_and_its_ipv6_forms_are_judged_alike(ip):
    mapped = ipaddress.IPv6Address(f"::ffff:{ip}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(ip))
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) + (int(ip) << 80))
    assert {is_address_allowed(str(form)) for form in (ip, mapped, nat64, sixtofour)} == {is_address_allowed(str(ip))}


LITERALS = ["127.1", "2130706433", "0x7f.1", "017700000001", "127.0.0.1.", "①②⑦.⓪.⓪.①", "[::1]", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("host", [*LITERALS, "localhost", "LocalHost.", "printer.localhost", "0", "fe80::1%eth0"])
def test_a_host_that_says_itself_that_it_is_inside_is_refused_in_every_form(host):
    assert not is_host_allowed(host)


@pytest.mark.parametrize(
    "host", ["hooks.example.org", "8.8.8.8", "[2606:4700::1111]", "134744072", "localhost.example.org"]
)
def test_a_public_host_and_a_name_are_left_to_the_connection(host):
    assert is_host_allowed(host)


def test_a_host_in_an_opened_network_is_allowed():
    assert is_host_allowed("localhost", parse_networks(["127.0.0.0/8"]))
    assert not is_host_allowed("10.1", parse_networks(["127.0.0.0/8"]))

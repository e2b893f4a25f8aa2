from __future__ import annotations

import asyncio
import gzip
import socket
import zlib

import brotli
import msgspec
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from pipeline.errors import ItemError
from pipeline.fetch.client import Client, Hop, ServerLogin
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings
from tests.helpers.certificates import self_signed_certificate, server_side
from tests.helpers.web import serve

OPEN = FetchSettings(allow_addresses=("127.0.0.1/32",), contact="desk@newswire.example", timeout_seconds=60)


def get(url, settings=OPEN, resolver=None, **options):
    async def run():
        async with Client(settings, resolver=resolver) as client:
            return await client.get(url, **options)

    return asyncio.run(run())


def failure(url, settings=OPEN, **options):
    with pytest.raises(ItemError) as caught:
        get(url, settings, **options)
    return caught.value.outcome, caught.value.reason


class Names(AbstractResolver):
    """Answers each question with the next address."""

    def __init__(self, *addresses):
        self.addresses = list(addresses)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        address = self.addresses.pop(0)
        return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self):
        pass


def test_a_page_is_got_with_an_honest_name_and_no_more_codings_than_are_read_safely(site):
    answer = get(site.page("/a", "hello"))
    assert (answer.status, answer.body, answer.hops) == (200, b"hello", ())
    sent = site.requests[0].headers
    assert sent["User-Agent"] == "newswire/0.2 (+desk@newswire.example)"
    assert sent["Accept-Encoding"] == "gzip, deflate, br"
    assert "Referer" not in sent
    assert "Cookie" not in sent


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "①②⑦.⓪.⓪.①", "user@127.0.0.1"])
def test_a_private_address_is_not_even_connected_to(site, host):
    site.page("/", "secret")
    outcome, reason = failure(site.url("/", host), FetchSettings(allow_ports=(site.port,)))
    assert outcome is Outcome.DROPPED
    assert reason in {Reason.REFUSED_ADDRESS, Reason.BAD_ADDRESS}
    assert site.requests == []


def test_a_name_that_turns_to_a_private_address_later_is_refused_then(site):
    site.page("/", "hello", Connection="close")

    async def run():
        names = Names("127.0.0.1", "127.0.0.2")
        async with Client(OPEN, resolver=names) as client:
            client._session.connector._use_dns_cache = False
            await client.get(site.url("/", "rebind.example"))
            await client.get(site.url("/", "rebind.example"))

    with pytest.raises(ItemError) as caught:
        asyncio.run(run())
    assert caught.value.reason is Reason.REFUSED_ADDRESS
    assert len(site.requests) == 1


def test_a_redirect_to_a_private_address_is_refused(site):
    with serve("127.0.0.2", site.port) as private:
        private.page("/", "secret")
        site.page("/a", status=302, Location=private.url("/"))
        assert failure(site.url("/a")) == (Outcome.DROPPED, Reason.REFUSED_ADDRESS)
        assert private.requests == []


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.example/", "file:///etc/passwd", "http://", "http://[::1", "http://a.example:99999/", "a b",
     "javascript:alert(1)", "http://a.example:0/", "http://a.example/" + "x" * 9000, "http://127.1/", "http://2130706433/"],
)  # fmt: skip
def test_an_address_that_is_none_is_named_as_such(url):
    assert failure(url) == (Outcome.DROPPED, Reason.BAD_ADDRESS)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://[", "http://x.example:0/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(site, target):
    site.page("/a", status=301, Location=target)
    assert failure(site.url("/a")) == (Outcome.DROPPED, Reason.BAD_ADDRESS)


def test_redirects_are_followed_and_told(site):
    site.page("/a", status=301, Location="/b")
    site.page("/b", status=302, Location=site.url("/c?x=1#part"))
    site.page("/c", "here")
    answer = get(site.url("/a"))
    assert answer.body == b"here"
    assert answer.final_url == site.url("/c?x=1")
    assert answer.hops == (Hop(site.url("/a"), 301), Hop(site.url("/b"), 302))


def test_a_redirect_that_leads_nowhere_is_an_answer(site):
    assert get(site.page("/a", status=302)).status == 302


@pytest.mark.parametrize("loop", [{"/a": "/a"}, {"/a": "/b", "/b": "/a"}])
def test_a_redirect_loop_ends(site, loop):
    for path, target in loop.items():
        site.page(path, status=302, Location=target)
    assert failure(site.url("/a")) == (Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS)
    assert len(site.requests) == OPEN.max_redirects + 1


def test_credentials_stay_with_their_host_and_cookies_are_never_kept(site):
    with serve() as other:
        site.page("/a", status=302, Location="/b", Set_Cookie="id=1; Path=/")
        site.page("/b", status=302, Location=f"http://me:word@127.0.0.1:{other.port}/c", Set_Cookie="id=2")
        other.page("/c", "end")
        get(site.url("/a"), headers={"Authorization": "Basic c2VjcmV0", "X-Own": "1"})
        assert [request.headers.get("Authorization") for request in site.requests] == ["Basic c2VjcmV0"] * 2
        assert "Authorization" not in other.requests[0].headers
        assert other.requests[0].headers["X-Own"] == "1"
        assert not any("Cookie" in request.headers for request in [*site.requests, *other.requests])


def test_a_password_in_an_address_is_used_and_not_told(site):
    site.page("/a", status=302, Location="/b")
    site.page("/b", "hello")
    answer = get(site.url("/a", "me:word@127.0.0.1"))
    assert [request.headers["Authorization"] for request in site.requests] == ["Basic bWU6d29yZA=="] * 2
    assert answer.final_url == site.url("/b")
    assert answer.hops == (Hop(site.url("/a"), 302),)


def test_a_large_body_is_given_up(site):
    site.page("/a", b"x" * 100_001)
    assert failure(site.url("/a"), max_bytes=100_000) == (Outcome.QUARANTINED, Reason.TOO_LARGE)
    assert len(get(site.url("/a"), max_bytes=100_001).body) == 100_001


def test_a_body_may_be_cut_instead(site):
    assert get(site.page("/a", b"x" * 200_000), max_bytes=70_000, cut=True).body == b"x" * 70_000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_decompression_bomb_is_given_up(site, coding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding]
    site.page("/a", pack(bytes(32 * 1024 * 1024)), Content_Encoding=coding)
    assert failure(site.url("/a"), max_bytes=1_000_000) == (Outcome.QUARANTINED, Reason.TOO_LARGE)


@pytest.mark.parametrize("coding", ["compress", "gzip, lzma", "exi"])
def test_a_coding_that_was_not_asked_for_is_not_taken_for_text(site, coding):
    site.page("/a", b"\x1f\x9d\x90x", Content_Encoding=coding)
    assert failure(site.url("/a")) == (Outcome.QUARANTINED, Reason.UNREADABLE)


def test_an_endless_body_ends_at_the_cap(site):
    async def endless(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65536)

    site.handlers["/a"] = endless
    assert failure(site.url("/a"), max_bytes=1_000_000) == (Outcome.QUARANTINED, Reason.TOO_LARGE)


def test_a_body_that_trickles_is_given_up_before_its_end(site):
    async def trickle(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(600):
            await answer.write(b"x")
            await asyncio.sleep(0.1)
        return answer

    site.handlers["/a"] = trickle
    assert failure(site.url("/a"), seconds=0.5) == (Outcome.RETRY, Reason.TIMEOUT)


def test_headers_that_never_come_are_given_up_in_time(site):
    async def silent(request):
        await asyncio.sleep(30)

    site.handlers["/a"] = silent
    assert failure(site.url("/a"), seconds=0.3) == (Outcome.RETRY, Reason.TIMEOUT)


def test_the_time_limit_is_one_for_all_redirects(site):
    async def slow(request):
        await asyncio.sleep(0.2)
        return web.Response(status=302, headers={"Location": "/a"})

    site.handlers["/a"] = slow
    assert failure(site.url("/a"), seconds=0.5) == (Outcome.RETRY, Reason.TIMEOUT)


def test_a_body_that_breaks_off_is_a_failed_connection(site):
    async def short(request):
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
        request.transport.close()
        return web.Response()

    site.handlers["/a"] = short
    assert failure(site.url("/a")) == (Outcome.RETRY, Reason.CONNECTION)


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 20_000 + b"\r\n"]
)
def test_what_is_not_http_or_too_much_of_it_is_a_failed_connection(site, answer):
    async def talk(request):
        request.transport.write(answer)
        request.transport.close()
        return web.Response()

    site.handlers["/a"] = talk
    assert failure(site.url("/a")) == (Outcome.RETRY, Reason.CONNECTION)


def test_no_server_and_no_such_host_are_failed_connections():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert failure(f"http://127.0.0.1:{unused.getsockname()[1]}/") == (Outcome.RETRY, Reason.CONNECTION)

    class Nobody(Names):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            raise OSError("no such host")

    assert failure("http://nowhere.example/", resolver=Nobody()) == (Outcome.RETRY, Reason.CONNECTION)


@pytest.fixture
def self_signed(tmp_path):
    """A server's side of TLS, with a certificate that nobody vouches for."""
    return server_side(self_signed_certificate(tmp_path))


def test_a_certificate_that_nobody_vouches_for_is_refused(self_signed):
    with serve(ssl=self_signed) as site:
        assert failure(f"https://127.0.0.1:{site.port}/") == (Outcome.RETRY, Reason.TLS)
        assert site.requests == []


def test_a_certificate_may_be_any_only_at_the_hosts_of_the_source_that_says_so(self_signed):
    with serve(ssl=self_signed) as site, serve("127.0.0.2", ssl=self_signed) as other:
        opened = msgspec.structs.replace(OPEN, allow_addresses=("127.0.0.0/8",))
        login = ServerLogin(unchecked=frozenset({"127.0.0.1"}))
        site.page("/a", "hello")
        assert get(f"https://127.0.0.1:{site.port}/a", opened, login=login).body == b"hello"
        site.page("/b", status=302, Location=f"https://127.0.0.2:{other.port}/")
        assert failure(f"https://127.0.0.1:{site.port}/b", opened, login=login) == (Outcome.RETRY, Reason.TLS)
        assert failure(f"https://127.0.0.1:{site.port}/a", opened) == (Outcome.RETRY, Reason.TLS)
        assert other.requests == []


def test_a_header_that_logs_in_stays_with_its_host(site):
    with serve() as other:
        site.page("/a", status=302, Location="/b")
        site.page("/b", status=307, Location=other.url("/c"))
        other.page("/c", "end")
        get(site.url("/a"), headers={"X-Own": "1"}, login=ServerLogin({"X-Subscriber": "4711"}))
        assert [request.headers.get("X-Subscriber") for request in site.requests] == ["4711", "4711"]
        assert "X-Subscriber" not in other.requests[0].headers
        assert other.requests[0].headers["X-Own"] == "1"


@pytest.mark.parametrize("port", [22, 25, 3306, 6379, 81])
def test_a_public_address_is_asked_at_the_ports_of_the_web_only(port):
    client = Client(FetchSettings())
    with pytest.raises(OSError, match="not public"):
        client._guard((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)))


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_the_ports_of_the_web_are_allowed(port):
    client = Client(FetchSettings())
    made = client._guard((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)))
    assert made.getsockname()[1] == 0  # made, and connected to nothing
    made.close()


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1"]
)
def test_an_address_that_is_not_public_is_refused_at_the_ports_of_the_web_too(ip):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with pytest.raises(OSError, match="not public"):
        Client(FetchSettings())._guard((family, socket.SOCK_STREAM, 6, "", (ip, 443)))


def test_a_proxy_named_by_the_environment_is_not_used(site, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    assert get(site.page("/a", "direct")).body == b"direct"


def test_the_check_sees_the_head_and_spares_the_body(site):
    def check(status, headers):
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, f"{status} {headers['Content-Type']}")

    site.page("/a", bytes(1000), kind="video/mp4")
    assert failure(site.url("/a"), check=check) == (Outcome.DROPPED, Reason.NOT_HTML)

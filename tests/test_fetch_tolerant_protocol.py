"""Facts about servers that a browser reads, over loopback."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from aiohttp import web

from pipeline.errors import ItemError
from pipeline.fetch.client import Client
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings

OPEN = FetchSettings(allow_addresses=("127.0.0.1/32",), contact="desk@newswire.example", timeout_seconds=30)
FEED = b"<rss>" + b"The swing bridge closes for eleven weeks. " * 50 + b"</rss>"


def say(site, raw, *, path="/f", close=True, pieces=1):
    """Let ``path`` answer with these bytes."""

    async def talk(request):
        size = -(-len(raw) // pieces)
        for at in range(0, len(raw), size):
            request.transport.write(raw[at : at + size])
            await asyncio.sleep(0.001 if pieces > 1 else 0)
        if close:
            request.transport.close()
        else:
            await asyncio.sleep(30)
        return web.Response()

    site.handlers[path] = talk
    return site.url(path)


def get(url, **options):
    async def run():
        async with Client(OPEN) as client:
            return await client.get(url, **options)

    return asyncio.run(run())


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(*lines, body=FEED, end=b"\r\n"):
    return end.join([b"HTTP/1.1 200 OK", *lines, b"", b""]) + body


LENGTH = b"Content-Length: %d" % len(FEED)
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "raw",
    [
        answer(LENGTH, LENGTH),
        answer(LENGTH + b", %d" % len(FEED)),
        answer(CHUNKED, LENGTH, body=chunk(FEED) + b"0\r\n\r\n"),
        answer(CHUNKED, b"Content-Length: 3", body=b"%x;ext=1\r\n%s\r\n0\r\n\r\n" % (len(FEED), FEED)),
        answer(b"Content-Type : text/xml", b"no colon", LENGTH),
        answer(LENGTH, *[b"X-Field-%d: x" % number for number in range(300)]),
        answer(LENGTH, b"Content-Security-Policy: " + b"x" * 60_000),
        answer(LENGTH, b"X-Name: caf\xe9 \xff", b"X-Fold: a", b"  b"),
        answer(LENGTH, end=b"\n"),
        answer(LENGTH, b"Connection: close", body=FEED + b"<html>an error</html>"),
        answer(LENGTH, body=FEED + b"\r\n\r\n"),
        answer(CHUNKED, body=chunk(FEED) + b"0\r\n\r\nmore"),
        answer(CHUNKED, body=chunk(FEED)),
        answer(CHUNKED, body=chunk(FEED[:99]) + chunk(FEED[99:])[:-2]),
        answer(CHUNKED, body=chunk(FEED) + b"no size\r\n"),
        answer(b"Content-Length: 99999"),
        answer(b"Content-Length: x"),
        answer(),
        b"HTTP/1.1 200\r\n\r\n" + FEED,
        b"ICY 200 OK\r\n\r\n" + FEED,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(LENGTH),
        answer(b"Content-Encoding: x-gzip", body=gzip.compress(FEED)),
        answer(b"Content-Encoding: gzip", b"Content-Encoding: gzip", body=gzip.compress(FEED) + b"junk"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 7])
def test_what_a_browser_reads_is_read(site, raw, pieces):
    assert get(say(site, raw, pieces=pieces)).body == FEED


@pytest.mark.parametrize("lines", [[CHUNKED], [b"Content-Length: 99999"]])
def test_a_whole_document_is_not_waited_for_any_longer(site, lines, monkeypatch):
    monkeypatch.setattr("pipeline.fetch.client._SILENCE_SECONDS", 0.1)
    body = chunk(FEED) if lines == [CHUNKED] else FEED
    assert get(say(site, answer(*lines, body=body), close=False)).body == FEED


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (answer(b"Content-Length: 5", b"Content-Length: 6"), "different lengths of the body (5 and 6 bytes)"),
        (answer(b"Content-Length: 9999", body=FEED[:-9]), f"received {len(FEED) - 9} of 9999 bytes"),
        (answer(CHUNKED, body=chunk(FEED[:-9])), "breaks off"),
        (answer(CHUNKED, body=chunk(FEED[:-9]) + b"no size\r\n"), "can't be read to its end"),
        (answer(body=gzip.compress(FEED, mtime=0)[:-40]), "its gzip breaks off"),
        (answer(*[b"X-Field: x"] * 5000), "more than 1000 header fields"),
        (answer(b"X-Long: " + b"x" * 300_000), "its headers exceed 256 KiB"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(site, raw, why):
    with pytest.raises(ItemError) as caught:
        get(say(site, raw))
    assert (caught.value.outcome, caught.value.reason) == (Outcome.RETRY, Reason.CONNECTION)
    assert why in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (b"/f/caf\xe9", "/f/caf%E9"),
        ("/f/café".encode(), "/f/caf%C3%A9"),
        (b"/f/a b", "/f/a%20b"),
        (b"/f/a\tb", "/f/ab"),
        (b"f/x#part", "/f/x"),
        (b"?page=2", "/a?page=2"),
        (b"//127.0.0.1:PORT/f/y", "/f/y"),
        (b"HTTP://127.0.0.1:PORT/f/\xc3\xa9?q=\xe9", "/f/%C3%A9?q=%E9"),
    ],
)
def test_a_redirect_leads_where_its_server_meant(site, location, asked):
    location = location.replace(b"PORT", str(site.port).encode())
    say(site, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n", path="/a")
    first = site.handlers["/a"]

    async def once(request):
        return web.Response() if len(site.requests) > 1 else await first(request)

    site.handlers["/a"] = once
    get(site.url("/a"))
    assert site.requests[1].raw_path == asked


def test_a_connection_whose_answer_was_contradictory_is_not_used_again(site):
    say(site, answer(LENGTH, LENGTH), close=False)
    talk, peers = site.handlers["/f"], []

    async def noted(request):
        peers.append(request.transport.get_extra_info("peername"))
        return await talk(request)

    site.handlers["/f"] = noted

    async def run():
        async with Client(OPEN) as client:
            return [(await client.get(site.url("/f"))).body for _ in range(2)]

    assert asyncio.run(run()) == [FEED, FEED]
    assert len(set(peers)) == 2

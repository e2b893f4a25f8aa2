from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from pipeline.errors import ServeError
from pipeline.settings import ServeSettings
from pipeline.web import server
from pipeline.web.http import read_body

LIMITS = ServeSettings(max_connections=4, header_seconds=0.3, body_seconds=0.3, max_header_bytes=2048)


def make_app():
    app = FastAPI()

    @app.get("/")
    def root():
        return {}

    @app.post("/")
    async def body(request: Request):
        return len(await read_body(request, 1000))

    @app.get("/slow")
    def slow():
        return StreamingResponse(parts_in(0.1, [b"part"] * 8))

    @app.get("/endless")
    def endless():
        return StreamingResponse(parts_in(0, itertools.repeat(bytes(1 << 20))))

    return app


async def parts_in(seconds, parts):
    for part in parts:
        await asyncio.sleep(seconds)
        yield part


@pytest.fixture
def port(monkeypatch):
    """The port of a server with narrow limits."""
    servers = []

    class Remembered(uvicorn.Server):
        def __init__(self, config):
            super().__init__(config)
            servers.append(self)

    monkeypatch.setattr(uvicorn, "Server", Remembered)
    with server.listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.serve, args=(make_app(), listener, LIMITS))
        thread.start()
        yield listener.getsockname()[1]
        servers[0].should_exit = True
        thread.join()


def talk(port, *parts):
    """Send parts on a new connection, and return what is answered until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
        return answer


HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "


def test_a_request_is_answered_and_does_not_name_the_server(port):
    answer = talk(port, HEAD, b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"uvicorn" not in answer


def test_a_head_or_body_that_does_not_come_ends_the_connection(port):
    assert talk(port, HEAD).startswith(b"HTTP/1.1 408 ")
    assert talk(port, POST + b"10\r\n\r\nhalf").startswith(b"HTTP/1.1 408 ")
    assert talk(port) == b""
    assert talk(port, POST + b"4\r\n\r\nhalf").endswith(b"\r\n\r\n4")


def test_a_connection_that_was_answered_is_closed_without_a_word(port):
    assert talk(port, HEAD, b"\r\n").count(b"HTTP/1.1") == 1


def test_an_answer_that_is_read_may_take_as_long_as_it_takes(port, monkeypatch):
    monkeypatch.setattr(server, "_ANSWER_SECONDS", 0.3)
    request = b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert talk(port, request).count(b"part") == 8


def test_an_answer_that_nobody_reads_ends_the_connection(port, monkeypatch):
    monkeypatch.setattr(server, "_ANSWER_SECONDS", 0.3)
    ended, lost = threading.Event(), server.BoundedProtocol.connection_lost
    monkeypatch.setattr(server.BoundedProtocol, "connection_lost", lambda self, exc: (lost(self, exc), ended.set()))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ended.wait(20)


def test_a_large_head_and_a_large_body_are_refused_at_once(port):
    assert talk(port, HEAD, b"x: " + b"y" * 5000).startswith(b"HTTP/1.1 400 ")
    assert talk(port, POST + b"1000000000\r\n\r\n").startswith(b"HTTP/1.1 413 ")
    assert talk(port, POST + b"9" * 40 + b"\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_more_connections_than_allowed_are_told_to_come_back(port):
    with contextlib.ExitStack() as stack:
        for _ in range(LIMITS.max_connections):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        answer = talk(port)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 10" in answer


def test_the_server_says_why_it_cannot_listen():
    with server.listen("127.0.0.1", 0) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {taken} of 127.0.0.1: another program listens there; end it"):
            server.listen("127.0.0.1", taken)
    with pytest.raises(ServeError, match="this machine has no such address"):
        server.listen("192.0.2.1", 18700)
    with pytest.raises(ServeError, match="there is no such host to listen on"):
        server.listen("no such host", 18700)


def test_the_address_of_a_listener_can_be_opened_by_a_browser():
    with server.listen("127.0.0.1", 0) as listener:
        assert server.address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"
    if socket.has_ipv6:
        with contextlib.suppress(ServeError), server.listen("::1", 0) as listener:
            assert server.address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}/"


def test_fixed_answers_have_the_length_that_they_name():
    for answer in (server._AWAY, server._LATE):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head

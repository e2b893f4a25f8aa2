from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.settings import ServeSettings
from pipeline.web.app import create_search_app
from pipeline.web.request_checks import is_known_host, known_hosts, parse_host

LOOPBACK = (
    "localhost localhost:8000 LOCALHOST Localhost.:80 news.localhost 127.0.0.1 127.0.0.1:8000 127.8.9.1 [::1] "
    "[::1]:8000 [0:0:0:0:0:0:0:1] localhost:"
).split()
FOREIGN = (
    "evil.example evil.example:8000 localhost.evil.example evil-localhost 127.0.0.1.evil.example 192.168.1.5 "
    "[2001:db8::1] 0.0.0.0 169.254.169.254 notlocalhost example.com@localhost localhost@evil.example localhost/evil "
    "localhost#x localhost:80:80 localhost:http [::1 ::1 [::1]x [localhost] .. . localhost%00 127.1 2130706433 0x7f.1"
).split()


class Nothing:
    def count(self):
        return 0


def client(**settings):
    app = create_search_app(Nothing(), serve=ServeSettings(**settings))
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize("host", LOOPBACK)
def test_the_names_of_loopback_are_served(host):
    assert client().get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_name_is_refused_in_plain_text(host):
    answer = client().get("/health", headers={"Host": host})
    assert answer.status_code in {400, 421}
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_refusal_says_what_to_do():
    answer = client().get("/health", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert (
        "this server is not called 'evil.example'; whoever runs this server adds the name to serve.hosts" in answer.text
    )


def test_names_are_known_by_settings():
    known = known_hosts(
        ServeSettings(public_url="https://News.example:8443/x", hosts=("api", "Wire.Example."), host="192.0.2.7")
    )
    assert known == {"news.example", "api", "wire.example", "192.0.2.7"}
    assert known_hosts(ServeSettings(host="0.0.0.0")) == known_hosts(ServeSettings(host="::")) == set()
    assert known_hosts(ServeSettings(host="2001:db8:0::7")) == {"2001:db8::7"}
    assert is_known_host("NEWS.EXAMPLE.:443", known)
    assert not is_known_host("x.news.example", known)


def test_a_star_serves_every_name():
    open_to_all = client(hosts=("*",))
    assert open_to_all.get("/health", headers={"Host": "any.example"}).status_code == 200
    assert open_to_all.get("/health", headers={"Host": "a b"}).status_code == 400


def test_what_a_proxy_says_of_the_host_is_not_looked_at():
    headers = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert client().get("/health", headers=headers).status_code == 421
    assert client().get("/health", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200


def test_a_request_without_a_host_or_with_two_is_refused():
    for headers in ([], [(b"host", b"localhost"), (b"host", b"localhost")], [(b"host", b"")]):
        assert run(client().app, headers) == 400


def run(app, headers):
    """Return the status that ``app`` gives a request with exactly these headers."""
    import asyncio

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/health",
        "raw_path": b"/health",
        "query_string": b"",
        "headers": headers,
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"]


def test_large_heads_are_refused():
    assert client().get("/health", headers={"x": "y" * 40_000}).status_code == 431
    assert client().get("/health?" + "y" * 40_000).status_code == 431
    assert client().get("/health", headers={f"x{n}": "" for n in range(300)}).status_code == 431
    assert client(max_header_bytes=80_000).get("/health", headers={"x": "y" * 40_000}).status_code == 200


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_none(text):
    name = parse_host(text)
    assert name is None or (name == name.lower() and not set(name) & set("/@ #?[]"))

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from pipeline.fetch import resolver


def resolve(name):
    return asyncio.run(resolver.SystemResolver().resolve(name, 80, socket.AF_INET))


def test_a_name_of_this_machine_is_found():
    assert {found["host"] for found in resolve("localhost")} == {"127.0.0.1"}


@pytest.mark.parametrize("error", [socket.gaierror(-2, "not known"), UnicodeError("label too long")])
def test_a_name_that_is_not_there_is_an_error_of_the_connection(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OSError, match=r"not known|too long"):
        resolve("nowhere.example")


def test_names_whose_servers_do_not_answer_are_given_up_and_keep_no_other_waiting(monkeypatch):
    released, real = threading.Event(), socket.getaddrinfo

    def look_up(host, *arguments, **options):
        if "silent" in host:
            released.wait(60)
        return real("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(resolver, "_SECONDS", 2.0)
    ends = []

    async def one(name):
        try:
            await resolver.SystemResolver().resolve(name, 80, socket.AF_INET)
        except TimeoutError:
            ends.append("given up")
        else:
            ends.append("found")

    async def all_of_them():
        await asyncio.gather(*(one(f"silent{n}.example") for n in range(40)), one("there.example"))

    try:
        asyncio.run(all_of_them())
    finally:
        released.set()
    assert ends == ["found", *["given up"] * 40]

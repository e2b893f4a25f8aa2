from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from pipeline.errors import ItemError
from pipeline.feed_records import RobotsFile
from pipeline.fetch.client import HttpResponse
from pipeline.fetch.robots import Robots, RobotsMemory, RobotsRules, is_fresh
from pipeline.records import Outcome, Reason

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOST = "https://outlet.example"


def file(body="", status=200, fetched=NOW):
    return RobotsFile(host=HOST, status=status, body=body, fetched=fetched)


def verdict(body, path, status=200):
    try:
        RobotsRules(file(body, status), "newswire").check(HOST + path)
    except ItemError as error:
        return error.outcome, error.reason
    return Outcome.DONE


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: newswire\nDisallow: /private", "/a", True),
        ("User-agent: NewsWire\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /private\nAllow: /private/ok", "/private/ok", True),
        ("<html>not found</html>", "/a", True),
        ("\0\0garbage\nDisallow", "/a", True),
    ],
)
def test_the_rules_are_read_as_rfc_9309_reads_them(body, path, allowed):
    assert verdict(body, path) == (Outcome.DONE if allowed else (Outcome.DROPPED, Reason.ROBOTS))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410])
def test_a_file_that_is_not_there_forbids_nothing(status):
    assert verdict("User-agent: *\nDisallow: /", "/a", status) is Outcome.DONE


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_a_file_that_cannot_be_read_forbids_everything_for_now(status):
    assert verdict("", "/a", status) == (Outcome.RETRY, Reason.SERVER_ERROR)


def test_a_file_is_relied_on_for_a_day_and_a_failure_for_minutes():
    for status, age in ((200, dt.timedelta(hours=24)), (404, dt.timedelta(hours=24)), (0, dt.timedelta(minutes=15))):
        made = file(status=status)
        assert is_fresh(made, NOW + age - dt.timedelta(seconds=1))
        assert not is_fresh(made, NOW + age)


def test_the_crawl_delay_is_told():
    assert RobotsRules(file("User-agent: *\nCrawl-delay: 2.5"), "newswire").crawl_delay == 2.5
    assert RobotsRules(file(""), "newswire").crawl_delay is None


class Server:
    """Answers for robots.txt as told, and counts how often it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def get(self, url):
        self.asked.append(url)
        await asyncio.sleep(0)
        if isinstance(self.answer, ItemError):
            raise self.answer
        return HttpResponse(url, url, 200, CIMultiDictProxy(CIMultiDict()), self.answer, ())


def ask(server, cache, urls, now=NOW):
    async def run():
        robots = Robots(cache, "newswire", server.get, lambda: now)
        return await asyncio.gather(*(robots.rules(url) for url in urls))

    return asyncio.run(run())


def test_a_host_is_asked_once_a_day_however_many_pages_it_has():
    server, cache = Server(b"User-agent: *\nDisallow: /x"), RobotsMemory()
    ask(server, cache, [f"{HOST}/{number}" for number in range(20)])
    ask(server, cache, [f"{HOST}/a"], NOW + dt.timedelta(hours=23))
    assert server.asked == [f"{HOST}/robots.txt"]
    ask(server, cache, [f"{HOST}/a"], NOW + dt.timedelta(hours=25))
    assert len(server.asked) == 2


def test_scheme_and_port_tell_hosts_apart_and_credentials_do_not():
    server = Server(b"")
    ask(
        server,
        RobotsMemory(),
        ["http://a.example/", "https://a.example/", "http://a.example:8080/", "http://u:p@a.example/x"],
    )
    assert server.asked == [
        f"{host}/robots.txt" for host in ("http://a.example", "https://a.example", "http://a.example:8080")
    ]


def test_a_server_that_does_not_answer_is_asked_again_soon():
    server, cache = Server(ItemError(Outcome.RETRY, Reason.TIMEOUT, "slow")), RobotsMemory()
    (rules,) = ask(server, cache, [f"{HOST}/a"])
    with pytest.raises(ItemError, match="timeout") as caught:
        rules.check(f"{HOST}/a")
    assert caught.value.outcome is Outcome.RETRY
    server.answer = b""
    (rules,) = ask(server, cache, [f"{HOST}/a"], NOW + dt.timedelta(minutes=16))
    rules.check(f"{HOST}/a")


def test_what_is_asked_ahead_is_kept_unless_it_cannot_be_read():
    server, cache = Server(ItemError(Outcome.RETRY, Reason.TIMEOUT, "slow")), RobotsMemory()

    async def run():
        robots = Robots(cache, "newswire", server.get, lambda: NOW)
        assert await robots.learn(f"{HOST}/feed") is None
        assert cache.get(HOST, NOW) is None
        server.answer = b"User-agent: *\nCrawl-delay: 3"
        learnt = await robots.learn(f"{HOST}/feed")
        assert learnt is await robots.rules(f"{HOST}/a")
        assert learnt.crawl_delay == 3.0

    asyncio.run(run())
    assert len(server.asked) == 2


def test_a_file_behind_endless_redirects_counts_as_absent():
    server = Server(ItemError(Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS, "loop"))
    (rules,) = ask(server, RobotsMemory(), [f"{HOST}/a"])
    rules.check(f"{HOST}/a")


def test_a_host_that_may_not_be_asked_is_refused_as_such():
    server = Server(ItemError(Outcome.DROPPED, Reason.REFUSED_ADDRESS, "private"))
    with pytest.raises(ItemError) as caught:
        ask(server, RobotsMemory(), [f"{HOST}/a"])
    assert caught.value.reason is Reason.REFUSED_ADDRESS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251", "koi8-r"])
def test_a_file_is_read_in_whatever_charset_it_was_written(encoding):
    text = "# Правила для роботов нашей газеты\nUser-agent: *\nDisallow: /закрытое\n"
    (rules,) = ask(Server(text.encode(encoding)), RobotsMemory(), [f"{HOST}/a"])
    rules.check(f"{HOST}/новости")
    with pytest.raises(ItemError) as caught:
        rules.check(f"{HOST}/закрытое/1")
    assert caught.value.reason is Reason.ROBOTS

from __future__ import annotations

import asyncio
import itertools

import pytest

from pipeline.errors import ItemError
from pipeline.fetch.pacing import Backlog, Pacing, registered_domain
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings


class Clock:
    """Time that passes only when all others wait: then the earliest sleeper wakes."""

    def __init__(self):
        self.now = 0.0
        self.sleepers = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        due = self.now + seconds
        self.sleepers.append(due)
        while self.now < due:
            for _ in range(10):  # whatever can go on without time passing does
                await asyncio.sleep(0)
            self.now = max(self.now, min(self.sleepers))
        self.sleepers.remove(due)


def paced(requests, *, places=100, patience=10_000.0, seconds=0.0, before=None, **settings):
    """Start one request for each host of ``requests`` at once; return when each started, and the most at a time."""
    clock = Clock()
    starts, running, most = [], 0, 0

    async def one(pacing, host):
        nonlocal running, most
        async with pacing.slot(host):
            starts.append((host, clock.now))
            running += 1
            most = max(most, running)
            await (clock.sleep(seconds) if seconds else asyncio.sleep(0))
            running -= 1

    async def run():
        pacing = Pacing(FetchSettings(**settings), places, patience=patience, clock=clock, sleep=clock.sleep)
        if before:
            before(pacing)
        return await asyncio.gather(*(one(pacing, host) for host in requests), return_exceptions=True)

    errors = [error for error in asyncio.run(run()) if error]
    return starts, most, errors


def test_five_hundred_feeds_of_one_host_start_apart_and_never_more_than_two_at_once():
    starts, most, errors = paced(["a"] * 500, per_host_concurrency=2, per_host_delay_seconds=5.0, seconds=30.0)
    times = [time for _, time in starts]
    assert len(times) == 500
    assert all(later - earlier >= 5.0 for earlier, later in itertools.pairwise(times))
    assert most == 2
    assert not errors


def test_hosts_do_not_wait_for_one_another():
    starts, _, _ = paced(["a", "b", "c", "a"], per_host_delay_seconds=5.0)
    assert [host for host, time in starts if time == 0] == ["a", "b", "c"]


def test_no_more_than_the_places_are_taken_at_once():
    _, most, _ = paced([str(number) for number in range(50)], places=7)
    assert most == 7


def test_a_crawl_delay_is_kept_up_to_what_we_grant():
    starts, _, _ = paced(
        ["a"] * 3, before=lambda pacing: pacing.set_crawl_delay("a", 3600), max_crawl_delay_seconds=20.0
    )
    assert [time for _, time in starts] == [0, 20, 40]


def test_a_shorter_crawl_delay_does_not_hurry_us():
    starts, _, _ = paced(["a"] * 2, before=lambda pacing: pacing.set_crawl_delay("a", 0.1), per_host_delay_seconds=1.0)
    assert [time for _, time in starts] == [0, 1]


def test_a_short_hold_is_waited_for():
    starts, _, _ = paced(["a", "b"], before=lambda pacing: pacing.hold("a", 60.0))
    assert starts == [("b", 0), ("a", 60)]


@pytest.mark.parametrize("seconds", [None, 3600.0, 10.0**9])
def test_a_long_hold_gives_all_of_the_host_back_at_once(seconds):
    starts, _, errors = paced(["a", "a", "b"], before=lambda pacing: pacing.hold("a", seconds), patience=300.0)
    assert starts == [("b", 0)]
    assert [(error.outcome, error.reason) for error in errors] == [(Outcome.RETRY, Reason.TOO_MANY_REQUESTS)] * 2
    assert all(300 < error.retry_after <= 86400 for error in errors)


def test_what_could_only_start_after_our_patience_ends_is_given_back_at_once():
    starts, _, errors = paced(["a"] * 20, per_host_delay_seconds=60.0, patience=300.0)
    assert [time for _, time in starts] == [0, 60, 120, 180, 240, 300]
    assert len(errors) == 14


def test_a_server_that_asks_for_time_is_held():
    async def run():
        clock = Clock()
        pacing = Pacing(FetchSettings(), 10, clock=clock, sleep=clock.sleep)
        with pytest.raises(ItemError):
            async with pacing.gate()("http://a.example/1"):
                raise ItemError(Outcome.RETRY, Reason.SERVER_ERROR, "status 503", retry_after=1000.0)
        async with pacing.gate()("http://b.example/"):
            pass
        with pytest.raises(ItemError) as caught:
            async with pacing.gate()("http://a.example/2"):
                pass
        return caught.value.retry_after

    assert asyncio.run(run()) == 1000.0


def test_a_redirect_within_a_host_follows_at_once_and_one_to_another_host_takes_its_turn():
    async def run():
        clock = Clock()
        pacing = Pacing(FetchSettings(per_host_delay_seconds=10.0), 10, clock=clock, sleep=clock.sleep)
        times = []
        gate = pacing.gate()
        for url in ("http://a.example/", "http://a.example/next", "http://b.example/"):
            async with gate(url):
                times.append(clock.now)
        async with pacing.gate()("http://b.example/other"):
            times.append(clock.now)
        return times

    assert asyncio.run(run()) == [0, 0, 0, 10]


def test_nothing_starts_while_a_backlog_waits():
    async def run():
        backlog = Backlog(2)
        backlog.add()
        await asyncio.wait_for(backlog.wait_for_room(), 1)
        backlog.add()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(backlog.wait_for_room(), 0.01)
        backlog.remove()
        await asyncio.wait_for(backlog.wait_for_room(), 1)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.example.co.uk", "example.co.uk"),
        ("one.blogspot.com", "blogspot.com"),
        ("two.blogspot.com", "blogspot.com"),
        ("news.example", "news.example"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("[::1]", "[::1]"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
    ],
)
def test_the_hosts_of_one_registered_domain_are_one_providers(host, name):
    assert registered_domain(host) == name


def test_no_more_than_its_places_are_taken_at_one_provider_at_once():
    hosts = [f"user{number}.blogspot.com" for number in range(30)]
    _, most, _ = paced(hosts, per_provider_concurrency=3, seconds=5.0)
    assert most == 3


def test_one_host_that_asks_for_time_leaves_its_neighbours_alone_and_two_stop_the_provider():
    def before(*held):
        return lambda pacing: [pacing.hold(f"{name}.blogspot.com", 3600.0) for name in held]

    neighbours = ["c.blogspot.com", "www.example.org"]
    assert [host for host, _ in paced(neighbours, before=before("a"))[0]] == neighbours
    starts, _, errors = paced(neighbours, before=before("a", "b"), patience=300.0)
    assert [host for host, _ in starts] == ["www.example.org"]
    assert not errors[0].tried


def test_a_provider_is_forgotten_when_the_hold_of_its_host_is_over():
    async def run():
        clock = Clock()
        pacing = Pacing(FetchSettings(), 1, clock=clock, sleep=clock.sleep)
        pacing.hold("a.example.org", 100.0)
        pacing.drop("a.example.org")
        before = len(pacing._providers)
        clock.now = 101.0
        pacing.plan("www.example.com")
        pacing.end_plan("www.example.com")
        pacing.drop("www.example.com")
        return before, len(pacing._providers)

    assert asyncio.run(run()) == (1, 0)

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools

import pytest

from pipeline.errors import ItemError
from pipeline.feeds.parse import parse
from pipeline.records import Entry, Outcome, Reason, Stage
from pipeline.settings import FetchSettings, Settings
from pipeline.stages import Context
from pipeline.stages.fetch import FetchLoop
from pipeline.stages.network import open_network
from pipeline.store import NewArticle
from pipeline.urls import article_id
from tests.helpers.inline_workers import InlineWorkers
from tests.helpers.simulated_web import NOW, SimulatedWeb, StreamCoordinator, clock
from tests.helpers.support import REPO, places
from tests.helpers.transactions import ask
from tests.helpers.virtual_time import run_virtually

SLOW = "slow.example"


@pytest.fixture
def opened(tmp_path, store_url):
    """Open contexts of one ledger, each a program of its own."""
    with contextlib.ExitStack() as stack:

        def open_context(**fetch):
            settings = Settings(fetch=FetchSettings(**fetch))
            environment = places(tmp_path, store_url)
            return stack.enter_context(Context(settings, (), environment, config=REPO / "config", clock=clock))

        yield open_context


@pytest.fixture
def web():
    return SimulatedWeb()


def enter(context, *addresses, first_seen=NOW):
    entries = [Entry(id=article_id(url), url=url, source="outlet", first_seen=first_seen) for url in addresses]
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, [NewArticle.from_entry(e) for e in entries], clock())


def pages(host, count, start=0):
    return [f"http://{host}/{number}" for number in range(start, start + count)]


async def stream(context, web, seconds, *, on_start=None, **more):
    """Run the loop for so long; return its coordinator and the loop."""
    coordinator = StreamCoordinator()
    async with open_network(context, coordinator, client=web, parsers=InlineWorkers(parse)) as network:
        loop = FetchLoop(context, network, **more)
        task = asyncio.create_task(loop.run(coordinator))
        if on_start:
            await on_start(coordinator)
        await asyncio.wait([task], timeout=seconds)
        coordinator.end()
        await task
    return coordinator, loop


def gaps(times):
    return [later - earlier for earlier, later in itertools.pairwise(sorted(times))]


def test_a_host_with_two_minutes_between_requests_delays_its_own_pages_alone(opened, web):
    context = opened()
    web.robots[SLOW] = "User-agent: *\nCrawl-delay: 120"
    enter(context, *pages(SLOW, 50), *(url for n in range(40) for url in pages(f"host{n}.example", 3)))
    coordinator, loop = run_virtually(stream(context, web, 600))
    others = [at for _, result, at in coordinator.saved if SLOW not in result.article.url]
    assert len(others) == 120
    assert max(others) < 10
    assert min(gaps(web.times(SLOW))) >= 120
    assert len(web.times(SLOW)) == 5  # robots.txt among them
    assert loop.report.taken == 124


def test_fresh_articles_go_before_the_backlog_of_their_host(opened, web):
    context = opened(per_host_delay_seconds=5.0)
    enter(context, *pages(SLOW, 100), first_seen=NOW - dt.timedelta(hours=1))

    async def later(coordinator):
        await asyncio.sleep(100)
        enter(context, f"http://{SLOW}/fresh", first_seen=clock())
        coordinator.wake(Stage.FETCH)

    run_virtually(stream(context, web, 60, on_start=later))
    paths, times = web.paths(SLOW), web.times(SLOW)
    assert times[paths.index("/fresh")] <= 100 + 3 * 5.1
    assert len(paths) > 25


def test_what_was_never_read_goes_before_what_is_visited_again(opened, web):
    context = opened(per_host_delay_seconds=1.0)
    urls = pages(SLOW, 20)
    enter(context, *urls[:10])
    run_virtually(stream(context, web, 60))
    with context.store.write() as connection:
        for article in context.store.ledger.get_articles(connection, map(article_id, urls[:10])).values():
            context.store.ledger.start_version(connection, article, Stage.FETCH, NOW)
            connection.exec_driver_sql(f"UPDATE items SET version = 2 WHERE seq = {article.seq}")
    enter(context, *urls[10:], first_seen=NOW - dt.timedelta(days=1))
    web.log.clear()
    run_virtually(stream(context, web, 60))
    fetched = [path for path in web.paths(SLOW) if path != "/robots.txt"]
    assert {int(path[1:]) for path in fetched[:10]} == set(range(10, 20))
    assert len(fetched) == 20


@pytest.mark.parametrize("programs", [1, 3])
def test_each_page_is_fetched_once_and_no_host_is_asked_too_often_however_many_programs_there_are(
    opened, web, programs
):
    contexts = [opened(per_host_delay_seconds=2.0) for _ in range(programs)]
    hosts = [f"host{number}.example" for number in range(12)]
    web.seconds = {host: 0.1 + number % 4 for number, host in enumerate(hosts)}
    enter(contexts[0], *(url for number, host in enumerate(hosts) for url in pages(host, number + 1)))

    async def both():
        return await asyncio.gather(*(stream(context, web, 120) for context in contexts))

    runs = run_virtually(both())
    saved = [result.article.url for coordinator, _ in runs for _, result, _ in coordinator.saved]
    assert len(saved) == len(set(saved)) == 78
    asked = [path for host in hosts for path in web.paths(host) if path != "/robots.txt"]
    assert len(asked) == 78
    for host in hosts:
        assert min(gaps(web.times(host)), default=9) >= 2.0
    with contexts[0].store.read() as connection:
        assert contexts[0].store.hosts.list_lease_owners(connection) == set()


def test_a_program_that_was_killed_leaves_the_next_turn_of_its_hosts(opened, web, monkeypatch):
    killed, heir = opened(per_host_delay_seconds=30.0), opened(per_host_delay_seconds=30.0)
    enter(killed, *pages(SLOW, 10))

    async def until_killed():
        coordinator = StreamCoordinator()
        async with asyncio.timeout(None):
            manager = open_network(killed, coordinator, client=web, parsers=InlineWorkers(parse))
            network = await manager.__aenter__()
            task = asyncio.create_task(FetchLoop(killed, network).run(coordinator))
            await asyncio.sleep(70)
            with killed.store.write() as connection:  # as its end leaves it, and its heir finds it
                for which in (killed.store.hosts, killed.store.feeds):
                    which.release_owners(connection, [killed.store.owner])
                connection.exec_driver_sql("UPDATE items SET lease_owner = NULL, lease_until = NULL")
            monkeypatch.setattr(killed.store.hosts, "_owner", "nobody/0/0")
            task.cancel()
            await stream(heir, web, 100)
            await asyncio.gather(task, return_exceptions=True)
            await manager.__aexit__(None, None, None)

    run_virtually(until_killed())
    assert len(web.log) >= 5
    assert min(gaps(web.times(SLOW))) >= 30.0


def test_a_host_that_asked_for_time_is_left_alone_by_the_next_run_too(opened, web):
    context = opened()
    web.faults[SLOW] = ItemError(Outcome.RETRY, Reason.TOO_MANY_REQUESTS, "status 429", retry_after=3600.0)
    web.robots[SLOW] = ""
    enter(context, *pages(SLOW, 1))
    run_virtually(stream(context, web, 30, patience=10.0))
    asked = len(web.log)
    assert asked == 1
    enter(context, f"http://{SLOW}/more")
    run_virtually(stream(context, web, 30, patience=10.0))
    assert len(web.log) == asked
    held_until = ask(context.store).hosts.get_states([SLOW])[SLOW].held_until
    assert NOW + dt.timedelta(minutes=50) < held_until < NOW + dt.timedelta(hours=2)


def test_what_a_host_cannot_be_asked_for_soon_is_given_back_without_an_outcome(opened, web):
    context = opened(per_host_delay_seconds=0.5)
    web.robots[SLOW] = "User-agent: *\nCrawl-delay: 100"
    enter(context, *pages(SLOW, 6))
    coordinator, loop = run_virtually(stream(context, web, 20))
    assert web.paths(SLOW) == ["/robots.txt"]
    assert coordinator.saved == []
    assert loop.report.taken == 0
    assert len(ask(context.store).ledger.claim(Stage.FETCH, clock(), limit=9, seconds=9)) == 6


def test_a_limit_is_kept(opened, web):
    context = opened(per_host_delay_seconds=0.0)
    enter(context, *pages("a.example", 30), *pages("b.example", 30))
    _, loop = run_virtually(stream(context, web, 60, limit=7))
    assert loop.report.taken == 7
    assert len([path for _, path, _ in web.log if path != "/robots.txt"]) == 7


def test_a_slow_answer_keeps_only_its_own_page_waiting(opened, web):
    context = opened(per_host_delay_seconds=0.0)
    web.seconds["tarpit.example"] = 25.0
    enter(context, *pages("tarpit.example", 5), *(url for n in range(100) for url in pages(f"h{n}.example", 2)))
    coordinator, _ = run_virtually(stream(context, web, 100))
    others = [at for _, result, at in coordinator.saved if "tarpit" not in result.article.url]
    assert len(others) == 200
    assert max(others) < 25


def test_redirects_in_circles_among_a_thousand_hosts_cost_their_own_page_alone(opened, web):
    context = opened()
    names = [f"http://circle{number}.example/" for number in range(1000)]
    web.moves = dict(itertools.pairwise([*names, names[0]]))

    original = web.get

    async def get(url, **more):  # as the client does: so many redirects and no more
        if "circle" in url and not url.endswith("robots.txt"):
            target, gate = url, more["gate"]
            for _ in range(6):
                async with gate(target):
                    await asyncio.sleep(0.1)
                target = web.moves[target]
            raise ItemError(Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS, "more than 5 redirects")
        return await original(url, **more)

    web.get = get
    enter(context, *names[:300:10], *pages("a.example", 3))
    coordinator, loop = run_virtually(stream(context, web, 200))
    assert loop.report.counts[Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS] == 30
    assert loop.report.counts[Outcome.DONE, None] == 3
    assert max(at for _, result, at in coordinator.saved if "a.example" in result.article.url) < 10

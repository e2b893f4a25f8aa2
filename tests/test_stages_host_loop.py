"""Feeds and pages as a stream: each is asked for when it is due and its host's turn comes; on simulated servers."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools

import pytest

from pipeline.errors import ItemError, StoreError
from pipeline.feeds.parse import parse
from pipeline.intake.submissions import submit_article
from pipeline.records import Outcome, Reason, Stage
from pipeline.settings import FetchSettings, PollSettings, Settings, Source
from pipeline.stages import Context
from pipeline.stages.coordination import SoloCoordinator
from pipeline.stages.fetch import FetchLoop
from pipeline.stages.host_loop import HostBudget
from pipeline.stages.network import open_network
from pipeline.stages.poll import PollLoop
from tests.helpers.inline_workers import InlineWorkers
from tests.helpers.simulated_web import SimulatedWeb, StreamCoordinator, clock
from tests.helpers.support import REPO, places
from tests.helpers.transactions import ask
from tests.helpers.virtual_time import run_virtually

UNREACHABLE = ItemError(Outcome.RETRY, Reason.CONNECTION, "nobody answers")


@pytest.fixture
def web():
    return SimulatedWeb()


@pytest.fixture
def opened(tmp_path, store_url):
    with contextlib.ExitStack() as stack:

        def open_context(*sources, **fetch):
            settings = Settings(fetch=FetchSettings(**fetch), poll=PollSettings(interval_minutes=10.0))
            environment = places(tmp_path, store_url)
            return stack.enter_context(Context(settings, sources, environment, config=REPO / "config", clock=clock))

        yield open_context


def feed_of(web, host, *paths, path="/feed"):
    """Serve a feed of pages of the same host; return its source."""
    items = "".join(f"<item><title>Title of {p}</title><link>http://{host}{p}</link></item>" for p in paths)
    url = f"http://{host}{path}"
    web.feeds[url] = f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'
    return Source(name=host, feeds=(url,), interval_minutes=10.0)


async def stream(context, web, seconds, *kinds, during=None):
    """Run loops so long; return their coordinator."""
    coordinator = StreamCoordinator()
    async with open_network(context, coordinator, client=web, parsers=InlineWorkers(parse)) as network:
        loops = [kind(context, network) for kind in kinds]
        tasks = [asyncio.create_task(loop.run(coordinator)) for loop in loops]
        if during:
            await during()
        await asyncio.wait(tasks, timeout=seconds)
        coordinator.end()
        await asyncio.gather(*tasks)
    return coordinator, *loops


def gaps(times):
    return [later - earlier for earlier, later in itertools.pairwise(sorted(times))]


def test_each_feed_is_polled_whenever_it_is_due(opened, web):
    sources = [feed_of(web, f"host{n}.example", "/a", "/b") for n in range(5)]
    run_virtually(stream(opened(*sources), web, 3600, PollLoop))
    for source in sources:
        times = web.times(source.name)
        assert 6 <= len(times) <= 8
        first, *others = gaps(times)
        assert 150 <= first <= 605
        assert all(600 <= gap <= 680 for gap in others)


def test_a_feed_that_takes_long_delays_no_other(opened, web):
    sources = [feed_of(web, f"host{n}.example", f"/{n}") for n in range(100)]
    web.seconds["host0.example"] = 29.0
    context = opened(*sources)
    seen = []

    async def during():
        await asyncio.sleep(20)
        with context.store.read() as connection:
            seen.append(context.store.ledger.count_waiting(connection, Stage.FETCH, clock()))

    run_virtually(stream(context, web, 60, PollLoop, during=during))
    assert seen == [99]


def test_a_host_shares_its_turns_between_its_feeds_and_its_pages(opened, web):
    host = "busy.example"
    web.robots[host] = "User-agent: *\nCrawl-delay: 4"
    source = feed_of(web, host, *(f"/{n}" for n in range(20)))
    more = [feed_of(web, host, f"/more{n}", path=f"/feed{n}").feeds[0] for n in range(5)]
    context = opened(Source(name=host, feeds=(*source.feeds, *more)), per_host_delay_seconds=4.0)
    coordinator, _, fetch = run_virtually(stream(context, web, 400, PollLoop, FetchLoop))
    paths = web.paths(host)
    assert len([path for path in paths if path.startswith("/feed")]) >= 6
    assert len([path for path in paths if not path.startswith("/feed")]) == 1 + 25  # robots.txt, pages
    assert min(gaps(web.times(host))) >= 4.0
    assert fetch.report.counts[Outcome.DONE, None] == 25
    assert len(coordinator.saved) == 25


def test_an_article_is_fetched_seconds_after_its_feed_shows_it_whatever_a_slow_host_does(opened, web):
    web.robots["slow.example"] = "User-agent: *\nCrawl-delay: 60"
    slow = feed_of(web, "slow.example", *(f"/{n}" for n in range(500)))
    others = [feed_of(web, f"host{n}.example", "/a") for n in range(50)]
    coordinator, *_ = run_virtually(stream(opened(slow, *others), web, 300, PollLoop, FetchLoop))
    fetched = {r.article.url: at for _, r, at in coordinator.saved if "slow" not in r.article.url}
    shown = {host: at for host, path, at in reversed(web.log) if path == "/feed"}
    assert len(fetched) == 50
    assert max(at - shown[url.split("/")[2]] for url, at in fetched.items()) <= 1.5


def test_robots_txt_is_asked_for_before_the_feed_where_pages_are_fetched_too(opened, web):
    source = feed_of(web, "host.example", "/a")
    run_virtually(stream(opened(source), web, 30, PollLoop, FetchLoop))
    assert web.paths("host.example") == ["/robots.txt", "/feed", "/a"]


def test_a_robots_txt_that_fails_delays_no_feed_and_pages_ask_for_it_again(opened, web):
    source = feed_of(web, "host.example", "/a")
    web.faults["http://host.example/robots.txt"] = UNREACHABLE
    context = opened(source)
    run_virtually(stream(context, web, 30, PollLoop, FetchLoop))
    assert web.paths("host.example") == ["/robots.txt", "/feed", "/robots.txt"]
    (state,) = ask(context.store).feeds.list_states()
    assert state.failures == 0
    assert ask(context.store).ledger.find_article("http://host.example/a").attempts == 1


def test_an_outage_of_ours_blames_nobody_and_the_polls_go_on_after_it(opened, web):
    sources = [feed_of(web, f"host{n}.example", f"/{n}") for n in range(20)]
    context = opened(*sources)
    during = {}

    async def outage():
        await asyncio.sleep(300)
        web.faults = {source.name: UNREACHABLE for source in sources}
        await asyncio.sleep(700)
        during["failures"] = {state.failures for state in ask(context.store).feeds.list_states()}
        during["asked"] = len(web.log)
        web.faults = {}

    run_virtually(stream(context, web, 1500, PollLoop, during=outage))
    assert during["failures"] == {0}
    states = ask(context.store).feeds.list_states()
    assert {state.failures for state in states} == {0}
    assert all(len(web.times(source.name)) >= 3 for source in sources)
    told = ask(context.store).ledger.list_outcomes(sources[0].feeds[0])
    assert any("our own network" in (row.detail or "") for row in told)


def test_one_server_that_cannot_be_reached_is_blamed_for_it(opened, web):
    sources = [feed_of(web, f"host{n}.example", f"/{n}") for n in range(20)]
    context = opened(*sources)
    web.faults["host3.example"] = UNREACHABLE
    run_virtually(stream(context, web, 200, PollLoop))
    failures = {state.source: state.failures for state in ask(context.store).feeds.list_states()}
    assert failures == {source.name: int(source.name == "host3.example") for source in sources}


@pytest.mark.parametrize("slower", ["/feed", "/second"])
def test_of_two_addresses_of_one_article_the_plainer_is_kept_whichever_feed_is_slower(opened, web, slower):
    hosts = {"/feed": "a.example", "/second": "b.example"}
    web.seconds[hosts[slower]] = 0.8
    address = "http://pages.example/story"
    for path, query in (("/feed", "?utm_source=a"), ("/second", "")):
        feed_of(web, hosts[path], path=path)
        text = web.feeds[f"http://{hosts[path]}{path}"]
        item = f"<item><title>A title</title><link>{address}{query}</link></item></channel>"
        web.feeds[f"http://{hosts[path]}{path}"] = text.replace("</channel>", item)
    source = Source(name="outlet", feeds=tuple(f"http://{host}{path}" for path, host in hosts.items()))
    context = opened(source)
    run_virtually(stream(context, web, 30, PollLoop))
    assert ask(context.store).ledger.find_article(address).url == address


def test_two_programs_poll_each_feed_once_and_keep_the_turns_of_its_host(opened, web):
    sources = []
    for n in range(10):
        feeds = [feed_of(web, f"host{n}.example", f"/{m}", path=f"/f{m}").feeds[0] for m in range(4)]
        sources.append(Source(name=f"s{n}", feeds=tuple(feeds)))
    contexts = [opened(*sources, per_host_delay_seconds=3.0) for _ in range(2)]

    async def both():
        return await asyncio.gather(*(stream(context, web, 100, PollLoop, FetchLoop) for context in contexts))

    run_virtually(both())
    for n in range(10):
        paths = web.paths(f"host{n}.example")
        assert sorted(paths) == sorted(["/robots.txt", *(f"/f{m}" for m in range(4)), *(f"/{m}" for m in range(4))])
        assert min(gaps(web.times(f"host{n}.example"))) >= 3.0


def test_loops_work_again_after_the_ledger_was_away(opened, web, monkeypatch):
    context = opened(feed_of(web, "a.example", "/a"))
    coordinator = StreamCoordinator()

    async def run():
        async with open_network(context, coordinator, client=web, parsers=InlineWorkers(parse)) as network:
            loop = FetchLoop(context, network)
            poll = PollLoop(context, network)
            task = asyncio.create_task(poll.run(coordinator))
            await asyncio.sleep(10)
            with monkeypatch.context() as patch:
                patch.setattr(network.hosts, "claim", _fail)
                with pytest.raises(StoreError):
                    await loop.run(coordinator)
            again = asyncio.create_task(loop.run(coordinator))
            await asyncio.sleep(10)
            coordinator.end()
            await asyncio.gather(task, again)
        return loop.report.counts

    assert run_virtually(run()) == {(Outcome.DONE, None): 1}


async def _fail(*_):
    raise StoreError("ledger: as if it were away")


def test_a_fault_of_ours_in_a_request_ends_the_loop_rather_than_bringing_the_item_back_for_ever(opened, web):
    context = opened(feed_of(web, "a.example", "/a"))

    async def run():
        coordinator = StreamCoordinator()
        async with open_network(context, coordinator, client=web, parsers=InlineWorkers(parse)) as network:
            poll = PollLoop(context, network)

            async def ask(_):
                raise ZeroDivisionError

            poll.ask = ask
            with pytest.raises(ZeroDivisionError):
                async with asyncio.timeout(100):
                    await poll.run(coordinator)

    run_virtually(run())
    with context.store.read() as connection:
        assert context.store.feeds.list_lease_owners(connection) == set()


def test_what_waits_for_a_host_that_names_a_delay_is_left_to_the_next_run_when_patience_is_over(opened, web):
    web.robots["patient.example"] = "User-agent: *\nCrawl-delay: 6"
    context = opened(feed_of(web, "patient.example", *(f"/{n}" for n in range(9))))

    async def poll_then_fetch():
        loop = asyncio.get_running_loop()
        async with open_network(context, SoloCoordinator(), client=web, parsers=InlineWorkers(parse)) as network:
            await PollLoop(context, network, patience=5.0, whole_rounds=True).run(SoloCoordinator())
            began = loop.time()
            await FetchLoop(context, network, patience=9.0, budget=HostBudget(60.0, 60.0)).run(SoloCoordinator())
            return loop.time() - began

    assert run_virtually(poll_then_fetch()) < 20.0
    pages = [path for _, path, _ in web.log if path not in {"/feed", "/robots.txt"}]
    assert 1 <= len(pages) < 4
    assert ask(context.store).ledger.count_waiting(Stage.FETCH, clock() + dt.timedelta(minutes=2)) == 9 - len(pages)


def test_within_a_budget_slow_hosts_hold_up_nothing_and_get_the_time_of_one_request(opened, web):
    web.robots["patient.example"] = "User-agent: *\nCrawl-delay: 60"
    web.seconds["slow.example"], web.seconds["stuck.example"] = 25.0, 500.0
    sources = [
        feed_of(web, "patient.example", *(f"/{n}" for n in range(50))),
        *(feed_of(web, f"host{n}.example", "/a") for n in range(20)),
    ]
    waiting = [Source(name=host, feeds=(), home=f"http://{host}/") for host in ("slow.example", "stuck.example")]
    context = opened(*sources, *waiting)
    took = []

    async def poll_then_fetch():
        loop = asyncio.get_running_loop()
        async with open_network(context, SoloCoordinator(), client=web, parsers=InlineWorkers(parse)) as network:
            await PollLoop(context, network, patience=5.0, whole_rounds=True).run(SoloCoordinator())
            with context.store.write() as connection:
                for source in waiting:
                    submit_article(context, connection, {"url": f"http://{source.name}/a", "source": source.name})
            began = loop.time()
            fetch = FetchLoop(context, network, patience=5.0, budget=HostBudget(10.0, 60.0))
            await fetch.run(SoloCoordinator())
            took.append(loop.time() - began)
        return fetch

    fetch = run_virtually(poll_then_fetch())
    assert took[0] == pytest.approx(70.0, abs=2.0)  # for the stuck one, which is given up
    fetched = [(host, path) for host, path, _ in web.log if path not in {"/feed", "/robots.txt"}]
    assert {host for host, path in fetched if path == "/a"} == {f"host{n}.example" for n in range(20)} | {
        "slow.example"
    }
    assert fetch.report.counts[Outcome.DONE, None] == len(fetched)
    soon = clock() + dt.timedelta(minutes=2)  # before any lease ends
    assert ask(context.store).ledger.count_waiting(Stage.FETCH, soon) == 50 + 20 + 2 - len(fetched)

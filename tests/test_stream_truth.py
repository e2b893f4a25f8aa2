"""A stream gives the documents that sweeps give, whatever the speed of hosts: on virtual time."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.context import Context
from pipeline.records import Stage
from pipeline.settings import EntitySettings, FetchSettings, PollSettings, RevisitSettings, Settings, Source
from pipeline.stream import Stream, StreamOptions
from pipeline.stream.stream import Surroundings
from tests.helpers.simulated_outlets import Host, PublishedArticle, SimulatedOutlets, SimulatedSurroundings
from tests.helpers.support import REPO, places
from tests.helpers.virtual_time import run_virtually

START = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)
SETTINGS = Settings(
    entities=EntitySettings(model="lists"),
    poll=PollSettings(interval_minutes=1.0, shortest_minutes=1.0),
    fetch=FetchSettings(per_host_delay_seconds=1.0),
    revisit=RevisitSettings(hours=()),
)
HOSTS = ("daily.example", "evening.example", "coast.example", "valley.example")
BEFORE = 80.0  # seconds in which the articles come that teach which words are common
SECONDS = BEFORE + 100.0  # by when all is published
THROUGH = SECONDS + 400.0  # by when the slowest host has been asked for all
PEOPLE = ("Ana Ruiz", "Tom Okafor", "Mei Lindqvist", "Jorge Haddad")
PLAIN = "the of a in to was and on for with from by said that after before over under near while".split()


class World(NamedTuple):
    """What is published where, and how quick each host is."""

    hosts: dict[str, Host]
    articles: list[PublishedArticle]


def event_text(event, part):
    """Return a text of an event: its own words, in an order of its own for each part."""
    chance = random.Random(f"{event} {part}")
    words = [f"{stem}{'abcdefgh'[event]}{'aeiou'[number % 5]}n" for number, stem in enumerate(STEMS)]
    sentences = []
    for number in range(12):
        sentence = [word for _ in range(9) for word in (chance.choice(words), chance.choice(PLAIN))]
        if number % 4 == 1:
            sentence.insert(3, f"as {PEOPLE[event % len(PEOPLE)]} said,")
        sentences.append(" ".join(sentence).capitalize() + ".")
    return "\n".join(" ".join(sentences[number : number + 3]) for number in range(0, 12, 3))


STEMS = "bar dol fen gim hap jor kel lum mer nop pir qua ros tev vul wim xan yol zet bron clav drim".split()


def plain_articles():
    """Return articles on different events, by which the memories learn which words are common."""
    articles = []
    for number in range(60):
        chance = random.Random(number)
        words = ["".join(chance.choices("bdfgklmnprstvaeiou", k=7)) for _ in range(60)]
        text = "\n".join(
            " ".join(w for _ in range(20) for w in (chance.choice(words), chance.choice(PLAIN))) for _ in "ab"
        )
        articles.append(PublishedArticle("plain.example", f"/{number}", 0.0, " ".join(words[:6]), text))
    return articles


@st.composite
def worlds(draw):
    latencies, delays = st.sampled_from([0.1, 2.0, 15.0]), st.sampled_from([0.0, 5.0, 20.0])
    hosts = {host: Host(draw(latencies), draw(delays)) for host in HOSTS} | {"plain.example": Host()}
    articles = plain_articles()
    for event in range(draw(st.integers(1, 4))):
        for part in range(draw(st.integers(1, 3))):
            text, at = event_text(event, part), draw(st.floats(BEFORE, BEFORE + 30.0))
            outlets = draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3, unique=True))
            for number, host in enumerate(outlets):
                out = at + 30.0 * number  # a copy is published later than what it was taken from
                title = f"Part {part} of what {STEMS[event]} brings"
                articles.append(PublishedArticle(host, f"/{event}-{part}-{number}", out, title, text))
    return World(hosts, articles)


def run(world, *, sweeps):
    """Return what searches find of a world's articles, by address, and the web with its log."""
    web = SimulatedOutlets(world.hosts, world.articles, START, window=100)
    surroundings = SimulatedSurroundings(web)
    sources = [Source(name=host, feeds=(f"https://{host}/feed",)) for host in world.hosts]

    async def work(folder):
        loop = asyncio.get_running_loop()

        def clock():
            return START + dt.timedelta(seconds=loop.time())

        with Context(SETTINGS, sources, places(folder), config=REPO / "config", clock=clock) as context:
            if sweeps:
                await asyncio.sleep(SECONDS)
                for stage in Stage:
                    await stream(context, StreamOptions(stages=frozenset({stage}))).run_on_loop(None)
                return documents(context)
            following = stream(context, StreamOptions(follows=True))
            running = asyncio.create_task(following.run_on_loop(None))
            await asyncio.sleep(THROUGH)
            following.end()
            result = await running
            assert not result.faults
            return documents(context)

    def stream(context, options):
        return Stream(context, options, lambda _: None, Surroundings(*surroundings.doors()))

    with tempfile.TemporaryDirectory() as folder:
        return run_virtually(work(Path(folder))), web


def documents(context):
    """Return address → what is true of a document whenever it was read; stories by their members."""
    found = {i: context.index.get(i) for i, _ in context.index.revisions()}
    addresses = {i: document.url for i, document in found.items()}
    stories: dict[str, set[str]] = {}
    for document in found.values():
        stories.setdefault(document.story, set()).add(document.url)
    return {
        document.url: (
            document.title,
            document.text,
            addresses.get(document.copy_of),
            document.is_primary,
            sorted(stories[document.story]),
            document.story_size,
            document.copies,
            document.people,
        )
        for document in found.values()
    }


@pytest.mark.slow
@settings(max_examples=5)
@given(worlds())
def test_a_stream_gives_the_documents_that_sweeps_give_and_asks_for_each_page_once_as_often_as_is_allowed(world):
    quick = World(dict.fromkeys(world.hosts, Host()), world.articles)
    streamed, web = run(world, sweeps=False)
    swept, _ = run(quick, sweeps=True)
    assert len(swept) == len(world.articles)
    assert streamed == swept
    pages = [request for request in web.requests if request.path not in {"/feed", "/robots.txt"}]
    assert len(pages) == len({(request.host, request.path) for request in pages}) == len(world.articles)
    for host, server in world.hosts.items():
        times = [r.at for r in web.requests if r.host == host and r.path != "/robots.txt"]
        allowed = max(server.crawl_delay, SETTINGS.fetch.per_host_delay_seconds)
        assert all(later - earlier >= allowed - 1e-3 for earlier, later in pairwise(times))

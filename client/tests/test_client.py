"""The client asks what the service's OpenAPI describes, and reads what the service answers over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt

import httpx
import pytest
from newswire_client import (
    AccessError,
    ApiError,
    Article,
    AsyncClient,
    Client,
    ConnectionFailedError,
    CursorExpiredError,
    NotFoundError,
    UnavailableError,
    calls,
)

from tests.helpers.support import NOW

SEARCH_OPTIONS: calls.SearchOptions = {
    "filters": {"source": ["Daily", "Evening"], "language": "en"},
    "since": dt.date(2026, 1, 1),
    "until": NOW,
    "sort": "newest",
    "copies": True,
    "facets": ("source", "people"),
    "facet_size": 5,
    "fields": ("id", "title"),
    "size": 7,
}


@pytest.fixture
def client(service):
    with Client(service[1], service[2]) as made:
        yield made


def run_async(service, ask):
    async def run():
        async with AsyncClient(service[1], service[2]) as client:
            return await ask(client)

    return asyncio.run(run())


CALLS = {
    "/api/v1/search": calls.search("bridge", SEARCH_OPTIONS, page=2, cursor="c"),
    "/api/v1/export": calls.export(
        "bridge", {"filters": {"source": "Daily"}, "since": "2026-01-01", "until": NOW, "fields": ("id",)}, "csv"
    ),
    "/api/v1/articles/{article_id}": calls.article("a1", ("title",)),
    "/api/v1/stories/{story_id}": calls.story("s1"),
    "/api/v1/changes": calls.changes("c", limit=5, wait=1.0, documents=False),
    "/api/v1/searches": calls.saved_searches(),
    "/api/v1/searches/{search}": calls.remove_search("5eed"),
    "/health": calls.health(),
}


@pytest.mark.parametrize("path", CALLS)
def test_each_request_is_one_that_the_description_has_with_all_its_parameters(service, path):
    call, operations = CALLS[path], service[0].openapi()["paths"][path]
    operation = operations[call.method.lower()]
    known = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    assert {name for name, _ in call.params} <= known
    assert not operation.get("deprecated", False)
    assert call.path.count("/") == path.count("/")


def test_every_option_of_a_search_and_of_a_saved_search_is_described(service):
    described = service[0].openapi()
    search = described["paths"]["/api/v1/search"]["get"]
    known = {parameter["name"] for parameter in search["parameters"]}
    assert set(calls.SearchOptions.__annotations__) - {"filters"} <= known
    body = described["paths"]["/api/v1/searches"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    described_body = described["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert {"name", "q", *calls.SavedSearchOptions.__annotations__} == set(described_body["properties"])


def test_every_field_of_an_article_is_one_of_the_documents(service):
    document = service[0].openapi()["components"]["schemas"]["Document"]["properties"]
    assert {field.name for field in dataclasses.fields(Article)} - {"raw"} <= set(document)


def test_a_search_is_read_with_facets_marks_and_cursor(client, service):
    page = client.search("bridge", copies=True, sort="newest", facets=["source"], size=2)
    assert (page.total, page.articles, len(page.hits)) == (5, 5, 2)
    assert [(count.value, count.count) for count in page.facets["source"]] == [("Daily", 5)]
    hit = page.hits[0]
    assert "<mark>bridge</mark>" in hit.highlights["text"]
    assert (hit.article.source, hit.article.first_seen.tzinfo is not None) == ("Daily", True)
    second = client.search("bridge", copies=True, sort="newest", size=2, cursor=page.next)
    assert {h.article.id for h in page.hits}.isdisjoint(h.article.id for h in second.hits)
    assert (
        run_async(service, lambda c: c.search("bridge", copies=True, sort="newest", facets=["source"], size=2)) == page
    )


def test_all_articles_come_once_in_the_order_of_their_arrival(client, service):
    ids = [article.id for article in client.iter_articles("bridge", size=2)]
    assert ids == ["a0", "a1", "a2", "a3", "a4"]

    async def gather(client):
        return [article.id async for article in client.iter_articles("bridge", size=2)]

    assert run_async(service, gather) == ids


def test_an_article_and_its_story_are_read(client, service):
    article = client.article("a1")
    assert article.text.startswith("The old harbour bridge")
    assert client.article("a1", fields=["title"]).text is None
    story = client.story(article.story)
    assert (story.id, story.size) == (article.story, len(story.articles))
    assert story.first <= story.last
    assert run_async(service, lambda c: c.story(article.story)) == story


def test_a_mirror_of_the_changes_holds_what_the_index_holds(client, service):
    changes = list(client.iter_changes())
    mirror = {change.id: change.article for change in changes if not change.is_ending}
    assert {name: article.raw for name, article in mirror.items()} == {
        name: client.article(name).raw for name in ("a0", "a1", "a2", "a3", "a4")
    }
    end = changes[-1].cursor
    assert list(client.iter_changes(end)) == []
    batch = client.changes(end, wait=0.1)
    assert (batch.changes, batch.more) == ((), False)
    assert client.changes("latest").cursor == batch.cursor

    async def gather(client):
        return [change async for change in client.iter_changes(documents=False)]

    assert [change.id for change in run_async(service, gather)] == [change.id for change in changes]


def test_a_whole_result_is_streamed_as_a_file(client, service):
    with client.export("bridge", fields=["id"]) as parts:
        assert b"".join(parts).splitlines() == [b'{"id":"a%d"}' % number for number in range(5)]

    async def gather(client):
        async with client.export("bridge", form="csv", fields=["id"]) as parts:
            return b"".join([part async for part in parts])

    assert run_async(service, gather).split() == [b"id", *(b"a%d" % number for number in range(5))]
    with pytest.raises(ApiError, match="400: "), client.export("bridge", fields=["colour"]):
        pass


def test_a_search_is_saved_listed_and_removed(client, service):
    saved = client.save_search("bridges", "bridge", each="story", filters={"source": ["Daily"]})
    assert (saved.name, saved.each, saved.webhook_key) == ("bridges", "story", None)
    assert httpx.get(f"{service[1]}/searches/{saved.id}.atom").status_code == 200
    assert [search.id for search in client.saved_searches()] == [saved.id]
    client.remove_search(saved.id)
    assert run_async(service, lambda c: c.saved_searches()) == ()


def test_a_refusal_says_what_it_is(client, service):
    with pytest.raises(NotFoundError, match="no article 'zz'"):
        client.article("zz")
    with pytest.raises(ApiError) as caught:
        client.search("bridge", filters={"colour": "red"})
    assert (caught.value.status, "colour" in caught.value.detail) == (400, True)
    with Client(service[1], "wrong") as stranger, pytest.raises(AccessError):
        stranger.save_search("x")
    with pytest.raises(NotFoundError):
        run_async(service, lambda c: c.article("zz"))
    assert client.count_documents() == 5


def answering(*answers):
    """A transport that gives these answers in turn, and the requests that it got."""
    requests, left = [], list(answers)

    def answer(request):
        requests.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.MockTransport(answer), requests


def passing():
    """What a server answers that is busy twice, and then isn't."""
    busy = httpx.Response(503, headers={"Retry-After": "0"}, json={"detail": "busy"})
    return busy, httpx.Response(429, headers={"Retry-After": "0"}), httpx.Response(200, json={"documents": 3})


def test_what_only_reads_is_asked_again_while_the_server_is_busy():
    transport, requests = answering(*passing())
    with Client("http://news.example/", http=httpx.Client(transport=transport)) as client:
        assert client.count_documents() == 3
    assert [str(request.url) for request in requests] == ["http://news.example/health"] * 3
    transport, requests = answering(*passing())

    async def ask():
        async with AsyncClient("http://news.example/", http=httpx.AsyncClient(transport=transport)) as client:
            return await client.count_documents()

    assert asyncio.run(ask()) == 3
    assert len(requests) == 3


def test_it_gives_up_at_last_and_never_repeats_what_writes():
    transport, requests = answering(*passing()[:2])
    with (
        Client("http://news.example", retries=1, http=httpx.Client(transport=transport)) as client,
        pytest.raises(UnavailableError, match="429"),
    ):
        client.count_documents()
    transport, requests = answering(httpx.ConnectError("refused"))
    with (
        Client("http://news.example", http=httpx.Client(transport=transport)) as client,
        pytest.raises(ConnectionFailedError, match="refused"),
    ):
        client.save_search("x")
    assert len(requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"documents": null}', b"{}"])
def test_what_is_no_answer_of_newswires_is_one_error(body):
    transport, _ = answering(httpx.Response(200, content=body))
    with (
        Client("http://news.example", retries=0, http=httpx.Client(transport=transport)) as client,
        pytest.raises(ConnectionFailedError, match="/health: the answer can't be read"),
    ):
        client.count_documents()


def test_an_expired_cursor_is_told_from_other_refusals():
    transport, _ = answering(httpx.Response(410, json={"error": "begin again"}))
    with (
        Client("http://news.example", http=httpx.Client(transport=transport)) as client,
        pytest.raises(CursorExpiredError, match="begin again"),
    ):
        client.changes("old")

"""Facts about searches over HTTP: cursors, chosen fields, and errors as problems."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.index import open_index
from pipeline.records import Article, Document
from pipeline.settings import IndexSettings, ServeSettings
from pipeline.web.app import create_search_app
from tests.helpers import support

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def document(number):
    article = Article(id=f"{number:020x}", title=f"Flood {number}", text="The dam leaks.", published=NOON)
    return msgspec.structs.replace(support.document(article), first_seen=NOON + dt.timedelta(minutes=number))


def opened(folder, numbers=range(1, 8)):
    index = open_index(f"sqlite:///{folder}/index.db", IndexSettings())
    index.prepare()
    index.upsert([document(number) for number in numbers])
    return index


@pytest.fixture
def client(tmp_path):
    index = opened(tmp_path)
    with TestClient(create_search_app(index), base_url="http://localhost") as client:
        client.index = index
        yield client
    index.close()


def numbers(answer):
    assert answer.status_code == 200, answer.text
    return [int(hit["document"]["id"], 16) for hit in answer.json()["hits"]]


WALK = {"q": "flood", "sort": "newest", "copies": "all", "size": 3}


def test_cursors_lead_through_a_whole_result_to_its_end(client):
    pages, cursor = [], ""
    while cursor is not None:
        answer = client.get("/api/v1/search", params=WALK | {"cursor": cursor})
        pages.append(numbers(answer))
        cursor = answer.json()["next"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(itertools.chain(*pages)) == list(range(1, 8))


def test_in_order_of_arrival_there_is_always_a_next_page_with_what_comes_later(client):
    params = {"sort": "arrived", "copies": "all", "size": 50}
    answer = client.get("/api/v1/search", params=params)
    assert numbers(answer) == list(range(1, 8))
    for _ in range(2):
        answer = client.get("/api/v1/search", params=params | {"cursor": answer.json()["next"]})
        assert numbers(answer) == []
    client.index.upsert([document(8)])
    assert numbers(client.get("/api/v1/search", params=params | {"cursor": answer.json()["next"]})) == [8]


@pytest.mark.parametrize("params", [{"q": "flood", "copies": "all"}, {"sort": "newest"}])
def test_by_relevance_and_with_copies_folded_no_cursor_is_given(client, params):
    assert client.get("/api/v1/search", params=params).json()["next"] is None


def test_a_cursor_that_is_forged_of_another_search_or_of_another_index_is_refused(client, tmp_path):
    cursor = client.get("/api/v1/search", params=WALK).json()["next"]

    def refused(status, **changed):
        answer = client.get("/api/v1/search", params=WALK | {"cursor": cursor} | changed)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.json()["detail"]

    assert "none that was handed out" in refused(400, cursor=cursor[:-4] + "AAAA")
    assert "none that was handed out" in refused(400, cursor="' OR 1=1")
    assert "another search" in refused(400, q="dam")
    assert "another search" in refused(400, sort="oldest")
    assert "no" in refused(400, page=2)
    client.index.wipe()
    assert "isn't here any more" in refused(410)


def test_a_cursor_goes_with_any_size_facets_and_fields(client):
    cursor = client.get("/api/v1/search", params=WALK).json()["next"]
    changed = {"cursor": cursor, "size": 2, "facets": "source", "fields": "id"}
    assert len(numbers(client.get("/api/v1/search", params=WALK | changed))) == 2


def test_an_answer_holds_the_fields_that_are_asked_for(client):
    hit = client.get("/api/v1/search?q=flood&fields=id,title&size=1").json()["hits"][0]
    assert {"document", "score", "highlights"} <= set(hit)
    assert set(hit["document"]) == {"id", "title"}
    one = client.get(f"/api/v1/articles/{1:020x}?fields=title").json()
    assert one == {"title": "Flood 1"}
    assert set(client.get(f"/api/v1/articles/{1:020x}").json()) == set(Document.__struct_fields__)
    answer = client.get("/api/v1/search?fields=titel")
    assert (answer.status_code, "did you mean title?" in answer.json()["detail"]) == (400, True)


def test_errors_of_version_one_are_problems_and_those_of_the_former_paths_stay(client):
    answer = client.get("/api/v1/articles/none")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no article 'none' here",
    }
    assert client.get("/api/articles/none").json() == {"error": "there is no article 'none' here"}


def test_an_answer_is_not_sent_again_to_who_has_it(client):
    first = client.get("/api/v1/search?q=flood")
    tag = first.headers["ETag"]
    again = client.get("/api/v1/search?q=flood", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert "Content-Security-Policy" in again.headers
    client.index.upsert([document(8)])
    assert client.get("/api/v1/search?q=flood", headers={"If-None-Match": tag}).status_code == 200


def test_long_answers_are_packed_for_who_takes_that_and_short_ones_are_not(client):
    packed = client.get("/api/v1/search?q=flood", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(packed.content) / 2
    plain = client.get("/api/v1/search?q=flood", headers={"Accept-Encoding": "identity"})
    assert plain.json() == packed.json()
    assert "Content-Encoding" not in client.get("/health", headers={"Accept-Encoding": "gzip"}).headers


def test_head_says_what_get_would(client):
    head, get = (client.request(method, "/api/v1/search?q=flood") for method in ("HEAD", "GET"))
    assert head.content == b""
    assert (head.status_code, head.headers["ETag"]) == (200, get.headers["ETag"])


def test_only_pages_that_are_named_may_read_by_a_visitors_browser(tmp_path):
    index = opened(tmp_path)
    desk = {"Origin": "https://desk.example"}
    with TestClient(create_search_app(index), base_url="http://localhost") as client:
        assert "Access-Control-Allow-Origin" not in client.get("/api/v1/search", headers=desk).headers
    serve = ServeSettings(cors_origins=("https://desk.example",))
    with TestClient(create_search_app(index, serve=serve), base_url="http://localhost") as client:
        answer = client.get("/api/v1/search", headers=desk)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://desk.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        other = client.get("/api/v1/search", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other.headers
        asked = desk | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "X-API-Key"}
        assert client.options("/api/v1/search", headers=asked).status_code == 200
    index.close()

from __future__ import annotations

import datetime as dt
import errno
import html
import json
import re
import sqlite3
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.errors import UsageError
from pipeline.index import open_index
from pipeline.records import Article, Caption, CopyKind, Document, StoryTitle, from_json
from pipeline.settings import IndexSettings
from pipeline.web import search_params
from pipeline.web.app import create_app, create_search_app, from_environment
from tests.helpers import support
from tests.helpers.arriving import arrive

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
ORIGINAL = f"{1:020x}"


def document(number, title, text, **fields):
    article = Article(
        id=f"{number:020x}", title=title, text=text, published=NOON - dt.timedelta(hours=number), language="en"
    )
    return msgspec.structs.replace(support.document(article, size=3), **fields)


NEWS = [
    document(
        1,
        "Dam <script>alert(1)</script> leaks",
        "Thousands fled & wept.\nWhat went wrong\nNobody knew.",
        url="https://daily.example/dam",
        source="Daily Example",
        people=("Ana Sousa", "Jo Kim"),
        tags=("a&b=c",),
        captions=(Caption(text="The wall", credit="Wire"),),
        subheadings=("What went wrong",),
        dateline="Rivertown",
        copies=1,
    ),
    document(
        2,
        "City flees",
        "Thousands fled & wept.",
        url="javascript:alert(1)",
        source="Evening Example",
        people=("Ana Sousa",),
        copy_of=ORIGINAL,
        copy_group=ORIGINAL,
        copy_kind=CopyKind.TRUNCATED,
        is_primary=False,
        copies=1,
    ),
    document(3, "Inspector knew", "The dam was damp.", source="Daily Example"),
    document(4, "Concert", "A concert took place.", source="Tagblatt", story="s2", story_size=1),
]


@pytest.fixture
def index(tmp_path):
    made = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    made.prepare()
    assert made.upsert(NEWS) == []
    yield made
    made.close()


@pytest.fixture
def client(index):
    with TestClient(create_search_app(index), base_url="http://localhost", raise_server_exceptions=False) as made:
        yield made


def text_of(page):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page)))


# --- the JSON interface


def test_a_search_gives_hits_facets_and_totals(client):
    answer = client.get("/api/search", params={"q": "dam OR fled", "facets": "source,people", "size": 1}).json()
    assert (answer["total"], answer["articles"], answer["page"], answer["size"]) == (2, 3, 1, 1)
    assert len(answer["hits"]) == 1
    assert answer["facets"]["source"] == [
        {"value": "Daily Example", "count": 2},
        {"value": "Evening Example", "count": 1},
    ]
    assert answer["facets"]["people"] == [{"value": "Ana Sousa", "count": 2}, {"value": "Jo Kim", "count": 1}]
    hit = client.get("/api/search", params={"q": "damp"}).json()["hits"][0]
    assert hit["document"]["id"] == NEWS[2].id
    assert hit["highlights"] == {"text": "The dam was <mark>damp</mark>."}


def ids(client, query):
    return [int(hit["document"]["id"], 16) for hit in client.get(f"/api/search?{query}").json()["hits"]]


def test_a_search_is_filtered_bounded_sorted_and_paged(client):
    assert ids(client, "copies=all") == [1, 2, 3, 4]
    assert ids(client, "") == [1, 3, 4]
    assert ids(client, "copies=all&source=Daily+Example&source=Tagblatt&sort=oldest") == [4, 3, 1]
    assert ids(client, "copies=all&people=Ana+Sousa&source=Evening+Example") == [2]
    assert ids(client, "copies=all&size=2&page=2") == [3, 4]
    assert ids(client, "copies=all&since=2026-03-09T10:00Z") == [1, 2]
    assert ids(client, "copies=all&until=2026-03-09T10:00") == [3, 4]
    assert ids(client, "copies=all&since=2026-03-09&until=2026-03-09") == [1, 2, 3, 4]
    assert ids(client, "copies=all&until=2026-03-08&q=") == []


def test_lengths_are_a_filter_and_a_facet_of_interface_and_page(client):
    assert ids(client, "copies=all&words=1-99") == [1, 2, 3, 4]
    assert ids(client, "copies=all&words=1200+or+more") == []
    answer = client.get("/api/search?facets=words&copies=all").json()
    assert answer["facets"]["words"] == [{"value": "1-99", "count": 4}]
    assert "<summary>Words</summary>" in client.get("/").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sorce=x", "unknown parameter 'sorce'; known: q, sort"),
        ("size=0", "size: expected `int` >= 1"),
        ("size=many", "size: expected `int`"),
        ("sort=best", "sort: invalid enum value 'best'"),
        ("since=yesterday", "since: 'yesterday' is not a day or time such as 2026-11-20"),
        ("until=9999-12-31", "until: '9999-12-31' is not a day"),
        ("page=9999&size=200", "only the first 10000 hits"),
        ("facets=text", "can't filter or count by 'text'"),
        ("q=" + "x" * 30_001, "q: expected `str` of length <= 30000"),
    ],
)
def test_a_search_that_makes_no_sense_is_a_400_that_says_why(client, query, words):
    answer = client.get(f"/api/search?{query}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    page = client.get(f"/?{query}")
    assert page.status_code == (200 if query.startswith("facets") else 400)


def test_an_article_is_its_document(client):
    assert from_json(client.get(f"/api/articles/{ORIGINAL}").content, Document) == NEWS[0]
    answer = client.get("/api/articles/unknown")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no article 'unknown' here"})


def test_a_story_has_members_outlets_and_a_span_of_time(client):
    answer = client.get("/api/stories/s1").json()
    assert [int(one["id"], 16) for one in answer["articles"]] == [1, 2, 3]
    assert answer["size"] == 3
    assert answer["outlets"] == [
        {"value": "Daily Example", "count": 2},
        {"value": "Evening Example", "count": 1},
    ]
    assert answer["names"]["people"][0] == {"value": "Ana Sousa", "count": 2}
    assert (answer["first"], answer["last"]) == ("2026-03-09T09:00:00Z", "2026-03-09T11:00:00Z")
    assert client.get("/api/stories/unknown").status_code == 404


def test_an_address_is_explained_where_there_is_a_ledger(client, context):
    arrive(context, "a1", "A dam leaks.")
    with TestClient(create_app(context), base_url="http://localhost") as whole:
        assert whole.get("/api/explain", params={"address": "a1"}).json()["item"]["id"] == "a1"
        assert whole.get("/api/explain", params={"address": "https://other.example/"}).status_code == 404
    assert client.get("/api/explain?address=x").status_code == 404


def test_the_application_is_put_together_from_settings_files_and_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(support.REPO / "config"))
    with TestClient(from_environment(), base_url="http://localhost") as whole:
        assert whole.get("/health").json() == {"status": "ok", "documents": 0}
        assert whole.get("/api/entities").json() == []


def test_health_says_whether_the_index_answers(client, tmp_path):
    assert client.get("/health").json() == {"status": "ok", "documents": 4}
    nowhere = open_index(f"sqlite:///{tmp_path}/none.db", IndexSettings())
    with TestClient(create_search_app(nowhere), base_url="http://localhost", raise_server_exceptions=False) as other:
        answer = other.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
        assert other.get("/api/search").status_code == 503
        assert other.get("/").status_code == 503


def test_strangers_learn_nothing_of_the_inside_and_the_log_has_it_under_the_requests_number(tmp_path, caplog):
    nowhere = open_index(f"sqlite:///{tmp_path}/none.db", IndexSettings())
    with TestClient(create_search_app(nowhere), base_url="http://localhost", raise_server_exceptions=False) as client:
        for path in ("/", "/api/search", "/api/articles/a", "/api/stories/s", "/stories/s"):
            caplog.clear()
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30"), path
            assert str(tmp_path) not in answer.text
            assert "none.db" not in answer.text
            number = re.search(r"\(request (\w{8})\)", answer.text)[1]
            assert f"request {number}, GET {path}: " in caplog.text
            assert "none.db" in caplog.text
        health = client.get("/health")
        assert (health.status_code, health.headers["Retry-After"]) == (503, "30")
        reason = health.json()["reason"]
        assert "none.db" not in reason
        assert re.search(r"\(request (\w{8})\)", reason)[1] in caplog.text


def test_a_disk_without_room_is_a_503(index):
    class Full:
        def search(self, _):
            raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")

    with TestClient(create_search_app(Full()), base_url="http://localhost") as client:
        answer = client.get("/api/search")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "secret" not in answer.text


def test_head_is_get_without_its_body_and_options_names_the_methods(client):
    for path in ("/", "/api/search", "/health", f"/articles/{ORIGINAL}", "/style.css", "/articles/unknown"):
        whole, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    options = client.options("/api/search")
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, HEAD")
    refused = client.delete("/")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_each_error_of_the_interface_is_one_json_object_and_each_answer_is_safe(client):
    for method, path in (("GET", "/api/nothing"), ("PUT", "/api/search"), ("GET", "/api/search?x=1"), ("GET", "/api/")):
        answer = client.request(method, path)
        assert list(answer.json()) == ["error"]
        assert isinstance(answer.json()["error"], str)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client.get("/health?x=1").json() == {"error": "unknown parameter 'x'; /health has none"}
    assert client.get(f"/articles/{ORIGINAL}?utm_source=mail").status_code == 200


def test_the_description_names_the_parameters_of_a_search_and_how_errors_look(client):
    described = client.get("/openapi.json").json()
    search = described["paths"]["/api/search"]["get"]
    names = {parameter["name"]: parameter["schema"] for parameter in search["parameters"]}
    assert {"q", "sort", "since", "until", "facets", "source", "people", "page", "size"} <= set(names)
    assert names["size"]["maximum"] == 200
    assert {"200", "400", "401", "410", "422", "429", "503"} <= set(search["responses"])
    assert "HTTPValidationError" not in json.dumps(described)
    assert search["deprecated"]
    current = described["paths"]["/api/v1/search"]["get"]
    assert list(current["responses"]["400"]["content"]) == ["application/problem+json"]
    assert current["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/SearchAnswer"
    }


def test_nothing_can_be_written(client):
    for path in ("/", "/api/search", f"/api/articles/{ORIGINAL}", "/api/stories/s1", "/health"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.request(method, path).status_code == 405


# --- the pages


@pytest.mark.parametrize(
    "path", ["/", "/?q=dam", f"/articles/{ORIGINAL}", "/stories/s1", "/nothing", "/api/search", "/health", "/style.css"]
)
def test_nothing_foreign_is_loaded_and_nothing_runs(client, path):
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.headers["Content-Type"].startswith("text/html"):
        assert re.findall(r"<script\b[^>]*>(.*?)</script>", answer.text) == [""]
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", answer.text)
        loaded = re.findall(r'(?:src|<link(?! rel="alternate")[^>]+href)="([^"]*)"', answer.text)
        names = sorted(re.sub(r"\?\w{8}$", "", address) for address in loaded)
        assert names == ["/favicon.svg", "/page.js", "/style.css"]


def test_the_first_page_shows_the_latest_with_copies_folded(client):
    page = client.get("/").text
    shown = text_of(page)
    assert "3 results from 4 articles" in shown
    assert shown.index("Dam <script>alert(1)</script> leaks") < shown.index("Inspector knew") < shown.index("Concert")
    assert "City flees" not in shown
    assert "1 copy in 1 outlet" in shown
    assert "story of 3 articles" in shown
    assert "Dam &lt;script&gt;alert(1)&lt;/script&gt; leaks" in page


def links(page):
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]


def test_facets_add_a_filter_and_take_it_away_again(client):
    page = client.get("/?q=dam").text
    link = next(link for link in links(page) if "source=Daily" in link)
    filtered = client.get(link)
    assert "2 results" in text_of(filtered.text)
    assert '<input type="hidden" name="source" value="Daily Example">' in filtered.text
    assert "/?q=dam" in links(filtered.text)


def test_a_value_with_signs_of_addresses_is_a_filter_that_works(client):
    page = client.get(f"/articles/{ORIGINAL}").text
    link = next(link for link in links(page) if link.startswith("/?tags="))
    assert "1 result" in text_of(client.get(link).text)


def test_what_matched_is_marked(client):
    page = client.get("/?q=dam").text
    assert "<mark>Dam</mark> &lt;script&gt;" in page
    assert "The <mark>dam</mark> was damp." in page


def test_nothing_found_says_what_to_do(client):
    page = text_of(client.get("/?q=zebra&source=Tagblatt").text)
    assert "Nothing found" in page
    assert "remove a filter" in page


def test_pages_turn(client):
    first = client.get("/?copies=all&size=2")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    second = client.get(html.unescape(following[1]))
    assert "page 2 of 2" in text_of(second.text)
    assert "Concert" in second.text
    assert 'rel="prev"' in second.text
    assert 'rel="next"' not in second.text


# what is told of an article or story by the ledger, which doesn't know these
OF_THE_LEDGER = re.compile(r"/(edit|explain|sources)/.|/articles/\w+/versions")


def test_every_link_of_the_pages_leads_somewhere(context):
    context.index.prepare()
    assert context.index.upsert(NEWS) == []
    client = TestClient(create_app(context), base_url="http://localhost")
    seen, waiting = set(), ["/"]
    while waiting and len(seen) < 200:
        path = waiting.pop(0).partition("#")[0]
        if path in seen or not path.startswith("/") or OF_THE_LEDGER.match(path):
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if answer.headers["Content-Type"].startswith("text/html"):
            waiting += links(answer.text)
    assert {"/articles/" + one.id for one in NEWS} <= seen
    assert {"/stories", "/stories/s1", "/entities", "/corrections", "/sources", "/decisions", "/login"} <= seen


def test_an_article_shows_its_text_names_and_copies(client):
    page = client.get(f"/articles/{ORIGINAL}").text
    shown = text_of(page)
    assert "Rivertown – Thousands fled & wept." in shown
    assert "<h2>What went wrong</h2>" in page
    assert "The wall (Wire)" in shown
    assert "City flees" in shown
    assert "shortened copy" in shown
    assert "https://daily.example/dam" in links(page)
    assert "all 3 articles of this story" in shown


def test_an_address_that_would_run_is_no_link(client):
    page = client.get(f"/articles/{NEWS[1].id}").text
    assert "javascript" not in page
    assert "original" in text_of(page)


def test_an_article_of_little_knowledge_still_shows(client, index):
    bare = document(9, None, "", published=None, language=None, copy_group="g9", story="s9")
    index.upsert([bare])
    assert "Untitled" in client.get(f"/articles/{bare.id}").text
    assert "(first seen)" in text_of(client.get("/").text)


def test_a_story_shows_its_articles_newest_first(client):
    shown = text_of(client.get("/stories/s1").text)
    assert "3 articles in 2 outlets" in shown
    assert shown.index("City flees") < shown.index("Inspector knew")


def test_the_id_of_a_story_that_became_part_of_another_one_leads_there(client, index):
    told = {"story_title": "Floods in the north", "story_names": ("Ana Sousa",), "story_aliases": ("s7", "s8")}
    index.upsert(
        [document(8, "Rain", "It rained.", story="s6", **told), document(9, "Mud", "It dried.", story="s6", **told)]
    )
    answer = client.get("/api/stories/s7").json()
    assert (answer["id"], answer["title"], answer["size"]) == ("s6", "Floods in the north", 2)
    assert (answer["aliases"], answer["key_names"]) == (["s7", "s8"], ["Ana Sousa"])
    led = client.get("/stories/s8", follow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (307, "/stories/s6")
    assert "Floods in the north" in text_of(client.get("/stories/s8").text)


def test_a_story_in_several_languages_shows_them_side_by_side(client, index):
    titles = (StoryTitle(language="en", title="Rain in the north"), StoryTitle(language="de", title="Regen im Norden"))
    told = {"story": "s9", "story_title": titles[0].title, "story_titles": titles, "story_languages": ("en", "de")}
    index.upsert(
        [
            document(8, "Rain in the north", "It rained.", **told),
            document(9, "Regen im Norden", "Es regnete.", **{**told, "language": "de"}),
        ]
    )
    shown = client.get("/stories/s9?lang=de").text
    assert text_of(shown).index("Deutsch") < text_of(shown).index("Englisch")
    assert ">Regen im Norden</h1>" in shown
    assert ">Rain in the north</h1>" in client.get("/stories/s9?lang=fr").text
    answer = client.get("/api/stories/s9?lang=de").json()
    assert (answer["title"], answer["languages"]) == ("Regen im Norden", ["en", "de"])
    assert client.get("/api/stories/s9").json()["title"] == "Rain in the north"
    assert "By language" not in client.get("/stories/s1").text


def test_what_is_not_there_is_a_page_that_says_so(client):
    for path in ("/articles/unknown", "/stories/unknown", "/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "Not Found" in answer.text
        assert answer.headers["Content-Type"].startswith("text/html")


def test_a_failure_of_ours_shows_no_traceback(index):
    class Failing:
        def search(self, _):
            raise ZeroDivisionError

    with TestClient(create_search_app(Failing()), base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.get("/")
        assert answer.status_code == 500
        assert "ZeroDivisionError" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "its log says why" in answer.text


def test_a_damaged_index_is_a_503_that_says_so(client, index, tmp_path):
    connection = sqlite3.connect(tmp_path / "index.db")
    connection.execute("DROP TABLE document")
    connection.close()
    answer = client.get("/api/search?facets=source")
    assert answer.status_code == 503
    assert "the index can't be used now" in answer.json()["error"]


# --- query strings


def test_a_query_string_survives_being_read_and_written():
    pairs = [
        ("q", 'a "b c" & d'),
        ("sort", "oldest"),
        ("copies", "all"),
        ("since", "2026-03-09"),
        ("page", "3"),
        ("source", "A"),
        ("source", "B"),
        ("tags", "é=1"),
    ]
    assert search_params.parse_search_params(pairs).changed_params() == pairs


@pytest.mark.parametrize("name", search_params._NAMES)
def test_the_guide_names_every_parameter(name):
    assert f"`{name}`" in (Path(__file__).parent.parent / "docs" / "search.md").read_text()


def test_an_empty_value_is_as_good_as_none():
    assert (
        search_params.parse_search_params([("q", ""), ("sort", ""), ("since", ""), ("source", "")])
        == search_params.SearchParams()
    )
    assert search_params.SearchParams().query_string() == "?"


def test_toggling_a_filter_goes_back_to_the_first_page():
    wanted = search_params.parse_search_params([("page", "4"), ("source", "A")])
    assert wanted.toggle_filter("source", "B") == "?source=A&source=B"
    assert wanted.toggle_filter("source", "A") == "?"
    assert wanted.page_link(5) == "?page=5&source=A"


def test_words_are_sorted_by_relevance_and_everything_by_time():
    assert search_params.parse_search_params([("q", "dam")]).to_query().sort == "relevance"
    assert search_params.parse_search_params([("q", " ")]).to_query().sort == "newest"
    with pytest.raises(UsageError):
        search_params.parse_search_params([("since", "soon")]).to_query()


ARABIC = document(
    7,
    "\u202eعنوان",
    "نص المقال هنا.",
    source="الجزيرة",
    agency="وكالة",
    authors=("منى حسن", "Bo Lind"),
    people=("منى حسن",),
    section="عالم",
    url="http://user:secret@outlet.example/7",
)


def test_names_that_run_from_right_to_left_do_not_move_what_stands_beside_them(client, index):
    assert index.upsert([msgspec.structs.replace(ARABIC, language="ar")]) == []
    pages = {path: client.get(path).text for path in ("/", f"/articles/{7:020x}", "/stories/s1")}
    for path, shown in pages.items():
        assert '<bdi class="source">الجزيرة</bdi>' in shown, path
        assert "<bdi>منى حسن</bdi>" in shown, path
        bare = re.sub(
            r"<(bdi|title)\b.*?</\1>|<h[12] dir=\"auto\".*?</h[12]>|<(p|div)[^>]* dir=\"auto\".*?</\2>",
            "",
            shown,
            flags=re.DOTALL,
        )
        bare = re.sub(r"<[^>]*>", "", bare)
        assert not re.search(r"[\u0590-\u08ff\u202a-\u202e]", bare), path
    assert "<bdi>وكالة</bdi>" in pages["/"]
    assert 'dir="auto" lang="ar"' in pages["/"]
    assert "secret" not in pages[f"/articles/{7:020x}"]


def test_search_engines_are_asked_to_stay_away(client):
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_an_address_that_is_none_is_no_link_and_no_failure(client, index):
    for number, url in enumerate(("http://[::1", "data:text/html,x", "http://a b/", "http://x.example:99999/"), 20):
        assert index.upsert([document(number, "Bad", "Nothing.", url=url)]) == []
        answer = client.get(f"/articles/{number:020x}")
        assert answer.status_code == 200
        assert "Read it at" not in answer.text

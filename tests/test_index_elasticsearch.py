"""What Elasticsearch answers when it does not do what it is asked, spoken by a server of the test's own."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import threading
import uuid

import msgspec
import pytest

from pipeline.errors import IndexAwayError, IndexRefusedError, SearchIndexError, SettingsError
from pipeline.index import Query, open_index
from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.records import Article, Reason
from pipeline.settings import IndexSettings
from tests.helpers import support
from tests.helpers.elasticsearch_stand_in import ElasticsearchStandIn, error

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def document(number, text="A dam broke.", **fields):
    return msgspec.structs.replace(support.document(Article(id=f"{number:020x}", text=text)), **fields)


@pytest.fixture
def server():
    with ElasticsearchStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def index(server):
    made = open_index(server.url, IndexSettings(timeout_seconds=60), api_key="a-secret")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (401, error("security_exception", "unable to authenticate"), IndexRefusedError, "NEWSWIRE_INDEX_API_KEY"),
        (403, error("security_exception", "action is unauthorized"), IndexRefusedError, "manage_index_templates"),
        (
            400,
            error("media_type_header_exception", "Invalid media-type value"),
            IndexRefusedError,
            "needs Elasticsearch 9",
        ),
        (404, error("index_not_found_exception", "no such index"), IndexRefusedError, "newswire run makes it"),
        (200, b"<html>hello</html>", IndexRefusedError, "not Elasticsearch 9"),
        (429, error("circuit_breaking_exception", "Data too large"), IndexAwayError, "Data too large"),
        (502, b"<html>bad gateway</html>", IndexAwayError, "can't do this now"),
        (503, error("no_shard_available_action_exception", "no shard"), IndexAwayError, "no shard"),
        (500, error("null_pointer_exception", "oops"), SearchIndexError, "null_pointer_exception: oops"),
        (400, error("illegal_argument_exception", "no"), SearchIndexError, "illegal_argument_exception: no"),
    ],
)
def test_an_error_says_what_and_what_to_do(server, index, status, answer, kind, words):
    server.answer = lambda *_: (status, answer)
    with pytest.raises(kind, match=words) as caught:
        index.search(Query(text="dam"))
    assert type(caught.value) is kind
    assert "a-secret" not in str(caught.value)
    assert len(server.requests) == 1  # the ledger tries again, not the client


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (404, error("index_not_found_exception", "no such index"), IndexRefusedError, "newswire run makes it"),
        (503, error("search_phase_execution_exception", "all shards failed"), IndexAwayError, "all shards failed"),
        (400, error("illegal_argument_exception", "no"), SearchIndexError, "illegal_argument_exception: no"),
    ],
)
def test_one_of_several_questions_that_is_not_answered_fails_the_search(server, index, status, answer, kind, words):
    noon = {"value": 1000 * NOON.timestamp()}
    found = {"hits": {"total": {"value": 1}, "hits": []}, "aggregations": {"first time": noon, "last time": noon}}
    several = {"responses": [found | {"status": 200}, answer | {"status": status}]}
    server.answer = lambda _, path, __: (200, several if path.endswith("/_msearch") else found)
    with pytest.raises(kind, match=words) as caught:
        index.search(Query(text="dam", interval="hour", share=True))
    assert type(caught.value) is kind


def test_how_the_index_is_kept_is_what_the_cluster_says_of_it_where_the_key_may_ask(server, index):
    told = {"cluster_name": "c", "status": "red", "unassigned_shards": 2, "number_of_nodes": 3}
    server.answer = lambda *_: (200, told)
    assert index.health() == ("red", 2, 3)
    server.answer = lambda *_: (403, error("security_exception", "action is unauthorized"))
    assert index.health() is None


def nodes(*plugins):
    return {
        "nodes": {f"n{number}": {"plugins": [{"name": name} for name in names]} for number, names in enumerate(plugins)}
    }


KUROMOJI, NORI = "analysis-kuromoji", "analysis-nori"


@pytest.mark.parametrize(
    ("told", "refuses", "tried"),
    [
        ((200, nodes([KUROMOJI, NORI], [KUROMOJI, "repository-x"])), False, [{"ja": "kuromoji"}]),
        ((200, nodes([KUROMOJI], [KUROMOJI])), True, [{"ja": "kuromoji"}, {}]),
        ((200, nodes([KUROMOJI], [])), False, [{}]),
        ((200, {}), False, [{}]),
        ((403, error("security_exception", "action is unauthorized")), False, [{}]),
    ],
)
def test_analysers_of_plugins_are_used_where_all_nodes_have_them_and_take_them(server, index, told, refuses, tried):
    def answer(method, path, body):
        if path.startswith("/_nodes"):
            return told
        if method == "PUT" and path.startswith("/_index_template") and refuses and b"kuromoji" in body:
            return 400, error("mapper_parsing_exception", "analyzer [kuromoji] has not been configured")
        return 200, {} if method == "GET" else {"acknowledged": True}

    server.answer = answer
    index.add_generation()
    bodies = [json.loads(body) for _, path, body in server.requests if path.startswith("/_index_template")]
    languages = [body["template"]["mappings"]["properties"]["by_language"]["properties"] for body in bodies]
    plain = {"ar", "de", "fr"}
    assert all(plain <= mapped.keys() for mapped in languages)
    names = ("kuromoji", "nori", "polish", "smartcn", "ukrainian")
    assert [{c: m["analyzer"] for c, m in mapped.items() if m["analyzer"] in names} for mapped in languages] == tried


@pytest.mark.servers
def test_second_copies_for_which_there_is_no_machine_make_the_index_yellow(cluster):
    for replicas, colour in ((0, "green"), (1, "yellow")):
        index = open_index(cluster.url, IndexSettings(alias=cluster.alias, shards=1, replicas=replicas))
        index.wipe()
        assert index.health() == (colour, replicas, 1)
        index.close()


def test_a_server_that_is_not_there_is_away():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        index = open_index(f"http://u:secret@127.0.0.1:{taken.getsockname()[1]}", IndexSettings())
        with pytest.raises(IndexAwayError, match="can't be reached") as caught:
            index.count()
    assert "secret" not in str(caught.value)
    index.close()


def test_a_server_that_does_not_answer_is_away(server):
    patience = threading.Event()
    server.answer = lambda *_: (patience.wait(60), (200, {}))[1]
    index = open_index(server.url, IndexSettings(timeout_seconds=0.5))
    with pytest.raises(IndexAwayError, match="in time"):
        index.count()
    patience.set()
    index.close()


def test_a_certificate_file_that_is_missing_is_a_settings_error():
    with pytest.raises(SettingsError, match="NEWSWIRE_INDEX_CA"):
        open_index("https://search.example", IndexSettings(), ca_file="/nowhere/ca.pem")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "https://bad host:1", "http://u:secret@h:port", "http://a,", "http://a,ftp://b"]
)
def test_an_address_that_is_none_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="NEWSWIRE_INDEX_URL") as caught:
        open_index(url, IndexSettings())
    assert "secret" not in str(caught.value)


def test_a_node_that_is_not_there_is_passed_over_for_the_next(server):
    server.answer = lambda *_: (200, {"count": 3})
    for _ in range(4):  # the client begins with any of them
        index = open_index(f"http://127.0.0.1:1, {server.url}", IndexSettings())
        assert [index.count(), index.count()] == [3, 3]
        index.close()
    index = open_index("http://127.0.0.1:1,http://127.0.0.1:2", IndexSettings())
    with pytest.raises(IndexAwayError, match=r"at http://127.0.0.1:1, http://127.0.0.1:2 can't be reached"):
        index.count()
    index.close()


def test_what_one_node_refuses_is_not_asked_of_the_next(server):
    server.answer = lambda *_: (503, error("no_shard_available_action_exception", "no shard"))
    index = open_index(f"{server.url},{server.url}/other", IndexSettings())
    with pytest.raises(IndexAwayError, match="no shard"):
        index.count()
    assert len(server.requests) == 1
    index.close()


def test_all_nodes_of_a_cluster_know_the_same_user():
    with pytest.raises(SettingsError, match="the same name and password") as caught:
        open_index("http://u:secret@a.example,http://b.example", IndexSettings())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://search.example", "http://search.example:9200"),
        ("https://u:p@search.example/es/", "https://search.example:443/es"),
        ("http://[::1]:9201", "http://[::1]:9201"),
        ("http://u:p@a.example, http://u:p@b.example", "http://a.example:9200, http://b.example:9200"),
    ],
)
def test_an_address_gets_its_port_and_loses_its_password(url, where):
    index = open_index(url, IndexSettings())
    assert index._cluster.address == where
    index.close()


def healthy(bulk):
    """Return answers of a cluster with a prepared index, whose bulks ``bulk`` answers."""

    def answer(_, path, body):
        if path.startswith("/_bulk"):
            return bulk(body)
        aliases = {"newswire-articles": {}}
        if "_alias" in path:
            return 200, {"newswire-articles-2026.03": {"aliases": aliases}}
        if "features=" in path:
            mark = {"newswire": {"identity": "one", "version": mapping.VERSION}}
            return 200, {"newswire-articles-2026.03": {"aliases": aliases, "mappings": {"_meta": mark}}}
        return 200, {"hits": {"hits": []}}

    return answer


def test_each_item_that_is_refused_is_named_and_an_older_revision_is_none(server, index):
    def item(number, status, kind=None):
        told = {"error": {"type": kind, "reason": "for a reason"}} if kind else {}
        return {"index": {"_index": "newswire-articles-2026.03", "_id": f"{number:020x}", "status": status, **told}}

    items = [
        item(1, 201),
        item(2, 409, "version_conflict_engine_exception"),
        item(3, 400, "document_parsing_exception"),
        item(4, 429, "es_rejected_execution_exception"),
        item(5, 404, "index_not_found_exception"),
        item(6, 503, "unavailable_shards_exception"),
    ]
    server.answer = healthy(lambda _: (200, {"errors": True, "items": items}))
    refused = index.upsert([document(number) for number in range(1, 7)])
    assert [(int(one.id, 16), one.reason, one.retry) for one in refused] == [
        (3, Reason.INDEX_REFUSED, False),
        (4, Reason.INDEX_REFUSED, True),
        (5, Reason.INDEX_REFUSED, True),
        (6, Reason.INDEX_REFUSED, True),
    ]
    assert refused[0].detail == "document_parsing_exception: for a reason"


def test_a_bulk_that_is_too_large_is_halved_until_it_fits(server, index):
    def bulk(body):
        ids = [json.loads(line)["index"]["_id"] for line in body.splitlines()[::2]]
        if len(body) > 12_000:
            return 413, b""
        return 200, {"errors": False, "items": [{"index": {"_id": one, "status": 201}} for one in ids]}

    server.answer = healthy(bulk)
    sizes = {1: 10, 2: 3000, 3: 20_000, 4: 3000, 5: 3000, 6: 10}
    refused = index.upsert([document(number, "x" * size) for number, size in sizes.items()])
    assert [(int(one.id, 16), one.reason, one.retry) for one in refused] == [(3, Reason.TOO_LARGE, False)]


def test_bulks_are_of_bounded_size(server, index):
    sizes = []

    def bulk(body):
        sizes.append(len(body))
        return 200, {"errors": False, "items": []}

    server.answer = healthy(bulk)
    index.upsert([document(number, "x" * 1_500_000) for number in range(8)])
    assert len(sizes) == 3
    assert max(sizes) < 5_100_000


# --- on a real Elasticsearch


@pytest.fixture
def cluster():
    from elasticsearch import Elasticsearch

    url = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH", "http://127.0.0.1:9200")
    with Elasticsearch(url) as client:
        client.url = url
        client.alias = f"test-{uuid.uuid4().hex}"
        yield client
        for name in client.indices.get(index=f"{client.alias}*"):
            client.indices.delete(index=name)
        client.options(ignore_status=404).indices.delete_index_template(name=client.alias)


@pytest.fixture
def real(cluster):
    made = open_index(cluster.url, IndexSettings(alias=cluster.alias))
    yield made
    made.close()


@pytest.mark.servers
def test_an_index_lies_in_months_of_first_sight_under_one_alias(cluster, real):
    real.prepare()
    real.upsert([document(1), document(2, first_seen=NOON + dt.timedelta(days=40))])
    real.refresh()
    names = set(cluster.indices.get_alias(name=cluster.alias))
    assert {f"{cluster.alias}-2026.03", f"{cluster.alias}-2026.04"} <= names
    assert real.count() == 2


@pytest.mark.servers
@pytest.mark.parametrize("taken", ["alias", "name"])
def test_a_foreign_index_under_the_alias_is_refused_and_left_as_it_is(cluster, real, taken):
    if taken == "name":
        name = cluster.alias
        cluster.indices.create(index=name)
    else:
        name = f"{cluster.alias}-theirs"
        cluster.indices.create(index=name, aliases={cluster.alias: {}})
    for attempt in (real.prepare, real.identity, real.wipe, lambda: real.upsert([document(1)])):
        with pytest.raises(IndexRefusedError, match=f"{name} .* is not newswire's"):
            attempt()
    assert cluster.indices.get_mapping(index=name)[name]["mappings"] == {}
    assert not cluster.indices.exists_index_template(name=cluster.alias)


@pytest.mark.servers
def test_an_index_deleted_under_way_does_not_come_back_without_its_mark(cluster, real):
    real.prepare()
    real.upsert([document(1)])
    cluster.indices.delete(index=f"{cluster.alias}-2026.03")
    refused = real.upsert([document(1)])
    assert [one.retry for one in refused] == [True]
    assert real.upsert([document(1)]) == []
    real.refresh()
    assert real.count() == 1


@pytest.mark.servers
def test_text_is_analysed_by_its_language_and_marked_by_it(real):
    real.prepare()
    real.upsert(
        [document(1, "Die Häuser brannten.", title="Im Haus", language="de"), document(2, "The hauser", language="en")]
    )
    real.refresh()
    hits = real.search(Query(text="haus")).hits
    assert [int(hit.document.id, 16) for hit in hits] == [1]
    assert hits[0].highlights == {"title": "Im <mark>Haus</mark>", "text": "Die <mark>Häuser</mark> brannten."}


@pytest.mark.servers
def test_a_search_for_all_that_can_be_counted_takes_two_requests(real):
    real.prepare()
    copy = document(2, "A dam broke, twice.", copy_group=f"{1:020x}", copy_of=f"{1:020x}", is_primary=False)
    real.upsert([document(1), copy, document(3, "Rain.")])
    real.refresh()
    ask, asked = real._client.perform_request, []
    real._client.perform_request = lambda *args, **more: asked.append(args[1]) or ask(*args, **more)
    results = real.search(Query(text="twice", facets=("source", "language"), interval="auto", copies=False))
    assert [hit.copies for hit in results.hits] == [1]
    assert results.histogram.buckets[0].count == 1
    assert asked == [f"/{real._alias}/_search", f"/{real._alias}/_msearch"]


@pytest.mark.servers
def test_what_is_analysed_by_language_is_not_stored_twice(cluster, real):
    real.prepare()
    real.upsert([document(1, "Die Häuser brannten.", language="de")])
    real.refresh()
    source = cluster.search(index=cluster.alias)["hits"]["hits"][0]["_source"]
    assert "by_language" not in source
    assert source["text"] == "Die Häuser brannten."


@pytest.mark.servers
def test_a_key_may_do_what_its_privileges_say(cluster):
    secured = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH_SECURED")
    if not secured:
        pytest.fail("NEWSWIRE_TEST_ELASTICSEARCH_SECURED is not set: run `eval $(scripts/services start)` first")
    from elasticsearch import Elasticsearch

    alias = f"test-{uuid.uuid4().hex}"
    names = [alias, f"{alias}-*"]
    with Elasticsearch(secured) as client:

        def key(cluster_privileges, privileges):
            role = {"cluster": cluster_privileges, "indices": [{"names": names, "privileges": privileges}]}
            return client.security.create_api_key(name=alias, role_descriptors={"it": role})["encoded"]

        url = "http://" + secured.rpartition("@")[2]
        writer = open_index(
            url, IndexSettings(alias=alias), api_key=key(["manage_index_templates"], ["manage", "read", "write"])
        )
        reader = open_index(url, IndexSettings(alias=alias), api_key=key([], ["read", "view_index_metadata"]))
        stranger = open_index(url, IndexSettings(alias=alias), api_key="d3Jvbmc6d3Jvbmc=")
        nobody = open_index(url, IndexSettings(alias=alias))
        writer.prepare()
        writer.upsert([document(1)])
        writer.delete([document(1).id])
        writer.upsert([document(2)])
        writer.refresh()
        assert dict(writer.revisions()) == {document(2).id: 1}
        assert reader.search(Query(text="dam")).total == 1
        assert reader.get(document(2).id)
        assert reader.count() == 1
        assert reader.identity() == writer.identity()
        with pytest.raises(IndexRefusedError, match="manage, read and write"):
            reader.upsert([document(3)])
        for unknown in (stranger, nobody):
            with pytest.raises(IndexRefusedError, match="does not accept the key"):
                unknown.search(Query())
        writer.wipe()
        for one in (writer, reader, stranger, nobody):
            one.close()
        client.indices.delete(index=",".join(client.indices.get_alias(name=alias)))
        client.indices.delete_index_template(name=alias)

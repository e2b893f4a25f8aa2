"""What a search line means, on both engines, beside an evaluation of every document."""

from __future__ import annotations

import os
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UnknownError
from pipeline.index import Query, open_index
from pipeline.index.query_language import parse, word_tree
from pipeline.settings import IndexSettings
from tests.helpers.naive_search import matches
from tests.helpers.query_corpus import LINES, NOW, corpus
from tests.helpers.query_lines import TREES

DOCUMENTS = corpus()


@pytest.fixture(scope="module", name="embedded")
def _embedded(tmp_path_factory):
    index = open_index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db", IndexSettings())
    index.prepare()
    assert index.upsert(DOCUMENTS) == []
    yield index
    index.close()


@pytest.fixture(scope="module", name="clustered")
def _clustered():
    from elasticsearch import Elasticsearch

    url = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH", "http://127.0.0.1:9200")
    alias = f"test-{uuid.uuid4().hex}"
    index = open_index(url, IndexSettings(alias=alias))
    index.prepare()
    assert index.upsert(DOCUMENTS) == []
    index.refresh()
    yield index
    index.close()
    with Elasticsearch(url) as client:
        for name in client.indices.get(index=f"{alias}*"):
            client.indices.delete(index=name)
        client.indices.delete_index_template(name=alias)


def ask(index, line, **query):
    return index.search(Query(text=line, now=NOW, size=100, highlight=False, **query))


def ids(results):
    return [int(hit.document.id, 16) for hit in results.hits]


def expected(tree):
    return [int(document.id, 16) for document in DOCUMENTS if matches(tree, document)]


@pytest.mark.parametrize("line", LINES)
def test_a_line_finds_in_the_embedded_index_what_every_document_says(embedded, line):
    results = ask(embedded, line)
    assert sorted(ids(results)) == expected(parse(line, NOW).tree)
    assert results.understood == word_tree(parse(line, NOW).tree)
    assert results.warnings == parse(line, NOW).warnings


def test_similar_articles_share_rare_words_and_names_and_are_no_copies(embedded):
    likes = ids(ask(embedded, f"similar:{DOCUMENTS[0].id}"))
    assert likes
    assert not {0, 1} & set(likes)  # itself and its copy
    assert ids(ask(embedded, f"similar:{DOCUMENTS[0].id} people:kim"))
    with pytest.raises(UnknownError, match="no such article"):
        ask(embedded, "similar:nothing")


MISSPELT = (("flod", "flood"), ("harborton", "harbourton"), ("chlera vaccine", "cholera AND vaccine"), ("zzzzzzz", ""))


@pytest.mark.parametrize(("line", "suggestion"), MISSPELT)
def test_a_line_that_finds_nothing_is_respelt_by_words_of_the_index(embedded, line, suggestion):
    assert ask(embedded, line).suggestion == suggestion


def test_a_line_is_completed_by_names_and_sources(embedded):
    (ana,) = [each for each in embedded.complete("sou", 10) if each.field == "people"]
    assert (ana.value, ana.count) == ("Ana Sousa", expected_count("people", "Ana Sousa"))
    assert embedded.complete("ana so", 10)[0].value == "Ana Sousa"
    assert [each.value for each in embedded.complete("dai", 10)] == ["Daily Example"]
    assert embedded.complete("são", 1)[0].value == "São Paulo"
    assert embedded.complete("ousa", 10) == embedded.complete("", 10) == ()


def expected_count(field, value):
    return sum(value in getattr(document, field) for document in DOCUMENTS)


@settings(max_examples=300)
@given(TREES)
def test_the_embedded_index_finds_what_every_document_says(embedded, tree):
    line = word_tree(tree)
    assert sorted(ids(ask(embedded, line))) == expected(tree), line


@pytest.mark.servers
def test_both_engines_answer_lines_of_all_forms_alike(embedded, clustered):
    assert len(LINES) >= 120
    differing, first_differing = [], []
    both = (embedded, clustered)
    for line in LINES:
        by_time = [ask(index, line, sort="newest") for index in both]
        folded = [ask(index, line, sort="newest", copies=False) for index in both]
        best = [ids(ask(index, line))[:1] for index in both]
        if ids(by_time[0]) != ids(by_time[1]) or len({(answer.total, answer.articles) for answer in folded}) > 1:
            differing.append((line, *map(ids, by_time)))
        if len({(answer.understood, answer.warnings) for answer in by_time}) > 1:
            differing.append((line, by_time[0].warnings, by_time[1].warnings))
        if best[0] != best[1]:
            first_differing.append((line, *best))
    likes = [ask(index, f"similar:{DOCUMENTS[number].id}", sort="newest") for number in (0, 7) for index in both]
    assert ids(likes[0]) == ids(likes[1]) != []
    assert ids(likes[2]) == ids(likes[3]) != []
    for line, suggestion in MISSPELT:
        assert ask(clustered, line).suggestion == suggestion
    for beginning in ("sou", "ana so", "dai", "são", "ousa", "", "k"):
        assert clustered.complete(beginning, 10) == embedded.complete(beginning, 10)
    assert differing == []
    assert len(first_differing) <= 0.05 * len(LINES), first_differing


@pytest.mark.servers
@settings(max_examples=60)
@given(st.lists(TREES, min_size=1, max_size=3))
def test_a_cluster_finds_what_every_document_says(clustered, trees):
    for tree in trees:
        assert sorted(ids(ask(clustered, word_tree(tree)))) == expected(tree), word_tree(tree)

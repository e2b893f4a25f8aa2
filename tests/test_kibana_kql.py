"""Lines of KQL become the queries that Kibana sends to Elasticsearch."""

from __future__ import annotations

import pytest

from pipeline.errors import UsageError
from pipeline.kibana.kql import parse_kql

TYPES = {"source": "keyword", "title": "text", "version": "integer", "published": "date", "is_primary": "boolean"}


def one(query):
    return {"bool": {"should": [query], "minimum_should_match": 1}}


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("", {"match_all": {}}),
        ("is_primary : true", one({"match": {"is_primary": "true"}})),
        ("source:Northwire", one({"match": {"source": "Northwire"}})),
        ('source : "El Vigía"', one({"match_phrase": {"source": "El Vigía"}})),
        ("source : North*", one({"wildcard": {"source": {"value": "North*"}}})),
        ("title : flood*", one({"query_string": {"fields": ["title"], "query": "flood*"}})),
        ("published : *", one({"exists": {"field": "published"}})),
        ("version > 1", one({"range": {"version": {"gt": "1"}}})),
        ("published >= 2026-11-01", one({"range": {"published": {"gte": "2026-11-01"}}})),
        ("published : 2026-11-01", one({"range": {"published": {"gte": "2026-11-01", "lte": "2026-11-01"}}})),
        ("not published : *", {"bool": {"must_not": one({"exists": {"field": "published"}})}}),
        ("flood", {"multi_match": {"type": "best_fields", "query": "flood", "lenient": True}}),
        ('"sea wall"', {"multi_match": {"type": "phrase", "query": "sea wall", "lenient": True}}),
        (r"title : a\:b", one({"match": {"title": "a:b"}})),
        ("title : sea wall", one({"match": {"title": "sea wall"}})),
    ],
)
def test_a_line_becomes_a_query(line, query):
    assert parse_kql(line, TYPES) == query


def test_and_binds_closer_than_or_and_brackets_closer_than_both():
    a, b, c = (one({"match": {"source": name}}) for name in "abc")
    assert parse_kql("source:a and source:b or source:c", TYPES) == {
        "bool": {"should": [{"bool": {"filter": [a, b]}}, c], "minimum_should_match": 1}
    }
    assert parse_kql("source:a and (source:b or source:c)", TYPES) == {
        "bool": {"filter": [a, {"bool": {"should": [b, c], "minimum_should_match": 1}}]}
    }


def test_a_list_of_values_is_of_one_field():
    a, b = (one({"match": {"source": name}}) for name in "ab")
    assert parse_kql("source : (a or b)", TYPES) == {"bool": {"should": [a, b], "minimum_should_match": 1}}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("sauce : a", "character 1: there is no field 'sauce'"),
        ("source :", "the line ends too early"),
        ("(source : a", "the line ends too early"),
        ("source : a)", r"character 11: '\)' is not expected"),
        ("source : a and", "the line ends too early"),
        (": a", "':' is not expected"),
        ("source : {a}", "can't be read"),
    ],
)
def test_a_line_that_can_t_be_read_says_where(line, fault):
    with pytest.raises(UsageError, match=fault):
        parse_kql(line, TYPES)

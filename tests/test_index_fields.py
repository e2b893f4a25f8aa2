"""The fields, the record, the mapping and the documentation say the same."""

from __future__ import annotations

import datetime as dt
import json
import re
import runpy
import subprocess
import sys
import typing
from pathlib import Path

import msgspec
import pytest

from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index import _sqlite_schema as sqlite
from pipeline.index import fields
from pipeline.index.fields import ALIASES, FACETS, FIELDS, QUERY_FIELDS, WORD_WEIGHTS
from pipeline.records import Article, CopyKind, Document, Location, Precision
from tests.helpers.support import document

REPO = Path(__file__).parent.parent
FIELDS_PAGE = REPO / "docs" / "fields.md"
RECORD = [field.name for field in msgspec.structs.fields(Document)]
TEMPLATE = mapping.index_template("newswire-articles", shards=1, replicas=0, refresh_seconds=1.0)
PROPERTIES = TEMPLATE["template"]["mappings"]["properties"]


def test_the_fields_are_those_of_the_record_in_its_order():
    assert [field.name for field in FIELDS] == RECORD


def test_the_tables_in_the_documentation_follow_from_the_fields():
    script = [sys.executable, str(REPO / "scripts" / "field-tables"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}; run .venv/bin/python scripts/field-tables"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_holds_what_the_record_holds(field):
    annotation = typing.get_type_hints(Document)[field.name]
    (kind,) = {*(typing.get_args(annotation) or (annotation,))} - {type(None), Ellipsis} or {annotation}
    if typing.get_origin(annotation) is dict:
        kind = dict
    assert field.several == (typing.get_origin(annotation) is tuple)
    assert field.type in {
        str: {"keyword", "text"}, int: {"integer", "long"}, float: {"float"}, bool: {"boolean"}, dt.datetime: {"date"},
        bytes: {"dense_vector"}, Location: {"geo_point"}, Precision: {"keyword"}, CopyKind: {"keyword"},
    }.get(kind, {"object"})  # fmt: skip


def test_the_table_names_the_type_that_the_mapping_gives():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([a-z, ]*) \| (.+) \|$", FIELDS_PAGE.read_text(), re.MULTILINE)
    assert {name: kind for name, kind, _, _ in rows} == {
        name: PROPERTIES[name].get("type", "object") for name in PROPERTIES if name in RECORD
    }


def test_the_mapping_has_every_field_and_four_of_its_own():
    assert set(PROPERTIES) - set(RECORD) == {"seen_at", "by_language", "everything", "copy_group_number"}
    assert set(RECORD) <= set(PROPERTIES)


def test_a_vector_is_sent_as_numbers_of_one_byte_and_only_where_it_says_something():
    sent = {}
    for name, vector in {"some": bytes([127, 129] * 192), "zeros": bytes(384), "none": None}.items():
        made = msgspec.structs.replace(document(Article(id=name, text="Text.")), vector=vector)
        sent[name] = json.loads(mapping.encode_document(made)).get("vector")
    assert sent == {"some": [127, -127] * 192, "zeros": None, "none": None}
    assert PROPERTIES["vector"]["dims"] == 384
    assert "vector" in TEMPLATE["template"]["mappings"]["_source"]["excludes"]


@pytest.mark.parametrize("field", ["captions", "entities", "locations", "story_titles"])
def test_the_mapping_knows_what_is_inside(field):
    inner = next(one.type for one in msgspec.structs.fields(Document) if one.name == field).__args__[0]
    names = {one.name for one in msgspec.structs.fields(inner)}
    assert (
        PROPERTIES[field]["type"] == "geo_point"
        if field == "locations"
        else set(PROPERTIES[field]["properties"]) == names
    )


def test_documents_that_lie_differently_have_another_version(monkeypatch):
    versions = sqlite.VERSION, mapping.VERSION
    field = msgspec.structs.replace(FIELDS[-1], name="mood", facet=True)
    monkeypatch.setattr(fields, "FIELDS", (*FIELDS, field))
    monkeypatch.setattr(fields, "FACETS", (*FACETS, "mood"))
    sources = [Path(module.__file__) for module in (sqlite, mapping)]
    changed = tuple(runpy.run_path(str(path))["VERSION"] for path in sources)
    assert not set(changed) & set(versions)
    monkeypatch.undo()
    assert tuple(runpy.run_path(str(path))["VERSION"] for path in sources) == versions


def test_the_version_of_a_file_fits_its_header():
    assert 7 < sqlite.VERSION < 2**31  # earlier versions were counted: 1 to 7


def test_what_is_searched_filtered_and_aliased_are_fields():
    assert set(QUERY_FIELDS) <= set(RECORD)
    assert set(QUERY_FIELDS) == set(WORD_WEIGHTS) | set(FACETS)
    assert set(ALIASES.values()) <= set(QUERY_FIELDS)
    assert not set(ALIASES) & set(QUERY_FIELDS)


@pytest.mark.parametrize("field", sorted({*QUERY_FIELDS, *ALIASES}))
def test_the_guide_names_every_field_that_can_be_searched(field):
    assert f"`{field}`" in (REPO / "docs" / "search.md").read_text()

"""The field table, the record, the mapping and the user guide say the same."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import msgspec
import pytest

from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index import _sqlite_schema as sqlite
from pipeline.index.fields import ALIASES, FACETS, QUERY_FIELDS, WORD_WEIGHTS
from pipeline.records import Document

DOCS = Path(__file__).parent.parent / "docs"
FIELDS = [field.name for field in msgspec.structs.fields(Document)]
TEMPLATE = mapping.index_template("newswire-articles", shards=1, replicas=0)
PROPERTIES = TEMPLATE["template"]["mappings"]["properties"]


def rows():
    return re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", (DOCS / "fields.md").read_text(), re.MULTILINE)


def test_the_table_has_a_row_for_each_field_of_the_record_in_any_order():
    assert sorted(name for name, _, _ in rows()) == sorted(FIELDS)


def test_the_table_names_the_type_that_the_mapping_gives():
    assert {name: kind for name, kind, _ in rows()} == {
        name: PROPERTIES[name].get("type", "object") for name in PROPERTIES if name in FIELDS
    }


def test_the_mapping_has_every_field_and_two_of_its_own():
    assert set(PROPERTIES) - set(FIELDS) == {"seen_at", "by_language"}
    assert set(FIELDS) <= set(PROPERTIES)


@pytest.mark.parametrize("field", ["captions", "entities", "locations"])
def test_the_mapping_knows_what_is_inside(field):
    inner = next(one.type for one in msgspec.structs.fields(Document) if one.name == field).__args__[0]
    names = {one.name for one in msgspec.structs.fields(inner)}
    assert (
        PROPERTIES[field]["type"] == "geo_point"
        if field == "locations"
        else set(PROPERTIES[field]["properties"]) == names
    )


@pytest.mark.parametrize(
    ("version", "layout", "known"),
    [
        (
            sqlite.VERSION,
            (sqlite.SCHEMA, FACETS),
            {1: 602164963, 2: 3780440367, 3: 2629059853, 4: 1246974893, 5: 3074847489, 6: 1268592138, 7: 2061178029},
        ),
        (
            mapping.VERSION,
            TEMPLATE,
            {1: 1909438091, 2: 3556696874, 3: 4057326307, 4: 2490440753, 5: 3252097376, 6: 483126435},
        ),
    ],
)
def test_documents_that_lie_differently_need_a_new_version(version, layout, known):
    assert zlib.crc32(msgspec.json.encode(layout)) == known[version], "raise VERSION and add the new sum here"


def test_what_is_searched_filtered_and_aliased_are_fields():
    assert set(QUERY_FIELDS) <= set(FIELDS)
    assert set(QUERY_FIELDS) == set(WORD_WEIGHTS) | set(FACETS)
    assert set(ALIASES.values()) <= set(QUERY_FIELDS)
    assert not set(ALIASES) & set(QUERY_FIELDS)


@pytest.mark.parametrize("field", sorted({*QUERY_FIELDS, *ALIASES}))
def test_the_guide_names_every_field_that_can_be_searched(field):
    assert f"`{field}`" in (DOCS / "search.md").read_text()

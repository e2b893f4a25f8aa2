"""Facts about files of documents: read back by others' readers, they say what the documents say."""

from __future__ import annotations

import csv
import io
import json

import feedparser
import msgspec
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.export_formats import write_documents
from pipeline.parquet import COLUMNS
from pipeline.records import to_json
from tests.helpers.support import NOW
from tests.test_documents import document

ONE = document()
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def changed(**fields):
    return msgspec.structs.replace(ONE, **fields)


def written(form, documents, **more):
    return b"".join(write_documents(form, documents, title="dam & <flood>", at=NOW, **more))


def csv_rows(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_json_lines_hold_the_documents_or_the_fields_that_are_named():
    assert [json.loads(line) for line in written("jsonl", [ONE] * 3).splitlines()] == [json.loads(to_json(ONE))] * 3
    assert json.loads(written("jsonl", [ONE], fields=["id", "title"])) == {"id": ONE.id, "title": ONE.title}


def test_a_table_has_a_column_for_each_field_and_a_row_for_each_document():
    (row,) = csv_rows(written("csv", [changed(people=("Ana Sousa", "Jo Kim"), paywalled=None, title=None)]))
    assert list(row) == list(COLUMNS)
    assert (row["people"], row["is_primary"], row["paywalled"], row["title"]) == ("Ana Sousa; Jo Kim", "true", "", "")
    assert row["first_seen"] == ONE.first_seen.isoformat()
    assert json.loads(row["stages"]) == ONE.stages


@given(texts)
def test_any_text_comes_back_out_of_a_table_and_none_is_a_formula(text):
    (row,) = csv_rows(written("csv", [changed(text=text)], fields=["text"]))
    assert row["text"].removeprefix("'") == text.removeprefix("'")
    assert row["text"][:1] not in tuple("=+-@\t\r")


@given(texts, texts)
def test_a_feed_is_well_formed_whatever_stands_in_an_article(title, text):
    feed = etree.fromstring(written("atom", [changed(title=title, text=text, url='https://a.example/?a&b="1"')]))
    assert feed.find("{*}title").text == "dam & <flood>"
    assert feed.find("{*}entry/{*}link").get("href") == 'https://a.example/?a&b="1"'


def test_a_feed_is_read_by_a_reader_of_feeds():
    feed = feedparser.parse(written("atom", [changed(title="Dam leaks", authors=("Ana Sousa",), published=NOW)]))
    assert not feed.bozo
    (entry,) = feed.entries
    assert (entry.title, entry.id, entry.author) == ("Dam leaks", f"urn:newswire:{ONE.id}", "Ana Sousa")
    assert entry.published == NOW.isoformat()


def test_parquet_comes_in_parts_and_is_one_table():
    many = [changed(id=f"a{number}") for number in range(12_000)]
    parts = list(write_documents("parquet", iter(many), title="", at=NOW))
    assert len(parts) == 2
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(parts)))
    assert table.column("id").to_pylist() == [one.id for one in many]


@pytest.mark.parametrize("form", ["jsonl", "csv", "atom", "ninjs"])
def test_a_few_documents_at_a_time_are_read(form):
    taken = []

    def documents():
        for number in range(10_000):
            taken.append(number)
            yield ONE

    parts = write_documents(form, documents(), title="", at=NOW)
    next(parts)
    next(parts)
    assert len(taken) <= 200

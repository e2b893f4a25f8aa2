"""Facts about the formats in which articles go out: each is read back by the reader that others would use."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json

import jsonschema
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from bench.site_profile import page as generated
from pipeline.cli.export import export_command
from pipeline.cli.import_files import import_command
from pipeline.extract import RawPage, extract, load_config
from pipeline.parquet import COLUMNS, to_row
from pipeline.records import Article, Caption, CopyKind, Entity, EntityType, Location, Page, Precision, Stage, to_json
from pipeline.settings import Environment, Settings
from pipeline.stages import Context, run_one
from pipeline.store import NewArticle
from pipeline.wires import ninjs
from tests.helpers.support import NOW, REPO
from tests.test_documents import document

# The rules of ninjs 2.1, from IPTC's schema: which properties there are, of what kind, and that there are no others.
TEXT = {"type": "string"}
URI = {"type": "string", "format": "uri", "pattern": "^[a-z][a-z0-9+.-]*:.+"}
TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}


def listed(required=(), **properties):
    one = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"type": "array", "items": one}


CONCEPT = {"name": TEXT, "rel": TEXT, "uri": URI, "literal": TEXT}
VALUE = {"role": TEXT, "contenttype": TEXT, "value": TEXT}
GEO = {"type": "object", "required": ["type", "coordinates"]}
NINJS = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {
        "uri": URI,
        "type": {"enum": ["text", "audio", "video", "picture", "graphic", "composite", "component"]},
        "representationtype": {"enum": ["full", "partial"]},
        "pubstatus": {"enum": ["usable", "withheld", "canceled"]},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 9},
        **dict.fromkeys(("profile", "version", "copyrightholder", "copyrightnotice", "usageterms", "ednote"), TEXT),
        **dict.fromkeys(("language", "title", "by", "slugline", "located"), TEXT),
        **dict.fromkeys(("firstcreated", "versioncreated", "contentcreated", "embargoed", "expires"), TIME),
        "headlines": listed(("value",), **VALUE),
        "descriptions": listed(("value",), **VALUE),
        "bodies": listed(("value",), charcount={"type": "number"}, wordcount={"type": "number"}, **VALUE),
        "people": listed(**CONCEPT),
        "organisations": listed(**CONCEPT),
        "places": listed(geojson=GEO, **CONCEPT),
        "subjects": listed(creator=TEXT, **CONCEPT),
        "events": listed(**CONCEPT),
        "infosources": listed(name=TEXT, role=TEXT, uri=URI, literal=TEXT),
        "genres": listed(name=TEXT, uri=TEXT, literal=TEXT),
        "renditions": listed(("name",), name=TEXT, href=URI, contenttype=TEXT, title=TEXT),
        "altids": listed(role=TEXT, value=TEXT),
        "standard": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"name": TEXT, "version": TEXT, "schema": URI},
        },
    },
}
RULES = jsonschema.Draft202012Validator(NINJS)
KNOWN = load_config(REPO / "config")

texts = st.text(min_size=1, max_size=30)
times = st.none() | st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC))
entities = st.builds(
    Entity,
    id=texts,
    name=texts,
    type=st.sampled_from(EntityType),
    count=st.integers(0, 9),
    location=st.none() | st.builds(Location, lat=st.floats(-90, 90), lon=st.floats(-180, 180)),
)
FULL = document()
documents = st.builds(
    type(FULL),
    **{name: st.just(getattr(FULL, name)) for name in FULL.__struct_fields__}
    | {
        "title": st.none() | texts, "standfirst": st.none() | texts, "text": texts, "authors": st.tuples(texts),
        "published": times, "modified": times, "entities": st.lists(entities, max_size=5).map(tuple),
        "tags": st.lists(texts, max_size=3).map(tuple), "agency": st.none() | texts, "dateline": st.none() | texts,
        "copy_kind": st.none() | st.sampled_from(CopyKind),
        "published_precision": st.none() | st.sampled_from(Precision),
        "captions": st.lists(st.builds(Caption, text=texts), max_size=2).map(tuple),
        "url": st.sampled_from([None, "https://times.example/a"]), "canonical_url": st.none(),
    },
)  # fmt: skip


@given(documents)
def test_whatever_an_article_is_like_its_ninjs_keeps_the_rules_of_the_schema(one):
    RULES.validate(json.loads(to_json(ninjs.to_ninjs(one))))


def test_the_rules_refuse_what_the_schema_refuses():
    good = ninjs.to_ninjs(FULL)
    for bad in ({**good, "headline": "x"}, {**good, "type": "article"}, {**good, "versioncreated": "yesterday"}):
        with pytest.raises(jsonschema.ValidationError):
            RULES.validate(json.loads(to_json(bad)))


def test_what_is_written_as_ninjs_is_read_back_the_same():
    one = document(
        article=Article(
            id="a1", title="The dam holds", authors=("Ana Sousa",), agency="Reuters", dateline="Porto", language="en",
            published=NOW, text="The dam above the town holds.\nNobody was hurt, the mayor said on Friday.",
        )
    )  # fmt: skip
    made = extract(RawPage(data=to_json(ninjs.to_ninjs(one)), media_type="application/json"), KNOWN)
    for field in ("title", "authors", "agency", "dateline", "language", "published", "text"):
        assert getattr(made, field) == getattr(one, field)


@given(documents)
def test_a_row_has_a_cell_for_each_field_of_the_document(one):
    assert list(to_row(one)) == list(one.__struct_fields__)


def test_columns_are_of_the_kinds_that_tables_know():
    assert COLUMNS["title"] == COLUMNS["copy_kind"] == "text"
    assert COLUMNS["authors"] == COLUMNS["people"] == "texts"
    assert COLUMNS["captions"] == COLUMNS["entities"] == COLUMNS["stages"] == "json"
    assert (COLUMNS["published"], COLUMNS["version"], COLUMNS["is_primary"]) == ("time", "number", "flag")
    assert COLUMNS["paywalled"] == "flag"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A ledger in which three articles of an outlet are through."""
    folder = tmp_path_factory.mktemp("home")
    addresses = Environment(
        home=folder,
        store_url=f"sqlite:///{folder}/ledger.db",
        index_url=f"sqlite:///{folder}/index.db",
        archive_url=str(folder / "archive"),
    )
    with Context(Settings(), [], addresses, config=REPO / "config", clock=lambda: NOW) as context:
        arrivals = []
        for number in range(3):
            url, data = f"https://www.herald.example/{number}", generated(number).html.encode()
            page = Page(
                id=f"a{number}", url=url, final_url=url, blob=context.archive.put(data), size=len(data), fetched=NOW,
                media_type="text/html", charset="utf-8", etag='"1"',
            )  # fmt: skip
            arrivals.append(
                NewArticle(
                    id=page.id, source="Herald", first_seen=NOW, url=url, records=(page,),
                    stage=Stage.EXTRACT,
                )
            )  # fmt: skip
        with context.store.write() as connection:
            context.store.ledger.insert_articles(connection, arrivals, NOW)
        for stage in (Stage.EXTRACT, Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER):
            run_one(context, stage)
    return folder


@pytest.fixture
def export(home, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(home))
    return lambda *arguments: CliRunner().invoke(export_command, [str(one) for one in arguments])


def test_lines_go_out_in_order_of_arrival_and_the_cursor_goes_on_behind_them(export):
    done = export()
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a0", "a1", "a2"]
    assert "3 articles; go on with --since 3" in done.stderr
    assert [json.loads(line)["id"] for line in export("--since", "2").stdout.splitlines()] == ["a2"]
    assert export("--since", "3").stdout == ""
    assert len(export("--since", "2026-11-20").stdout.splitlines()) == 3
    assert export("--since", "2026-11-21").stdout == ""


def test_ninjs_is_a_line_each_and_comes_in_again_as_the_same_articles(export, tmp_path, monkeypatch):
    out = tmp_path / "out.jsonl"
    assert export("--format", "ninjs", "-o", out).exit_code == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    for line in lines:
        RULES.validate(json.loads(line))
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    said = CliRunner().invoke(import_command, [str(out)])
    assert "3 articles read, 3 new" in said.stderr, said.output
    again = CliRunner().invoke(export_command, ["--format", "ninjs"])
    bodies = [json.loads(line)["bodies"][0]["value"] for line in lines]
    assert [json.loads(line)["bodies"][0]["value"] for line in again.stdout.splitlines()] == bodies


def test_a_packed_file_holds_the_same_lines(export, tmp_path):
    export("-o", tmp_path / "out.jsonl.gz")
    packed = gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).decode()
    assert [json.loads(line)["id"] for line in packed.splitlines()] == ["a0", "a1", "a2"]


def test_parquet_is_a_table_of_the_articles(export, tmp_path):
    done = export("--format", "parquet", "-o", tmp_path / "out.parquet")
    assert done.exit_code == 0, done.output
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [one["id"] for one in table] == ["a0", "a1", "a2"]
    assert table[0]["first_seen"] == NOW
    assert isinstance(table[0]["people"], list)


@pytest.mark.parametrize("name", ["out.warc", "out.warc.gz"])
def test_warc_holds_the_pages_as_they_were_sent(export, tmp_path, name):
    assert export("--format", "warc", "-o", tmp_path / name).exit_code == 0
    data = (tmp_path / name).read_bytes()
    assert data.startswith(b"\x1f\x8b") is name.endswith(".gz")
    records = [
        (one.rec_headers["WARC-Target-URI"], one.http_headers["ETag"], one.content_stream().read())
        for one in ArchiveIterator(io.BytesIO(data))
    ]
    assert records[1] == ("https://www.herald.example/1", '"1"', generated(1).html.encode())
    assert len(records) == 3

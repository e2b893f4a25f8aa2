"""Records of WARC files are read one by one: what is damaged costs only itself, what is no page is counted."""

from __future__ import annotations

import collections
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.intake.import_files import read_items
from pipeline.intake.imported_item import ImportedItem, Omission
from pipeline.intake.warc_records import read_records

LIMIT = 100_000
PAGE = b"<html><body><p>" + b"The bridge closes for weeks. " * 9 + b"</p></body></html>"


def record(name, body=PAGE, *, kind=b"text/html", status=b"200 OK", what=b"response", change=0, more=b"", eol=b"\r\n"):
    url = name if b":" in name else b"https://a.example/" + name
    http = b"HTTP/1.1 " + status + b"\r\nContent-Type: " + kind + b"\r\n\r\n" + body
    head = [
        b"WARC/1.1", b"WARC-Type: " + what, b"WARC-Target-URI: " + url, b"WARC-Record-ID: <urn:uuid:1>",
        b"Content-Type: application/http", b"Content-Length: %d" % (len(http) + change),
    ]  # fmt: skip
    return eol.join(head) + eol + more + eol + http + b"\r\n\r\n"


def read(tmp_path, data, name="crawl.warc"):
    path = tmp_path / (f"{name}.gz" if data[:2] == b"\x1f\x8b" else name)
    path.write_bytes(data)
    items = [item for item, _ in read_items(path, LIMIT)]
    pages = [item.url.rpartition("/")[2] for item in items if isinstance(item, ImportedItem)]
    assert all(item.data == PAGE for item in items if isinstance(item, ImportedItem))
    faults = [item.detail for item in items if isinstance(item, ItemError)]
    return pages, faults, [item.what for item in items if isinstance(item, Omission)]


A, B, C = record(b"a"), record(b"b"), record(b"c")


@pytest.mark.parametrize(
    "data",
    [
        A + B + C,
        gzip.compress(A, mtime=0) + gzip.compress(B, mtime=0) + gzip.compress(C, mtime=0),
        gzip.compress(A + B + C, mtime=0),
        gzip.compress(A + B, mtime=0) + gzip.compress(C, mtime=0),
        A + record(b"b", eol=b"\n") + C,
        A + b"rubbish\r\n\r\n" + B + C,
        record(b"<https://a.example/a>") + B + C,
    ],
)
def test_all_pages_are_read_however_they_are_packed(tmp_path, data):
    assert read(tmp_path, data) == (["a", "b", "c"], [], [])


def test_a_file_is_told_by_its_first_bytes(tmp_path):
    assert read(tmp_path, gzip.compress(A + B), "crawl")[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (A + B[:-100], "record 2 (https://a.example/b): 96 bytes are missing"),
        (gzip.compress(A) + gzip.compress(B)[:-12], "gzip data is cut off"),
        (A + B[:60], "record 2: it is cut off in its header"),
        (A + record(b"b", more=b"WARC-Truncated: length\r\n"), "its crawler cut it off (length)"),
        (gzip.compress(A) + gzip.compress(B)[:12] + b"\xff" * 80, "gzip data is damaged"),
        (A + record(b"b").replace(b"HTTP/1.1 200 OK", b"no answer at a."), "holds no HTTP answer"),
        (A + record(b"b", PAGE * 1000), "more than 100,000 bytes"),
    ],
)
def test_a_record_that_is_not_whole_is_named_and_left_out(tmp_path, data, told):
    pages, faults, _ = read(tmp_path, data)
    assert pages == ["a"]
    assert len(faults) == 1
    assert told in faults[0]


@pytest.mark.parametrize("change", [-100, 200])
def test_a_wrong_length_costs_nothing_and_is_told(tmp_path, change):
    assert read(tmp_path, A + record(b"b", change=change) + C) == (["a", "b", "c"], [], [])
    mended = [item.mended for item, _ in read_items(tmp_path / "crawl.warc", LIMIT)]
    assert mended[0] is mended[2] is None
    assert "Content-Length says" in mended[1]


@pytest.mark.parametrize("date", [b"0001-01-01T00:00:00+14:00", b"2025-03-01T10:00:00", b"yesterday"])
def test_a_record_without_a_usable_date_is_read(tmp_path, date):
    assert read(tmp_path, record(b"a", more=b"WARC-Date: " + date + b"\r\n")) == (["a"], [], [])
    ((item, _),) = read_items(tmp_path / "crawl.warc", LIMIT)
    assert item.fetched is None


def test_what_is_no_page_is_counted(tmp_path):
    others = [
        record(b"robots.txt", b"User-agent: *\nDisallow:\n", kind=b"text/plain"),
        record(b"other", b"User-agent: *\nDisallow:\n", kind=b"text/plain"),
        record(b"feed", b"<?xml version='1.0'?><rss/>"),
        record(b"map", b"<urlset xmlns='x'/>", kind=b"text/plain"),
        record(b"list", b"https://a.example/1\nhttps://a.example/2\n", kind=b"text/plain"),
        record(b"data", b'{"a": 1}', kind=b"text/plain"),
        record(b"moved", status=b"301 Moved"),
        record(b"none", status=b"404 Not Found"),
        record(b"picture", kind=b"image/png"),
        record(b"dns:a.example"),
        *(record(what, what=what) for what in (b"request", b"metadata", b"revisit", b"warcinfo")),
    ]
    pages, faults, omitted = read(tmp_path, b"".join([A, *others, B]))
    assert (pages, faults) == (["a", "b"], [])
    assert collections.Counter(omitted) == {
        "robots.txt": 2, "feed or sitemap": 2, "list of addresses": 1, "JSON": 1, "redirect or unchanged (301)": 1,
        "answer with status 404": 1, "image/png": 1, "dns record": 1, "request record": 1, "metadata record": 1,
        "revisit record": 1, "warcinfo record": 1,
    }  # fmt: skip


@given(st.binary(max_size=60), st.integers(0, len(A + B)), st.integers(0, 80), st.booleans())
def test_a_damaged_file_is_read_or_named(noise, place, removed, packed):
    data = A + B + C
    data = data[:place] + noise + data[place + removed :]
    if packed:
        data = gzip.compress(data)[: len(data) - removed]
    try:
        records = list(read_records(io.BytesIO(data), LIMIT))
    except ItemError:
        return
    assert all(len(one.block) <= len(A + B + C) + len(noise) for one in records)

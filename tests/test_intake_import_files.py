"""Files of every kind bring in what they hold; what can't be used is named and the rest goes on."""

from __future__ import annotations

import gzip

import pytest

from pipeline.errors import ItemError, UsageError
from pipeline.intake.import_files import list_files, read_items
from pipeline.records import Reason

LIMIT = 10_000


def test_folders_are_searched_and_only_known_kinds_taken(tmp_path):
    for name in ("b.txt", "a.html", "deep/c.jsonl.gz", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in list_files([str(tmp_path)])] == ["a.html", "b.txt", "c.jsonl.gz"]


def test_a_path_where_there_is_nothing_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        list(list_files([str(tmp_path / "none")]))


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_is_read_plain_or_packed(tmp_path, packed):
    path = tmp_path / ("page.html.gz" if packed else "page.html")
    path.write_bytes(gzip.compress(b"<p>Rain") if packed else b"<p>Rain")
    ((found, _),) = read_items(path, LIMIT)
    assert (found.data, found.media_type) == (b"<p>Rain", "text/html")


def test_lines_that_are_none_are_named_and_the_others_read(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "one"}\nnonsense\n\n[1]\n{"text": "two"}\n', encoding="utf-8")
    found = [item for item, _ in read_items(path, LIMIT)]
    assert [one.line["text"] for one in found if not isinstance(one, ItemError)] == ["one", "two"]
    assert [str(path) + ":2" in found[1].detail, found[2].reason] == [True, Reason.BAD_RECORD]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("big.txt", b"x" * (LIMIT + 1), Reason.TOO_LARGE),
        ("bomb.txt.gz", gzip.compress(b"x" * 10_000_000, mtime=0), Reason.TOO_LARGE),
        ("cut.txt.gz", gzip.compress(b"x" * 5000, mtime=0)[:-9], Reason.UNREADABLE),
        ("not.txt.gz", b"plain", Reason.UNREADABLE),
        ("picture.png", b"x", Reason.UNREADABLE),
        ("rubbish.warc", b"rubbish", Reason.UNREADABLE),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, name, data, reason):
    path = tmp_path / name
    path.write_bytes(data)
    ((error, _),) = read_items(path, LIMIT)
    assert error.reason is reason
    assert str(path) in error.detail


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    ((error, _),) = read_items(tmp_path / "folder.txt", LIMIT)
    assert error.reason is Reason.UNREADABLE


def warc_record(url: str, kind: str, body: bytes) -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Record-ID: <urn:uuid:{url}>\r\n"
    head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    return head.encode() + http + b"\r\n\r\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_pages_of_a_warc_come_with_their_address(tmp_path, pack):
    path = tmp_path / "crawl.warc.gz"
    page = warc_record("https://times.example/a", "text/html; charset=utf-8", b"<p>Rain")
    picture = warc_record("https://times.example/b", "image/png", b"...")
    path.write_bytes(pack(page) + pack(picture))
    (found, _), (omitted, _) = read_items(path, LIMIT)
    assert omitted.what == "image/png"
    assert (found.url, found.data, found.charset) == ("https://times.example/a", b"<p>Rain", "utf-8")


def test_a_line_too_deep_or_damaged_is_named_and_the_others_are_read(tmp_path):
    path = tmp_path / "lines.jsonl"
    deep = b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    bad = [
        deep,
        b'{"text": "\\ud800"}',
        b'{"text": "\xff"}',
        b'{"text": NaN}',
        b'{"n": 1e999}',
        b"[" * 100_000,
        b"\x00",
    ]
    path.write_bytes(b"\n".join(part for line in bad for part in (b'{"text": "good", "a": 1, "a": 2}', line)))
    found = [item for item, _ in read_items(path, LIMIT)]
    assert [isinstance(item, ItemError) for item in found] == [False, True] * len(bad)
    for number, error in enumerate(found[1::2], 1):
        assert error.detail.startswith(f"{path}:{2 * number}: not a JSON object: ")
        assert len(error.detail) < 300
    (tmp_path / "mark.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "good"}')
    assert next(read_items(tmp_path / "mark.jsonl", LIMIT)).item.line == {"text": "good"}

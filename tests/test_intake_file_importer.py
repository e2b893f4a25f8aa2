"""Imports of archives go on where they were cut off: nothing is read twice or lost, each record counts once."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import brotli
import pytest

from pipeline.errors import BusyError, UsageError
from pipeline.intake.file_importer import FileImporter, ImportRequest, run_import
from pipeline.intake.import_files import list_files
from pipeline.records import Page, Stage
from pipeline.store import Store
from tests.helpers.arriving import NOW
from tests.helpers.support import REPO, places

COUNT = 250  # of articles: three transactions
PAGE = b"<html><body><p>" + b"The bridge closes for weeks. " * 9 + b"</p></body></html>"


def record(name, body=PAGE, *, fields=(), what=b"response", status=b"200 OK", more=b""):
    name = name.encode() if isinstance(name, str) else name
    http = b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Type: text/html", *fields, b"", body])
    head = [
        b"WARC/1.0", b"WARC-Type: " + what, b"WARC-Target-URI: https://a.example/" + name,
        b"WARC-Date: 2025-03-01T10:00:00Z", b"Content-Length: %d" % len(http),
    ]  # fmt: skip
    return b"\r\n".join([*head, more]) + b"\r\n" * (2 if more else 1) + http + b"\r\n\r\n"


def line(name):
    return json.dumps({"id": name, "text": f"{name}: the bridge closes for weeks."}).encode() + b"\n"


RECORDS = [record(f"p{number}", PAGE + b"<!-- %d -->" % number) for number in range(COUNT)]
LINES = [line(f"p{number}") for number in range(COUNT)]
FILES = {
    "plain.warc": b"".join(RECORDS),
    "members.warc.gz": b"".join(map(gzip.compress, RECORDS)),
    "one-member.warc.gz": gzip.compress(b"".join(RECORDS)),
    "lines.jsonl": b"".join(LINES),
    "lines.jsonl.gz": gzip.compress(b"".join(LINES)),
}


class Office:
    """Imports files, and tells what became of them."""

    def __init__(self, context):
        self.context = context
        self.failures, self.notes = [], []

    def take(self, path, *, stop_after=None, **request):
        steps = []

        def on_step(size):
            steps.append(size)
            if len(steps) == stop_after:
                raise KeyboardInterrupt

        made = FileImporter(
            self.context,
            ImportRequest(source="Crawl", **request),
            lambda where, why: self.failures.append(f"{where}: {why}"),
            self.notes.append,
            on_step,
        )
        made.import_file(path)
        return made.counts.to_plain()

    def waiting(self):
        with self.context.store.read() as connection:
            ledger = self.context.store.ledger
            return sum(ledger.count_waiting(connection, stage, NOW, []) for stage in (Stage.EXTRACT, Stage.DEDUPE))


@pytest.fixture
def office(context):
    return Office(context)


@pytest.mark.parametrize("name", FILES)
def test_an_import_that_is_cut_off_goes_on_where_it_stood(office, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    with pytest.raises(KeyboardInterrupt):
        office.take(path, stop_after=2)
    assert office.waiting() == 200
    assert office.take(path) == {"read": 50, "new": 50}
    assert office.waiting() == COUNT
    assert office.take(path) == {"read": 0, "new": 0}
    assert "read to its end on 20" in office.notes[0]
    assert office.take(path, again=True) == {"read": COUNT, "new": 0, "known": COUNT}


@pytest.mark.slow
def test_a_killed_program_has_saved_articles_and_place_together(tmp_path):
    path, places_ = tmp_path / "crawl.warc.gz", places(tmp_path)
    path.write_bytes(b"".join(gzip.compress(record(f"p{n}", PAGE + b"%d" % n)) for n in range(3000)))
    code = "import sys; from pipeline.intake.file_importer import run_import; print(run_import(sys.argv[1:], 'Crawl'))"
    environ = os.environ | {"NEWSWIRE_HOME": str(tmp_path), "NEWSWIRE_CONFIG": str(REPO / "config")}
    command = [sys.executable, "-c", code, str(path)]
    first = subprocess.Popen(command, env=environ)
    while not list((tmp_path / "archive").glob("*/*/*.zst"))[400:] and first.poll() is None:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    store = Store(places_.store_url)
    with store.read() as connection:
        saved = store.ledger.count_waiting(connection, Stage.EXTRACT, NOW.replace(year=2100), [])
    store.close()
    assert 0 < saved < 3000
    second = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert second.stdout.strip() == str({"read": 3000 - saved, "new": 3000 - saved})


@pytest.mark.parametrize(
    ("name", "whole", "more"),
    [
        ("crawl.warc", FILES["plain.warc"], record("late")),
        ("crawl.warc.gz", FILES["members.warc.gz"], gzip.compress(record("late"))),
        ("lines.jsonl", FILES["lines.jsonl"], line("late")),
        ("lines.jsonl.gz", FILES["lines.jsonl.gz"], gzip.compress(line("late"))),
    ],
)
def test_of_a_file_that_grew_only_what_is_new_is_read_also_where_its_end_was_half_written(
    office, tmp_path, name, whole, more
):
    path = tmp_path / name
    path.write_bytes(whole + more[:-9])
    assert office.take(path)["new"] == COUNT
    path.write_bytes(whole + more)
    assert office.take(path) == {"read": 1, "new": 1}
    assert office.waiting() == COUNT + 1


def test_a_file_that_was_written_anew_is_read_anew(office, tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"".join(LINES))
    office.take(path)
    path.write_bytes(b"".join(LINES).replace(b"p7:", b"q7:"))
    os.utime(path, (1, 1))
    assert office.take(path) == {"read": COUNT, "new": 0, "known": COUNT - 1, "known with another text": 1}
    assert office.take(path, update=True) == {"read": COUNT, "new": 0, "known": COUNT - 1, "changed": 1}


def test_each_record_has_one_outcome_with_its_reason_and_the_rest_goes_on(office, tmp_path):
    big = office.context.settings.extract.max_bytes
    packed = gzip.compress(PAGE)
    parts = [
        record("warcinfo", what=b"warcinfo"),
        record("a", fields=[b"X-Robots-Tag: noarchive"]),
        record("packed", b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed),
               fields=[b"Content-Encoding: gzip", b"Transfer-Encoding: chunked"]),
        record("brotli", brotli.compress(PAGE), fields=[b"Content-Encoding: br"]),
        record("same", b"", status=b"304 Not Modified"),
        record("again", what=b"revisit"),
        record("a"),
        record("big", b"<p>" + b"x" * big),
        record("cut", gzip.compress(PAGE)[:-20], fields=[b"Content-Encoding: gzip"]),
        record("other", b"?" * 99, fields=[b"Content-Encoding: compress"]),
        record("empty", b" "),
    ]  # fmt: skip
    broken = gzip.compress(record("damaged"))
    members = [*map(gzip.compress, parts), broken[:-9], gzip.compress(record("b")), broken[: len(broken) // 2]]
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(b"".join(members))
    counts = office.take(path)
    assert counts == {
        "read": 14, "new": 4, "known": 1,
        "left_out": {"warcinfo record": 1, "redirect or unchanged (304)": 1, "revisit record": 1},
        "failed": {"unreadable": 4, "too large": 1, "empty": 1},
    }  # fmt: skip
    told = "\n".join(office.failures)
    for words in ("more than", "gzip breaks off", "'compress'", "nothing in it", "damaged", "record 14"):
        assert words in told
    with office.context.store.read() as connection:
        ledger = office.context.store.ledger
        (name,) = ledger.find_ids_by_url(connection, ["https://a.example/a"]).values()
        page = ledger.latest(connection, [name], Page)[name]
    assert (page.fetched.isoformat(), page.saved, page.rights) == ("2025-03-01T10:00:00+00:00", False, ("noarchive",))
    assert office.context.archive.get(page.blob) == PAGE


def test_what_is_being_worked_on_is_taken_by_the_next_import(office, tmp_path):
    path, store = tmp_path / "items.jsonl", office.context.store

    def write(version, weeks):
        item = {
            "uri": "urn:x:1",
            "version": version,
            "type": "text",
            "headline": "The bridge closes",
            "body_text": weeks,
        }
        path.write_text(json.dumps(item) + "\n" + line("other").decode(), encoding="utf-8")

    write("1", "It closes for one week.")
    assert office.take(path)["new"] == 2
    with store.write() as connection:
        claimed = store.ledger.claim(connection, Stage.EXTRACT, NOW, limit=9, seconds=60)
    write("2", "It closes for two long weeks.")
    assert office.take(path) == {"read": 2, "new": 0, "known": 1, "failed": {"being worked on": 1}}
    with store.write() as connection:
        store.ledger.release(connection, claimed)
    assert office.take(path) == {"read": 2, "new": 0, "taken over as a newer version": 1, "known": 1}
    assert office.take(path)["read"] == 0


def test_a_file_that_can_not_be_read_keeps_its_place(office, tmp_path):
    path = tmp_path / "crawl.warc"
    path.write_bytes(FILES["plain.warc"])
    office.take(path, limit=100)
    path.rename(tmp_path / "away.warc")
    assert office.take(path)["failed"] == {"unreadable": 1}
    (tmp_path / "away.warc").rename(path)
    assert office.take(path)["new"] == 150


def test_of_two_that_import_one_file_one_ends_and_saves_nothing(office, tmp_path):
    path = tmp_path / "crawl.warc"
    path.write_bytes(FILES["plain.warc"])
    other = Office(office.context)

    def meanwhile(_):
        if not other.notes:
            other.notes.append("once")
            other.take(path)

    made = FileImporter(office.context, ImportRequest(source="Crawl"), print, print, meanwhile)
    with pytest.raises(BusyError, match="is being imported by another process"):
        made.import_file(path)
    assert office.waiting() == COUNT
    assert office.take(path)["read"] == 0


def test_no_more_than_the_limit_is_taken_and_the_next_run_goes_on(office, tmp_path):
    path = tmp_path / "crawl.warc"
    path.write_bytes(FILES["plain.warc"])
    assert [office.take(path, limit=120)["new"] for _ in range(4)] == [120, 120, 10, 0]


def test_patterns_name_files_and_one_that_names_none_is_wrong_use(tmp_path):
    for name in ("a/x.warc.gz", "a/b/y.warc.gz", "z.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in list_files([f"{tmp_path}/**/*.warc.gz"])] == ["y.warc.gz", "x.warc.gz"]
    with pytest.raises(UsageError, match="no file of this pattern"):
        list(list_files([f"{tmp_path}/*.warc"]))


def test_a_file_of_which_nothing_can_be_used_fails_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    (tmp_path / "bad.warc").write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"bad.warc can be used: 1 times unreadable"):
        run_import([str(tmp_path / "bad.warc")], "Crawl")

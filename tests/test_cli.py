"""What the command line says of bad input: one clear line, an exit code, never a traceback; the rest goes on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from pipeline.cli import _COMMANDS
from pipeline.store import Store
from tests.helpers.support import REPO
from tests.helpers.web import serve

TEXT = (
    "Lisbon: The harbour bridge was closed on Monday after an inspection found cracks in two of its supports.\n"
    "Engineers of the city said that repairs would take until spring. Ferries run every ten minutes instead.\n"
    "“We looked at every bolt,” said Mayor Ines Okafor. “Nobody will cross it before it is safe.”\n"
)


def newswire(*arguments, home, stdin=None, limit=None, **environment):
    def bound():
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *map(str, arguments)],
        env={**os.environ, "NEWSWIRE_HOME": str(home), "NEWSWIRE_CONFIG": str(REPO / "config"), **environment},
        cwd=REPO,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=bound,
    )


def refused(done, code, *words):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.slow
def test_every_command_explains_itself(tmp_path):
    listed = newswire("--help", home=tmp_path)
    assert listed.returncode == 0
    for command in _COMMANDS:
        assert f"  {command} " in listed.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run", "--stage", "cook"], ["run", "--once", "--every", "5"], ["explain", "no-such"]]
)
def test_wrong_use_is_exit_code_2(tmp_path, arguments):
    refused(newswire(*arguments, home=tmp_path), 2)


@pytest.mark.slow
def test_a_text_is_imported_once_and_found(tmp_path):
    (tmp_path / "bridge.txt").write_text(TEXT, encoding="utf-8")
    for new in (1, 0):
        done = newswire("import", tmp_path / "bridge.txt", home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"{new} new" in done.stderr
    found = newswire("search", "bridge repair", "--facet", "people", "--json", home=tmp_path)
    results = json.loads(found.stdout)
    assert results["total"] == 1
    assert results["hits"][0]["document"]["dateline"] == "Lisbon"
    assert "<mark>bridge</mark>" in results["hits"][0]["highlights"]["text"]


@pytest.mark.slow
def test_an_imported_correction_is_taken_over_when_asked_for_and_copies_that_lack_it_are_listed(tmp_path):
    def write(text):
        lines = [{"id": "w1", "source": "Coastwire", "text": text}, {"id": "d1", "source": "Daily", "text": TEXT}]
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    write(TEXT)
    newswire("import", tmp_path / "in.jsonl", home=tmp_path)
    write(TEXT.replace("until spring", "until autumn"))
    assert "0 new, 1 known with another text" in newswire("import", tmp_path / "in.jsonl", home=tmp_path).stderr
    assert "0 corrections" in newswire("corrections", home=tmp_path).stderr
    for said in ("0 new, 1 changed", "0 new\n"):
        assert said in newswire("import", "--update", tmp_path / "in.jsonl", home=tmp_path).stderr
    done = newswire("corrections", home=tmp_path)
    assert "1 corrections, 1 copies still as before" in done.stderr
    assert "Daily" in done.stdout


@pytest.mark.slow
def test_an_editors_decision_reaches_the_index_and_is_undone(tmp_path):
    (tmp_path / "bridge.txt").write_text(TEXT, encoding="utf-8")
    assert newswire("import", tmp_path / "bridge.txt", home=tmp_path).returncode == 0
    assert "person:ines-okafor" in newswire("entities", "list", "okafor", home=tmp_path).stdout
    said = newswire("entities", "rename", "Ines Okafor", "Inês Okafor", "--by", "desk", home=tmp_path)
    assert "desk: person:ines-okafor is called Inês Okafor" in said.stdout
    assert "1 documents are written anew" in said.stdout
    newswire("run", "--stage", "index", home=tmp_path)
    found = newswire("search", "bridge", "--facet", "people", "--facet", "words", "--json", home=tmp_path)
    assert json.loads(found.stdout)["facets"]["people"] == [["Inês Okafor", 1]]
    assert json.loads(found.stdout)["facets"]["words"] == [["1-99", 1]]
    newswire("entities", "undo", "1", home=tmp_path)
    assert ", taken back " in newswire("entities", "decisions", home=tmp_path).stdout
    assert "person:ines-okafor  Ines Okafor" in newswire("entities", "show", "Ines Okafor", home=tmp_path).stdout
    refused(newswire("entities", "hide", "Nobody", home=tmp_path), 2, "no entity is called 'Nobody'")


@pytest.mark.slow
def test_what_cannot_be_imported_is_named_and_the_rest_goes_on(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 40)
    (folder / "huge.html").write_bytes(b"<html><body>" + b"<p>word word word</p>" * 1_500_000)
    (folder / "bridge.txt").write_text(TEXT, encoding="utf-8")
    done = newswire("import", folder, home=tmp_path)
    refused(done, 1, "empty.txt: empty", "huge.html", "extract.max_bytes", "binary")
    assert newswire("search", "bridge", home=tmp_path).stdout.endswith("1 found\n")


@pytest.mark.slow
def test_the_filters_name_what_they_cannot_use_and_go_on(tmp_path):
    lines = "nonsense\n" + json.dumps({"id": "a", "text": TEXT}) + "\n" + json.dumps({"id": "b"}) + "\n"
    done = newswire("dedupe", "-", home=tmp_path, stdin=lines)
    refused(done, 1, "-:1: not a JSON object", "b: no text")
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["copy_of"] is None


@pytest.mark.slow
def test_a_date_in_the_future_lets_later_lines_find_what_they_copy(tmp_path):
    other = "Nothing here is like the rest, which the reader of both will see in the end of all: " * 3
    each = [("a", "2026-03-21", TEXT), ("b", "9999-01-01", other), ("c", "2026-03-21", TEXT)]
    lines = "".join(json.dumps({"id": i, "published": f"{day}T10:00:00Z", "text": t}) + "\n" for i, day, t in each)
    done = newswire("dedupe", "-", home=tmp_path, stdin=lines)
    assert [json.loads(line)["copy_of"] for line in done.stdout.splitlines()] == [None, None, "a"]


@pytest.mark.slow
def test_an_extract_that_yields_nothing_says_why(tmp_path):
    (tmp_path / "empty.html").write_bytes(b"  ")
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text('{"id": "x", "path": "empty.html"}\n{"id": "y", "path": "none.html"}\n', encoding="utf-8")
    done = newswire("extract", "--manifest", manifest, home=tmp_path)
    refused(done, 1)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["id"], first["error"]["reason"]) == ("x", "empty")
    assert second["error"]["reason"] == "unreadable"


@pytest.mark.slow
def test_how_long_ago_it_was_counts_from_when_the_manifest_says_that_a_page_was_fetched(tmp_path):
    page = f"<title>Bridge</title><h1>Bridge closes</h1><p>5 hours ago</p><p>{TEXT}</p>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    lines = [{"id": "a", "path": "page.html"}, {"id": "b", "path": "page.html", "fetched": "2026-03-21T12:00:00Z"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    done = newswire("extract", "--manifest", tmp_path / "in.jsonl", home=tmp_path)
    assert [json.loads(line)["published"] for line in done.stdout.splitlines()] == [None, "2026-03-21"]


@pytest.mark.slow
def test_the_stages_as_filters_keep_what_a_line_has(tmp_path):
    line = json.dumps({"id": "a", "text": TEXT, "mine": 7})
    for command in ("dedupe", "enrich", "cluster"):
        done = newswire(command, "-", home=tmp_path, stdin=line)
        assert done.returncode == 0, done.stderr
        line = done.stdout.strip()
    made = json.loads(line)
    assert made["mine"] == 7
    assert {"copy_of", "copy", "mentions", "entities", "story"} <= made.keys()
    for mention in made["mentions"]:
        assert TEXT[mention["start"] : mention["end"]] == mention["name"]


@pytest.mark.slow
def test_an_output_file_is_whole_or_not_there(tmp_path):
    line = json.dumps({"id": "a", "text": TEXT}) + "\n"
    done = newswire("dedupe", "-", "-o", tmp_path / "out.jsonl", home=tmp_path, stdin=line * 3)
    assert done.returncode == 0
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    refused(newswire("dedupe", "-", "-o", "/nowhere/out", home=tmp_path, stdin=line), 2, "/nowhere/out")


def test_a_device_may_be_the_output_and_stays_one(tmp_path):
    line = json.dumps({"id": "a", "text": TEXT}) + "\n"
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    assert newswire("dedupe", "-", "-o", device, home=tmp_path, stdin=line).returncode == 0
    assert device.is_char_device()


def test_an_unknown_setting_is_named_by_file_and_key(tmp_path):
    (tmp_path / "newswire.toml").write_text("[fetch]\nspeed = 9\n", encoding="utf-8")
    done = newswire("status", home=tmp_path, NEWSWIRE_CONFIG=str(tmp_path))
    refused(done, 1, str(tmp_path / "newswire.toml"), "unknown key fetch.speed")


def test_an_address_that_is_not_http_is_refused_where_it_stands(tmp_path):
    text = '[[source]]\nname = "Times"\nfeeds = ["file:///etc/passwd"]\n'
    (tmp_path / "feeds.toml").write_text(text, encoding="utf-8")
    done = newswire("run", home=tmp_path, NEWSWIRE_CONFIG=str(tmp_path))
    refused(done, 1, "feeds.toml", "file:///etc/passwd", "http")


@pytest.mark.slow
def test_check_tells_that_publishers_cannot_reach_us_and_which_credentials_are_missing(tmp_path):
    (tmp_path / "newswire.toml").write_text("", encoding="utf-8")
    text = '[[source]]\nname = "Times"\nfeeds = ["https://times.example/feed"]\ncredentials = "TIMES"\n'
    (tmp_path / "feeds.toml").write_text(text, encoding="utf-8")
    done = newswire("check", home=tmp_path, NEWSWIRE_CONFIG=str(tmp_path))
    assert done.returncode == 1
    assert "FAIL  sources   source 'Times' logs in with NEWSWIRE_CREDENTIALS_TIMES, which is not set" in done.stdout
    known = newswire("check", home=tmp_path, NEWSWIRE_CONFIG=str(tmp_path), NEWSWIRE_CREDENTIALS_TIMES="ana:secret")
    assert "publishers can't reach you: set fetch.contact" in known.stdout
    assert "secret" not in known.stdout + known.stderr


def test_a_feed_that_is_a_page_is_named(tmp_path):
    (tmp_path / "feed.xml").write_text("<!doctype html><title>Home</title>", encoding="utf-8")
    refused(newswire("feeds", "parse", tmp_path / "feed.xml", home=tmp_path), 1, "feed.xml", "not a feed")


def test_a_ledger_of_a_newer_newswire_is_refused(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    refused(newswire("status", home=tmp_path), 1, "newer newswire", "update newswire")


@pytest.mark.slow
def test_a_full_disk_is_one_clear_line_and_loses_nothing(tmp_path):
    (tmp_path / "bridge.txt").write_text(TEXT, encoding="utf-8")
    assert newswire("status", home=tmp_path).returncode == 0
    size = (tmp_path / "ledger.db").stat().st_size
    refused(newswire("import", tmp_path / "bridge.txt", home=tmp_path, limit=min(size, 4096)), 1, "newswire: ")
    assert newswire("import", tmp_path / "bridge.txt", home=tmp_path).returncode == 0
    assert newswire("search", "bridge", home=tmp_path).stdout.endswith("1 found\n")


def test_a_place_that_may_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused(newswire("status", home=tmp_path / "file"), 1, str(tmp_path / "file"))


@pytest.mark.slow
def test_an_index_that_does_not_answer_is_named(tmp_path):
    done = newswire("search", "x", home=tmp_path, NEWSWIRE_INDEX_URL="http://127.0.0.1:1")
    refused(done, 1, "127.0.0.1:1")


@pytest.mark.slow
def test_check_says_what_is_wrong_and_what_is_right(tmp_path):
    assert newswire("check", home=tmp_path).returncode == 0
    done = newswire("check", home=tmp_path, NEWSWIRE_INDEX_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "FAIL  index" in done.stdout
    assert "ok    ledger" in done.stdout


@pytest.mark.parametrize("command", [("extract", "bridge.txt"), ("import", "bridge.txt"), ("run", "--once")])
@pytest.mark.slow
def test_workers_that_cannot_work_are_one_clear_line(tmp_path, command):
    with serve() as site:
        feed = site.page("/feed", '<rss version="2.0"><channel><title>T</title></channel></rss>', kind="text/xml")
        (tmp_path / "feeds.toml").write_text(f'[[source]]\nname = "Times"\nfeeds = ["{feed}"]\n')
        (tmp_path / "newswire.toml").write_text(
            '[fetch]\nallow_addresses = ["127.0.0.0/8"]\n[poll]\nmemory_mb = 50\n[extract]\nmemory_mb = 50\n'
        )
        (tmp_path / "bridge.txt").write_text(TEXT, encoding="utf-8")
        named = [tmp_path / word if "." in word else word for word in command]
        done = newswire(*named, home=tmp_path, NEWSWIRE_CONFIG=str(tmp_path))
    refused(done, 1, "newswire: a worker process can't work", "raise memory_mb")
    assert len(done.stderr.splitlines()) <= 2

"""What is kept in the archive comes back, and a place that can't be used is named."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.archive import Archive
from pipeline.errors import ArchiveError
from tests.helpers.object_store import BUCKET, object_store


@pytest.fixture
def archive(tmp_path):
    return Archive(str(tmp_path / "archive"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(st.binary(max_size=5000))
def test_what_is_put_is_got(archive, data):
    assert archive.get(archive.put(data)) == data


def test_the_same_bytes_are_kept_once(archive, tmp_path):
    assert archive.put(b"page") == archive.put(b"page")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_what_is_deleted_is_gone_and_deleting_twice_is_fine(archive):
    name = archive.put(b"page")
    archive.delete(name)
    archive.delete(name)
    with pytest.raises(ArchiveError, match="is not there"):
        archive.get(name)


def test_any_fsspec_address_will_do():
    archive = Archive("memory://newswire-archive-test")
    assert archive.get(archive.put(b"page")) == b"page"


def test_a_damaged_blob_is_named_as_such(archive, tmp_path):
    archive.put(b"page")
    (blob,) = tmp_path.rglob("*.zst")
    blob.write_bytes(b"not zstandard")
    with pytest.raises(ArchiveError, match="damaged"):
        archive.get(blob.name.removesuffix(".zst"))


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArchiveError, match="NEWSWIRE_ARCHIVE_URL"):
        Archive(str(tmp_path / "file")).put(b"page")


def test_an_address_of_an_unknown_kind_is_refused():
    with pytest.raises(ArchiveError, match="NEWSWIRE_ARCHIVE_URL"):
        Archive("gopher://archive.example/")


PUT_UNDER_A_LIMIT = """
import os, resource, sys
from pipeline.archive import Archive
from pipeline.errors import ArchiveError
from tests.helpers.object_store import BUCKET, object_store

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
archive = Archive(sys.argv[1])
small = archive.put(b"fits")
try:
    archive.put(os.urandom(50_000))
except ArchiveError as error:
    print(error)
print(archive.get(small).decode())
"""


def test_a_page_that_cannot_be_written_whole_leaves_nothing_behind(tmp_path):
    command = [sys.executable, "-c", PUT_UNDER_A_LIMIT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told, kept = done.stdout.splitlines()
    assert told == f"archive {tmp_path}: File too large; have the limit on the size of files raised"
    assert kept == "fits"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{sha256(b'fits').hexdigest()}.zst"]


def test_an_archive_lists_its_files_with_their_age(tmp_path):
    archive = Archive(str(tmp_path / "new"))
    assert list(archive.iter_files()) == []
    name = archive.put(b"a page")
    (tmp_path / "new" / name[:2] / "notes.txt").write_text("not of the archive")
    files = {file.name: file for file in archive.iter_files()}
    assert set(files) == {name, None}
    assert abs(files[name].changed.timestamp() - Path(files[name].path).stat().st_mtime) < 0.001
    assert archive.delete_file(files[name])
    assert not archive.delete_file(files[name])
    with pytest.raises(ArchiveError):
        archive.get(name)


@pytest.fixture(scope="module")
def s3():
    with object_store() as files:
        yield files


@pytest.mark.slow
def test_an_archive_on_an_object_store_keeps_gives_lists_and_deletes_pages(s3):
    archive = Archive(f"s3://{BUCKET}/archive")
    assert list(archive.iter_files()) == []
    name = archive.put(b"a page")
    assert archive.put(b"a page") == name
    assert archive.get(name) == b"a page"
    elsewhere = Archive(f"s3://{BUCKET}/archive").put(b"another page")
    (file,) = [file for file in archive.iter_files() if file.name == name]
    assert file.changed.tzinfo
    assert archive.list_names(int(elsewhere[:2], 16)) >= {elsewhere}
    s3.pipe_file(f"{BUCKET}/archive/{'ab' * 32}.zst", b"stored by another program, after the archive was listed")
    assert len(list(archive.iter_files())) == 3
    assert archive.delete_file(file)
    with pytest.raises(ArchiveError, match="is not there"):
        archive.get(name)


@pytest.mark.slow
def test_an_object_store_that_is_away_is_named(s3, monkeypatch):
    kind = fsspec.get_filesystem_class("s3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    kind.clear_instance_cache()  # connections know what the environment said
    with pytest.raises(ArchiveError, match=r"Could not connect.*check NEWSWIRE_ARCHIVE_URL"):
        Archive(f"s3://{BUCKET}/archive").put(b"a page")
    kind.clear_instance_cache()

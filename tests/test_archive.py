"""What is kept in the archive comes back, and a place that can't be used is named."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.archive import Archive
from pipeline.errors import ArchiveError


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

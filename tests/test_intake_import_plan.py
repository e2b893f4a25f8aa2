"""What is to be imported is divided among tasks so that nothing is left out and no task is tiny."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.intake.import_plan import group_files, plan_import


def test_files_of_records_go_alone_and_others_together(tmp_path):
    for name in ("crawl/a.warc.gz", "crawl/b.jsonl", "letters/1.html", "letters/2.html", "letters/picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    parts = plan_import([str(tmp_path), f"{tmp_path}/crawl/*.jsonl", " "])
    assert [part["label"] for part in parts] == [
        "crawl/a.warc.gz",
        "crawl/b.jsonl",
        "letters/1.html … letters/2.html (2 files)",
    ]
    assert parts[0]["paths"] == [str(tmp_path / "crawl/a.warc.gz")]


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (None, "name at least one"),
        ([" "], "name at least one"),
        (["crawl"], "crawl: give the whole path"),
        (["/no/such"], "/no/such: there is no such file or folder"),
        (["/no/such/*.warc"], "no file of this pattern"),
        (["{folder}"], "nothing that newswire reads"),
    ],
)
def test_paths_that_name_nothing_are_wrong_use_in_one_line(tmp_path, paths, told):
    with pytest.raises(UsageError, match=told) as raised:
        plan_import(paths and [path.format(folder=tmp_path) for path in paths])
    assert "\n" not in str(raised.value)


@given(st.lists(st.booleans(), min_size=1, max_size=700))
def test_each_file_is_in_one_part_and_there_are_few_parts(alone):
    files = [Path(f"/data/{number}") for number in range(len(alone))]
    parts = group_files(files, alone, most=50)
    assert sorted(path for part in parts for path in part.paths) == sorted(map(str, files))
    assert len(parts) <= 54
    assert all(part.label for part in parts)

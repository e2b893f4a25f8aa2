"""Divide what is to be imported among tasks: each file of records alone, other files by groups."""

from __future__ import annotations

import math
import os.path
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.intake.import_files import FILE_KINDS, can_resume, list_files

# Airflow takes 1,024 mapped tasks at most ([core] max_map_length); files of both kinds get half of it each
MOST_PARTS = 500
_LEAST_FILES = 200  # of a group of files that hold an article each: a task costs seconds, such a file milliseconds


class ImportPart(NamedTuple):
    """What one task imports, and how it is called."""

    label: str
    paths: tuple[str, ...]


def plan_import(paths: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the parts of an import as plain values: what an Airflow task calls.

    Args:
        paths: of files and folders, or patterns, from the root: whoever imports may work elsewhere.

    Raises:
        UsageError: There is no path, or one that isn't whole, or nothing at it that can be read.
    """
    names = [name.strip() for name in paths or () if name.strip()]
    if not names:
        raise UsageError("paths: name at least one file, folder or pattern, such as /data/crawl/*.warc.gz")
    for name in names:
        if not Path(name).is_absolute():
            raise UsageError(f"{name}: give the whole path, from / on")
    files = list(dict.fromkeys(list_files(names)))
    if not files:
        raise UsageError(f"{', '.join(names)}: there is nothing that newswire reads: {', '.join(FILE_KINDS)}")
    parts = group_files(files, [can_resume(file) for file in files])
    return [{"label": part.label, "paths": list(part.paths)} for part in parts]


def group_files(files: Sequence[Path], alone: Sequence[bool], most: int = MOST_PARTS) -> list[ImportPart]:
    """Return the parts that hold ``files``, those that go ``alone`` first; at most ``most`` of either kind."""
    folder = Path(os.path.commonpath([file.parent for file in files]))
    archives = [file for file, is_alone in zip(files, alone, strict=True) if is_alone]
    others = [file for file, is_alone in zip(files, alone, strict=True) if not is_alone]
    parts = []
    for chosen, least in ((archives, 1), (others, _LEAST_FILES)):
        size = max(least, math.ceil(len(chosen) / most))
        parts += [_part(chosen[at : at + size], folder) for at in range(0, len(chosen), size)]
    return parts


def _part(files: Sequence[Path], folder: Path) -> ImportPart:
    first, last = (str(file.relative_to(folder)) for file in (files[0], files[-1]))
    label = first if len(files) == 1 else f"{first} … {last} ({len(files)} files)"
    return ImportPart(label, tuple(map(str, files)))

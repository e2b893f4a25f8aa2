"""Extract what a manifest names and print one line per item, as ``newswire extract`` does; figures go to stderr.

    python bench/extract.py MANIFEST > OUT

Manifest lines: {"id", "path" (relative to the manifest; .html or .txt, each may be .gz), "url", "fetched"}.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sys
import time
from pathlib import Path

from pipeline.errors import ItemError
from pipeline.extract import Raw, extract, load, to_error_line, to_line
from pipeline.settings import config_folder


def raw_of(line: dict[str, str], folder: Path) -> tuple[Raw, str]:
    path = folder / line["path"]
    data = path.read_bytes()
    name = path.name
    if name.endswith(".gz"):
        data, name = gzip.decompress(data), name.removesuffix(".gz")
    fetched = line.get("fetched")
    when = dt.datetime.fromisoformat(fetched) if fetched else None
    return Raw(id=line.get("id"), data=data, url=line.get("url"), fetched=when), name


def main() -> None:
    manifest = Path(sys.argv[1])
    known = load(config_folder())
    started, pages = time.process_time(), 0
    for text in manifest.read_text(encoding="utf-8").splitlines():
        raw, name = raw_of(json.loads(text), manifest.parent)
        try:
            line = to_line(extract(raw, known, name))
        except ItemError as error:
            line = to_error_line(raw.id, error)
        print(json.dumps(line, ensure_ascii=False))
        pages += 1
    spent = time.process_time() - started
    print(f"{pages} pages, {pages / spent:.1f} per CPU second", file=sys.stderr)


if __name__ == "__main__":
    main()

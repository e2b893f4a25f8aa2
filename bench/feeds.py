"""Measure how fast feeds are parsed: every feed (*.gz) of a folder, with a line for each.

python bench/feeds.py FOLDER OUT     OUT: {"id": file name, "entries": [the lines of `newswire feeds parse`]}
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sys
import time
from pathlib import Path

from pipeline.errors import ItemError
from pipeline.feeds.model import FeedResponse
from pipeline.feeds.parse import parse
from pipeline.jsonlines import feed_item_to_line


def main(folder: Path, out: Path) -> None:
    feeds = entries = size = 0
    spent = 0.0
    with out.open("w", encoding="utf-8") as lines:
        for file in sorted(folder.glob("*.gz")):
            data = gzip.decompress(file.read_bytes())
            began = time.process_time()
            try:
                parsed = parse(FeedResponse(data=data, url="", now=dt.datetime.now(dt.UTC)))
            except ItemError as error:
                print(f"{file.name}: {error}", file=sys.stderr)
                continue
            spent += time.process_time() - began
            feeds, entries, size = feeds + 1, entries + len(parsed.items), size + len(data)
            line = {"id": file.name, "entries": [feed_item_to_line(item) for item in parsed.items]}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(
        f"{feeds} feeds, {entries} entries, {size / 1e6:.1f} MB in {spent:.1f} s CPU: {entries / spent:.0f} entries/s"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

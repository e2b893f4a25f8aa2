"""Ask the index again and again which articles a search finds, and note when each was found first.

    python bench/index_prober.py WEB FOUND [--every 0.25]

WEB is the web.json of a synthetic web; ledger and index are those of the environment. Each time two searches are made:
for the newest articles, and for one further page of older ones, in turn. FOUND gets a JSON line an article: its address
and when it was found, in seconds since 1970. Ends when its standard input does. Works with every checkout whose
interpreter runs it.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path

from pipeline.context import open_context
from pipeline.errors import NewswireError
from pipeline.index import MAX_HITS, Index, Query

_PAGE = 100  # hits of a search


class Prober:
    """What searches have found so far, of the articles with the addresses ``wanted``."""

    def __init__(self, index: Index, wanted: set[str], found: Path) -> None:
        self.searches = self.failed = 0
        self.slowest = 0.0
        self._index = index
        self._wanted = wanted
        self._found = found
        self._depth = 0

    def probe(self) -> None:
        """Search for the newest, and for the next page of older ones; note what wasn't found before."""
        total = self._search(0)
        self._depth = self._depth + _PAGE if self._depth + _PAGE < min(total, MAX_HITS - _PAGE) else 0
        if self._depth:
            self._search(self._depth)

    def probe_all(self) -> None:
        """Search for all that can be paged through."""
        for offset in range(0, max(1, min(self._search(0), MAX_HITS)), _PAGE):
            self._search(offset)

    def _search(self, offset: int) -> int:
        began = time.monotonic()
        try:
            results = self._index.search(Query(sort="newest", size=_PAGE, offset=offset, highlight=False))
        except NewswireError:  # there is no index yet, or it is away
            self.failed += 1
            return 0
        now = time.time()
        self.searches += 1
        self.slowest = max(self.slowest, time.monotonic() - began)
        new = self._wanted.intersection(hit.document.url for hit in results.hits if hit.document.url)
        self._wanted -= new
        with self._found.open("a", encoding="utf-8") as lines:
            lines.writelines(f"{json.dumps([url, now])}\n" for url in sorted(new))
        return results.total


def main() -> None:
    """Probe until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("web", type=Path)
    parser.add_argument("found", type=Path)
    parser.add_argument("--every", type=float, default=0.25, metavar="SECONDS")
    wanted = parser.parse_args()
    ended = threading.Event()
    urls = {page["url"] for page in json.loads(wanted.web.read_text(encoding="utf-8"))["pages"]}

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    with open_context() as context:
        prober = Prober(context.index, urls, wanted.found)
        while not ended.wait(wanted.every):
            prober.probe()
        prober.probe_all()
    print(json.dumps({"searches": prober.searches, "failed": prober.failed, "slowest": prober.slowest,
                      "cpu": time.process_time()}))  # fmt: skip


if __name__ == "__main__":
    main()

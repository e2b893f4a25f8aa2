#!/usr/bin/env python3
"""Recognise names in labelled texts and measure the speed: `python bench/names.py IN OUT [--gold]`.

IN holds lines with id, text and perhaps title and language (or lang); OUT gets the same lines with mentions and
entities. With --gold the names of IN ("mentions": [[start, end, type, …]]) are used in place of a recogniser's, so
that the joining is measured alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from pipeline.enrich import Span, enrich, load_recognisers
from pipeline.jsonlines import names_to_line
from pipeline.records import Article, EntityType
from pipeline.settings import config_folder, load_settings


def main() -> int:
    source, target, *options = sys.argv[1:]
    begun = time.process_time()
    knowledge_base, chooser = load_recognisers(load_settings().entities, config_folder())
    print(f"load {time.process_time() - begun:.2f} CPU-s", file=sys.stderr)
    words, begun = 0, time.process_time()
    with Path(source).open(encoding="utf-8") as lines, Path(target).open("w", encoding="utf-8") as out:
        for line in lines:
            row = json.loads(line)
            title = row.get("title")
            article = Article(
                id=row["id"], title=title, text=row["text"], language=row.get("language") or row.get("lang") or "en"
            )
            recognise = chooser(article.language)
            if "--gold" in options:
                shift = len(title or "") + 2
                spans = [Span(a + shift, b + shift, EntityType(k)) for a, b, k, *_ in row["mentions"]]
                recognise = lambda _text, _language, gold=spans: gold  # noqa: E731
            out.write(
                json.dumps({**row, **names_to_line(enrich(article, knowledge_base, recognise))}, ensure_ascii=False)
                + "\n"
            )
            words += len(row["text"].split())
    took = time.process_time() - begun
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", file=sys.stderr)
    print(f"{words:,} words in {took:.2f} CPU-s: {words / took:,.0f} words per CPU-second", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

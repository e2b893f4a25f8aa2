"""Measure whether a page's address and visible text alone tell when its article was published.

python bench/stripped_dates.py MANIFEST GOLD [--list]

MANIFEST and GOLD are those of ``newswire extract --manifest`` and ``score.py extract``. What marks a date (meta
elements, JSON-LD, attributes of time elements, microdata) is taken out of each page first. --list prints each page
that is wrong.
"""

import datetime as dt
import gzip
import json
import sys
from pathlib import Path

from lxml import etree, html

from pipeline.charsets import decode_page
from pipeline.extract import RawPage, extract, load_config
from pipeline.jsonlines import article_to_line

_MARKS = ("datetime", "pubdate", "itemprop", "content", "data-date", "data-time", "data-datetime", "data-timestamp")


def strip_marked_dates(data: bytes) -> bytes:
    tree = html.document_fromstring(decode_page(data, None))
    for element in [*tree.iter("script"), *tree.iter("meta")]:
        if element.tag == "script" or not element.get("charset"):
            element.drop_tree()
    for element in tree.iter(etree.Element):
        for name in _MARKS:
            element.attrib.pop(name, None)
        if element.tag == "time":
            element.tag = "span"
    return etree.tostring(tree, method="html", encoding="utf-8", doctype="<!doctype html>")


def _local(line: dict, zone: dt.tzinfo | None) -> dt.datetime | None:
    if not line.get("published"):
        return None
    time = dt.datetime.fromisoformat(line["published"])
    return time.astimezone(zone).replace(tzinfo=None) if time.tzinfo and zone else time.replace(tzinfo=None)


def main() -> None:
    manifest, gold_path = Path(sys.argv[1]), Path(sys.argv[2])
    gold = {row["id"]: row for row in map(json.loads, gold_path.read_text(encoding="utf-8").splitlines())}
    config = load_config(Path("config"))
    counts = dict.fromkeys(("pages", "dated", "same day", "wrong day", "time given", "same minute"), 0)
    for row in map(json.loads, manifest.read_text(encoding="utf-8").splitlines()):
        if row["id"] not in gold:
            continue
        data = strip_marked_dates(gzip.decompress((manifest.parent / row["path"]).read_bytes()))
        raw = RawPage(
            data=data, url=row["url"], charset="utf-8", fetched=dt.datetime.fromisoformat(row["fetched"]), id=row["id"]
        )
        line = article_to_line(extract(raw, config))
        true = dt.datetime.fromisoformat(gold[row["id"]]["published"])
        told = _local(line, true.tzinfo)
        same_day = told is not None and told.date() == true.date()
        timed = told is not None and line["published_precision"] != "day"
        apart = abs(told - true.replace(tzinfo=None)) if told else dt.timedelta()
        if line["published_precision"] == "local":  # gold may be in another zone
            apart %= dt.timedelta(hours=1)
        exact = apart <= dt.timedelta(minutes=1)
        facts = (True, told is not None, same_day, told is not None and not same_day, timed, timed and exact)
        for name, fact in zip(counts, facts, strict=True):
            counts[name] += fact
        if "--list" in sys.argv and (not same_day or (timed and not exact)):
            print(row["id"], row["url"], "gold", true, "told", line["published"], line["published_precision"])
    print(json.dumps(counts))


main()

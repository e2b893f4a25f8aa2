"""What Kibana's panels show of many articles: each panel's search, its time, and a recount of its figures.

    python -m bench.kibana [--documents 50000] [--index http://127.0.0.1:9200] [--recount 5000] [--seed 1]

Generated articles (outlets, agencies and names as uneven as in the news, a third of them copies) go into an index of
their own, under the alias newswire-bench-kibana, which is removed in the end. Each panel over articles is asked as
Kibana asks it, over the JSON that Kibana gets; its time is Elasticsearch's own (took). Over --recount of the documents,
the figures are compared with a recount in plain Python.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
from collections.abc import Iterator

import msgspec
from elasticsearch import Elasticsearch

from pipeline.documents import ArticleRecords, build_document
from pipeline.index import Index, open_index
from pipeline.kibana.catalog import CatalogNames, build_catalog
from pipeline.kibana.lens_request import LensQuery
from pipeline.kibana.lens_rows import read_rows
from pipeline.kibana.panel_answers import Panels, field_types
from pipeline.kibana.saved_object import write_lines
from pipeline.kibana.time_steps import TimeRange
from pipeline.records import Article, Copy, Document, Placement, Precision, to_plain
from pipeline.settings import IndexSettings
from tests.helpers.panel_counts import Recount, computed

ALIAS = "newswire-bench-kibana"
_CHUNK = 2_000
_PATIENCE_SECONDS = 600.0  # a machine may be busy
END = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)  # of the month of the articles


def documents(count: int, seed: int) -> Iterator[Document]:
    """Yield generated articles of the last month; copies have an agency, a delay and a share that is their own."""
    draw = random.Random(seed)

    def pick(kind: str, most: int) -> str:
        return f"{kind} {int(most ** draw.random())}"  # the lower the more often

    group = ""
    for number in range(count):
        name, seen = f"{number:020x}", END - dt.timedelta(minutes=draw.randrange(30 * 24 * 60))
        copied = number % 3 == 1
        group = group if copied else name
        text = " ".join(pick("word", 5000) for _ in range(draw.randrange(30, 120)))
        article = Article(id=name, title=f"headline {number}", text=text, published=seen, language="en")
        records = ArticleRecords(
            id=name,
            revision=1,
            version=1,
            first_seen=seen + dt.timedelta(minutes=draw.randrange(1, 90)),
            article=article,
            copy=Copy(id=name, group=group, copy_of=group if copied else None),
            placement=Placement(id=name, story=f"s{number // 4}"),
            story_size=4,
            stages={"extract": "1"},
        )
        built = build_document(records, seen)
        if built is None:
            raise ValueError(name)
        people = tuple({pick("person", 2000) for _ in range(4)})
        copy_fields = {
            "copy_agency": pick("agency", 4),
            "copy_behind": draw.randrange(400),
            "copy_kind": draw.choice(("reprint", "truncated", "extended")),
            "own_share": draw.random() / 2,
        }
        yield msgspec.structs.replace(
            built,
            source=pick("outlet", 60),
            language=draw.choice(("en", "en", "de", "es")),
            section=pick("section", 20),
            published_precision=draw.choice((Precision.INSTANT, Precision.DAY)),
            people=people,
            about=people[:2],
            organisations=tuple({pick("body", 800) for _ in range(3)}),
            places=tuple({pick("place", 500) for _ in range(3)}),
            countries=(draw.choice(("GB", "DE", "US", "FR")),),
            story_title=f"story {number // 4}",
            is_primary=not copied,
            **(copy_fields if copied else {}),
        )


def fill(index: Index, count: int, seed: int, kept: int) -> list[dict]:
    """Write the articles; return the first as the data view shows them."""
    first: list[dict] = []
    batch: list[Document] = []
    index.prepare()
    for document in documents(count, seed):
        batch.append(document)
        if len(first) < kept:
            first.append(computed(to_plain(document)))
        if len(batch) == _CHUNK:
            index.upsert(batch)
            batch = []
    index.upsert(batch)
    index.refresh()
    return first


def measure(client: Elasticsearch, count: int) -> dict[str, int]:
    """Ask each panel over articles; print those that are empty, return milliseconds by chart."""
    names = CatalogNames(articles=ALIAS)
    catalog = build_catalog(names)
    took: dict[str, int] = {}

    def ask(pattern: str, body: dict) -> dict:
        answer = client.search(index=pattern, request_cache=False, **body).body
        took[chart] = took.get(chart, 0) + answer["took"]
        return answer

    panels = Panels(write_lines(catalog.objects), lambda pattern: types_of(client, pattern), ask)
    time = TimeRange(END - dt.timedelta(days=31), END + dt.timedelta(days=1))
    for lens in panels.of_kind("lens"):
        chart = lens["id"]
        if panels.view_of(lens).pattern == ALIAS:
            rows = panels.chart_rows(lens, time)
            if not rows:
                print(f"{chart}: nothing of {count} documents")
    return took


def recount(client: Elasticsearch, plain: list[dict]) -> int:
    """Compare each panel's figures with a recount of the documents; return how many panels were compared."""
    panels = Panels(
        write_lines(build_catalog(CatalogNames(articles=ALIAS)).objects),
        lambda pattern: types_of(client, pattern),
        lambda pattern, body: client.search(index=pattern, **body).body,
    )
    time = TimeRange(END - dt.timedelta(days=31), END + dt.timedelta(days=1))
    compared = 0
    for lens in panels.of_kind("lens"):
        view = panels.view_of(lens)
        if view.pattern != ALIAS:
            continue
        query = LensQuery(lens, view, time)
        response = client.search(index=ALIAS, **query.body()).body
        further = query.other_body(response) if "aggregations" in response else None
        rows = read_rows(query, response, client.search(index=ALIAS, **further).body if further else None)
        Recount(query, plain).check(rows)
        compared += 1
    return compared


def types_of(client: Elasticsearch, pattern: str) -> dict[str, str]:
    """Return the fields of indices with their types."""
    answer = client.field_caps(index=pattern, fields="*", ignore_unavailable=True, allow_no_indices=True)
    return field_types(answer.body)


def clear(client: Elasticsearch) -> None:
    """Remove what a bench has written."""
    for name in client.indices.get(index=f"{ALIAS}-*", ignore_unavailable=True):
        client.indices.delete(index=name)
    client.options(ignore_status=404).indices.delete_index_template(name=ALIAS)


def main() -> None:
    """Fill, ask, recount, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--index", default="http://127.0.0.1:9200")
    parser.add_argument("--recount", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    client = Elasticsearch(given.index, request_timeout=_PATIENCE_SECONDS)
    settings = IndexSettings(alias=ALIAS, timeout_seconds=_PATIENCE_SECONDS)
    try:
        if given.recount:
            clear(client)
            plain = fill(open_index(given.index, settings), given.recount, given.seed, given.recount)
            print(f"{recount(client, plain)} panels are right over {len(plain)} documents")
        clear(client)
        fill(open_index(given.index, settings), given.documents, given.seed, 0)
        took = measure(client, given.documents)
    finally:
        clear(client)
    slowest = sorted(took, key=lambda chart: -took[chart])[:5]
    print(
        f"{len(took)} panels over {given.documents} documents: {statistics.median(took.values()):.0f} ms in the median"
    )
    print("slowest:", ", ".join(f"{chart} {took[chart]} ms" for chart in slowest))


if __name__ == "__main__":
    main()

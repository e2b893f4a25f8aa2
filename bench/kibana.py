"""What Kibana's panels show of many articles: each panel's search, its time, and a recount of its figures.

    python -m bench.kibana [--documents 50000] [--index http://127.0.0.1:9200] [--recount 5000] [--seed 1]

Generated articles (those of ``bench/facets.py``, with agencies and delays of copies) go into an index of their own,
under the alias newswire-bench-kibana, which is removed in the end. Each panel over articles is asked as Kibana asks it,
over the JSON that Kibana gets; its time is Elasticsearch's own (took). Over --recount of the documents, the figures are
compared with a recount in plain Python.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
from collections.abc import Iterator

import msgspec
from elasticsearch import Elasticsearch

from bench.facets import START, Newsroom
from pipeline.index import Index, open_index
from pipeline.kibana.catalog import CatalogNames, build_catalog
from pipeline.kibana.lens_request import LensQuery
from pipeline.kibana.lens_rows import read_rows
from pipeline.kibana.panel_answers import Panels, field_types
from pipeline.kibana.saved_object import write_lines
from pipeline.kibana.time_steps import TimeRange
from pipeline.records import Document, to_plain
from pipeline.settings import IndexSettings
from tests.helpers.panel_counts import Recount, computed

ALIAS = "newswire-bench-kibana"
_AGENCIES = ("Northwire", "Meridian", "Kestrel")
_CHUNK = 2_000
_DAYS = 400  # that hold all generated articles


def documents(count: int, seed: int) -> Iterator[Document]:
    """Yield generated articles about names; copies have an agency, a delay and a share that is their own."""
    for number, document in enumerate(Newsroom(seed).documents(count)):
        named = msgspec.structs.replace(document, about=document.people[:3], story_title=f"story {number // 4}")
        if document.is_primary:
            yield named
            continue
        own = number % 7 / 20
        yield msgspec.structs.replace(
            named,
            copy_kind="reprint",
            copy_agency=_AGENCIES[number % len(_AGENCIES)],
            copy_behind=number % 300,
            own_share=own,
            copied_share=1 - own,
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
    middle = dt.datetime.fromtimestamp(START, dt.UTC)
    time = TimeRange(middle - dt.timedelta(days=_DAYS), middle + dt.timedelta(days=_DAYS))
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
    middle = dt.datetime.fromtimestamp(START, dt.UTC)
    time = TimeRange(middle - dt.timedelta(days=_DAYS), middle + dt.timedelta(days=_DAYS))
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
    client = Elasticsearch(given.index, request_timeout=60)
    settings = IndexSettings(alias=ALIAS)
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

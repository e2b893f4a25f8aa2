"""Every panel, asked of a real Elasticsearch through the very JSON that Kibana gets, shows the ledger's own counts."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3

import pytest

from pipeline.demo.server import serve_newsroom
from pipeline.kibana.catalog import CatalogNames, build_catalog
from pipeline.kibana.kql import parse_kql
from pipeline.kibana.lens_request import LensQuery
from pipeline.kibana.lens_rows import read_rows
from pipeline.kibana.panel_answers import Panels, field_types
from pipeline.kibana.preview import write_page
from pipeline.kibana.saved_object import write_lines
from pipeline.kibana.time_steps import TimeRange
from pipeline.records import to_plain
from pipeline.settings import Environment, FetchSettings, IndexSettings, Settings
from pipeline.stages import Context, run_all
from pipeline.stages.index import build_documents
from tests.helpers.panel_counts import Recount, computed, matches
from tests.helpers.support import REPO, elasticsearch_alias

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CATALOG = build_catalog()
CHARTS = sorted(item.id for item in CATALOG.objects if item.type == "lens")
SEARCHES = sorted(item.id for item in CATALOG.searches)
# what the sample newsroom has nothing of
EMPTY = {"newswire-withdrawn", "newswire-from-feed", "newswire-paywalled", "newswire-undated"}


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    """The demo newsroom in Elasticsearch: panels, the ledger's documents and outcomes, the time that holds all."""
    from elasticsearch import Elasticsearch

    home = tmp_path_factory.mktemp("home")
    with elasticsearch_alias() as alias, serve_newsroom() as server:
        client = Elasticsearch(os.environ["NEWSWIRE_TEST_ELASTICSEARCH"])
        fetch = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.01)
        addresses = Environment(
            home=home,
            store_url=f"sqlite:///{home}/ledger.db",
            index_url=os.environ["NEWSWIRE_TEST_ELASTICSEARCH"],
            archive_url=str(home / "archive"),
        )
        settings = Settings(fetch=fetch, index=IndexSettings(alias=alias))
        with Context(settings, server.sources, addresses, config=REPO / "config") as context:
            run_all(context)
            server.edition = 2
            with context.store.write() as connection:
                context.store.feeds.make_due(connection, context.clock())
            run_all(context)
            context.index.refresh()
            with context.store.read() as connection:
                articles = context.store.ledger.indexed_page(connection, 0, None, limit=1000)
            ours = {alias: [computed(to_plain(each)) for each in build_documents(context, articles)]}
        ours |= {f"{alias}-outcomes": outcomes(home), **samples(alias)}
        catalog = build_catalog(CatalogNames(articles=alias, operations=alias))
        for view in catalog.views[1:]:
            write_index(client, view, ours[view.pattern])
        end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)

        def types_of(pattern):
            return field_types(client.field_caps(index=pattern, fields="*").body)

        def ask(pattern, body):
            return client.search(index=pattern, **body).body

        panels = Panels(write_lines(catalog.objects), types_of, ask)
        yield panels, ours, TimeRange(end - dt.timedelta(days=60), end), ask


def outcomes(home):
    """Return the ledger's outcomes as documents of operations, and three failures, which the newsroom has not."""
    rows = sqlite3.connect(home / "ledger.db").execute(
        "SELECT o.n, o.id, o.stage, o.at, o.outcome, o.reason, i.source, i.url FROM outcomes o"
        " LEFT JOIN items i ON i.id = o.id"
    )
    stages = "poll fetch extract dedupe enrich cluster index".split()
    now = dt.datetime.now(dt.UTC).isoformat()
    failed = {"kind": "attempt", "subject": "article", "source": "Outlet", "host": "slow.example", "@timestamp": now}
    failures = [
        {**failed, "n": 10_001, "stage": "fetch", "stage_number": 2, "outcome": "retry", "reason": "timeout"},
        {**failed, "n": 10_002, "stage": "fetch", "stage_number": 2, "outcome": "retry", "reason": "http 503"},
        {**failed, "n": 10_003, "stage": "extract", "stage_number": 3, "outcome": "quarantined", "reason": "timeout"},
    ]
    return failures + [
        {
            "@timestamp": dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).isoformat(),
            "n": n,
            "kind": "attempt",
            "subject": "article" if source else "feed",
            "stage": stage,
            "stage_number": stages.index(stage) + 1,
            "outcome": outcome,
            "source": source or "of a feed",
            "host": (url or name).split("/")[2],
            "latency_seconds": 0.1 * n if stage == "index" and outcome == "done" else None,
            "reason": reason,
            "article": name,
        }
        for n, name, stage, at, outcome, reason, source, url in rows
    ]


def samples(alias):
    """Return documents of runs, queues, hosts, programs and sources as newswire writes them."""
    now = dt.datetime.now(dt.UTC)
    runs, sources = [], []
    for minute in range(30):
        time = (now - dt.timedelta(minutes=minute)).isoformat()
        for number, stage in enumerate(("fetch", "enrich")):
            queue = {"waiting": minute * (number + 1), "oldest_seconds": 1.5 * minute, "stage_number": number}
            runs.append({"@timestamp": time, "kind": "queue", "stage": stage, **queue})
        host = {"host": f"h{minute % 3}.example", "waiting": minute, "is_held": minute % 2 == 0, "held_seconds": 5.0}
        runs.append({"@timestamp": time, "kind": "host", "oldest_seconds": 3.0, **host})
        program = {"program": "box/1/a", "memory_bytes": 10**9, "cores": 1.5, "workers_died": 0, "version": "0.7.0"}
        runs.append({"@timestamp": time, "kind": "program", "command": "run", "searchable_per_second": 3.0, **program})
        run = {"run": f"run/{minute}", "command": "run --once", "state": "well", "seconds": 12.5, "indexed": minute}
        counts = {"feeds_asked": 8, "feeds_failed": 1, "new_articles": minute, "changed_articles": 0}
        runs.append({"@timestamp": time, "kind": "run", **run, **counts})
    for number in range(6):
        state = {"condition": ("well", "failing", "silent")[number % 3], "needs_somebody": number % 3 == 1}
        counts = {"failures": number, "silent_hours": 1.5, "missed": number, "quarantined": 0, "per_day": 12.0}
        facts = {"source": f"Outlet {number}", "reason": "timeout", "has_drifted": number == 2, "every_minutes": 9.0}
        dates = {"since": now.isoformat(), "latest": now.isoformat()}
        sources.append({"@timestamp": now.isoformat(), "kind": "source", **state, **counts, **facts, **dates})
        day = dt.datetime.combine(now.date() - dt.timedelta(days=number), dt.time(), dt.UTC).isoformat()
        polls = {"polls": 90, "failed": 3, "articles": 7}
        sources.append({"@timestamp": day, "kind": "day", "source": "Outlet 1", **polls})
    return {f"{alias}-runs": runs, f"{alias}-sources": sources}


def write_index(client, view, plain_documents):
    """Write documents into an index of the fields of a data view."""
    properties: dict = {name: {"type": kind} for name, kind in view.types.items()}
    client.indices.create(index=view.pattern, mappings={"dynamic": False, "properties": properties})
    operations = [part for plain in plain_documents for part in ({"index": {}}, plain)]
    answer = client.bulk(index=view.pattern, operations=operations, refresh=True)
    assert not answer["errors"]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_shows_what_the_documents_have(newsroom, chart):
    panels, ours, time, ask = newsroom
    lens = panels.objects[("lens", chart)]
    view = panels.view_of(lens)
    query = LensQuery(lens, view, time)
    response = ask(view.pattern, query.body())
    further = query.other_body(response) if "aggregations" in response else None
    rows = read_rows(query, response, ask(view.pattern, further) if further else None)
    recount = Recount(query, ours[view.pattern])
    assert response["hits"]["total"]["value"] == len(recount.documents)
    assert recount.documents
    assert rows
    recount.check(rows)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_saved_search_finds_what_the_documents_have(newsroom, search):
    panels, ours, time, _ = newsroom
    line = panels.objects[("search", search)]
    count, hits = panels.search_hits(line, time)
    body = json.loads(line["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    view = panels.view_of(line)
    query = parse_kql(body["query"]["query"], view.types)
    assert count == sum(matches(plain, query) for plain in ours[view.pattern])
    assert bool(hits) == (search not in EMPTY)


def test_the_map_has_each_place_once_for_each_original(newsroom):
    panels, ours, time, _ = newsroom
    (line,) = panels.of_kind("map")
    cells = panels.map_cells(line, time)
    alias = next(iter(ours))
    placed = [plain for plain in ours[alias] if plain["is_primary"] and plain["locations"]]
    assert max(count for _, _, count in cells) <= len(placed) <= sum(count for _, _, count in cells)
    assert all(-85 < latitude < 85 and -180 <= longitude <= 180 for latitude, longitude, _ in cells)


def test_each_panel_is_drawn(newsroom):
    panels, _, time, _ = newsroom
    page = write_page(panels, lambda _: time, note="a note")
    shown = sum(len(panels.panels_of(dashboard)) for dashboard in panels.of_kind("dashboard"))
    assert page.count("class='panel'") == shown
    assert page.count("<svg") > 30
    assert "there is no index" not in page
    assert "nothing in this time" not in page

"""Every panel, asked of a real Elasticsearch through the very JSON that Kibana gets, shows the ledger's own counts."""

from __future__ import annotations

import datetime as dt
import json
import os

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from pipeline.demo.server import serve_newsroom
from pipeline.feed_records import SourceDay
from pipeline.figures import HostSample, OverviewSample, ProgramSample, StageBacklogSample
from pipeline.kibana.catalog import CatalogNames, build_catalog
from pipeline.kibana.kql import parse_kql
from pipeline.kibana.lens_request import LensQuery
from pipeline.kibana.lens_rows import read_rows
from pipeline.kibana.panel_answers import Panels, field_types
from pipeline.kibana.preview import write_page
from pipeline.kibana.saved_object import write_lines
from pipeline.kibana.time_steps import TimeRange
from pipeline.records import Outcome, Reason, Stage, to_plain
from pipeline.runs import begin_run, end_run
from pipeline.settings import Environment, FetchSettings, IndexSettings, OperationsSettings, Settings
from pipeline.stages import Context, run_all
from pipeline.stages.index import build_documents
from pipeline.store import OutcomeCursor
from pipeline.telemetry.sending import send_rest
from tests.helpers.panel_counts import Recount, computed, matches
from tests.helpers.support import REPO, elasticsearch_alias

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CATALOG = build_catalog()
CHARTS = sorted(item.id for item in CATALOG.objects if item.type == "lens")
SEARCHES = sorted(item.id for item in CATALOG.searches)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    """The demo newsroom in Elasticsearch: panels, all documents by the index that they are in, and how to ask.

    Articles and operations come there as newswire writes them; the time is one that holds all.
    """
    home, url = tmp_path_factory.mktemp("home"), os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH", "")
    with elasticsearch_alias() as prefix, serve_newsroom() as server, Elasticsearch(url) as client:
        addresses = Environment(
            home=home,
            store_url=f"sqlite:///{home}/ledger.db",
            index_url=url,
            operations_url=url,
            archive_url=str(home / "archive"),
        )
        settings = Settings(
            fetch=FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.01),
            index=IndexSettings(alias=f"{prefix}-articles"),
            operations=OperationsSettings(prefix=prefix),
        )
        with Context(settings, server.sources, addresses, config=REPO / "config") as context:
            publish(context, server)
            plain = list_documents(context)
            fail(context, plain[0]["id"])
            keep_samples(context)
            send_rest(context, 120)
            with context.store.read() as connection:
                counted = context.store.outcome_reader.count_waiting(connection, OutcomeCursor())[0]
        catalog = build_catalog(CatalogNames(articles=f"{prefix}-articles", operations=prefix))
        ours = {f"{prefix}-articles": plain}
        for view in catalog.views[1:]:
            client.indices.refresh(index=view.pattern)
            ours[view.pattern] = [hit["_source"] for hit in scan(client, index=view.pattern)]
        assert len(ours[f"{prefix}-outcomes"]) == counted
        end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)

        def types_of(pattern):
            return field_types(client.field_caps(index=pattern, fields="*").body)

        def ask(pattern, body):
            return client.search(index=pattern, **body).body

        panels = Panels(write_lines(catalog.objects), types_of, ask)
        yield panels, ours, TimeRange(end - dt.timedelta(days=60), end), ask
        client.indices.delete_index_template(name=f"{prefix}-*")


def publish(context, server):
    """Let both editions through all stages, as two runs."""
    for edition in (1, 2):
        server.edition = edition
        begin_run(context, f"demo/{edition}", command="demo")
        with context.store.write() as connection:
            context.store.feeds.make_due(connection, context.clock())
        run_all(context)
        end_run(context, f"demo/{edition}")


def list_documents(context):
    """Return the documents of all articles, as the data view shows them."""
    context.index.refresh()
    with context.store.read() as connection:
        articles = context.store.ledger.indexed_page(connection, 0, None, limit=1000)
    return [computed(to_plain(each)) for each in build_documents(context, articles)]


def fail(context, article):
    """Note failures that the newsroom has none of: hosts that can't be reached, a page for a person to look at."""
    failures = (
        (Stage.FETCH, Outcome.RETRY, Reason.TIMEOUT, "no answer"),
        (Stage.FETCH, Outcome.RETRY, Reason.SERVER_ERROR, "status 503"),
        (Stage.EXTRACT, Outcome.QUARANTINED, Reason.TIMEOUT, "took too long"),
    )
    with context.store.write() as connection:
        for stage, outcome, reason, detail in failures:
            context.store.ledger.log_outcome(connection, article, stage, outcome, reason, detail, context.clock())


def keep_samples(context):
    """Keep what an overview showed in each of the last minutes, and days of a source."""
    now = context.clock().replace(second=0, microsecond=0)
    program = {"program": "box/1/a", "machine": "box", "version": "1", "command": "run", "workers_died": 0}
    with context.store.write() as connection:
        for minute in range(30):
            sample = OverviewSample(
                at=now - dt.timedelta(minutes=minute),
                queues=tuple(
                    StageBacklogSample(stage=stage, waiting=minute * number, oldest_seconds=1.5 * minute)
                    for number, stage in enumerate(("fetch", "enrich"), 1)
                ),
                hosts=(
                    HostSample(
                        host=f"h{minute % 3}.example",
                        waiting=minute,
                        oldest_seconds=3.0,
                        is_held=minute % 2 == 0,
                        held_seconds=5.0,
                    ),
                ),
                programs=(ProgramSample(**program, memory_bytes=10**9, cores=1.5, searchable_per_second=3.0),),
            )
            context.store.samples.add(connection, sample)
        for days in range(6):
            day = SourceDay(
                source="Kilima Post", day=now.date() - dt.timedelta(days=days), polls=90, failed=3, articles=7
            )
            context.store.source_days.add(connection, [day])


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
    assert hits


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

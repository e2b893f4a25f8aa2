"""What Kibana is given follows from the definition of the fields, and the file in deploy/ is in step with it."""

from __future__ import annotations

import json

import pytest

from pipeline.index._elasticsearch_mapping import index_template
from pipeline.index.fields import FIELDS
from pipeline.kibana.catalog import CatalogNames, build_catalog
from pipeline.kibana.data_views import article_types
from pipeline.kibana.saved_object import write_lines
from pipeline.telemetry.fields import DocumentFamily, mapping_of
from tests.helpers.support import REPO

CATALOG = build_catalog()
LINES = [json.loads(line) for line in write_lines(CATALOG.objects).splitlines()]
BY_KEY = {(line["type"], line["id"]): line for line in LINES}


def test_the_file_in_deploy_is_what_the_command_prints():
    assert (REPO / "deploy/kibana/newswire.ndjson").read_text(encoding="utf-8") == write_lines(CATALOG.objects)


def test_fields_have_the_types_that_the_mapping_gives_them():
    template = index_template("newswire-articles", shards=1, replicas=0, refresh_seconds=1.0)["template"]
    mapped = template["mappings"]["properties"]
    for name, kind in article_types().items():
        head, _, part = name.partition(".")
        inner = mapped[head].get("properties", {}) | mapped[head].get("fields", {})
        assert (inner[part] if part else mapped[head])["type"] == kind, name


@pytest.mark.parametrize("family", DocumentFamily)
def test_the_data_view_of_operations_has_each_field_that_is_mapped_and_explains_it(family):
    (view,) = [view for view in CATALOG.views if view.id == f"newswire-{family}"]
    mapped = {name: field["type"] for name, field in mapping_of(family)["properties"].items()}
    assert view.types == mapped
    assert mapped[view.time_field] == "date"
    assert view.formats.keys() <= mapped.keys()
    assert all(len(view.descriptions[name]) > 5 for name in mapped)


def test_every_field_of_an_article_is_explained_in_kibana():
    attributes = json.loads(BY_KEY[("index-pattern", "newswire-articles")]["attributes"]["fieldAttrs"])
    assert all(len(attributes[field.name]["customDescription"]) > 10 for field in FIELDS)


def test_links_lead_to_our_pages_and_codes_have_names():
    catalog = build_catalog(CatalogNames(articles="paper", pages_url="https://news.example.org"))
    view = catalog.views[0]
    assert view.pattern == "paper"
    assert view.id == "newswire-articles"
    assert view.formats["id"]["params"]["urlTemplate"] == "https://news.example.org/articles/{{value}}"
    assert view.formats["story"]["params"]["urlTemplate"] == "https://news.example.org/stories/{{value}}"
    names = {entry["key"]: entry["value"] for entry in view.formats["language"]["params"]["lookupEntries"]}
    assert names["de"] == "German"


def test_every_chart_and_search_is_on_a_dashboard_or_in_the_list_of_searches():
    shown = {panel.item.key for dashboard in CATALOG.dashboards for panel in dashboard.panels}
    listed = {item.key for item in CATALOG.searches}
    made = {item.key for item in CATALOG.objects if item.type not in {"dashboard", "index-pattern"}}
    assert made == shown | listed


def test_rows_fill_the_width_of_the_grid():
    for dashboard in CATALOG.dashboards:
        for row in dashboard.rows:
            assert sum(panel.width for panel in row) == 48, (dashboard.id, [panel.item.id for panel in row])


def test_a_click_on_a_name_opens_the_dashboard_of_names():
    (newsroom,) = [dashboard for dashboard in CATALOG.dashboards if dashboard.id == "newswire"]
    opens = {panel.item.id: panel.opens for panel in newsroom.panels}
    assert opens["newswire-people"] == "newswire-entities"
    assert opens["newswire-agencies"] == "newswire-wire"


def test_all_that_is_brought_is_managed_and_two_builds_are_alike():
    assert all(line["managed"] is True for line in LINES)
    assert write_lines(build_catalog().objects) == write_lines(CATALOG.objects)


@pytest.mark.parametrize("dashboard", CATALOG.dashboards, ids=lambda dashboard: dashboard.id)
def test_a_dashboard_explains_itself_first(dashboard):
    assert dashboard.panels[0].item.type == "visualization"

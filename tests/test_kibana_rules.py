"""Kibana's rules, held without a Kibana: what newswire has keeps them, and what breaks one is refused by name."""

from __future__ import annotations

import copy
import json

import pytest

from pipeline.kibana.catalog import build_catalog
from pipeline.kibana.rules import find_faults
from pipeline.kibana.saved_object import write_lines

CATALOG = build_catalog()
TYPES = {view.id: view.types for view in CATALOG.views}
LINES = [json.loads(line) for line in write_lines(CATALOG.objects).splitlines()]


def faults_of(lines):
    return find_faults("\n".join(json.dumps(line) for line in lines), TYPES)


def test_what_newswire_has_keeps_all_rules():
    assert faults_of(LINES) == []


class Broken:
    """All objects, of which one is broken in one place."""

    def __init__(self):
        self.lines = copy.deepcopy(LINES)

    def line(self, kind, name):
        return next(line for line in self.lines if (line["type"], line["id"]) == (kind, name))

    def lens(self, name="newswire-by-source"):
        return self.line("lens", name)["attributes"]["state"]

    def columns(self, name="newswire-by-source"):
        return self.lens(name)["datasourceStates"]["formBased"]["layers"]["articles"]["columns"]

    def layer(self, name="newswire-by-source"):
        return self.lens(name)["datasourceStates"]["formBased"]["layers"]["articles"]

    def embedded(self, kind, name, key):
        return Embedded(self.line(kind, name)["attributes"], key)


class Embedded:
    """JSON that stands in an attribute as text, to be changed."""

    def __init__(self, attributes, key):
        self.attributes, self.key = attributes, key

    def __enter__(self):
        self.value = json.loads(self.attributes[self.key])
        return self.value

    def __exit__(self, *error):
        self.attributes[self.key] = json.dumps(self.value)


def no_version(b):
    b.line("lens", "newswire-people")["typeMigrationVersion"] = ""


def version_of_tomorrow(b):
    b.line("dashboard", "newswire")["typeMigrationVersion"] = "10.4.0"


def an_object_twice(b):
    b.lines.append(b.line("search", "newswire-latest"))


def an_object_of_another_type(b):
    b.line("search", "newswire-latest")["type"] = "canvas-workpad"


def no_object_but_a_list(b):
    b.lines.append([])


def a_key_too_many(b):
    b.line("search", "newswire-latest")["attributes"]["colour"] = "red"


def a_dashboard_with_a_later_key(b):
    b.line("dashboard", "newswire")["attributes"]["pinned_panels"] = {}


def a_number_for_a_text(b):
    b.line("index-pattern", "newswire-articles")["attributes"]["title"] = 7


def no_json_in_a_text(b):
    b.line("dashboard", "newswire")["attributes"]["panelsJSON"] = "[{"


def a_reference_to_nothing(b):
    b.line("lens", "newswire-people")["references"][0]["id"] = "gone"


def a_reference_by_another_name(b):
    b.line("dashboard", "newswire")["references"][3]["name"] = "4:panel_5"


def a_reference_that_nothing_uses(b):
    b.line("dashboard", "newswire")["references"].append({"name": "x", "type": "lens", "id": "newswire-people"})


def not_managed(b):
    b.line("lens", "newswire-people")["managed"] = False


def panels_on_one_another(b):
    with b.embedded("dashboard", "newswire", "panelsJSON") as panels:
        panels[2]["gridData"]["x"] = panels[1]["gridData"]["x"]


def a_panel_off_the_grid(b):
    with b.embedded("dashboard", "newswire", "panelsJSON") as panels:
        panels[1]["gridData"]["w"] = 60


def a_panel_by_two_names(b):
    with b.embedded("dashboard", "newswire", "panelsJSON") as panels:
        panels[1]["gridData"]["i"] = "77"


def a_panel_with_an_object_of_its_own(b):
    with b.embedded("dashboard", "newswire", "panelsJSON") as panels:
        panels[1]["embeddableConfig"]["attributes"] = {}


def a_drilldown_to_an_address(b):
    with b.embedded("dashboard", "newswire", "panelsJSON") as panels:
        event = next(p for p in panels if p["embeddableConfig"]["enhancements"])["embeddableConfig"]["enhancements"]
        event["dynamicActions"]["events"][0]["action"]["factoryId"] = "URL_DRILLDOWN"


def a_drilldown_to_nowhere(b):
    line = b.line("dashboard", "newswire")
    line["references"] = [each for each in line["references"] if "drilldown" not in each["name"]]


def a_control_of_no_field(b):
    group = b.line("dashboard", "newswire")["attributes"]["controlGroupInput"]
    group["panelsJSON"] = group["panelsJSON"].replace('"fieldName":"source"', '"fieldName":"sauce"')


def a_control_of_a_text(b):
    group = b.line("dashboard", "newswire")["attributes"]["controlGroupInput"]
    group["panelsJSON"] = group["panelsJSON"].replace('"fieldName":"source"', '"fieldName":"title"')


def a_column_of_no_field(b):
    b.columns()["source"]["sourceField"] = "sauce"


def a_mean_of_words(b):
    b.columns("newswire-wire-own")["value"]["sourceField"] = "copy_agency"


def a_histogram_of_words(b):
    b.columns()["time"]["sourceField"] = "source"


def an_operation_that_is_none(b):
    b.columns()["count"]["operationType"] = "tally"


def a_param_that_is_none(b):
    b.columns()["source"]["params"]["limit"] = 3


def ranked_by_what_is_no_column(b):
    b.columns()["source"]["params"]["orderBy"]["columnId"] = "sum"


def ranked_by_a_last_value(b):
    b.columns("newswire-growing")["story"]["params"]["orderBy"]["columnId"] = "name"


def columns_in_another_order(b):
    b.layer()["columnOrder"] = ["count", "source", "time"]


def a_column_that_the_order_lacks(b):
    b.layer()["columnOrder"] = ["source", "count"]


def drawn_without_its_column(b):
    b.lens()["visualization"]["layers"][0]["splitAccessor"] = "outlet"


def a_split_for_a_height(b):
    b.lens()["visualization"]["layers"][0]["accessors"] = ["source"]


def a_series_that_is_none(b):
    b.lens()["visualization"]["layers"][0]["seriesType"] = "bar_3d"


def a_chart_that_is_none(b):
    b.line("lens", "newswire-people")["attributes"]["visualizationType"] = "lnsSunburst"


def a_query_that_ends_early(b):
    b.lens("newswire-people")["query"]["query"] = "is_primary :"


def a_query_for_no_field(b):
    b.lens("newswire-people")["query"]["query"] = "is_original : true"


def a_format_that_is_none(b):
    with b.embedded("index-pattern", "newswire-articles", "fieldFormatMap") as formats:
        formats["id"]["id"] = "hyperlink"


def a_format_with_a_key_of_none(b):
    with b.embedded("index-pattern", "newswire-articles", "fieldFormatMap") as formats:
        formats["id"]["params"]["template"] = "x"


def a_runtime_field_of_no_type(b):
    with b.embedded("index-pattern", "newswire-articles", "runtimeFieldMap") as fields:
        fields["hour"]["type"] = "integer"


def a_description_too_long(b):
    with b.embedded("index-pattern", "newswire-articles", "fieldAttrs") as attributes:
        attributes["id"]["customDescription"] = "x" * 301


def time_that_is_none(b):
    b.line("index-pattern", "newswire-articles")["attributes"]["timeFieldName"] = "source"


def a_search_for_a_column_that_is_none(b):
    b.line("search", "newswire-latest")["attributes"]["columns"] = ["headline"]


def a_map_of_no_places(b):
    with b.embedded("map", "newswire-map", "layerListJSON") as layers:
        layers[1]["sourceDescriptor"]["geoField"] = "places"


def a_link_to_no_dashboard(b):
    with b.embedded("visualization", "newswire-about-wire", "visState") as state:
        state["params"]["markdown"] += " [more](#/view/elsewhere)"


BREAKS = {
    no_version: "is no version",
    version_of_tomorrow: "more recent version of Kibana",
    an_object_twice: "is there twice",
    an_object_of_another_type: "no type that is imported",
    no_object_but_a_list: "Expected `object`",
    a_key_too_many: "unknown field `colour`",
    a_dashboard_with_a_later_key: "unknown field `pinned_panels`",
    a_number_for_a_text: "Expected `str`, got `int`",
    no_json_in_a_text: "holds no JSON",
    a_reference_to_nothing: "not in the file",
    a_reference_by_another_name: "it would be dropped",
    a_reference_that_nothing_uses: "no panel uses the reference",
    not_managed: "is not managed",
    panels_on_one_another: "lie on one another",
    a_panel_off_the_grid: "doesn't fit the 48 columns",
    a_panel_by_two_names: "on the grid",
    a_panel_with_an_object_of_its_own: "beside the one that it refers to",
    a_drilldown_to_an_address: "not in the free licence",
    a_drilldown_to_nowhere: "leads to no dashboard",
    a_control_of_no_field: "whose values can be listed",
    a_control_of_a_text: "whose values can be listed",
    a_column_of_no_field: "no field 'sauce'",
    a_mean_of_words: "takes no field of type keyword",
    a_histogram_of_words: "takes no field of type keyword",
    an_operation_that_is_none: "no operation 'tally'",
    a_param_that_is_none: "has no 'limit'",
    ranked_by_what_is_no_column: "measures nothing",
    ranked_by_a_last_value: "a last value with lists",
    columns_in_another_order: "stands behind one that measures",
    a_column_that_the_order_lacks: "doesn't name each column once",
    drawn_without_its_column: "'outlet', which isn't there",
    a_split_for_a_height: "as if it measures",
    a_series_that_is_none: "no series 'bar_3d'",
    a_chart_that_is_none: "no visualization 'lnsSunburst'",
    a_query_that_ends_early: "the line ends too early",
    a_query_for_no_field: "no field 'is_original'",
    a_format_that_is_none: "no format 'hyperlink'",
    a_format_with_a_key_of_none: "has no 'template'",
    a_runtime_field_of_no_type: "no type of runtime fields",
    a_description_too_long: "more than 300 characters",
    time_that_is_none: "no field of type date",
    a_search_for_a_column_that_is_none: "no field 'headline'",
    a_map_of_no_places: "holds no places",
    a_link_to_no_dashboard: "leads to dashboard 'elsewhere'",
}


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_what_breaks_a_rule_is_refused_with_the_file_that_says_so(broken):
    objects = Broken()
    broken(objects)
    faults = faults_of(objects.lines)
    told = [fault for fault in faults if BREAKS[broken] in fault.detail]
    assert told, faults
    assert all(fault.source.startswith(("src/", "x-pack/")) for fault in faults)


def test_a_line_that_is_no_json_is_named_by_its_number():
    (fault,) = find_faults('{"type":', TYPES)
    assert str(fault).startswith("line 1: is no JSON")

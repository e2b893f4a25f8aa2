"""Define the dashboard "newsroom": what was published, by whom, about whom and where, and which stories grow."""

from __future__ import annotations

from pipeline.kibana.dashboard_object import Control, Dashboard, Panel, text_object
from pipeline.kibana.dashboards.ids import ENTITIES, NEWSROOM, SOURCES, WIRE, name_others, title_of
from pipeline.kibana.data_views import DataView
from pipeline.kibana.lens_charts import Chart, bars, donut, figure, heatmap, table
from pipeline.kibana.lens_columns import by_filters, count_articles, last_value, measure, over_time, top_values
from pipeline.kibana.place_map import map_object
from pipeline.kibana.saved_object import SavedObject

ORIGINALS = "is_primary : true"

_INTRO = f"""\
**What was published, by whom and about whom.** Times are those of publication, or of first sight where that is unknown.
A text that several outlets printed is counted once where a panel says *originals* (`is_primary : true`).

Choose an outlet, language or section above; click on a bar to go on from there. The search line takes
[KQL](https://www.elastic.co/docs/explore-analyze/query-filter/languages/kql): `title : flood and not agency : *`.
More: {name_others(NEWSROOM)}"""


def newsroom_dashboard(view: DataView, latest: SavedObject) -> Dashboard:
    """Return the dashboard; ``latest`` is the saved search of the newest articles."""
    return Dashboard(
        id=NEWSROOM,
        title=title_of(NEWSROOM),
        description="What was published, by whom, about whom",
        control_view=view,
        controls=(Control("source", "Outlet"), Control("language", "Language"), Control("section", "Section")),
        rows=(
            (Panel(text_object("newswire-about-newsroom", "About this page", _INTRO), 48, 6),),
            tuple(Panel(item, 12, 6) for item in _figures(view)),
            (Panel(_volume(view), 36, 14, SOURCES, "How this outlet does"), Panel(_shares(view), 12, 14)),
            (
                Panel(_originality(view), 24, 12),
                Panel(_agencies(view), 24, 12, WIRE, "Who prints this agency's copy"),
            ),
            tuple(Panel(item, 12, 16, ENTITIES, "All about this name") for item in _names(view)),
            (Panel(_places_map(view), 24, 18), Panel(_growing(view), 24, 18)),
            (Panel(_languages(view), 12, 14), Panel(_sections(view), 12, 14), Panel(_rhythm(view), 24, 14)),
            (Panel(latest, 48, 22),),
        ),
    )


def _figures(view: DataView) -> list[SavedObject]:
    count, stories = count_articles("value", "articles"), measure("value", "stories", "unique_count", "story")
    originals, outlets = count_articles("value", "originals"), measure("value", "outlets", "unique_count", "source")
    charts = (
        Chart(id="newswire-count", title="Articles", description="All, copies as well", columns=(count,), view=view),
        Chart(
            id="newswire-count-originals",
            title="Originals",
            description="Each text once",
            columns=(originals,),
            view=view,
            kql=ORIGINALS,
        ),
        Chart(
            id="newswire-count-stories",
            title="Stories",
            description="That these articles belong to",
            columns=(stories,),
            view=view,
        ),
        Chart(
            id="newswire-count-outlets",
            title="Outlets",
            description="That published something",
            columns=(outlets,),
            view=view,
        ),
    )
    return [figure(chart, value="value") for chart in charts]


def _volume(view: DataView) -> SavedObject:
    count = count_articles("count", "articles")
    columns = (
        top_values("source", "outlet", "source", by="count", size=12, other=True),
        over_time("time", "time"),
        count,
    )
    chart = Chart(
        id="newswire-by-source",
        title="Articles over time by outlet",
        description="How much each outlet published",
        columns=columns,
        view=view,
    )
    return bars(chart, x="time", values=["count"], split="source", series="bar_stacked")


def _shares(view: DataView) -> SavedObject:
    kinds = by_filters("kind", "kind", [("originals", ORIGINALS), ("copies", "is_primary : false")])
    chart = Chart(
        id="newswire-copies",
        title="Originals and copies",
        description="Articles that copy another one, and all others",
        columns=(kinds, count_articles("count", "articles")),
        view=view,
    )
    return donut(chart, group="kind", value="count")


def _originality(view: DataView) -> SavedObject:
    kinds = by_filters("kind", "kind", [("originals", ORIGINALS), ("copies", "is_primary : false")])
    columns = (
        top_values("source", "outlet", "source", by="count", size=15),
        kinds,
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-originality",
        title="Originals and copies by outlet",
        description="How much of what an outlet published is also elsewhere, and wasn't there first",
        columns=columns,
        view=view,
    )
    return bars(chart, x="source", values=["count"], split="kind", series="bar_horizontal_stacked")


def _agencies(view: DataView) -> SavedObject:
    columns = (
        top_values("agency", "agency", "copy_agency", by="count", size=10),
        top_values("source", "outlet", "source", by="count", size=12),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-agencies",
        title="Agencies, and who prints them",
        description="Articles that carry a news agency's copy, by outlet",
        columns=columns,
        view=view,
    )
    return bars(chart, x="agency", values=["count"], split="source", series="bar_horizontal_stacked")


def _names(view: DataView) -> list[SavedObject]:
    named = {
        "organisations": "Organisations named most",
        "people": "People named most",
        "places": "Places named most",
        "countries": "Countries named most",
    }
    items = []
    for field, title in named.items():
        columns = (top_values("value", field, field, by="count", size=15), count_articles("count", "articles"))
        chart = Chart(
            id=f"newswire-{field}",
            title=title,
            description="In how many original articles (copies not counted)",
            columns=columns,
            view=view,
            kql=ORIGINALS,
        )
        items.append(bars(chart, x="value", values=["count"]))
    return items


def _places_map(view: DataView) -> SavedObject:
    return map_object(
        "newswire-map",
        "Where it happens",
        "Where the places lie that articles name: original articles by grid cell",
        view=view,
        geo_field="locations",
        kql=ORIGINALS,
    )


def _growing(view: DataView) -> SavedObject:
    columns = (
        top_values("story", "story", "story", by="lately", size=20),
        last_value("name", "what it is called", "story_title.raw"),
        count_articles("lately", "in the last 24 hours", last="1d"),
        count_articles("count", "articles"),
        measure("outlets", "outlets", "unique_count", "source"),
        measure("latest", "latest", "max", "seen_at", kind="date"),
    )
    chart = Chart(
        id="newswire-growing",
        title="Stories growing fastest",
        description="By their articles in the last 24 hours of the time shown",
        columns=columns,
        view=view,
    )
    return table(chart)


def _languages(view: DataView) -> SavedObject:
    columns = (
        top_values("language", "language", "language", by="count", size=10, other=True),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-languages",
        title="Languages",
        description="Of the articles' texts",
        columns=columns,
        view=view,
    )
    return donut(chart, group="language", value="count")


def _sections(view: DataView) -> SavedObject:
    columns = (top_values("section", "section", "section", by="count", size=15), count_articles("count", "articles"))
    chart = Chart(
        id="newswire-sections",
        title="Sections",
        description="As the outlets call them",
        columns=columns,
        view=view,
    )
    return bars(chart, x="section", values=["count"])


def _rhythm(view: DataView) -> SavedObject:
    columns = (
        top_values("hour", "hour (UTC)", "hour", by=None, size=24, kind="number"),
        top_values("weekday", "weekday", "weekday", by=None, size=7, kind="number"),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-rhythm",
        title="When outlets publish",
        description="Articles by hour of the day and weekday, in UTC",
        columns=columns,
        view=view,
    )
    return heatmap(chart, x="hour", y="weekday", value="count")

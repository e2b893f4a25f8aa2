"""Define the dashboard "wire": which agency's copy is printed where, how fast, and how much is the outlets' own."""

from __future__ import annotations

from pipeline.kibana.dashboard_object import Control, Dashboard, Panel, text_object
from pipeline.kibana.dashboards.ids import WIRE, name_others, title_of
from pipeline.kibana.data_views import DataView
from pipeline.kibana.lens_charts import Chart, bars, donut, figure, heatmap, table
from pipeline.kibana.lens_columns import count_articles, last_value, measure, over_time, percentile, top_values
from pipeline.kibana.saved_object import SavedObject

_COPIES = "is_primary : false"

_INTRO = f"""\
**Who prints whose copy.** A *copy* is an article of which much stands in an earlier one; its *agency* is the news
agency whose text it is. *Behind* is how long after the article it was taken from, *own share* how much of its text
stands nowhere else. A number opens the article beside the one that it was taken from. More: {name_others(WIRE)}"""


def wire_dashboard(view: DataView, copies: SavedObject) -> Dashboard:
    """Return the dashboard; ``copies`` is the saved search of the newest copies."""
    return Dashboard(
        id=WIRE,
        title=title_of(WIRE),
        description="Which agency's copy is printed where, how fast, and how much is the outlets' own",
        control_view=view,
        controls=(
            Control("copy_agency", "Agency"),
            Control("source", "Outlet"),
            Control("copy_kind", "How it was taken"),
        ),
        rows=(
            (Panel(text_object("newswire-about-wire", "About this page", _INTRO), 48, 5),),
            tuple(Panel(item, 12, 6) for item in _figures(view)),
            (Panel(_printed_where(view), 30, 16), Panel(_kinds(view), 18, 16)),
            (Panel(_speed(view), 24, 14), Panel(_own_shares(view), 24, 14)),
            (Panel(_copies_over_time(view), 48, 12),),
            (Panel(_most_printed(view), 48, 16),),
            (Panel(copies, 48, 18),),
        ),
    )


def _figures(view: DataView) -> list[SavedObject]:
    charts = (
        (
            "newswire-wire-copies",
            "Copies",
            "Articles that were taken from another one",
            count_articles("value", "copies"),
        ),
        (
            "newswire-wire-behind",
            "Behind, median",
            "Half of the copies came sooner after what they were taken from",
            measure("value", "behind", "median", "copy_behind"),
        ),
        (
            "newswire-wire-own",
            "Own share, mean",
            "How much of a copy's text stands nowhere else",
            measure("value", "own share", "average", "own_share"),
        ),
        (
            "newswire-wire-agencies",
            "Agencies",
            "Whose copy was printed",
            measure("value", "agencies", "unique_count", "copy_agency"),
        ),
    )
    return [
        figure(
            Chart(id=chart_id, title=title, description=text, columns=(column,), view=view, kql=_COPIES), value="value"
        )
        for chart_id, title, text, column in charts
    ]


def _printed_where(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "outlet", "source", by="count", size=20),
        top_values("agency", "agency", "copy_agency", by="count", size=10),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-wire-grid",
        title="Which agency is printed where",
        description="Articles that carry an agency's copy, by outlet and agency",
        columns=columns,
        view=view,
        kql="copy_agency : *",
    )
    return heatmap(chart, x="source", y="agency", value="count")


def _kinds(view: DataView) -> SavedObject:
    columns = (top_values("kind", "how", "copy_kind", by="count", size=6), count_articles("count", "copies"))
    chart = Chart(
        id="newswire-wire-kinds",
        title="How it was taken",
        description="exact, reprint, truncated, extended, excerpt, or a revision of the outlet's own text",
        columns=columns,
        view=view,
    )
    return donut(chart, group="kind", value="count")


def _speed(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "outlet", "source", by="count", size=15),
        measure("half", "half within", "median", "copy_behind"),
        percentile("most", "nine of ten within", "copy_behind", 90),
        count_articles("count", "copies"),
    )
    chart = Chart(
        id="newswire-wire-speed",
        title="How fast each outlet prints copy",
        description="Minutes after the article that the copy was taken from",
        columns=columns,
        view=view,
        kql=f"{_COPIES} and copy_behind >= 0",
    )
    return table(chart)


def _own_shares(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "outlet", "source", by="own", size=15),
        measure("own", "own share", "average", "own_share"),
    )
    chart = Chart(
        id="newswire-wire-own-by-outlet",
        title="How much of its copies is the outlet's own",
        description="The mean share of a copy's text that stands nowhere else",
        columns=columns,
        view=view,
        kql=_COPIES,
    )
    return bars(chart, x="source", values=["own"])


def _copies_over_time(view: DataView) -> SavedObject:
    columns = (
        top_values("agency", "agency", "copy_agency", by="count", size=8, other=True),
        over_time("time", "time"),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-wire-time",
        title="Agencies' copy over time",
        description="Articles that carry an agency's copy",
        columns=columns,
        view=view,
        kql="copy_agency : *",
    )
    return bars(chart, x="time", values=["count"], split="agency", series="bar_stacked")


def _most_printed(view: DataView) -> SavedObject:
    columns = (
        top_values("group", "first article", "copy_group", by="outlets", size=25),
        last_value("title", "headline", "title.raw"),
        last_value("agency", "agency", "copy_agency"),
        measure("outlets", "outlets", "unique_count", "source"),
        count_articles("count", "articles"),
        measure("first", "first", "min", "seen_at", kind="date"),
        measure("latest", "latest", "max", "seen_at", kind="date"),
    )
    chart = Chart(
        id="newswire-wire-most-printed",
        title="Printed by most outlets",
        description="Texts by how many outlets have them",
        columns=columns,
        view=view,
        kql=f"{_COPIES} or copies > 0",
    )
    return table(chart)

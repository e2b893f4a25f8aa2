"""Define the dashboard "entities": one name over time, with whom, where and in which outlets it is named."""

from __future__ import annotations

from pipeline.kibana.dashboard_object import Control, Dashboard, Panel, text_object
from pipeline.kibana.dashboards.ids import ENTITIES, name_others, title_of
from pipeline.kibana.dashboards.newsroom import ORIGINALS
from pipeline.kibana.data_views import DataView
from pipeline.kibana.lens_charts import Chart, bars, table, tag_cloud
from pipeline.kibana.lens_columns import count_articles, last_value, measure, over_time, top_values
from pipeline.kibana.saved_object import SavedObject

_INTRO = f"""\
**One name: over time, with whom, where, in which outlets.** Choose one above, or come here by a click on a name on
another page: then every panel shows the articles that name it, so the longest bar of its own kind is the name itself
and the others are those named beside it. Copies are not counted. More: {name_others(ENTITIES)}"""


def entities_dashboard(view: DataView, latest: SavedObject) -> Dashboard:
    """Return the dashboard; ``latest`` is the saved search of the newest articles."""
    return Dashboard(
        id=ENTITIES,
        title=title_of(ENTITIES),
        description="One name over time, with whom, where, in which outlets",
        control_view=view,
        controls=(
            Control("people", "Person"),
            Control("organisations", "Organisation"),
            Control("places", "Place"),
            Control("countries", "Country"),
            Control("source", "Outlet"),
        ),
        time_from="now-30d",
        rows=(
            (Panel(text_object("newswire-about-entities", "About this page", _INTRO), 48, 5),),
            (Panel(_over_time(view), 32, 14), Panel(_about(view), 16, 14)),
            tuple(Panel(item, 16, 16) for item in _named_beside(view)),
            (Panel(_outlets(view), 16, 16), Panel(_stories(view), 32, 16)),
            (Panel(latest, 48, 20),),
        ),
    )


def _over_time(view: DataView) -> SavedObject:
    columns = (
        top_values("name", "name", "about", by="count", size=8),
        over_time("time", "time"),
        count_articles("count", "articles"),
    )
    chart = Chart(
        id="newswire-entities-time",
        title="Whom and what articles are about, over time",
        description="The names that most original articles are about",
        columns=columns,
        view=view,
        kql=ORIGINALS,
    )
    return bars(chart, x="time", values=["count"], split="name", series="line")


def _about(view: DataView) -> SavedObject:
    columns = (top_values("name", "name", "about", by="count", size=40), count_articles("count", "articles"))
    chart = Chart(
        id="newswire-entities-about",
        title="What these articles are about",
        description="Names of all kinds, by how many original articles are about them",
        columns=columns,
        view=view,
        kql=ORIGINALS,
    )
    return tag_cloud(chart, tag="name", value="count")


def _named_beside(view: DataView) -> list[SavedObject]:
    kinds = {"people": "With whom", "organisations": "With which organisations", "places": "Where"}
    items = []
    for field, title in kinds.items():
        columns = (top_values("value", field, field, by="count", size=20), count_articles("count", "articles"))
        chart = Chart(
            id=f"newswire-entities-{field}",
            title=title,
            description=f"{field} named in the same original articles",
            columns=columns,
            view=view,
            kql=ORIGINALS,
        )
        items.append(bars(chart, x="value", values=["count"]))
    return items


def _outlets(view: DataView) -> SavedObject:
    columns = (top_values("source", "outlet", "source", by="count", size=20), count_articles("count", "articles"))
    chart = Chart(
        id="newswire-entities-outlets",
        title="In which outlets",
        description="Original articles",
        columns=columns,
        view=view,
        kql=ORIGINALS,
    )
    return bars(chart, x="source", values=["count"])


def _stories(view: DataView) -> SavedObject:
    columns = (
        top_values("story", "story", "story", by="count", size=20),
        last_value("name", "what it is called", "story_title.raw"),
        count_articles("count", "articles"),
        measure("outlets", "outlets", "unique_count", "source"),
        measure("first", "first", "min", "seen_at", kind="date"),
        measure("latest", "latest", "max", "seen_at", kind="date"),
    )
    chart = Chart(
        id="newswire-entities-stories",
        title="In which stories",
        description="By how many of their original articles name it",
        columns=columns,
        view=view,
        kql=ORIGINALS,
    )
    return table(chart)

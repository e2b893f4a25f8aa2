"""Define the dashboard "sources": what each outlet brings, how late, and which sources need somebody."""

from __future__ import annotations

from pipeline.kibana.dashboard_object import Control, Dashboard, Panel, text_object
from pipeline.kibana.dashboards.ids import SOURCES, name_others, title_of
from pipeline.kibana.data_views import DataView
from pipeline.kibana.lens_charts import Chart, bars, figure, table
from pipeline.kibana.lens_columns import count_articles, last_value, measure, over_time, percentile, top_values
from pipeline.kibana.operation_views import TIME_FIELD
from pipeline.kibana.saved_object import SavedObject

_NOW, _DAY, _TROUBLE = "kind : source", "kind : day", "kind : source and needs_somebody : true"

_INTRO = f"""\
**What each outlet brings, how late, and which need somebody.** *Delay* is from the instant of publication until
newswire saw the article; outlets that state no instant have none. The panels below the first two rows need the index
`newswire-sources`, which newswire writes where it is told to (docs/kibana.md). An outlet's name opens its page.
More: {name_others(SOURCES)}"""


def sources_dashboard(articles: DataView, sources: DataView, outcomes: DataView) -> Dashboard:
    """Return the dashboard, over articles, sources and outcomes."""
    return Dashboard(
        id=SOURCES,
        title=title_of(SOURCES),
        description="What each outlet brings, how late, and which sources need somebody",
        control_view=articles,
        controls=(Control("source", "Outlet"),),
        rows=(
            (Panel(text_object("newswire-about-sources", "About this page", _INTRO), 48, 6),),
            (Panel(_outlets(articles), 48, 18),),
            (Panel(_delay(articles), 48, 12),),
            (Panel(_trouble_count(sources), 12, 12), Panel(_trouble(sources), 36, 12)),
            (Panel(_conditions(sources), 16, 14), Panel(_gaps(sources), 32, 14)),
            (Panel(_polls(sources), 24, 14), Panel(_errors(outcomes), 24, 14)),
        ),
    )


def _outlets(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "outlet", "source", by="count", size=100),
        count_articles("count", "articles"),
        count_articles("originals", "originals", kql="is_primary : true"),
        measure("half", "delay, median", "median", "latency"),
        percentile("most", "delay, 95 %", "latency", 95),
        count_articles("paywalled", "behind a wall", kql="paywalled : true"),
        count_articles("from_feed", "from the feed alone", kql="from_feed : true"),
        count_articles("undated", "without a date", kql="not published : *"),
        measure("words", "words, median", "median", "word_count"),
        measure("latest", "latest", "max", "seen_at", kind="date"),
    )
    chart = Chart(
        id="newswire-sources-outlets",
        title="Outlets",
        description="What each published in the time shown",
        columns=columns,
        view=view,
    )
    return table(chart, rows=20)


def _delay(view: DataView) -> SavedObject:
    columns = (
        over_time("time", "time"),
        measure("half", "half within", "median", "latency"),
        percentile("most", "95 % within", "latency", 95),
    )
    chart = Chart(
        id="newswire-sources-delay",
        title="From publication to first sight",
        description="Minutes, of articles whose instant of publication is known",
        columns=columns,
        view=view,
    )
    return bars(chart, x="time", values=["half", "most"], series="line")


def _trouble_count(view: DataView) -> SavedObject:
    chart = Chart(
        id="newswire-sources-trouble-count",
        title="Sources that need somebody",
        description="Now",
        columns=(count_articles("value", "sources"),),
        view=view,
        kql=_TROUBLE,
    )
    return figure(chart, value="value")


def _trouble(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "source", "source", by="failures", size=50),
        last_value("condition", "condition", "condition", time_field=TIME_FIELD),
        last_value("reason", "why", "reason", time_field=TIME_FIELD),
        measure("failures", "failures in a row", "max", "failures"),
        measure("silent", "silent for", "max", "silent_hours"),
        measure("missed", "missed in a day", "max", "missed"),
        measure("quarantined", "to look at", "max", "quarantined"),
        measure("since", "since", "min", "since", kind="date"),
    )
    chart = Chart(
        id="newswire-sources-trouble",
        title="Which, and why",
        description="Sources that need somebody, the longest row of failures first",
        columns=columns,
        view=view,
        kql=_TROUBLE,
    )
    return table(chart)


def _conditions(view: DataView) -> SavedObject:
    columns = (
        top_values("condition", "condition", "condition", by="count", size=10),
        count_articles("count", "sources"),
    )
    chart = Chart(
        id="newswire-sources-conditions",
        title="Conditions",
        description="How the sources are now",
        columns=columns,
        view=view,
        kql=_NOW,
    )
    return bars(chart, x="condition", values=["count"])


def _gaps(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "source", "source", by="missed", size=25),
        measure("missed", "missed in a day", "max", "missed"),
        measure("per_day", "articles a day", "max", "per_day"),
        count_articles("drifted", "pages changed their build", kql="has_drifted : true"),
        measure("every", "asked every", "min", "every_minutes"),
        measure("latest", "latest article", "max", "latest", kind="date"),
    )
    chart = Chart(
        id="newswire-sources-gaps",
        title="Gaps and drift",
        description="Articles that scrolled off a feed unseen, by estimate, and pages that are built otherwise now",
        columns=columns,
        view=view,
        kql=_NOW,
    )
    return table(chart)


def _polls(view: DataView) -> SavedObject:
    columns = (
        over_time("time", "day", TIME_FIELD, interval="1d"),
        measure("polls", "polls", "sum", "polls"),
        measure("failed", "failed", "sum", "failed"),
    )
    chart = Chart(
        id="newswire-sources-polls",
        title="Polls a day, and those that failed",
        description="Of all sources, or of the one chosen above",
        columns=columns,
        view=view,
        kql=_DAY,
    )
    return bars(chart, x="time", values=["polls", "failed"], series="bar")


def _errors(view: DataView) -> SavedObject:
    columns = (
        top_values("source", "source", "source", by="count", size=15),
        top_values("reason", "reason", "reason", by="count", size=8, other=True),
        count_articles("count", "failures"),
    )
    chart = Chart(
        id="newswire-sources-errors",
        title="What failed, by source",
        description="Attempts of any stage that ended in retry or quarantine",
        columns=columns,
        view=view,
        kql="kind : attempt and (outcome : retry or outcome : quarantined)",
    )
    return bars(chart, x="source", values=["count"], split="reason", series="bar_horizontal_stacked")

"""Define the dashboard "operations": runs, what each stage did and why not, what waits, how fast, what is slow."""

from __future__ import annotations

from pipeline.kibana.dashboard_object import Control, Dashboard, Panel, text_object
from pipeline.kibana.dashboards.ids import OPERATIONS, name_others, title_of
from pipeline.kibana.data_views import DataView
from pipeline.kibana.lens_charts import Chart, bars, figure, table
from pipeline.kibana.lens_columns import count_articles, last_value, measure, over_time, percentile, top_values
from pipeline.kibana.operation_views import TIME_FIELD
from pipeline.kibana.saved_object import SavedObject

_ATTEMPT = "kind : attempt"
_STATUS = f"{_ATTEMPT} and status : *"

_INTRO = f"""\
**How the pipeline does.** Every attempt of a stage has one outcome: *in = done + dropped + retry + quarantined*.
*Latency* is from first sight until a search finds the article. Queues, hosts and programs are sampled each minute. An
article's id opens what happened to it, a run's its page. These panels need the indices `newswire-outcomes` and
`newswire-runs`, which newswire writes where it is told to (docs/kibana.md). More: {name_others(OPERATIONS)}"""


def operations_dashboard(outcomes: DataView, runs: DataView, quarantine: SavedObject) -> Dashboard:
    """Return the dashboard, over outcomes and runs; ``quarantine`` is the search of what a person should look at."""
    return Dashboard(
        id=OPERATIONS,
        title=title_of(OPERATIONS),
        description="Runs, what each stage did and why not, what waits, how fast, what is slow",
        control_view=outcomes,
        controls=(Control("stage", "Stage"), Control("source", "Outlet"), Control("reason", "Reason")),
        time_from="now-24h",
        rows=(
            (Panel(text_object("newswire-about-operations", "About this page", _INTRO), 48, 7),),
            tuple(Panel(item, 12, 6) for item in _figures(outcomes)),
            (Panel(_outcomes(outcomes), 24, 14), Panel(_reasons(outcomes), 24, 14)),
            (Panel(_latency(outcomes), 24, 12), Panel(_throughput(outcomes), 24, 12)),
            (Panel(_waiting(runs), 24, 12), Panel(_ages(runs), 24, 12)),
            (Panel(_slow_hosts(runs), 24, 14), Panel(_hosts_in_trouble(outcomes), 24, 14)),
            (Panel(_statuses(outcomes), 24, 12), Panel(_host_statuses(outcomes), 24, 12)),
            (Panel(_runs(runs), 48, 16),),
            (Panel(_programs(runs), 48, 10),),
            (Panel(quarantine, 48, 16),),
        ),
    )


def _figures(view: DataView) -> list[SavedObject]:
    indexed = f"{_ATTEMPT} and stage : index and outcome : done"
    charts = (
        ("newswire-operations-indexed", "Written to the index", indexed, count_articles("value", "documents")),
        (
            "newswire-operations-latency-half",
            "Latency, median",
            "",
            percentile("value", "half within", "latency_seconds", 50),
        ),
        (
            "newswire-operations-latency-most",
            "Latency, 95 %",
            "",
            percentile("value", "95 % within", "latency_seconds", 95),
        ),
        (
            "newswire-operations-quarantined",
            "For a person to look at",
            f"{_ATTEMPT} and outcome : quarantined",
            count_articles("value", "quarantined"),
        ),
    )
    return [
        figure(
            Chart(id=chart_id, title=title, description="In the time shown", columns=(column,), view=view, kql=kql),
            value="value",
        )
        for chart_id, title, kql, column in charts
    ]


def _outcomes(view: DataView) -> SavedObject:
    columns = (
        top_values("stage", "stage", "stage", by=None, size=10),
        top_values("outcome", "outcome", "outcome", by="count", size=4),
        count_articles("count", "attempts"),
    )
    chart = Chart(
        id="newswire-operations-outcomes",
        title="What became of what each stage took",
        description="done, dropped, to be tried again, for a person to look at",
        columns=columns,
        view=view,
        kql=_ATTEMPT,
    )
    return bars(chart, x="stage", values=["count"], split="outcome", series="bar_horizontal_stacked")


def _reasons(view: DataView) -> SavedObject:
    columns = (
        top_values("stage", "stage", "stage", by="count", size=7),
        top_values("outcome", "outcome", "outcome", by="count", size=3),
        top_values("reason", "reason", "reason", by="count", size=10),
        count_articles("count", "attempts"),
    )
    chart = Chart(
        id="newswire-operations-reasons",
        title="Why not done",
        description="By stage, outcome and reason",
        columns=columns,
        view=view,
        kql=f"{_ATTEMPT} and not outcome : done",
    )
    return table(chart)


def _latency(view: DataView) -> SavedObject:
    columns = (
        over_time("time", "time", TIME_FIELD),
        percentile("half", "half within", "latency_seconds", 50),
        percentile("most", "95 % within", "latency_seconds", 95),
    )
    chart = Chart(
        id="newswire-operations-latency",
        title="From first sight to searchable",
        description="Of articles that were indexed for the first time",
        columns=columns,
        view=view,
    )
    return bars(chart, x="time", values=["half", "most"], series="line")


def _throughput(view: DataView) -> SavedObject:
    columns = (
        top_values("stage", "stage", "stage", by="count", size=7),
        over_time("time", "time", TIME_FIELD),
        count_articles("count", "done"),
    )
    chart = Chart(
        id="newswire-operations-throughput",
        title="Done over time, by stage",
        description="",
        columns=columns,
        view=view,
        kql=f"{_ATTEMPT} and outcome : done",
    )
    return bars(chart, x="time", values=["count"], split="stage", series="line")


def _queue_chart(view: DataView, chart_id: str, title: str, label: str, field: str) -> SavedObject:
    """Return a chart of a queue's figure over time, a line for each stage."""
    columns = (
        top_values("stage", "stage", "stage", by="value", size=7),
        over_time("time", "time", TIME_FIELD),
        measure("value", label, "max", field),
    )
    chart = Chart(
        id=chart_id,
        title=title,
        description="The most in each step of time, by stage",
        columns=columns,
        view=view,
        kql="kind : queue",
    )
    return bars(chart, x="time", values=["value"], split="stage", series="line")


def _waiting(view: DataView) -> SavedObject:
    return _queue_chart(view, "newswire-operations-waiting", "What waits", "articles that wait", "waiting")


def _ages(view: DataView) -> SavedObject:
    return _queue_chart(view, "newswire-operations-ages", "How long the oldest waits", "oldest", "oldest_seconds")


def _slow_hosts(view: DataView) -> SavedObject:
    columns = (
        top_values("host", "host", "host", by="waiting", size=25),
        last_value("held", "held", "is_held", time_field=TIME_FIELD, kind="boolean"),
        measure("waiting", "pages that waited, most", "max", "waiting"),
        measure("oldest", "oldest", "max", "oldest_seconds"),
        measure("until", "held for", "max", "held_seconds"),
    )
    chart = Chart(
        id="newswire-operations-hosts",
        title="Slow and held hosts",
        description="The most that waited for each in the time shown",
        columns=columns,
        view=view,
        kql="kind : host",
    )
    return table(chart)


def _hosts_in_trouble(view: DataView) -> SavedObject:
    columns = (
        top_values("host", "host", "host", by="count", size=15),
        top_values("reason", "reason", "reason", by="count", size=6, other=True),
        count_articles("count", "failures"),
    )
    chart = Chart(
        id="newswire-operations-host-failures",
        title="Hosts that fail",
        description="Attempts to ask them that ended in retry or quarantine",
        columns=columns,
        view=view,
        kql=f"{_ATTEMPT} and host : * and (outcome : retry or outcome : quarantined)",
    )
    return bars(chart, x="host", values=["count"], split="reason", series="bar_horizontal_stacked")


def _statuses(view: DataView) -> SavedObject:
    columns = (
        top_values("status", "status", "status", by="count", size=8, kind="number"),
        over_time("time", "time", TIME_FIELD),
        count_articles("count", "answers"),
    )
    chart = Chart(
        id="newswire-operations-statuses",
        title="HTTP status of refusals, over time",
        description="Answers to polls and fetches that were no feed and no page",
        columns=columns,
        view=view,
        kql=_STATUS,
    )
    return bars(chart, x="time", values=["count"], split="status", series="bar_stacked")


def _host_statuses(view: DataView) -> SavedObject:
    columns = (
        top_values("host", "host", "host", by="count", size=15),
        top_values("status", "status", "status", by="count", size=4, kind="number"),
        count_articles("count", "answers"),
        measure("latest", "latest", "max", TIME_FIELD, kind="date"),
    )
    chart = Chart(
        id="newswire-operations-host-statuses",
        title="HTTP status of refusals, by host",
        description="Who answers with what, most often first",
        columns=columns,
        view=view,
        kql=_STATUS,
    )
    return table(chart)


def _runs(view: DataView) -> SavedObject:
    columns = (
        top_values("run", "run", "run", by="begun", size=30),
        measure("begun", "begun", "max", TIME_FIELD, kind="date"),
        last_value("command", "what", "command", time_field=TIME_FIELD),
        last_value("state", "state", "state", time_field=TIME_FIELD),
        measure("seconds", "took", "max", "seconds"),
        measure("asked", "feeds asked", "max", "feeds_asked"),
        measure("failed", "failed", "max", "feeds_failed"),
        measure("new", "new articles", "max", "new_articles"),
        measure("changed", "changed", "max", "changed_articles"),
        measure("indexed", "indexed", "max", "indexed"),
    )
    chart = Chart(
        id="newswire-operations-runs",
        title="Runs",
        description="The latest first",
        columns=columns,
        view=view,
        kql="kind : run",
    )
    return table(chart)


def _programs(view: DataView) -> SavedObject:
    columns = (
        top_values("program", "program", "program", by="latest", size=20),
        measure("latest", "last heard of", "max", TIME_FIELD, kind="date"),
        last_value("command", "what", "command", time_field=TIME_FIELD),
        last_value("version", "version", "version", time_field=TIME_FIELD),
        measure("memory", "memory, most", "max", "memory_bytes"),
        measure("cores", "cores, mean", "average", "cores"),
        measure("died", "workers that died", "max", "workers_died"),
        measure("rate", "articles a second", "average", "searchable_per_second"),
    )
    chart = Chart(
        id="newswire-operations-programs",
        title="Programs",
        description="Processes of newswire, as sampled each minute",
        columns=columns,
        view=view,
        kql="kind : program",
    )
    return table(chart)

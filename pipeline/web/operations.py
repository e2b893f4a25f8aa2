"""Serve what those read who run newswire: runs, sources, what waits and how fast it goes, and why an article is where.

Each page has its facts as JSON under ``/api``. Reading needs no key.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from pipeline.alert_records import Alert, AlertPhase
from pipeline.context import Context
from pipeline.editorial.explain import explain_name, without_texts
from pipeline.figure_reader import read_overview
from pipeline.figures.summary import summarise
from pipeline.index import MAX_HITS, Query
from pipeline.records import Outcome, Stage
from pipeline.telemetry.prometheus import make_registry, render_metrics
from pipeline.telemetry.readings import ReadingsReader
from pipeline.web.api_description import describe_answer
from pipeline.web.hour_view import HourLine, list_hours
from pipeline.web.http import json_response, unknown
from pipeline.web.pages import render_page
from pipeline.web.run_view import RunLine, RunView, list_runs, load_run
from pipeline.web.search_params import check_limit
from pipeline.web.source_view import SourceLine, SourceView, list_sources, load_source

_RUNS = 50  # on the page
_LATEST_RUNS = 5  # on the page of operations
_LATEST_ARTICLES = 10  # on the page of a source


def add_operation_routes(app: FastAPI, context: Context) -> None:
    """Add the pages and their JSON to ``app``."""
    _add_run_routes(app, context)
    _add_source_routes(app, context)
    _add_overview_routes(app, context)
    _add_metrics_route(app, context)
    _add_explain_pages(app, context)


def _add_run_routes(app: FastAPI, context: Context) -> None:
    def find(run_id: str, stage: Stage | None, outcome: Outcome | None, page: int) -> RunView:
        if not 1 <= page <= MAX_HITS:
            raise HTTPException(400, f"page: 1 to {MAX_HITS}")
        view = load_run(context, run_id, stage=stage, outcome=outcome, page=page)
        return view or unknown("run", run_id)

    @app.get("/api/runs", openapi_extra=describe_answer(list[RunLine]))
    def runs(limit: int = _RUNS) -> Response:
        """The last runs: when, what was started and by whom, how it is with each, and what it did."""
        return json_response(list_runs(context, check_limit(limit)))

    @app.get("/api/runs/{run_id:path}", openapi_extra=describe_answer(RunView))
    def run(run_id: str, stage: Stage | None = None, outcome: Outcome | None = None, page: int = 1) -> Response:
        """One run: why it failed, what each stage did, its slowest hosts, and what became of its articles."""
        return json_response(find(run_id, stage, outcome, page))

    @app.get("/runs", include_in_schema=False)
    def runs_page() -> Response:
        return render_page("runs.html", runs=list_runs(context, _RUNS))

    @app.get("/runs/{run_id:path}", include_in_schema=False)
    def run_page(run_id: str, stage: Stage | None = None, outcome: Outcome | None = None, page: int = 1) -> Response:
        return render_page("run.html", view=find(run_id, stage, outcome, page), outcomes=list(Outcome))


def _add_source_routes(app: FastAPI, context: Context) -> None:
    def find(name: str) -> SourceView:
        return load_source(context, name) or unknown("source", name)

    @app.get("/api/sources", openapi_extra=describe_answer(list[SourceLine]))
    def sources() -> Response:
        """All sources, those first that need somebody: how their feeds are, and how their last days went."""
        return json_response(list_sources(context))

    @app.get("/api/sources/{name:path}", openapi_extra=describe_answer(SourceView))
    def source(name: str) -> Response:
        """One source: its feeds, its last days, and its articles that a person should look at."""
        return json_response(find(name))

    @app.get("/sources", include_in_schema=False)
    def sources_page() -> Response:
        return render_page("sources.html", sources=list_sources(context))

    @app.get("/sources/{name:path}", include_in_schema=False)
    def source_page(name: str) -> Response:
        view = find(name)
        newest = Query(
            filters={"source": (name,)}, sort="newest", size=_LATEST_ARTICLES, copy_counts=False, highlight=False
        )
        return render_page("source.html", view=view, latest=context.index.search(newest).hits)


def _add_overview_routes(app: FastAPI, context: Context) -> None:
    @app.get("/api/operations", openapi_extra=describe_answer(dict[str, Any]))
    def overview() -> Response:
        """What waits, how fast it goes, what pauses and what fails: as ``newswire top --json``."""
        return json_response(summarise(read_overview(context.store, context.clock())))

    @app.get("/api/operations/hours", openapi_extra=describe_answer(list[HourLine]))
    def hours() -> Response:
        """The last day by hour: what waited, how fast it went, which hosts were held, what could not work."""
        return json_response(list_hours(context))

    @app.get("/api/alerts", openapi_extra=describe_answer(dict[str, list[Alert]]))
    def alerts() -> Response:
        """What is wrong now: since when, what to do, and where to look. ``newswire alerts`` looks at it anew."""
        return json_response({"alerts": _open_alerts(context)})

    @app.get("/operations", include_in_schema=False)
    def overview_page() -> Response:
        overview = read_overview(context.store, context.clock())
        return render_page(
            "operations.html",
            overview=overview,
            alerts=_open_alerts(context),
            runs=list_runs(context, _LATEST_RUNS),
            hours=list_hours(context),
        )


def _add_metrics_route(app: FastAPI, context: Context) -> None:
    registry = make_registry(ReadingsReader(context).take)

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        body, content_type = render_metrics(registry, request.headers.get("Accept", ""))
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _add_explain_pages(app: FastAPI, context: Context) -> None:
    def explain(name: str) -> Response:
        explanation = explain_name(context, name) or unknown("article or feed", name)
        shown = without_texts(explanation) if explanation.is_hidden else explanation
        return render_page("explain.html", name=name, explanation=shown)

    @app.get("/explain", include_in_schema=False)
    def explain_address(address: str = "") -> Response:
        return explain(address) if address else render_page("explain_form.html")

    @app.get("/explain/{name:path}", include_in_schema=False)
    def explain_page(name: str) -> Response:
        return explain(name)


def _open_alerts(context: Context) -> list[Alert]:
    """Return what is wrong, as whoever looked last saw it; the newest first."""
    with context.store.read() as connection:
        return context.store.alerts.list_alerts(connection, [AlertPhase.OPEN])

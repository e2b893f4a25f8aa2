"""Serve replays, as JSON and as pages: what would differ if a stage were done again. Reading needs no key."""

from __future__ import annotations

from fastapi import FastAPI, Response

from pipeline.context import Context
from pipeline.replay.batches import count_batches
from pipeline.replay.plan import get_replay
from pipeline.replay.view import ReplayView, describe_selection, summarise, view_replay
from pipeline.store import Replay
from pipeline.web.api_description import describe_answer
from pipeline.web.http import json_response
from pipeline.web.pages import render_page
from pipeline.web.search_params import check_limit

_LISTED = 50


def add_replay_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints and pages to ``app``."""

    @app.get("/api/replays", openapi_extra=describe_answer(list[Replay]))
    def replays(limit: int = _LISTED) -> Response:
        """The latest replays, the newest first: what was asked, and how far each has come."""
        size = check_limit(limit)
        with context.store.read() as connection:
            return json_response(context.store.replays.list_latest(connection, size))

    @app.get("/api/replays/{number}", openapi_extra=describe_answer(ReplayView))
    def replay(number: int) -> Response:
        """One replay: counts by field, and how the first fifty articles would read otherwise."""
        return json_response(view_replay(context, get_replay(context, number)))

    @app.get("/replays", include_in_schema=False)
    def replays_page() -> Response:
        with context.store.read() as connection:
            latest = context.store.replays.list_latest(connection, _LISTED)
        rows = [(each, f"{each.stage} again over {describe_selection(each.selection)}") for each in latest]
        return render_page("replays.html", replays=rows)

    @app.get("/replays/{number}", include_in_schema=False)
    def replay_page(number: int) -> Response:
        found = get_replay(context, number)
        view, batches = view_replay(context, found), count_batches(found)
        return render_page("replay.html", replay=view, summary=summarise(found), batches=batches)

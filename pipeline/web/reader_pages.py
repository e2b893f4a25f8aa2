"""Serve the pages that need the ledger: stories now, names, corrections, and the versions of an article.

Reading needs no key.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, NoReturn
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from pipeline.context import Context
from pipeline.editorial.corrections import find_corrections
from pipeline.editorial.entities import list_entities
from pipeline.editorial.explain import explain_name
from pipeline.records import EntityType
from pipeline.web.entity_profile import load_profile
from pipeline.web.pages import render_page
from pipeline.web.stories_now import STORY_FILTERS, load_stories_now

_LISTED = 100  # names
_LONGEST_DAYS = 31  # every text that changed since is read again for the answer
_LONGEST_TEXT = 200


def add_reader_pages(app: FastAPI, context: Context) -> None:
    """Add the pages to ``app``."""
    _add_entity_pages(app, context)

    @app.get("/stories", include_in_schema=False)
    def stories(request: Request) -> Response:
        filters = {field: tuple(filter(None, request.query_params.getlist(field))) for field in STORY_FILTERS}
        chosen = {field: values for field, values in filters.items() if values}
        return render_page(
            "stories.html",
            stories=load_stories_now(context.index, chosen, context.clock()),
            chosen=chosen,
            lang=request.query_params.get("lang", ""),
        )

    @app.get("/corrections", include_in_schema=False)
    def corrections(
        days: Annotated[int, Query(ge=1, le=_LONGEST_DAYS)] = 7,
        everything: Annotated[bool, Query(alias="all")] = False,
    ) -> Response:
        since = context.clock() - dt.timedelta(days=days)
        found = list(find_corrections(context, since, include_uncopied=everything))
        return render_page("corrections.html", corrections=found, days=days, everything=everything)

    @app.get("/articles/{article_id}/versions", include_in_schema=False)
    def versions(article_id: str) -> Response:
        explanation = explain_name(context, article_id)
        if explanation is None or explanation.item is None:
            _unknown("article", article_id)
        is_hidden = explanation.is_hidden
        shown = [] if is_hidden else explanation.versions
        return render_page("versions.html", item=explanation.item, versions=shown, is_hidden=is_hidden)


def _add_entity_pages(app: FastAPI, context: Context) -> None:
    @app.get("/entities", include_in_schema=False)
    def entities(text: str = "", kind: str = "") -> Response:
        if kind and kind not in EntityType.__members__:
            raise HTTPException(400, f"kind: one of {', '.join(EntityType.__members__)}")
        chosen = EntityType(kind) if kind else None
        rows = list_entities(context, text[:_LONGEST_TEXT].strip(), chosen, _LISTED)
        return render_page("entities.html", rows=rows, text=text[:_LONGEST_TEXT], kind=chosen, kinds=list(EntityType))

    @app.get("/entities/{name}", include_in_schema=False)
    def entity(name: str) -> Response:
        view, profile = load_profile(context, name)
        if profile is not None:
            return render_page("entity.html", profile=profile)
        if view.became is not None:  # not for ever: the decision may be undone
            return RedirectResponse(f"/entities/{quote(view.became, safe='')}", 307)
        return render_page("entity_hidden.html", view=view)


def _unknown(kind: str, name: str) -> NoReturn:
    """Answer that nothing has this name.

    Raises:
        HTTPException: 404, always.
    """
    raise HTTPException(404, f"there is no {kind} {name[:200]!r} here")

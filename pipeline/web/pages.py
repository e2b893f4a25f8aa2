"""Render pages, which need no script, and serve those of articles and stories."""

from __future__ import annotations

import datetime as dt
import hashlib
from http import HTTPStatus
from importlib import resources
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from pipeline.figures.text import (
    describe_duration,
    describe_latency,
    describe_memory,
    describe_programs,
    describe_rate,
    name_pauses,
)
from pipeline.index import Hit, Index
from pipeline.records import Document
from pipeline.text import shorten, split_paragraphs
from pipeline.urls import check_address, without_credentials
from pipeline.web import search_params
from pipeline.web.day_picture import draw_days, kind_of
from pipeline.web.story_view import document_time, load_copies, load_story

_TEASER = 240  # characters, as long as a passage with marks

_STYLE = resources.files("pipeline.web").joinpath("style.css").read_text(encoding="utf-8")
_STYLE_ADDRESS = f"/style.css?{hashlib.sha256(_STYLE.encode()).hexdigest()[:8]}"  # changes with its content

_ROBOTS = "User-agent: *\nDisallow: /\n"  # the texts are their publishers': search engines find them there


def _day(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%-d %b %Y}"


def _moment(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%-d %b %Y, %H:%M} UTC"


def _title(document: Document) -> str:
    """Return the title, else how the text begins."""
    return document.title or shorten(document.text) or "Untitled"


def _shown_title(hit: Hit) -> str:
    return Markup(hit.highlights["title"]) if "title" in hit.highlights else _title(hit.document)  # noqa: S704 - escaped by marks


def _teaser(hit: Hit) -> str:
    """Return the best passage, with marks where words were looked for."""
    for field in ("text", "standfirst", "captions"):
        if field in hit.highlights:
            return Markup(hit.highlights[field])  # noqa: S704 - escaped by marks
    return shorten(hit.document.standfirst or hit.document.text, _TEASER)


def _safe(url: str | None) -> str | None:
    """Return an address that may be linked to, without credentials: one that can't run as a script."""
    try:
        return without_credentials(check_address(url)) if url else None
    except ValueError:
        return None


_templates = Environment(
    loader=PackageLoader("pipeline.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "day": _day,
    "moment": _moment,
    "title": _title,
    "shown_title": _shown_title,
    "teaser": _teaser,
    "when": document_time,
    "safe_url": _safe,
    "segment": lambda text: quote(text, safe=""),
    "path": lambda text: quote(text, safe="/:+"),
    "count": "{:,}".format,
    "duration": describe_duration,
    "latency": describe_latency,
    "rate": describe_rate,
    "memory": describe_memory,
    "ago": lambda time, now: describe_duration(max(0.0, (now - time).total_seconds())),
    "programs_line": describe_programs,
    "pauses_of": name_pauses,
    "bars": draw_days,
    "day_kind": kind_of,
    "paragraphs": split_paragraphs,
}
_templates.globals |= {"style": _STYLE_ADDRESS, "all_articles": search_params.SearchParams()}


def render_page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return the page that a template makes of ``values``."""
    return HTMLResponse(_templates.get_template(template).render(values), status)


def render_message(_: Request, status: int, reason: str) -> Response:
    """Return a page that says what went wrong."""
    return render_page("message.html", status, heading=HTTPStatus(status).phrase, reason=reason)


def add_page_routes(app: FastAPI, index: Index) -> None:
    """Add the pages to ``app``."""

    @app.get("/articles/{article_id}", include_in_schema=False)
    def article(article_id: str) -> Response:
        document = index.get(article_id)
        if document is None:
            raise HTTPException(404, "There is no such article here. It may have been taken down.")
        return render_page("article.html", document=document, copies=load_copies(index, document))

    @app.get("/stories/{story_id}", include_in_schema=False)
    def story(story_id: str) -> Response:
        view = load_story(index, story_id)
        if view is None:
            raise HTTPException(404, "There is no such story here.")
        if view.id != story_id:  # not for ever: a story may be taken out of another one again
            return RedirectResponse(f"/stories/{quote(view.id, safe='')}", 307)
        return render_page("story.html", story=view)

    @app.get("/robots.txt", include_in_schema=False)
    def robots() -> Response:
        return Response(_ROBOTS, media_type="text/plain")

    @app.get("/style.css", include_in_schema=False)
    def style() -> Response:
        return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "max-age=86400"})

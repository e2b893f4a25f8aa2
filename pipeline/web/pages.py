"""Render pages, which need no script, and serve those of articles and stories."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException

from pipeline.diff_text import list_passages, word_edits
from pipeline.editorial.decision_text import describe_effect
from pipeline.figures.text import (
    describe_duration,
    describe_latency,
    describe_memory,
    describe_programs,
    describe_rate,
    name_pauses,
)
from pipeline.index import Hit, Index
from pipeline.records import Document, EntityType, StoryTitle
from pipeline.text import shorten, split_paragraphs
from pipeline.urls import check_address, without_credentials
from pipeline.web import search_params
from pipeline.web.citation import to_bibtex, to_ris
from pipeline.web.code_names import (
    ENTITY_FIELDS,
    ENTITY_WORDS,
    copy_words,
    country_name,
    delay_words,
    language_name,
)
from pipeline.web.day_picture import draw_days, kind_of
from pipeline.web.reader_language import current_reader
from pipeline.web.similar_articles import find_similar
from pipeline.web.static_files import add_static_routes, file_address
from pipeline.web.story_contributions import list_contributions
from pipeline.web.story_view import document_time, list_columns, load_copies, load_story, story_title
from pipeline.web.text_marks import NameMarker

_TEASER = 240  # characters, as long as a passage with marks
_LONGEST_MARKED = 2000  # characters of a search line whose words an article marks

# The sections that the header leads to
_SECTIONS = (
    ("/", "Search"),
    ("/stories", "Stories"),
    ("/entities", "Names"),
    ("/corrections", "Corrections"),
    ("/searches", "Saved searches"),
    ("/sources", "Sources"),
    ("/operations", "Operations"),
    ("/decisions", "Decisions"),
)


def _day(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%-d %b %Y}"


def _moment(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%-d %b %Y, %H:%M} UTC"


def _clock(time: dt.datetime) -> str:
    return f"{time:%-d %b %Y, %H:%M}"


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


def _named(value: str, field: str) -> str:
    """Return what the reader calls a value of a field."""
    return current_reader().label(value, field)


def _called(name: str, entity_type: EntityType) -> str:
    """Return what the reader calls an entity."""
    return _named(name, ENTITY_FIELDS[entity_type])


def _story_title(titles: Sequence[StoryTitle], usual: str | None) -> str | None:
    """Return what a story is called for the reader."""
    return story_title(titles, usual, current_reader().language)


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
    "clock": _clock,
    "begins": functools.partial(shorten, length=_TEASER),
    "decided": describe_effect,
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
    "named": _named,
    "called": _called,
    "country": lambda code: country_name(code, current_reader().language),
    "language": lambda code: language_name(code, current_reader().language),
    "copy_words": copy_words,
    "delay": delay_words,
    "entity_kind": ENTITY_WORDS.__getitem__,
    "passages": list_passages,
    "word_edits": word_edits,
}
_templates.globals |= {
    "style": file_address("style.css"),
    "script": file_address("page.js"),
    "icon": file_address("favicon.svg"),
    "sections": _SECTIONS,
    "story_title": _story_title,
    "all_articles": search_params.SearchParams(),
}


def render_page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return the page that a template makes of ``values``."""
    return HTMLResponse(_templates.get_template(template).render(values), status)


def render_message(request: Request, status: int, reason: str) -> Response:
    """Return a page that says what went wrong, with the search to be mended, or the way to log in."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    values = {"heading": HTTPStatus(status).phrase, "reason": reason, "code": status, "path": path}
    values["line"] = request.query_params.get("q", "")
    return HTMLResponse(_templates.get_template("message.html").render(values), status)


def add_page_routes(app: FastAPI, index: Index) -> None:
    """Add the pages to ``app``."""

    def find_article(article_id: str) -> Document:
        document = index.get(article_id)
        if document is None:
            raise HTTPException(404, "There is no such article here. It may have been taken down.")
        return document

    @app.get("/articles/{article_id}", include_in_schema=False)
    def article(article_id: str, q: str = "") -> Response:
        document = find_article(article_id)
        return render_page(
            "article.html",
            document=document,
            copies=load_copies(index, document),
            similar=find_similar(index, document),
            marker=NameMarker(document.entities, q[:_LONGEST_MARKED]),
            entities={entity.name: entity.id for entity in document.entities},
        )

    @app.get("/articles/{article_id}/cite.bib", include_in_schema=False)
    def bibtex(article_id: str) -> Response:
        return _citation(to_bibtex(find_article(article_id), _today()), "application/x-bibtex", f"{article_id}.bib")

    @app.get("/articles/{article_id}/cite.ris", include_in_schema=False)
    def ris(article_id: str) -> Response:
        citation = to_ris(find_article(article_id), _today())
        return _citation(citation, "application/x-research-info-systems", f"{article_id}.ris")

    @app.get("/stories/{story_id}", include_in_schema=False)
    def story(story_id: str) -> Response:
        view = load_story(index, story_id)
        if view is None:
            raise HTTPException(404, "There is no such story here.")
        if view.id != story_id:  # not for ever: a story may be taken out of another one again
            return RedirectResponse(f"/stories/{quote(view.id, safe='')}", 307)
        ids = {entity.name: entity.id for document in view.articles for entity in document.entities}
        return render_page(
            "story.html",
            story=view,
            columns=list_columns(view, current_reader().language),
            contributions=list_contributions(view.articles),
            ids=ids,
        )

    add_static_routes(app)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _citation(text: str, media_type: str, name: str) -> Response:
    return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})

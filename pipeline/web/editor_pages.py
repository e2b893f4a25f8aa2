"""Serve the pages on which editors decide: log in and out, forms for articles, stories and names, the log of decisions.

Everybody may read the log. A form is shown to, and taken from, those alone who are logged in. What is decided goes
through the same functions as over the API and on the command line; pages follow with the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.context import Context
from pipeline.decisions import ArticleDecision, CopyDecision, Decision, DecisionAuthor, EntityDecision, StoryDecision
from pipeline.editorial.copies import load_copy_group
from pipeline.editorial.decisions import list_decisions
from pipeline.editorial.entities import load_entity
from pipeline.editorial.lookup import find_article
from pipeline.editorial.stories import resolve_story
from pipeline.editorial.undo import undo_decision
from pipeline.errors import UnknownError, UsageError
from pipeline.settings import ServeSettings
from pipeline.web.auth import Access
from pipeline.web.decisions import (
    CopyDecisionRequest,
    DecisionNumber,
    EntityDecisionRequest,
    StoryDecisionRequest,
    apply_copy_decision,
    apply_entity_decision,
    apply_story_decision,
)
from pipeline.web.editor_session import COOKIE, Editor, EditorSessions, check_own_request, check_token, clean_name
from pipeline.web.http import read_body
from pipeline.web.pages import render_page
from pipeline.web.story_view import load_story

_LARGEST_FORM = 1 << 18  # bytes
_LISTED = 200  # decisions
_SHOWN = 200  # articles of a story, to choose from
_MANY = frozenset({"articles", "surfaces"})  # fields of which a form holds several
_LOGOUT = "/logout"
_MAY_NOT = "Your key does not allow to decide; nothing was done."

Form = Mapping[str, Sequence[str]]


class EditorDesk:
    """What the pages share: the context, and who is logged in."""

    def __init__(self, context: Context, settings: ServeSettings) -> None:
        self.context = context
        self.sessions = EditorSessions(context, settings)

    async def take(self, request: Request) -> tuple[Editor, Form]:
        """Return who sends a form, and what it holds.

        Raises:
            HTTPException: 401, nobody is logged in; 403, it isn't a form of ours, or his key doesn't allow to decide.
        """
        check_own_request(request)
        editor = self.sessions.find_editor(request)
        if editor is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "You are not logged in, or no longer; nothing was done.")
        form = await read_form(request)
        check_token(editor, first_of(form, "token"))
        if not editor.may_decide and request.url.path != _LOGOUT:
            raise HTTPException(HTTPStatus.FORBIDDEN, _MAY_NOT)
        return editor, form

    def show(self, request: Request, template: str, **values: Any) -> Response:
        """Return a page of a form, or the way to log in first. What it holds is for this browser alone."""
        editor = self.sessions.find_editor(request)
        if editor is None:
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(place, safe='/')}", HTTPStatus.SEE_OTHER)
        if not editor.may_decide:
            raise HTTPException(HTTPStatus.FORBIDDEN, _MAY_NOT)
        return private(render_page(template, editor=editor, **values))


def add_editor_pages(app: FastAPI, context: Context, settings: ServeSettings) -> EditorDesk:
    """Add the pages to ``app``; return what further pages for editors share with them."""
    desk = EditorDesk(context, settings)
    app.state.sessions = desk.sessions  # who is logged in may read, where others need a key
    _add_session_routes(app, desk)
    _add_forms(app, desk)
    _add_decisions(app, desk)
    return desk


def _add_session_routes(app: FastAPI, desk: EditorDesk) -> None:
    @app.get("/login", include_in_schema=False)
    def login_page(request: Request) -> Response:
        place = safe_place(request.query_params.get("next", ""))
        editor = desk.sessions.find_editor(request)
        return private(render_page("login.html", editor=editor, place=place, has_keys=has_keys(request), fault=None))

    @app.post("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        check_own_request(request)
        form = await read_form(request)
        place, name = safe_place(first_of(form, "next")), clean_name(first_of(form, "name"))
        fault = None if name else "Say who you are: decisions are signed."
        key = await run_in_threadpool(desk.sessions.find_key, first_of(form, "key"))
        if key is None:
            fault = "That is no key that allows to read or to decide."
        if fault or key is None:
            return private(render_page("login.html", 401, editor=None, place=place, has_keys=True, fault=fault))
        response = RedirectResponse(place, HTTPStatus.SEE_OTHER)
        desk.sessions.set_cookie(response, request, desk.sessions.begin(name, key))
        return response

    @app.post(_LOGOUT, include_in_schema=False)
    async def logout(request: Request) -> Response:
        await desk.take(request)
        response = RedirectResponse("/decisions", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, path="/")
        return response


def _add_forms(app: FastAPI, desk: EditorDesk) -> None:
    context = desk.context

    @app.get("/edit/entities/{name}", include_in_schema=False)
    def entity_form(name: str, request: Request) -> Response:
        return desk.show(request, "edit_entity.html", view=load_entity(context, name))

    @app.get("/edit/stories/{story_id}", include_in_schema=False)
    def story_form(story_id: str, request: Request) -> Response:
        present = resolve_story(context, story_id)
        story = load_story(context.index, present)
        if story is None:
            raise UnknownError(f"{story_id}: no article of this story is in the index yet")
        with context.store.read() as connection:
            decided = context.store.decisions.list_story_decisions(connection, present)
        return desk.show(request, "edit_story.html", story=story, articles=story.articles[:_SHOWN], decisions=decided)

    @app.get("/edit/articles/{article_id}", include_in_schema=False)
    def article_form(article_id: str, request: Request) -> Response:
        row = find_article(context, article_id)
        return desk.show(request, "edit_article.html", row=row, group=load_copy_group(context, row.copy_group))


def _add_decisions(app: FastAPI, desk: EditorDesk) -> None:
    context = desk.context

    @app.get("/decisions", include_in_schema=False)
    def decisions_page(request: Request) -> Response:
        decisions, unreadable = list_decisions(context, None, _LISTED)
        rows = [(each, path_of(each)) for each in reversed(decisions)]
        editor = desk.sessions.find_editor(request)
        return private(render_page("decisions.html", rows=rows, unreadable=unreadable, editor=editor))

    @app.post("/decisions", include_in_schema=False)
    async def decide(request: Request) -> Response:
        editor, form = await desk.take(request)
        place = await run_in_threadpool(_decide, context, editor, form)
        return RedirectResponse(place, HTTPStatus.SEE_OTHER)

    @app.post("/decisions/{number}/undo", include_in_schema=False)
    async def undo(number: DecisionNumber, request: Request) -> Response:
        editor, form = await desk.take(request)
        author = DecisionAuthor(name=editor.name, note=first_of(form, "note").strip() or None)
        await run_in_threadpool(undo_decision, context, number, author)
        return RedirectResponse("/decisions", HTTPStatus.SEE_OTHER)


def _decide(context: Context, editor: Editor, form: Form) -> str:
    """Carry out what a form says; return the page to go on with."""
    subject = first_of(form, "subject")
    fields = decision_fields(form) | {"by": editor.name}
    try:
        match subject:
            case "entities":
                decision = apply_entity_decision(context, msgspec.convert(fields, EntityDecisionRequest))
                return f"/edit/entities/{quote(decision.entity, safe='')}"
            case "stories":
                change = apply_story_decision(context, msgspec.convert(fields, StoryDecisionRequest))
                return f"/edit/stories/{quote(change.story, safe='')}"
            case "copies":
                request = msgspec.convert(fields, CopyDecisionRequest)
                apply_copy_decision(context, request)
                return f"/edit/articles/{quote(request.articles[0], safe='')}"
            case _:
                raise UsageError(f"subject: {subject[:50]!r} is none that can be decided on")
    except msgspec.ValidationError as error:
        raise UsageError(f"the form can't be read: {error}") from error


def decision_fields(form: Form) -> dict[str, object]:
    """Return the fields of a decision that a form holds, without those left empty; an empty title is null."""
    fields: dict[str, object] = {
        name: values if name in _MANY else values[0]
        for name, values in form.items()
        if name not in {"token", "subject"} and any(value.strip() for value in values)
    }
    if fields.get("kind") == "rename" and first_of(form, "subject") == "stories":
        fields.setdefault("title", None)
    return fields


async def read_form(request: Request) -> Form:
    """Return what a form holds: name → values, those left empty too.

    Raises:
        HTTPException: 413, it is too large.
        UsageError: It is no form.
    """
    body = await read_body(request, _LARGEST_FORM)
    try:
        return parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError as error:
        raise UsageError("the form can't be read") from error


def first_of(form: Form, name: str) -> str:
    """Return the first value of a field, empty where there is none."""
    values = form.get(name) or ("",)
    return values[0]


def path_of(decision: Decision) -> str | None:
    """Return the path of the page of what a decision is about, None where there is none."""
    match decision:
        case EntityDecision():
            kind, name = "entities", decision.entity
        case StoryDecision():
            kind, name = "stories", decision.story
        case CopyDecision():
            kind, name = "articles", decision.group
        case ArticleDecision():
            kind, name = "explain", decision.article  # a withdrawn article has no other page
        case _:
            return None
    return f"/{kind}/{quote(name, safe='')}"


def safe_place(path: str) -> str:
    """Return where to go on after logging in: a page of ours, whatever an address may ask for."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_ours else "/decisions"


def has_keys(request: Request) -> bool:
    """Tell whether anybody could have a key to log in with."""
    access: Access = request.app.state.access
    return access.has_keys()


def private(response: Response) -> Response:
    """Let no cache keep what an editor sees."""
    response.headers["Cache-Control"] = "no-store"
    return response

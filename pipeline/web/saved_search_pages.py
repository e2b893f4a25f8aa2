"""Serve the pages of saved searches: which there are, their matches, feeds and messages; for editors, the forms.

Everybody who may read sees what is looked for, and nobody's address. Forms, receivers and messages are shown to those
alone who are logged in and may decide. What is done goes through the same functions as over the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from pipeline.alert_records import Delivery, DeliveryState
from pipeline.alerts.messages import site_address
from pipeline.context import Context
from pipeline.errors import SettingsError, UnknownError, UsageError
from pipeline.saved_searches import add_search, change_search, find_search, pause_search, remove_search, to_request
from pipeline.saved_searches.messages import feed_address
from pipeline.saved_searches.receivers import signing_key
from pipeline.search_records import DigestRhythm, MatchScope, SavedSearch, SavedSearchState, SearchRequest
from pipeline.web.editor_pages import EditorDesk, Form, first_of, private
from pipeline.web.editor_session import Editor
from pipeline.web.pages import render_page
from pipeline.web.saved_searches import latest_matches
from pipeline.web.search_params import SearchParams, parse_search_params

_MATCHES = 20  # on the page of a search
_MESSAGES = 50
_HIDDEN = frozenset({"filter", "exclude", "mail", "token"})  # fields that are no single value of a request
_EACH = {
    MatchScope.ORIGINAL: "each article, copies left out",
    MatchScope.ARTICLE: "each article, copies too",
    MatchScope.STORY: "each story, once",
}
_RHYTHMS = {
    DigestRhythm.NOW: "at once",
    DigestRhythm.HOURLY: "every hour",
    DigestRhythm.DAILY: "every day",
    DigestRhythm.WEEKLY: "every Monday",
}


class SearchLine(NamedTuple):
    """A saved search in the list: how it stands, how many matches are remembered, how many messages were given up."""

    state: SavedSearchState
    matches: int
    dead: int


def add_saved_search_pages(app: FastAPI, desk: EditorDesk) -> None:
    """Add the pages to ``app``."""
    _add_reading_pages(app, desk)
    _add_forms(app, desk)
    _add_changes(app, desk)


def _add_reading_pages(app: FastAPI, desk: EditorDesk) -> None:
    context = desk.context

    @app.get("/searches", include_in_schema=False)
    def list_page(request: Request) -> Response:
        editor = desk.sessions.find_editor(request)
        page = render_page("searches.html", lines=_list_lines(context), editor=editor, each_words=_EACH)
        return private(page) if editor else page


def _add_forms(app: FastAPI, desk: EditorDesk) -> None:
    context = desk.context

    @app.get("/searches/new", include_in_schema=False)
    def new_page(request: Request) -> Response:
        asked = _from_params(parse_search_params(request.query_params.multi_items()))
        return desk.show(request, "edit_search.html", **_form_values(context, None, asked))

    @app.get("/searches/{search}", include_in_schema=False)
    def search_page(search: str, request: Request) -> Response:
        return _show_search(desk, request, find_search(context, search))

    @app.get("/searches/{search}/edit", include_in_schema=False)
    def edit_page(search: str, request: Request) -> Response:
        saved = find_search(context, search).search
        return desk.show(request, "edit_search.html", **_form_values(context, saved, to_request(saved)))


def _add_changes(app: FastAPI, desk: EditorDesk) -> None:
    context = desk.context

    @app.post("/searches", include_in_schema=False)
    async def save(request: Request) -> Response:
        editor, form = await desk.take(request)
        asked = read_request(form)
        try:
            state = await run_in_threadpool(add_search, context, asked)
        except UsageError as error:
            return _show_fault(context, editor, None, asked, error)
        return await run_in_threadpool(_go_on, desk, request, state, had_webhook=False)

    @app.post("/searches/{search}", include_in_schema=False)
    async def change(search: str, request: Request) -> Response:
        editor, form = await desk.take(request)
        before = (await run_in_threadpool(find_search, context, search)).search
        asked = msgspec.structs.replace(read_request(form), paused=before.paused)
        try:
            state = await run_in_threadpool(change_search, context, before.id, asked)
        except UnknownError:
            raise
        except UsageError as error:
            return _show_fault(context, editor, before, asked, error)
        return await run_in_threadpool(_go_on, desk, request, state, had_webhook=before.webhook is not None)

    @app.post("/searches/{search}/pause", include_in_schema=False)
    async def pause(search: str, request: Request) -> Response:
        _, form = await desk.take(request)
        paused = first_of(form, "paused") == "true"
        state = await run_in_threadpool(lambda: pause_search(context, search, paused=paused))
        return _to_page(state.search)

    @app.post("/searches/{search}/remove", include_in_schema=False)
    async def remove(search: str, request: Request) -> Response:
        await desk.take(request)
        await run_in_threadpool(remove_search, context, search)
        return RedirectResponse("/searches", HTTPStatus.SEE_OTHER)

    @app.post("/searches/{search}/resend", include_in_schema=False)
    async def resend(search: str, request: Request) -> Response:
        await desk.take(request)
        saved = (await run_in_threadpool(find_search, context, search)).search
        await run_in_threadpool(_revive, context, saved)
        return _to_page(saved)


def _go_on(desk: EditorDesk, request: Request, state: SavedSearchState, *, had_webhook: bool) -> Response:
    """Return the way to the page of a search; where its webhook is new, the page itself, which alone says the key."""
    if state.search.webhook is None or had_webhook:
        return _to_page(state.search)
    return _show_search(desk, request, state, webhook_key=signing_key(state.search))


def _show_search(
    desk: EditorDesk, request: Request, state: SavedSearchState, *, webhook_key: str | None = None
) -> Response:
    context, search = desk.context, state.search
    editor = desk.sessions.find_editor(request)
    may_decide = editor is not None and editor.may_decide
    site = site_address(context.settings.serve)
    page = render_page(
        "saved_search.html",
        state=state,
        search=search,
        params=_to_params(search),
        editor=editor,
        may_decide=may_decide,
        matches=latest_matches(context, search, _MATCHES),
        messages=_list_messages(context, search) if may_decide else [],
        feeds=[("Atom", feed_address(search, site, "atom")), ("JSON Feed", feed_address(search, site, "json"))],
        each_words=_EACH,
        rhythms=_RHYTHMS,
        webhook_key=webhook_key,
        key_fault=_key_fault(search) if may_decide else None,
    )
    return private(page) if editor else page


def _to_page(search: SavedSearch) -> Response:
    return RedirectResponse(f"/searches/{search.id}", HTTPStatus.SEE_OTHER)


def _list_lines(context: Context) -> list[SearchLine]:
    saved_searches, deliveries = context.store.saved_searches, context.store.deliveries
    with context.store.read() as connection:
        dead = deliveries.list_deliveries(connection, [DeliveryState.DEAD])
        return [
            SearchLine(
                state,
                saved_searches.count_matches(connection, state.search.id),
                sum(each.notifier in state.search.notifier_names for each in dead),
            )
            for state in saved_searches.list_states(connection)
        ]


def _list_messages(context: Context, search: SavedSearch) -> list[Delivery]:
    with context.store.read() as connection:
        return context.store.deliveries.list_deliveries(
            connection, list(DeliveryState), _MESSAGES, notifiers=search.notifier_names
        )


def _revive(context: Context, search: SavedSearch) -> None:
    """Let the messages of a search that were given up be sent again."""
    deliveries = context.store.deliveries
    with context.store.write() as connection:
        dead = deliveries.list_deliveries(connection, [DeliveryState.DEAD], notifiers=search.notifier_names)
        deliveries.revive(connection, [each.n for each in dead], context.clock())


def _key_fault(search: SavedSearch) -> str | None:
    """Return why the messages of a search's webhook can't be signed, None where they can."""
    try:
        if search.webhook:
            signing_key(search)
    except SettingsError as error:
        return str(error)
    return None


def _form_values(
    context: Context, search: SavedSearch | None, asked: SearchRequest, fault: str | None = None
) -> dict[str, object]:
    """Return what the form of a search shows: that of ``search``, or of a new one where that is None."""
    has_mail = bool(context.settings.searches.mail)
    return {
        "search": search, "asked": asked, "fault": fault, "each_words": _EACH, "rhythms": _RHYTHMS, "has_mail": has_mail
    }  # fmt: skip


def _show_fault(
    context: Context, editor: Editor, search: SavedSearch | None, asked: SearchRequest, error: UsageError
) -> Response:
    values = _form_values(context, search, asked, str(error))
    return private(render_page("edit_search.html", HTTPStatus.BAD_REQUEST, editor=editor, **values))


def _from_params(params: SearchParams) -> SearchRequest:
    """Return the request that a search of the page becomes: its times and its order are left out."""
    each = MatchScope.ARTICLE if params.copies == "all" else MatchScope.ORIGINAL
    name = " ".join(params.q.split())[:100] or ", ".join(
        value for values in params.filters.values() for value in values
    )
    return msgspec.structs.replace(
        SearchRequest(name=name[:100] or "everything"),
        q=params.q,
        filters=dict(params.filters),
        exclude=dict(params.exclude),
        match=params.match,
        each=each,
    )


def _to_params(search: SavedSearch) -> SearchParams:
    """Return what the search page shows for a saved search."""
    copies = "fold" if search.scope is MatchScope.ORIGINAL else "all"
    return SearchParams(
        q=search.text,
        filters=search.filters,
        exclude=search.exclude,
        match=search.match,
        copies=copies,  # type: ignore[arg-type]
        sort="newest",
    )


def read_request(form: Form) -> SearchRequest:
    """Return what a form asks for; addresses of people stand with spaces or commas between them.

    Raises:
        UsageError: It can't be read; the message names the field.
    """
    plain: dict[str, object] = {
        name: values[0].strip() for name, values in form.items() if name not in _HIDDEN and values[0].strip()
    }
    mail = [address for address in re.split(r"[\s,;]+", first_of(form, "mail")) if address]
    if not mail:
        plain.pop("digest", None)
    pairs = {"filters": _gather(form.get("filter", ())), "exclude": _gather(form.get("exclude", ()))}
    try:
        return msgspec.convert({**plain, **pairs, "mail": mail}, SearchRequest)
    except msgspec.ValidationError as error:
        raise UsageError(f"the form can't be read: {error}") from error


def _gather(pairs: Sequence[str]) -> Mapping[str, list[str]]:
    """Return field → values of texts such as ``source:Northwire``."""
    gathered: dict[str, list[str]] = {}
    for pair in pairs:
        field, _, value = pair.partition(":")
        gathered.setdefault(field, []).append(value)
    return gathered

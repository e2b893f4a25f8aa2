"""Who copied whom, and what do editors decide on it? Reading is free, deciding needs the API key."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.context import Context
from pipeline.editorial.copies import merge_groups, split_group
from pipeline.editorial.copy_view import CopyGroupView, load_copy_group
from pipeline.editorial.corrections import find_corrections
from pipeline.editorial.lookup import find_article
from pipeline.errors import UsageError
from pipeline.reconcile.copy_groups import compare_articles
from pipeline.web.auth import require_api_key
from pipeline.web.http import ArticleName, DecisionNote, EditorText, describe_body, json_response, read_decision
from pipeline.web.search_params import parse_moment

_LONGEST = dt.timedelta(days=31)  # every text that changed since is read again for the answer


class CopyDecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision on copy groups: of these articles' groups one is made, or they leave their group."""

    kind: Literal["merge", "split"]
    articles: Annotated[tuple[ArticleName, ...], msgspec.Meta(min_length=1, max_length=1000)]
    by: EditorText
    note: DecisionNote | None = None


def add_copy_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""

    @app.get("/api/copies")
    def of_address(address: str) -> Response:
        """The copy group of the article with this address."""
        return json_response(load_copy_group(context, find_article(context, address).copy_group))

    @app.get("/api/copies/compare")
    def compared(one: str, other: str) -> Response:
        """What two articles (ids or addresses) share, and why one is taken for a copy of the other, or isn't."""
        return json_response(compare_articles(context, find_article(context, one), find_article(context, other)))

    @app.get("/api/copies/{article}")
    def of_article(article: str) -> Response:
        """The copy group of an article: who is primary, what each took and how much later, what editors decided."""
        return json_response(load_copy_group(context, find_article(context, article).copy_group))

    @app.get("/api/corrections")
    def corrected(since: str | None = None, everything: Annotated[bool, Query(alias="all")] = False) -> Response:
        """The copies that still say what was corrected or withdrawn in the last week, or since a day or time."""
        start = parse_moment("since", since)
        if start and context.clock() - start > _LONGEST:
            raise UsageError(f"since: at most {_LONGEST.days} days ago; newswire corrections goes further back")
        return json_response(list(find_corrections(context, start, all_of_them=everything)))

    @app.post(
        "/api/copies/decisions",
        dependencies=[Depends(require_api_key(context.environment.api_key))],
        openapi_extra=describe_body(CopyDecisionRequest),
    )
    async def decide(request: Request) -> Response:
        """Merge or split copy groups; answers with the groups as they are now."""
        wanted = await read_decision(request, CopyDecisionRequest)
        return json_response(await run_in_threadpool(_decide, context, wanted), 201)


def _decide(context: Context, wanted: CopyDecisionRequest) -> list[CopyGroupView]:
    items = [find_article(context, name) for name in wanted.articles]
    if wanted.kind == "merge":
        return [load_copy_group(context, merge_groups(context, items, wanted.by, wanted.note))]
    return [load_copy_group(context, group) for group in split_group(context, items, wanted.by, wanted.note)]

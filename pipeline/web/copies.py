"""Who copied whom, and what do editors decide on it? Reading is free, deciding needs the API key."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.errors import UsageError
from pipeline.stages import Context
from pipeline.stages.articles import find
from pipeline.stages.copies import Shown, show
from pipeline.stages.corrections import corrections
from pipeline.stages.groups import compare
from pipeline.stages.rulings import merge, split
from pipeline.web.answers import as_json
from pipeline.web.asked import moment
from pipeline.web.bodies import Article, Name, Note, described, read_decision
from pipeline.web.keys import key_check

_LONGEST = dt.timedelta(days=31)  # every text that changed since is read again for the answer


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision on copy groups: of these articles' groups one is made, or they leave their group."""

    kind: Literal["merge", "split"]
    articles: Annotated[tuple[Article, ...], msgspec.Meta(min_length=1, max_length=1000)]
    by: Name
    note: Note | None = None


def serve(app: FastAPI, context: Context, api_key: str | None) -> None:
    """Add the endpoints to ``app``."""

    @app.get("/api/copies")
    def of_address(address: str) -> Response:
        """The copy group of the article with this address."""
        return as_json(show(context, find(context, address).copy_group))

    @app.get("/api/copies/compare")
    def compared(one: str, other: str) -> Response:
        """What two articles (ids or addresses) share, and why one is taken for a copy of the other, or isn't."""
        return as_json(compare(context, find(context, one), find(context, other)))

    @app.get("/api/copies/{article}")
    def of_article(article: str) -> Response:
        """The copy group of an article: who is primary, what each took and how much later, what editors decided."""
        return as_json(show(context, find(context, article).copy_group))

    @app.get("/api/corrections")
    def corrected(since: str | None = None, everything: Annotated[bool, Query(alias="all")] = False) -> Response:
        """The copies that still say what was corrected or withdrawn in the last week, or since a day or time."""
        start = moment("since", since)
        if start and context.clock() - start > _LONGEST:
            raise UsageError(f"since: at most {_LONGEST.days} days ago; newswire corrections goes further back")
        return as_json(list(corrections(context, start, all_of_them=everything)))

    @app.post("/api/copies/decisions", dependencies=[Depends(key_check(api_key))], openapi_extra=described(Wanted))
    async def decide(request: Request) -> Response:
        """Merge or split copy groups; answers with the groups as they are now."""
        wanted = await read_decision(request, Wanted)
        return as_json(await run_in_threadpool(_decide, context, wanted), 201)


def _decide(context: Context, wanted: Wanted) -> list[Shown]:
    items = [find(context, name) for name in wanted.articles]
    if wanted.kind == "merge":
        return [show(context, merge(context, items, wanted.by, wanted.note))]
    return [show(context, group) for group in split(context, items, wanted.by, wanted.note)]

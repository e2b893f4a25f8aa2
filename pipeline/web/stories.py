"""Which stories are there, what was changed of them, and what do editors decide? Deciding needs the API key."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.stages import Context, stories
from pipeline.stages.articles import find
from pipeline.stages.stories import Who
from pipeline.store.storybook import Change
from pipeline.web.answers import as_json
from pipeline.web.asked import limited, moment
from pipeline.web.bodies import Article, Name, Note, described, read_decision
from pipeline.web.keys import key_check


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides, and why."""

    by: Name
    note: Note | None = None


class Merge(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="merge"):
    """``other`` becomes part of ``story``. A story is named by an id that it has or had, or by one of its articles."""

    story: Article
    other: Article


class Split(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="split"):
    """These articles, with their copies, leave ``story`` and are one of their own."""

    story: Article
    articles: Annotated[tuple[Article, ...], msgspec.Meta(min_length=1, max_length=1000)]


class Rename(Decided, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="rename"):
    """``story`` gets a title that stays; null lets its articles choose one again."""

    story: Article
    title: Name | None


def serve(app: FastAPI, context: Context, api_key: str | None) -> None:
    """Add the endpoints to ``app``."""
    may_write = [Depends(key_check(api_key))]

    @app.get("/api/stories")
    def found(since: str | None = None, largest: bool = False, limit: int = 20) -> Response:
        """Stories, the latest (or largest) first; with ``since`` those that have an article of this time or later."""
        start = moment("since", since)
        return as_json(context.store.storybook.newest(limit=limited(limit), since=start, largest=largest))

    @app.get("/api/stories/{story}/changes")
    def changes(story: str) -> Response:
        """What was merged, split and renamed of a story, by whom and why, oldest first."""
        return as_json(context.store.storybook.changes(stories.known(context, story)))

    @app.post("/api/stories/decisions", dependencies=may_write, openapi_extra=described(Merge, Split, Rename))
    async def decide(request: Request) -> Response:
        """Merge, split or rename stories; answers with the change, whose number undoes it."""
        wanted: Merge | Split | Rename = await read_decision(request, Merge | Split | Rename)
        return as_json(await run_in_threadpool(_decide, context, wanted), 201)

    @app.post("/api/stories/decisions/{number}/undo", dependencies=may_write, openapi_extra=described(Decided))
    async def undo(number: int, request: Request) -> Response:
        """Take a change back, also one that repair made, which is not done again then."""
        wanted = await read_decision(request, Decided)
        return as_json(await run_in_threadpool(stories.undo, context, number, _who(wanted)))


def _decide(context: Context, wanted: Merge | Split | Rename) -> Change:
    match wanted:
        case Merge():
            return stories.merge(context, wanted.story, wanted.other, _who(wanted))
        case Split():
            articles = [find(context, name).id for name in wanted.articles]
            return stories.split(context, wanted.story, articles, _who(wanted))
        case Rename():
            return stories.rename(context, wanted.story, wanted.title, _who(wanted))


def _who(wanted: Decided) -> Who:
    return Who(name=wanted.by, reason=wanted.note)

"""Which stories are there, what was changed of them, and what do editors decide? Deciding needs the API key."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.context import Context
from pipeline.editorial import stories
from pipeline.editorial.lookup import find_article
from pipeline.editorial.stories import DecisionAuthor
from pipeline.store import StoryChange
from pipeline.web.auth import require_api_key
from pipeline.web.http import ArticleName, DecisionNote, EditorText, describe_body, json_response, read_decision
from pipeline.web.search_params import check_limit, parse_moment


class DecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides, and why."""

    by: EditorText
    note: DecisionNote | None = None


class MergeStoriesRequest(
    DecisionRequest, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="merge"
):
    """``other`` becomes part of ``story``. A story is named by an id that it has or had, or by one of its articles."""

    story: ArticleName
    other: ArticleName


class SplitStoryRequest(
    DecisionRequest, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="split"
):
    """These articles, with their copies, leave ``story`` and are one of their own."""

    story: ArticleName
    articles: Annotated[tuple[ArticleName, ...], msgspec.Meta(min_length=1, max_length=1000)]


class RenameStoryRequest(
    DecisionRequest, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="rename"
):
    """``story`` gets a title that stays; null lets its articles choose one again."""

    story: ArticleName
    title: EditorText | None


def add_story_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""
    may_write = [Depends(require_api_key(context.environment.api_key))]

    @app.get("/api/stories")
    def found(since: str | None = None, largest: bool = False, limit: int = 20) -> Response:
        """Stories, the latest (or largest) first; with ``since`` those that have an article of this time or later."""
        start = parse_moment("since", since)
        with context.store.read() as connection:
            listed = context.store.story_catalog.list_stories(
                connection, limit=check_limit(limit), since=start, largest=largest
            )
        return json_response(listed)

    @app.get("/api/stories/{story}/changes")
    def changes(story: str) -> Response:
        """What was merged, split and renamed of a story, by whom and why, oldest first."""
        present = stories.resolve_story(context, story)
        with context.store.read() as connection:
            return json_response(context.store.story_catalog.list_changes(connection, present))

    @app.post(
        "/api/stories/decisions",
        dependencies=may_write,
        openapi_extra=describe_body(MergeStoriesRequest, SplitStoryRequest, RenameStoryRequest),
    )
    async def decide(request: Request) -> Response:
        """Merge, split or rename stories; answers with the change, whose number undoes it."""
        wanted: MergeStoriesRequest | SplitStoryRequest | RenameStoryRequest = await read_decision(
            request, MergeStoriesRequest | SplitStoryRequest | RenameStoryRequest
        )
        return json_response(await run_in_threadpool(_decide, context, wanted), 201)

    @app.post(
        "/api/stories/decisions/{number}/undo", dependencies=may_write, openapi_extra=describe_body(DecisionRequest)
    )
    async def undo(number: int, request: Request) -> Response:
        """Take a change back, also one that repair made, which is not done again then."""
        wanted = await read_decision(request, DecisionRequest)
        return json_response(await run_in_threadpool(stories.undo_change, context, number, _who(wanted)))


def _decide(context: Context, wanted: MergeStoriesRequest | SplitStoryRequest | RenameStoryRequest) -> StoryChange:
    match wanted:
        case MergeStoriesRequest():
            return stories.merge_stories(context, wanted.story, wanted.other, _who(wanted))
        case SplitStoryRequest():
            articles = [find_article(context, name).id for name in wanted.articles]
            return stories.split_story(context, wanted.story, articles, _who(wanted))
        case RenameStoryRequest():
            return stories.rename_story(context, wanted.story, wanted.title, _who(wanted))


def _who(wanted: DecisionRequest) -> DecisionAuthor:
    return DecisionAuthor(name=wanted.by, reason=wanted.note)

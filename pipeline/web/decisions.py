"""Serve editors' decisions on copies, stories and entities: what was decided, deciding, and taking back.

Reading needs no key; deciding and taking back need the API key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, FastAPI, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.access_scopes import AccessScope
from pipeline.context import Context
from pipeline.decisions import DecisionAuthor, EntityDecision, StoryDecision, Subject
from pipeline.editorial import copies, entities, stories
from pipeline.editorial.copies import CopyGroupView
from pipeline.editorial.decisions import decision_to_plain, list_decisions
from pipeline.editorial.lookup import find_article
from pipeline.editorial.undo import undo_decision
from pipeline.errors import UsageError
from pipeline.store import UnreadableDecision
from pipeline.web.api_description import describe_answer
from pipeline.web.auth import require_scope
from pipeline.web.http import (
    ArticleName,
    DecisionNote,
    EditorText,
    json_response,
    read_decision,
)
from pipeline.web.search_params import check_limit


class DecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Return who decides, and why."""

    by: EditorText
    note: DecisionNote | None = None

    @property
    def author(self) -> DecisionAuthor:
        """Return who decides, and why."""
        return DecisionAuthor(name=self.by, note=self.note)


class CopyDecisionRequest(DecisionRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision on copy groups: of these articles' groups one is made, or they leave their group."""

    kind: Literal["merge", "split"]
    articles: Annotated[tuple[ArticleName, ...], msgspec.Meta(min_length=1, max_length=1000)]


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


StoryDecisionRequest = MergeStoriesRequest | SplitStoryRequest | RenameStoryRequest


class DecisionLog(msgspec.Struct, frozen=True, kw_only=True):
    """The latest decisions, and the rows that can't be read as any."""

    decisions: list[dict[str, Any]]
    unreadable: list[UnreadableDecision]


class OptionalAuthor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides, and why; both may be left out."""

    by: EditorText | None = None
    note: DecisionNote | None = None

    @property
    def author(self) -> DecisionAuthor:
        """Return who decides, and why."""
        return DecisionAuthor(name=self.by, note=self.note)


class EntityDecisionRequest(OptionalAuthor, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision on an entity."""

    kind: Literal["merge", "split", "rename", "hide"]
    entity: EditorText
    into: EditorText | None = None  # merge: the entity that it is
    surfaces: Annotated[tuple[EditorText, ...], msgspec.Meta(max_length=100)] = ()  # split: the ways of writing
    name: EditorText | None = None  # split, rename: the name to show


DecisionNumber = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]  # what databases count with


def add_decision_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""
    key = [Depends(require_scope(AccessScope.DECIDE))]

    @app.get("/api/decisions", openapi_extra=describe_answer(DecisionLog))
    def log(subject: Subject | None = None, limit: int = 100) -> Response:
        """The latest decisions on copies, stories and entities, undone ones too, and rows that can't be read."""
        decisions, unreadable = list_decisions(context, subject, check_limit(limit))
        plain = [decision_to_plain(decision) for decision in decisions]
        return json_response(DecisionLog(decisions=plain, unreadable=unreadable))

    @app.post(
        "/api/copies/decisions", dependencies=key, openapi_extra=_describe(list[CopyGroupView], CopyDecisionRequest)
    )
    async def decide_on_copies(request: Request) -> Response:
        """Merge or split copy groups; answers with the groups as they are now."""
        decision = await read_decision(request, CopyDecisionRequest)
        return json_response(await run_in_threadpool(apply_copy_decision, context, decision), 201)

    described = _describe(StoryDecision, MergeStoriesRequest, SplitStoryRequest, RenameStoryRequest)

    @app.post("/api/stories/decisions", dependencies=key, openapi_extra=described)
    async def decide_on_stories(request: Request) -> Response:
        """Merge, split or rename stories; answers with the change, whose number undoes it."""
        decision = await read_decision(request, StoryDecisionRequest)
        return json_response(await run_in_threadpool(apply_story_decision, context, decision), 201)

    @app.post(
        "/api/entities/decisions", dependencies=key, openapi_extra=_describe(EntityDecision, EntityDecisionRequest)
    )
    async def decide_on_entities(request: Request) -> Response:
        """Merge, split, rename or hide an entity."""
        decision = await read_decision(request, EntityDecisionRequest)
        return json_response(await run_in_threadpool(apply_entity_decision, context, decision), 201)

    _add_undo_routes(app, context)


def _describe(answer: Any, *bodies: type[msgspec.Struct], status: int = 201) -> dict[str, Any]:
    return describe_answer(answer, status=status, bodies=bodies)


def _add_undo_routes(app: FastAPI, context: Context) -> None:
    key = [Depends(require_scope(AccessScope.DECIDE))]
    described = _describe(dict[str, Any], DecisionRequest, status=200)

    async def undo(number: int, author: DecisionAuthor, subject: Subject | None = None) -> Response:
        decision = await run_in_threadpool(undo_decision, context, number, author, subject)
        return json_response(decision if subject else decision_to_plain(decision))

    @app.post("/api/decisions/{number}/undo", dependencies=key, openapi_extra=described)
    async def undo_any(number: DecisionNumber, request: Request) -> Response:
        """Take a decision back, on whatever it is."""
        return await undo(number, (await read_decision(request, DecisionRequest)).author)

    @app.post("/api/copies/decisions/{number}/undo", dependencies=key, openapi_extra=described)
    async def undo_on_copies(number: DecisionNumber, request: Request) -> Response:
        """Take a merge or split of copy groups back: articles go where they were before."""
        return await undo(number, (await read_decision(request, DecisionRequest)).author, Subject.COPIES)

    @app.post("/api/stories/decisions/{number}/undo", dependencies=key, openapi_extra=described)
    async def undo_on_stories(number: DecisionNumber, request: Request) -> Response:
        """Take a change back, also one that repair made, which is not done again then."""
        return await undo(number, (await read_decision(request, DecisionRequest)).author, Subject.STORIES)

    optional = _describe(dict[str, Any], OptionalAuthor, status=200)

    @app.post("/api/entities/decisions/{number}/undo", dependencies=key, openapi_extra=optional)
    async def undo_on_entities(number: DecisionNumber, request: Request) -> Response:
        """Let a decision hold no more; the body may be empty."""
        sent = await read_decision(request, OptionalAuthor, default=OptionalAuthor())
        return await undo(number, sent.author, Subject.ENTITIES)


def apply_copy_decision(context: Context, request: CopyDecisionRequest) -> list[CopyGroupView]:
    """Merge or split copy groups; return the groups as they are now.

    Raises:
        UsageError: It can't be done.
    """
    articles = [find_article(context, name) for name in request.articles]
    if request.kind == "merge":
        return [copies.load_copy_group(context, copies.merge_groups(context, articles, request.author).group)]
    decision = copies.split_group(context, articles, request.author)
    return [copies.load_copy_group(context, group) for group in (decision.group, decision.taken)]


def apply_story_decision(context: Context, request: StoryDecisionRequest) -> StoryDecision:
    """Merge, split or rename stories; return the recorded decision.

    Raises:
        UsageError: It can't be done.
    """
    match request:
        case MergeStoriesRequest():
            return stories.merge_stories(context, request.story, request.other, request.author)
        case SplitStoryRequest():
            articles = [find_article(context, name).id for name in request.articles]
            return stories.split_story(context, request.story, articles, request.author)
        case RenameStoryRequest():
            return stories.rename_story(context, request.story, request.title, request.author)


def apply_entity_decision(context: Context, request: EntityDecisionRequest) -> EntityDecision:
    """Merge, split, rename or hide an entity; return the recorded decision.

    Raises:
        UsageError: It can't be done, or a field is missing.
    """
    entity, author = request.entity, request.author
    match request.kind:
        case "merge":
            return entities.merge_entities(context, entity, _required("into", request.into), author)
        case "split":
            name = _required("name", request.name)
            return entities.split_entity(context, entity, request.surfaces, author, name=name)
        case "rename":
            return entities.rename_entity(context, entity, _required("name", request.name), author)
        case "hide":
            return entities.hide_entity(context, entity, author)


def _required(field: str, value: str | None) -> str:
    """Return the value of a field that this kind of decision needs.

    Raises:
        UsageError: It is missing.
    """
    if value is None:
        raise UsageError(f"{field}: this decision needs one")
    return value

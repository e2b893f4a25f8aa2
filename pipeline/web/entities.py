"""Which entities are there, and what do editors decide on them? Reading is free, deciding needs the API key."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.context import Context
from pipeline.editorial import entities
from pipeline.errors import UsageError
from pipeline.feed_records import EntityDecision
from pipeline.records import EntityType
from pipeline.web.auth import require_api_key
from pipeline.web.http import DecisionNote, EditorText, describe_body, json_response, read_decision
from pipeline.web.search_params import check_limit


class EntityDecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision as a request puts it."""

    kind: Literal["merge", "split", "rename", "hide"]
    entity: EditorText
    into: EditorText | None = None  # merge: the entity that it is
    surfaces: Annotated[tuple[EditorText, ...], msgspec.Meta(max_length=100)] = ()  # split: the ways of writing
    name: EditorText | None = None  # split, rename: the name to show
    by: EditorText | None = None
    note: DecisionNote | None = None


def add_entity_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""
    may_write = [Depends(require_api_key(context.environment.api_key))]

    @app.get("/api/entities")
    def found(text: str = "", kind: EntityType | None = None, limit: int = 50) -> Response:
        """Entities whose name or other name holds text, those in most articles first."""
        return json_response(entities.list_entities(context, text, kind, check_limit(limit)))

    @app.get("/api/entities/decisions")
    def decisions() -> Response:
        """All decisions, undone ones too, in order."""
        with context.store.read() as connection:
            return json_response(context.store.entities.list_decisions(connection))

    @app.get("/api/entities/{entity}")
    def shown(entity: str) -> Response:
        """How an entity is written, in which articles, and what was decided on it."""
        return json_response(entities.load_entity(context, entity))

    @app.post("/api/entities/decisions", dependencies=may_write, openapi_extra=describe_body(EntityDecisionRequest))
    async def decide(request: Request) -> Response:
        """Merge, split, rename or hide an entity."""
        wanted = await read_decision(request, EntityDecisionRequest)
        return json_response(await run_in_threadpool(_decide, context, wanted), 201)

    @app.post("/api/entities/decisions/{number}/undo", dependencies=may_write)
    def undo(number: int) -> Response:
        """Let a decision hold no more."""
        return json_response(entities.undo_decision(context, number))


def _decide(context: Context, wanted: EntityDecisionRequest) -> EntityDecision:
    more = {"by": wanted.by, "note": wanted.note}
    match wanted.kind:
        case "merge":
            return entities.merge_entities(context, wanted.entity, _needed("into", wanted.into), **more)
        case "split":
            name = _needed("name", wanted.name)
            return entities.split_entity(context, wanted.entity, wanted.surfaces, name=name, **more)
        case "rename":
            return entities.rename_entity(context, wanted.entity, _needed("name", wanted.name), **more)
        case "hide":
            return entities.hide_entity(context, wanted.entity, **more)


def _needed(field: str, value: str | None) -> str:
    if value is None:
        raise UsageError(f"{field}: this decision needs one")
    return value

"""Which entities are there, and what do editors decide on them? Reading is free, deciding needs the API key."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.errors import UsageError
from pipeline.records import EntityType
from pipeline.stages import Context, entities
from pipeline.states import Decision
from pipeline.web.answers import as_json
from pipeline.web.asked import limited
from pipeline.web.bodies import Name, Note, described, read_decision
from pipeline.web.keys import key_check


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision as a request puts it."""

    kind: Literal["merge", "split", "rename", "hide"]
    entity: Name
    into: Name | None = None  # merge: the entity that it is
    surfaces: Annotated[tuple[Name, ...], msgspec.Meta(max_length=100)] = ()  # split: the ways of writing
    name: Name | None = None  # split, rename: the name to show
    by: Name | None = None
    note: Note | None = None


def serve(app: FastAPI, context: Context, api_key: str | None) -> None:
    """Add the endpoints to ``app``."""
    may_write = [Depends(key_check(api_key))]

    @app.get("/api/entities")
    def found(text: str = "", kind: EntityType | None = None, limit: int = 50) -> Response:
        """Entities whose name or other name holds text, those in most articles first."""
        return as_json(entities.find(context, text, kind, limited(limit)))

    @app.get("/api/entities/decisions")
    def decisions() -> Response:
        """All decisions, undone ones too, in order."""
        return as_json(context.store.entities.decisions())

    @app.get("/api/entities/{entity}")
    def shown(entity: str) -> Response:
        """How an entity is written, in which articles, and what was decided on it."""
        return as_json(entities.show(context, entity))

    @app.post("/api/entities/decisions", dependencies=may_write, openapi_extra=described(Wanted))
    async def decide(request: Request) -> Response:
        """Merge, split, rename or hide an entity."""
        wanted = await read_decision(request, Wanted)
        return as_json(await run_in_threadpool(_decide, context, wanted), 201)

    @app.post("/api/entities/decisions/{number}/undo", dependencies=may_write)
    def undo(number: int) -> Response:
        """Let a decision hold no more."""
        return as_json(entities.undo(context, number))


def _decide(context: Context, wanted: Wanted) -> Decision:
    more = {"by": wanted.by, "note": wanted.note}
    match wanted.kind:
        case "merge":
            return entities.merge(context, wanted.entity, _needed("into", wanted.into), **more)
        case "split":
            name = _needed("name", wanted.name)
            return entities.split(context, wanted.entity, wanted.surfaces, name=name, **more)
        case "rename":
            return entities.rename(context, wanted.entity, _needed("name", wanted.name), **more)
        case "hide":
            return entities.hide(context, wanted.entity, **more)


def _needed(field: str, value: str | None) -> str:
    if value is None:
        raise UsageError(f"{field}: this decision needs one")
    return value

"""Serve what editors read: copy groups, corrections, stories and entities. Reading needs no key."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Response

from pipeline.context import Context
from pipeline.decisions import EntityDecision, StoryDecision
from pipeline.dedupe import Comparison
from pipeline.editorial.copies import CopyGroupView, load_copy_group
from pipeline.editorial.corrections import Correction, find_corrections
from pipeline.editorial.entities import EntityView, list_entities, load_entity
from pipeline.editorial.lookup import find_article
from pipeline.editorial.stories import resolve_story
from pipeline.errors import UsageError
from pipeline.moments import parse_moment
from pipeline.reconcile.copy_groups import compare_articles
from pipeline.records import EntityType
from pipeline.store import EntityRow, StoryListing
from pipeline.web.api_description import describe_answer
from pipeline.web.code_names import ENTITY_FIELDS
from pipeline.web.http import json_response
from pipeline.web.reader_language import main_language
from pipeline.web.reader_names import ReaderNames
from pipeline.web.search_params import check_limit

_LONGEST = dt.timedelta(days=31)  # every text that changed since is read again for the answer


class EntityListing(EntityRow, frozen=True, kw_only=True, omit_defaults=True):
    """An entity in a list; ``label`` is what the language that was asked for calls it."""

    label: str | None = None


class EntityAnswer(EntityView, frozen=True, kw_only=True, omit_defaults=True):
    """An entity as ``EntityView`` has it; ``label`` is what the language that was asked for calls it."""

    label: str | None = None


def add_editorial_routes(app: FastAPI, context: Context, names: ReaderNames) -> None:
    """Add the endpoints to ``app``."""
    _add_copy_routes(app, context)
    _add_story_routes(app, context)
    _add_entity_routes(app, context, names)


def _add_copy_routes(app: FastAPI, context: Context) -> None:
    @app.get("/api/copies", openapi_extra=describe_answer(CopyGroupView))
    def copies_of_address(address: str) -> Response:
        """The copy group of the article with this address."""
        return json_response(load_copy_group(context, find_article(context, address).copy_group))

    @app.get("/api/copies/compare", openapi_extra=describe_answer(Comparison))
    def compare(first: Annotated[str, Query(alias="one")], second: Annotated[str, Query(alias="other")]) -> Response:
        """What two articles (ids or addresses) share, and why one is taken for a copy of the other, or isn't."""
        return json_response(compare_articles(context, find_article(context, first), find_article(context, second)))

    @app.get("/api/copies/{article}", openapi_extra=describe_answer(CopyGroupView))
    def copies_of_article(article: str) -> Response:
        """The copy group of an article: who is primary, what each took and how much later, what editors decided."""
        return json_response(load_copy_group(context, find_article(context, article).copy_group))

    @app.get("/api/corrections", openapi_extra=describe_answer(list[Correction]))
    def corrections(since: str | None = None, everything: Annotated[bool, Query(alias="all")] = False) -> Response:
        """The copies that still say what was corrected or withdrawn in the last week, or since a day or time."""
        start = parse_moment("since", since) if since else None
        if start and context.clock() - start > _LONGEST:
            raise UsageError(f"since: at most {_LONGEST.days} days ago; newswire corrections goes further back")
        return json_response(list(find_corrections(context, start, include_uncopied=everything)))


def _add_story_routes(app: FastAPI, context: Context) -> None:
    @app.get("/api/stories", openapi_extra=describe_answer(list[StoryListing]))
    def stories(since: str | None = None, largest: bool = False, limit: int = 20) -> Response:
        """Stories, the latest (or largest) first; with ``since`` those that have an article of this time or later."""
        start, size = parse_moment("since", since) if since else None, check_limit(limit)
        with context.store.read() as connection:
            catalog = context.store.story_catalog
            return json_response(catalog.list_stories(connection, limit=size, since=start, largest=largest))

    @app.get("/api/stories/{story}/changes", openapi_extra=describe_answer(list[StoryDecision]))
    def changes(story: str) -> Response:
        """What was merged, split and renamed of a story, by whom and why, oldest first."""
        present = resolve_story(context, story)
        with context.store.read() as connection:
            return json_response(context.store.decisions.list_story_decisions(connection, present))


def _add_entity_routes(app: FastAPI, context: Context, names: ReaderNames) -> None:
    def label(entity: EntityRow, lang: str) -> str | None:
        language = main_language(lang)
        return names.label(entity.name, ENTITY_FIELDS[entity.type], language) if language else None

    @app.get("/api/entities", openapi_extra=describe_answer(list[EntityListing]))
    def entities(text: str = "", kind: EntityType | None = None, limit: int = 50, lang: str = "") -> Response:
        """Entities whose name or other name holds text, those in most articles first; labels in ``lang``."""
        rows = list_entities(context, text, kind, check_limit(limit))
        return json_response([EntityListing(**msgspec.structs.asdict(row), label=label(row, lang)) for row in rows])

    @app.get("/api/entities/decisions", openapi_extra=describe_answer(list[EntityDecision]))
    def entity_decisions() -> Response:
        """All decisions on entities, undone ones too, in order."""
        with context.store.read() as connection:
            return json_response(context.store.decisions.list_entity_decisions(connection))

    @app.get("/api/entities/{entity}", openapi_extra=describe_answer(EntityAnswer))
    def entity_view(entity: str, lang: str = "") -> Response:
        """How an entity is written, in which articles, and what was decided on it; its label in ``lang``."""
        view = load_entity(context, entity)
        return json_response(EntityAnswer(**msgspec.structs.asdict(view), label=label(view.entity, lang)))

"""Merge, split, rename and hide entities, take that back, and show what is known of them.

A decision is a rule of the ledger. The documents of all articles that it concerns get a new revision, and the next run
of index writes them as they are to be read now.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from pipeline.context import Context
from pipeline.decisions import DecisionAuthor, DecisionKind, EntityDecision
from pipeline.editorial.decisions import mark_undone, record_decision
from pipeline.enrich.knowledge.knowledge_base import entity_id
from pipeline.enrich.linking.editorial_rules import EntityRules
from pipeline.errors import UnknownError, UsageError
from pipeline.records import EntityType
from pipeline.store import EntityRow, SurfaceFormRow


class EntityView(msgspec.Struct, frozen=True, kw_only=True):
    """An entity, how it is written, and what was decided on it."""

    entity: EntityRow
    became: str | None  # the entity that is meant now: itself, another one, None where it is hidden
    written: list[SurfaceFormRow]
    articles: list[str]
    decisions: list[EntityDecision]


def list_entities(context: Context, text: str = "", kind: EntityType | None = None, limit: int = 50) -> list[EntityRow]:
    """Return the entities that articles name, as decided: those named most first."""
    with context.store.read() as connection:
        rules = EntityRules(context.store.decisions.list_entity_decisions(connection))
        rows = context.store.entities.search_entities(connection, text, kind, limit=limit)
    return [
        msgspec.structs.replace(row, name=rules.given_name(row.id) or row.name)
        for row in rows
        if rules.current_entity(row.id) == row.id
    ]


def load_entity(context: Context, name: str) -> EntityView:
    """Return what is known of the entity with this id or name.

    Raises:
        UnknownError: There is none.
        UsageError: There are several.
    """
    store = context.store.entities
    ident = resolve_entity(context, name)
    with context.store.read() as connection:
        decisions = context.store.decisions.list_entity_decisions(connection)
        rules = EntityRules(decisions)
        row = store.get(connection, [ident])[ident]
        sources = rules.source_entities([ident])
        return EntityView(
            entity=msgspec.structs.replace(row, name=rules.given_name(ident) or row.name),
            became=rules.current_entity(ident),
            written=[form for source in sorted(sources) for form in store.list_forms(connection, source)],
            articles=store.list_articles(connection, sources),
            decisions=[decision for decision in decisions if ident in {decision.entity, decision.target}],
        )


def resolve_entity(context: Context, name: str) -> str:
    """Return the id of the entity with this id or name.

    Raises:
        UnknownError: There is none.
        UsageError: There are several.
    """
    store = context.store.entities
    with context.store.read() as connection:
        if store.get(connection, [name]):
            return name
        decisions = context.store.decisions.list_entity_decisions(connection)
        if any(name == decision.target for decision in decisions):
            return name
        standing = [decision for decision in decisions if decision.name == name and decision.undone_at is None]
        idents = {decision.target or decision.entity for decision in standing}
        idents = idents or {row.id for row in store.search_entities(connection, name, exact=True)}
    if len(idents) == 1:
        return idents.pop()
    if not idents:
        raise UnknownError(f"no entity is called {name!r}; newswire entities list finds them")
    raise UsageError(f"{name!r} may be {', '.join(sorted(idents)[:5])}; name one by its id")


def merge_entities(context: Context, entity: str, into: str, author: DecisionAuthor) -> EntityDecision:
    """Let an entity be another one from now on, and in all articles so far.

    Raises:
        UsageError: They are one entity already.
    """
    ident, target = resolve_entity(context, entity), resolve_entity(context, into)
    if _rules(context).current_entity(target) == ident or ident == target:
        raise UsageError(f"{ident} and {target} are one entity already")
    return _decide(context, _decision(context, author, DecisionKind.MERGE, entity=ident, target=target))


def split_entity(
    context: Context, entity: str, surfaces: Collection[str], author: DecisionAuthor, *, name: str
) -> EntityDecision:
    """Let an entity's mentions that are written in one of these ways be another entity, called ``name``.

    Raises:
        UsageError: No way of writing is named, or the other entity would have the same id.
    """
    if not surfaces:
        raise UsageError("name the ways of writing that are somebody else's")
    ident = resolve_entity(context, entity)
    try:
        kind = EntityType(ident.partition(":")[0].upper())
    except ValueError as error:
        raise UsageError(f"{ident} names no type of entity") from error
    target = entity_id(kind, name)
    if target == ident:
        raise UsageError(f"{name!r} would be {ident} itself; give the other entity another name")
    decision = _decision(context, author, DecisionKind.SPLIT, entity=ident, target=target, name=name)
    return _decide(context, msgspec.structs.replace(decision, surfaces=tuple(surfaces)))


def rename_entity(context: Context, entity: str, name: str, author: DecisionAuthor) -> EntityDecision:
    """Show an entity under another name.

    Raises:
        UsageError: The name is empty.
    """
    if not name.strip():
        raise UsageError("the new name is empty")
    ident = resolve_entity(context, entity)
    return _decide(context, _decision(context, author, DecisionKind.RENAME, entity=ident, name=name.strip()))


def hide_entity(context: Context, entity: str, author: DecisionAuthor) -> EntityDecision:
    """Leave an entity out of all documents."""
    ident = resolve_entity(context, entity)
    return _decide(context, _decision(context, author, DecisionKind.HIDE, entity=ident))


def undo_entity_decision(context: Context, decision: EntityDecision, author: DecisionAuthor) -> None:
    """Let a decision hold no more."""
    concerned = _rules(context).source_entities([decision.entity])
    with context.store.write() as connection:
        mark_undone(context, connection, decision.n, author)
        articles = context.store.entities.select_articles_naming(connection, concerned)
        context.store.ledger.bump_revision(connection, seqs=articles)


def _decision(
    context: Context,
    author: DecisionAuthor,
    kind: DecisionKind,
    *,
    entity: str,
    target: str | None = None,
    name: str | None = None,
) -> EntityDecision:
    now = context.clock()
    return EntityDecision(kind=kind, at=now, by=author.name, note=author.note, entity=entity, target=target, name=name)


def _decide(context: Context, decision: EntityDecision) -> EntityDecision:
    """Record a decision, and let the documents that it changes be written again; return it with its number."""
    concerned = _rules(context).source_entities([decision.entity])  # as articles have them
    with context.store.write() as connection:
        decision = record_decision(context, connection, decision)
        articles = context.store.entities.select_articles_naming(connection, concerned)
        context.store.ledger.bump_revision(connection, seqs=articles)
    return decision


def _rules(context: Context) -> EntityRules:
    """Return the decisions that hold."""
    with context.store.read() as connection:
        return EntityRules(context.store.decisions.list_entity_decisions(connection))

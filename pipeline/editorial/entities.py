"""How do editors' decisions on entities reach the documents?

A decision is a rule of the ledger. The documents of all articles that it concerns get a new revision, and the next run
of index writes them as they are to be read now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from pipeline.context import Context
from pipeline.enrich.knowledge.knowledge_base import entity_id
from pipeline.enrich.linking.editorial_rules import EntityRules
from pipeline.errors import UnknownError, UsageError
from pipeline.feed_records import EntityDecision, EntityDecisionKind
from pipeline.records import EntityType, Names
from pipeline.store import EntityRow, Store, SurfaceFormRow


class EntityView(msgspec.Struct, frozen=True, kw_only=True):
    """An entity, how it is written, and what was decided on it."""

    entity: EntityRow
    became: str | None  # the entity that is meant now: itself, another one, None where it is hidden
    written: list[SurfaceFormRow]
    articles: list[str]
    decisions: list[EntityDecision]


def apply_decisions(store: Store, names: Mapping[str, Names]) -> dict[str, Names]:
    """Return article → names as they are to be read: shown under elected names, merged, split, renamed and hidden."""
    with store.read() as connection:
        rules = EntityRules(store.entities.list_decisions(connection))
        concerned = store.entities.get(connection, rules.concerned_entities(names.values()))
    shown = {ident: entity.to_entity() for ident, entity in concerned.items()}
    return {article: rules.apply(one, shown) for article, one in names.items()}


def list_entities(context: Context, text: str = "", kind: EntityType | None = None, limit: int = 50) -> list[EntityRow]:
    """Return the entities that articles name, as decided: those named most first."""
    with context.store.read() as connection:
        rules = EntityRules(context.store.entities.list_decisions(connection))
        found = context.store.entities.search_entities(connection, text, kind, limit=limit)
    return [
        msgspec.structs.replace(one, name=rules.given_name(one.id) or one.name)
        for one in found
        if rules.current_entity(one.id) == one.id
    ]


def load_entity(context: Context, name: str) -> EntityView:
    """Return what is known of the entity with this id or name; raises UsageError where there is none or several."""
    store = context.store.entities
    ident = resolve_entity(context, name)
    with context.store.read() as connection:
        decisions = store.list_decisions(connection)
        rules = EntityRules(decisions)
        known = store.get(connection, [ident])[ident]
        return EntityView(
            entity=msgspec.structs.replace(known, name=rules.given_name(ident) or known.name),
            became=rules.current_entity(ident),
            written=[f for one in sorted(rules.source_entities([ident])) for f in store.list_forms(connection, one)],
            articles=store.list_articles(connection, rules.source_entities([ident])),
            decisions=[d for d in decisions if ident in {d.entity, d.target}],
        )


def resolve_entity(context: Context, name: str) -> str:
    """Return the id of the entity with this id or name; raises UsageError where there is none or several."""
    store = context.store.entities
    with context.store.read() as connection:
        if store.get(connection, [name]):
            return name
        decisions = store.list_decisions(connection)
    if any(name == d.target for d in decisions):
        return name
    named = {d.target or d.entity for d in decisions if d.name == name and d.undone is None}
    with context.store.read() as connection:
        found = named or {one.id for one in store.search_entities(connection, name, exact=True)}
    if len(found) == 1:
        return found.pop()
    if not found:
        raise UnknownError(f"no entity is called {name!r}; newswire entities list finds them")
    raise UsageError(f"{name!r} may be {', '.join(sorted(found)[:5])}; name one by its id")


def merge_entities(
    context: Context, entity: str, into: str, *, by: str | None = None, note: str | None = None
) -> EntityDecision:
    """Let an entity be another one from now on, and in all articles so far."""
    one, other = resolve_entity(context, entity), resolve_entity(context, into)
    with context.store.read() as connection:
        rules = EntityRules(context.store.entities.list_decisions(connection))
    if rules.current_entity(other) == one or one == other:
        raise UsageError(f"{one} and {other} are one entity already")
    return _decide(
        context,
        EntityDecision(kind=EntityDecisionKind.MERGE, entity=one, at=context.clock(), target=other, by=by, note=note),
    )


def split_entity(
    context: Context,
    entity: str,
    surfaces: Collection[str],
    *,
    name: str,
    by: str | None = None,
    note: str | None = None,
) -> EntityDecision:
    """Let an entity's mentions that are written in one of these ways be another entity, called ``name``."""
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
    made = EntityDecision(
        kind=EntityDecisionKind.SPLIT, entity=ident, at=context.clock(), target=target, name=name, by=by, note=note
    )
    return _decide(context, msgspec.structs.replace(made, surfaces=tuple(surfaces)))


def rename_entity(
    context: Context, entity: str, name: str, *, by: str | None = None, note: str | None = None
) -> EntityDecision:
    """Show an entity under another name."""
    if not name.strip():
        raise UsageError("the new name is empty")
    ident, at = resolve_entity(context, entity), context.clock()
    return _decide(
        context,
        EntityDecision(kind=EntityDecisionKind.RENAME, entity=ident, at=at, name=name.strip(), by=by, note=note),
    )


def hide_entity(context: Context, entity: str, *, by: str | None = None, note: str | None = None) -> EntityDecision:
    """Leave an entity out of all documents."""
    ident, at = resolve_entity(context, entity), context.clock()
    return _decide(context, EntityDecision(kind=EntityDecisionKind.HIDE, entity=ident, at=at, by=by, note=note))


def undo_decision(context: Context, n: int) -> EntityDecision:
    """Let a decision hold no more."""
    store = context.store
    with store.read() as connection:
        decision = next((d for d in store.entities.list_decisions(connection) if d.n == n), None)
    if decision is None:
        raise UnknownError(f"there is no decision {n}; newswire entities decisions lists them")
    if decision.undone:
        raise UsageError(f"decision {n} was undone at {decision.undone:%Y-%m-%d %H:%M}")
    concerned = _concerned(context, decision)
    with store.write() as connection:
        store.entities.mark_undone(connection, decision, context.clock())
        store.ledger.bump_revision(connection, seqs=store.entities.select_articles_naming(connection, concerned))
    return msgspec.structs.replace(decision, undone=context.clock())


def _decide(context: Context, decision: EntityDecision) -> EntityDecision:
    concerned = _concerned(context, decision)
    with context.store.write() as connection:
        decision = context.store.entities.add_decision(connection, decision)
        articles = context.store.entities.select_articles_naming(connection, concerned)
        context.store.ledger.bump_revision(connection, seqs=articles)
    return decision


def _concerned(context: Context, decision: EntityDecision) -> set[str]:
    """Return the entities, as articles have them, whose documents a decision changes."""
    with context.store.read() as connection:
        return EntityRules(context.store.entities.list_decisions(connection)).source_entities([decision.entity])

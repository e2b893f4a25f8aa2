"""How do editors' decisions on entities reach the documents?

A decision is a rule of the ledger. The documents of all articles that it concerns get a new revision, and the next run
of index writes them as they are to be read now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from pipeline.enrich.known import entity_id
from pipeline.enrich.rules import Rules
from pipeline.errors import UnknownError, UsageError
from pipeline.records import EntityType, Names
from pipeline.stages.context import Context
from pipeline.states import Decided, Decision
from pipeline.store import Store
from pipeline.store.entities import Known, Written, naming


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An entity, how it is written, and what was decided on it."""

    entity: Known
    became: str | None  # the entity that is meant now: itself, another one, None where it is hidden
    written: list[Written]
    articles: list[str]
    decisions: list[Decision]


def as_decided(store: Store, names: Mapping[str, Names]) -> dict[str, Names]:
    """Return article → names as they are to be read: shown under elected names, merged, split, renamed and hidden."""
    rules = Rules(store.entities.decisions())
    shown = {k: one.shown() for k, one in store.entities.get(rules.targets(names.values())).items()}
    return {article: rules.apply(one, shown) for article, one in names.items()}


def find(context: Context, text: str = "", kind: EntityType | None = None, limit: int = 50) -> list[Known]:
    """Return the entities that articles name, as decided: those named most first."""
    rules = Rules(context.store.entities.decisions())
    found = context.store.entities.find(text, kind, limit=limit)
    return [
        msgspec.structs.replace(one, name=rules.name(one.id) or one.name)
        for one in found
        if rules.entity(one.id) == one.id
    ]


def show(context: Context, name: str) -> Shown:
    """Return what is known of the entity with this id or name; raises UsageError where there is none or several."""
    store = context.store.entities
    ident = identify(context, name)
    decisions = store.decisions()
    rules = Rules(decisions)
    known = store.get([ident])[ident]
    return Shown(
        entity=msgspec.structs.replace(known, name=rules.name(ident) or known.name),
        became=rules.entity(ident),
        written=[form for one in sorted(rules.sources([ident])) for form in store.forms(one)],
        articles=store.articles(rules.sources([ident])),
        decisions=[d for d in decisions if ident in {d.entity, d.target}],
    )


def identify(context: Context, name: str) -> str:
    """Return the id of the entity with this id or name; raises UsageError where there is none or several."""
    store = context.store.entities
    if store.get([name]):
        return name
    decisions = store.decisions()
    if any(name == d.target for d in decisions):
        return name
    named = {d.target or d.entity for d in decisions if d.name == name and d.undone is None}
    found = named or {one.id for one in store.find(name, exact=True)}
    if len(found) == 1:
        return found.pop()
    if not found:
        raise UnknownError(f"no entity is called {name!r}; newswire entities list finds them")
    raise UsageError(f"{name!r} may be {', '.join(sorted(found)[:5])}; name one by its id")


def merge(context: Context, entity: str, into: str, *, by: str | None = None, note: str | None = None) -> Decision:
    """Let an entity be another one from now on, and in all articles so far."""
    one, other = identify(context, entity), identify(context, into)
    if Rules(context.store.entities.decisions()).entity(other) == one or one == other:
        raise UsageError(f"{one} and {other} are one entity already")
    return _decide(
        context, Decision(kind=Decided.MERGE, entity=one, at=context.clock(), target=other, by=by, note=note)
    )


def split(
    context: Context,
    entity: str,
    surfaces: Collection[str],
    *,
    name: str,
    by: str | None = None,
    note: str | None = None,
) -> Decision:
    """Let an entity's mentions that are written in one of these ways be another entity, called ``name``."""
    if not surfaces:
        raise UsageError("name the ways of writing that are somebody else's")
    ident = identify(context, entity)
    try:
        kind = EntityType(ident.partition(":")[0].upper())
    except ValueError as error:
        raise UsageError(f"{ident} names no type of entity") from error
    target = entity_id(kind, name)
    if target == ident:
        raise UsageError(f"{name!r} would be {ident} itself; give the other entity another name")
    made = Decision(kind=Decided.SPLIT, entity=ident, at=context.clock(), target=target, name=name, by=by, note=note)
    return _decide(context, msgspec.structs.replace(made, surfaces=tuple(surfaces)))


def rename(context: Context, entity: str, name: str, *, by: str | None = None, note: str | None = None) -> Decision:
    """Show an entity under another name."""
    if not name.strip():
        raise UsageError("the new name is empty")
    ident, at = identify(context, entity), context.clock()
    return _decide(context, Decision(kind=Decided.RENAME, entity=ident, at=at, name=name.strip(), by=by, note=note))


def hide(context: Context, entity: str, *, by: str | None = None, note: str | None = None) -> Decision:
    """Leave an entity out of all documents."""
    ident, at = identify(context, entity), context.clock()
    return _decide(context, Decision(kind=Decided.HIDE, entity=ident, at=at, by=by, note=note))


def undo(context: Context, n: int) -> Decision:
    """Let a decision hold no more."""
    store = context.store
    decision = next((d for d in store.entities.decisions() if d.n == n), None)
    if decision is None:
        raise UnknownError(f"there is no decision {n}; newswire entities decisions lists them")
    if decision.undone:
        raise UsageError(f"decision {n} was undone at {decision.undone:%Y-%m-%d %H:%M}")
    concerned = _concerned(context, decision)
    with store.write() as connection:
        store.entities.undo(connection, decision, context.clock())
        store.ledger.touch(connection, seqs=naming(connection, concerned))
    return msgspec.structs.replace(decision, undone=context.clock())


def _decide(context: Context, decision: Decision) -> Decision:
    concerned = _concerned(context, decision)
    with context.store.write() as connection:
        decision = context.store.entities.decide(connection, decision)
        context.store.ledger.touch(connection, seqs=naming(connection, concerned))
    return decision


def _concerned(context: Context, decision: Decision) -> set[str]:
    """Return the entities, as articles have them, whose documents a decision changes."""
    return Rules(context.store.entities.decisions()).sources([decision.entity])

"""Apply editors' decisions on entities to the names of an article.

Decisions are rules: they change no record, but how records are read, so that each can be undone and holds for later
articles too. A merge or a split applies to the result of the decisions that precede it; the last word on a name, and
whether an entity is hidden, applies to the entity that comes out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from pipeline.decisions import DecisionKind, EntityDecision
from pipeline.enrich.linking.entity_linking import combine_entities
from pipeline.records import Entity, Mention, Names


class EntityRules:
    """The decisions that hold: all but those undone."""

    def __init__(self, decisions: Iterable[EntityDecision] = ()) -> None:
        valid = sorted((d for d in decisions if d.undone_at is None), key=lambda d: d.n)
        # entity → its merges and splits, in order
        self._turns: dict[str, list[EntityDecision]] = defaultdict(list)
        for decision in valid:
            if decision.kind in {DecisionKind.MERGE, DecisionKind.SPLIT}:
                self._turns[decision.entity].append(decision)
        self._hidden = {d.entity for d in valid if d.kind is DecisionKind.HIDE}
        self._names = {d.target if d.kind is DecisionKind.SPLIT else d.entity: d.name for d in valid if d.name}

    def current_entity(self, ident: str, surface: str | None = None) -> str | None:
        """Return the entity that an article means by ``surface``, where its record says ``ident``; None if hidden."""
        last_number = 0
        while turn := next((d for d in self._turns.get(ident, ()) if d.n > last_number and _applies(d, surface)), None):
            ident, last_number = turn.target or ident, turn.n
        return None if ident in self._hidden else ident

    def given_name(self, ident: str) -> str | None:
        """Return the name that editors gave an entity, None where they gave none."""
        return self._names.get(ident)

    def source_entities(self, idents: Collection[str]) -> set[str]:
        """Return these entities and all that decisions may turn into them."""
        into: dict[str, set[str]] = defaultdict(set)
        for ident, turns in self._turns.items():
            for turn in turns:
                into[turn.target or ident].add(ident)
        sources, waiting = set(idents), list(idents)
        while waiting:
            new = into[waiting.pop()] - sources
            sources |= new
            waiting += new
        return sources

    def concerned_entities(self, names: Iterable[Names]) -> set[str]:
        """Return the ids of all entities of these articles, and of all that decisions make of entities."""
        recorded = {entity.id for article_names in names for entity in article_names.entities}
        return recorded | {turn.target for turns in self._turns.values() for turn in turns if turn.target}

    def apply(self, names: Names, shown: Mapping[str, Entity]) -> Names:
        """Return an article's names as they are to be read.

        ``shown`` has, by id, how entities are shown now (name, country and location); an entity that isn't in it is
        shown as the article has it.
        """
        mentions: list[Mention] = []
        # recorded entity → current entity → how often each surface means it
        surfaces: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for mention in names.mentions:
            ident = self.current_entity(mention.entity, mention.name)
            if ident is not None:
                mentions.append(mention if ident == mention.entity else msgspec.structs.replace(mention, entity=ident))
                surfaces[mention.entity][ident][mention.name] += 1
        entities: dict[str, Entity] = {}
        for entity in names.entities:
            parts = surfaces.get(entity.id, {})
            if not entity.count and (ident := self.current_entity(entity.id)):
                parts = {ident: Counter()}  # a dateline's place, which the text doesn't name
            for ident, surface_counts in parts.items():
                part = self._part(entity, ident, surface_counts, shown.get(ident))
                entities[ident] = combine_entities(entities[ident], part) if ident in entities else part
        return msgspec.structs.replace(names, mentions=tuple(mentions), entities=tuple(entities.values()))

    def _part(self, entity: Entity, ident: str, surface_counts: Counter[str], shown: Entity | None) -> Entity:
        """Return the part of an article's entity that is ``ident`` now: all of it, or what a split gave to it."""
        is_whole, count = sum(surface_counts.values()) == entity.count, surface_counts.total()
        shown_entity = shown or (entity if ident == entity.id else None)
        return msgspec.structs.replace(
            entity,
            id=ident,
            name=self.given_name(ident) or (shown_entity.name if shown_entity else ident),
            aliases=entity.aliases if is_whole else tuple(s for s in entity.aliases if s in surface_counts),
            count=count,
            country=(shown_entity.country if shown_entity else None) if ident != entity.id else entity.country,
            location=(shown_entity.location if shown_entity else None) if ident != entity.id else entity.location,
            salience=entity.salience if is_whole else entity.salience * count / max(1, entity.count),
        )


def _applies(decision: EntityDecision, surface: str | None) -> bool:
    return decision.kind is DecisionKind.MERGE or surface in decision.surfaces

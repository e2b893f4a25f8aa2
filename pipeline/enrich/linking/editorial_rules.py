"""Which entity is meant, after what editors decided?

Decisions are rules: they change no record, but how records are read, so that each can be undone and holds for
articles that come later too. A merge or a split applies to what the decisions before it have made; the last word on a
name, and whether an entity is hidden, applies to the entity that comes out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from pipeline.enrich.linking.entity_linking import merge_entities
from pipeline.feed_records import EntityDecision, EntityDecisionKind
from pipeline.records import Entity, Mention, Names


class EntityRules:
    """The decisions that hold."""

    def __init__(self, decisions: Iterable[EntityDecision] = ()) -> None:
        held = sorted((d for d in decisions if d.undone is None), key=lambda d: d.n)
        self._turns: dict[str, list[EntityDecision]] = defaultdict(list)  # entity → merges and splits of it, in order
        for one in held:
            if one.kind in {EntityDecisionKind.MERGE, EntityDecisionKind.SPLIT}:
                self._turns[one.entity].append(one)
        self._hidden = {d.entity for d in held if d.kind is EntityDecisionKind.HIDE}
        self._names = {d.target if d.kind is EntityDecisionKind.SPLIT else d.entity: d.name for d in held if d.name}

    def current_entity(self, ident: str, surface: str | None = None) -> str | None:
        """Return the entity that is meant where an article writes ``surface`` for ``ident``; None for a hidden one."""
        after = 0
        while turn := next((d for d in self._turns.get(ident, ()) if d.n > after and _meets(d, surface)), None):
            ident, after = turn.target or ident, turn.n
        return None if ident in self._hidden else ident

    def given_name(self, ident: str) -> str | None:
        """Return the name that editors gave an entity."""
        return self._names.get(ident)

    def source_entities(self, idents: Collection[str]) -> set[str]:
        """Return these entities and all that decisions may turn into them."""
        into: dict[str, set[str]] = defaultdict(set)
        for ident, turns in self._turns.items():
            for turn in turns:
                into[turn.target or ident].add(ident)
        found, waiting = set(idents), list(idents)
        while waiting:
            new = into[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    def concerned_entities(self, names: Iterable[Names]) -> set[str]:
        """Return all entities of articles, and what they become."""
        raw = {e.id for one in names for e in one.entities}
        turned = {t.target for ident in self._turns for t in self._turns[ident] if t.target}
        return raw | turned

    def apply(self, names: Names, shown: Mapping[str, Entity]) -> Names:
        """Return an article's names as they are to be read.

        ``shown`` tells how entities are shown for now (name, country and location); one that isn't in it is shown as
        the article has it.
        """
        mentions: list[Mention] = []
        surfaces: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))  # before → after → …
        for mention in names.mentions:
            ident = self.current_entity(mention.entity, mention.name)
            if ident is not None:
                mentions.append(mention if ident == mention.entity else msgspec.structs.replace(mention, entity=ident))
                surfaces[mention.entity][ident][mention.name] += 1
        made: dict[str, Entity] = {}
        for entity in names.entities:
            parts = surfaces.get(entity.id, {})
            if not entity.count and (ident := self.current_entity(entity.id)):
                parts = {ident: Counter()}  # a dateline's place, which the text doesn't name
            for ident, counted in parts.items():
                one = self._part(entity, ident, counted, shown.get(ident))
                made[ident] = merge_entities(made[ident], one) if ident in made else one
        return msgspec.structs.replace(names, mentions=tuple(mentions), entities=tuple(made.values()))

    def _part(self, entity: Entity, ident: str, counted: Counter[str], shown: Entity | None) -> Entity:
        """Return what of an article's entity is ``ident``: all of it, or the mentions that a split gave to it."""
        whole, count = sum(counted.values()) == entity.count, counted.total()
        own = shown or (entity if ident == entity.id else None)
        return msgspec.structs.replace(
            entity,
            id=ident,
            name=self.given_name(ident) or (own.name if own else ident),
            aliases=entity.aliases if whole else tuple(s for s in entity.aliases if s in counted),
            count=count,
            country=(own.country if own else None) if ident != entity.id else entity.country,
            location=(own.location if own else None) if ident != entity.id else entity.location,
            salience=entity.salience if whole else entity.salience * count / max(1, entity.count),
        )


def _meets(decision: EntityDecision, surface: str | None) -> bool:
    return decision.kind is EntityDecisionKind.MERGE or surface in decision.surfaces

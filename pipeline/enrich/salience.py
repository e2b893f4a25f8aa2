"""Weigh the entities of an article, and mark those that it is about.

News says first what matters: the headline, then the first sentences. An entity weighs more for standing there, and
with the logarithm of how often it is named, since the tenth mention tells less than the second.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from pipeline.records import Entity, Mention, Names

# What the headline and the beginning add, in doublings of the number of mentions.
_HEADLINE = 3.0
_BEGINNING = 2.0
# The beginning, in characters: two or three sentences.
_BEGINNING_ENDS = 400
# An article is about at most this many entities, each of at least this share of the heaviest one's weight.
_MOST_KEY = 5
_KEY_SHARE = 0.6


def add_salience(names: Names) -> Names:
    """Return the names with the salience of each entity (0 to 1, the heaviest has 1) and the key entities marked."""
    mentions: dict[str, list[Mention]] = defaultdict(list)
    for mention in names.mentions:
        mentions[mention.entity].append(mention)
    weights = {entity.id: _weight(mentions[entity.id]) for entity in names.entities}
    heaviest = max(weights.values(), default=0.0)
    if not heaviest:
        return names
    ranked = sorted(names.entities, key=lambda entity: -weights[entity.id])[:_MOST_KEY]
    key_ids = {entity.id for entity in ranked if weights[entity.id] >= _KEY_SHARE * heaviest}
    weighed = tuple(
        _with_salience(entity, weights[entity.id] / heaviest, key=entity.id in key_ids) for entity in names.entities
    )
    return msgspec.structs.replace(names, entities=weighed)


def _weight(mentions: Sequence[Mention]) -> float:
    if not mentions:
        return 0.0
    titled = any(m.field == "title" for m in mentions)
    early = any(m.field == "text" and m.start < _BEGINNING_ENDS for m in mentions)
    return titled * _HEADLINE + early * _BEGINNING + math.log2(1 + len(mentions))


def _with_salience(entity: Entity, salience: float, *, key: bool) -> Entity:
    return msgspec.structs.replace(entity, salience=round(salience, 3), key=key)

"""What do the articles of a batch, or all members of a story, say of their stories?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.cluster.card import Card, seen, vote
from pipeline.cluster.memory import StoryMemory
from pipeline.cluster.placing import Story, ToPlace, join, look_up, vectors_of
from pipeline.frequency import Frequencies
from pipeline.records import Placed, Placement

_VOTES = frozenset({Placed.OPENED, Placed.JOINED})


def tell(
    cards: Mapping[str, Card],
    arrivals: Sequence[ToPlace],
    placements: Sequence[Placement],
    frequencies: Frequencies,
) -> dict[str, Card]:
    """Return the cards, by story, after a batch was placed; ``cards`` are those of the stories before."""
    told: dict[str, Card] = {}
    for arrival, placement in zip(arrivals, placements, strict=True):
        card = told.get(placement.story) or cards.get(placement.story) or Card()
        if placement.how in _VOTES:
            card = vote(card, arrival.article, arrival.names, frequencies)
        told[placement.story] = seen(card, arrival.when)
    return told


def rebuild(story: str, members: Iterable[ToPlace], memory: StoryMemory) -> Card:
    """Make a story anew of all its members, in order of arrival; ``memory`` learns it under the first one's number.

    One member of each copy group votes. The words are not counted again.
    """
    card, made, first = Card(), Story.new(story), None
    voted: set[str] = set()
    for member in members:
        if member.copy.group not in voted:
            voted.add(member.copy.group)
            vectors = vectors_of(member, memory.frequencies)
            first = member.seq if first is None else first
            made = join(first, made, member, vectors, look_up(vectors), memory)
            card = vote(card, member.article, member.names, memory.frequencies)
        card = seen(card, member.when)
    return card

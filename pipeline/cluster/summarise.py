"""What do the articles of a batch, or all members of a story, say of their stories?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.cluster.assignment import ArticleToAssign, StoryCluster, article_vectors, join_story, lookup_terms
from pipeline.cluster.protocol import StoryMemory
from pipeline.cluster.story_summary import StorySummary, add_vote, extend_time_span
from pipeline.count_min import CountMinSketch
from pipeline.records import Placed, Placement

_VOTES = frozenset({Placed.OPENED, Placed.JOINED})


def summarise_batch(
    cards: Mapping[str, StorySummary],
    arrivals: Sequence[ArticleToAssign],
    placements: Sequence[Placement],
    frequencies: CountMinSketch,
) -> dict[str, StorySummary]:
    """Return the cards, by story, after a batch was placed; ``cards`` are those of the stories before."""
    told: dict[str, StorySummary] = {}
    for arrival, placement in zip(arrivals, placements, strict=True):
        card = told.get(placement.story) or cards.get(placement.story) or StorySummary()
        if placement.how in _VOTES:
            card = add_vote(card, arrival.article, arrival.names, frequencies)
        told[placement.story] = extend_time_span(card, arrival.happened_at)
    return told


def rebuild_story(story: str, members: Iterable[ArticleToAssign], memory: StoryMemory) -> StorySummary:
    """Make a story anew of all its members, in order of arrival; ``memory`` learns it under the first one's number.

    One member of each copy group votes. The words are not counted again.
    """
    card, made, first = StorySummary(), StoryCluster.empty(story), None
    voted: set[str] = set()
    for member in members:
        if member.copy.group not in voted:
            voted.add(member.copy.group)
            vectors = article_vectors(member, memory.frequencies)
            first = member.seq if first is None else first
            made = join_story(first, made, member, vectors, lookup_terms(vectors), memory)
            card = add_vote(card, member.article, member.names, memory.frequencies)
        card = extend_time_span(card, member.happened_at)
    return card

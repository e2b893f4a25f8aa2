"""Bring the summaries of stories up to date: after a batch, or anew from all members of a story.

One member of each copy group votes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.cluster.assignment import (
    ArticleToAssign,
    StoryCluster,
    article_vectors,
    join_story,
    lookup_terms,
    with_part,
)
from pipeline.cluster.protocol import StoryMemory
from pipeline.cluster.story_summary import NameRarities, StorySummary, add_vote, extend_time_span, name_rarities
from pipeline.count_min import CountMinSketch
from pipeline.records import Placed, Placement

_VOTES = frozenset({Placed.OPENED, Placed.JOINED, Placed.RETOLD})


def summarise_batch(
    summaries: Mapping[str, StorySummary],
    newcomers: Sequence[ArticleToAssign],
    placements: Sequence[Placement],
    frequencies: CountMinSketch,
    rarities: Mapping[int, NameRarities] | None = None,
) -> dict[str, StorySummary]:
    """Return story id → summary for the stories of a batch; ``summaries`` are those of the stories before the batch.

    ``rarities`` has, by seq, what ``decide`` noted of the articles' names; of others it is asked in ``frequencies``.
    """
    updated: dict[str, StorySummary] = {}
    for newcomer, placement in zip(newcomers, placements, strict=True):
        summary = updated.get(placement.story) or summaries.get(placement.story) or StorySummary()
        if placement.how in _VOTES:
            noted = (rarities or {}).get(newcomer.seq)
            if noted is None:
                noted = name_rarities(newcomer.article, newcomer.names, frequencies)
            summary = add_vote(summary, newcomer.article, newcomer.names, noted)
        updated[placement.story] = extend_time_span(summary, newcomer.happened_at)
    return updated


def rebuild_story(story: str, members: Iterable[ArticleToAssign], memory: StoryMemory) -> StorySummary:
    """Rebuild the story with the id ``story`` from all its members, in order of arrival; return its summary.

    ``memory`` learns the story under the number of its first member. The words are not counted again.
    """
    summary, cluster, first = StorySummary(), StoryCluster.empty(story), None
    voted: set[str] = set()
    numbers: dict[str, int] = {}  # language → the part of the story in it
    for member in members:
        if member.copy.group not in voted:
            voted.add(member.copy.group)
            vectors = article_vectors(member, memory.frequencies)
            first = member.seq if first is None else first
            language = member.article.base_language
            # of an unknown language: it stands with those that came first
            number = numbers.get(language, None if numbers and language else 0)
            if number is None:
                cluster, number = with_part(cluster, language)
            numbers.setdefault(language, number)
            cluster = join_story(first, cluster, member, vectors, lookup_terms(vectors), memory, number=number)
            rarities = name_rarities(member.article, member.names, memory.frequencies)
            summary = add_vote(summary, member.article, member.names, rarities)
        summary = extend_time_span(summary, member.happened_at)
    return summary

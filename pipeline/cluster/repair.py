"""Which stories of a window are one, and which are several? What is seen only when all articles are there.

Both compare all articles with all, and the two limits are apart: what is merged is not split again. Measured with
``bench/stories.py`` on three collections in several orders, neither answer ever made the stories worse; mergers at 0.8
and splits at 0.7 sometimes did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.cluster.assignment import StoryCluster
from pipeline.cluster.vector import TextVectors
from pipeline.settings import ClusterSettings

# Of cluster.threshold: two stories whose articles are on average as like each other as this are one
MIN_MERGED = 1.0
# Of cluster.threshold: two halves whose articles are on average less like each other than this are two stories
MAX_SPLIT = 0.6
# A story of fewer independent articles is left as it is
LEAST_SPLIT = 4
# Terms of an article that are compared: bounds the memory that a large story takes
COMPARED_TERMS = 120

Matrix = npt.NDArray[np.float32]


class ProposedMerger(msgspec.Struct, frozen=True, kw_only=True):
    """Two stories that are one; ``gone`` becomes part of ``kept``."""

    target: str
    absorbed: str
    score: float


def find_merger(
    story: StoryCluster, others: Sequence[StoryCluster], pinned: Mapping[str, set[str]], settings: ClusterSettings
) -> ProposedMerger | None:  # fmt: skip
    """Return whether ``story`` and the most similar of ``others`` are one.

    ``pinned`` names for each story the stories into which editors have put members of it: where two of them would
    come together, they stay apart. A story into which an editor has put something keeps its id, else the larger one.
    """
    best: ProposedMerger | None = None
    for other in others:
        if other.id == story.id or len(pinned.get(story.id, set()) | pinned.get(other.id, set())) > 1:
            continue
        score = story_likeness(story, other, settings)
        if score >= MIN_MERGED * settings.threshold and (best is None or score > best.score):
            first, second = sorted(
                (story, other), key=lambda one: (not pinned.get(one.id), -one.votes, one.day, one.id)
            )
            best = ProposedMerger(target=first.id, absorbed=second.id, score=round(score, 4))
    return best


def story_likeness(one: StoryCluster, other: StoryCluster, settings: ClusterSettings) -> float:
    """Return how like each other the articles of two stories are on average, decayed with the gap in time.

    The product of two means, which aren't brought to unit length, is the mean of the products of all pairs.
    """
    made = 0.0
    for own, foreign in zip(one.vectors, other.vectors, strict=True):
        (terms, weights), (others, theirs) = own.arrays(), foreign.arrays()
        _, mine, its = np.intersect1d(terms, others, assume_unique=True, return_indices=True)
        made += float(weights[mine] @ theirs[its]) / 2
    return made * math.exp(-(((one.day - other.day) / settings.sigma_days) ** 2) / 2)


def split_members(
    members: Sequence[TextVectors], pinned: Sequence[str | None], settings: ClusterSettings
) -> list[list[int]]:
    """Return the numbers of a story's members, one of each copy group, by the story that they should be in.

    One part where they belong together. ``pinned`` says for each member in which story an editor put it: those of one
    story stay together, those of several are not brought together here.
    """
    count = len(members)
    whole: list[list[int]] = [list(range(count))]
    if count < LEAST_SPLIT:
        return whole
    likeness = pairwise_similarities(members)
    groups = _pinned_together(pinned)
    sums = np.array([[likeness[np.ix_(a, b)].sum() for b in groups] for a in groups])
    sizes = np.array([len(group) for group in groups], dtype=float)
    alive = list(range(len(groups)))
    while len(alive) > 1:
        means = sums[np.ix_(alive, alive)] / np.outer(sizes[alive], sizes[alive])
        np.fill_diagonal(means, -1)
        a, b = (alive[n] for n in np.unravel_index(int(means.argmax()), means.shape))
        if means.max() < MAX_SPLIT * settings.threshold:
            break
        groups[a] += groups[b]
        sizes[a] += sizes[b]
        sums[a] += sums[b]
        sums[:, a] += sums[:, b]
        alive.remove(b)
    made = sorted((sorted(groups[n]) for n in alive), key=lambda part: (-len(part), part))
    return made if len(made) > 1 else whole


def pairwise_similarities(members: Sequence[TextVectors]) -> Matrix:
    """Return the mean cosine of each two members' vectors."""
    total = np.zeros((len(members), len(members)), dtype=np.float32)
    for which in range(2):
        chosen = []
        for member in members:
            terms, weights = member[which]
            kept = np.argsort(-weights, kind="stable")[:COMPARED_TERMS]
            chosen.append((terms[kept], weights[kept]))
        known, places = np.unique(np.concatenate([terms for terms, _ in chosen]), return_inverse=True)
        rows = np.repeat(np.arange(len(chosen)), [len(terms) for terms, _ in chosen])
        dense = np.zeros((len(chosen), len(known)), dtype=np.float32)
        dense[rows, places] = np.concatenate([weights for _, weights in chosen])
        total += dense @ dense.T
    return np.asarray(total / 2, dtype=np.float32)


def _pinned_together(pinned: Sequence[str | None]) -> list[list[int]]:
    together: dict[object, list[int]] = {}
    for n, story in enumerate(pinned):
        together.setdefault(story if story is not None else n, []).append(n)
    return list(together.values())

"""Find stories of a window that should be merged or split, once all their articles are there.

Both compare all articles with all, and the two limits are apart: what is merged is not split again. Measured with
``bench/stories.py`` on three collections in several orders, neither a merger nor a split ever made the stories worse;
mergers at 0.8 and splits at 0.7 sometimes did.
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

# A share of cluster.threshold: two stories whose articles are on average at least so similar are one
MIN_MERGED = 1.0
# A share of cluster.threshold: two halves whose articles are on average less similar are two stories
MAX_SPLIT = 0.6
# A story of fewer independent articles is left as it is
LEAST_SPLIT = 4
# Terms of an article that are compared: bounds the memory that a large story takes
COMPARED_TERMS = 120

Matrix = npt.NDArray[np.float32]


class ProposedMerger(msgspec.Struct, frozen=True, kw_only=True):
    """Two stories that are one: ``absorbed`` becomes part of ``target``."""

    target: str  # ids
    absorbed: str
    score: float  # as ``story_similarity`` gives it


def find_merger(
    story: StoryCluster, others: Sequence[StoryCluster], pinned: Mapping[str, set[str]], settings: ClusterSettings
) -> ProposedMerger | None:  # fmt: skip
    """Return the merger of ``story`` with the most similar of ``others``, None where it is one with none of them.

    ``pinned`` has for each story the stories into which editors have put members of it: two stories whose editors'
    stories differ stay apart. A story into which an editor has put something keeps its id, else the larger one.
    """
    best: ProposedMerger | None = None
    for candidate in others:
        if candidate.id == story.id or len(pinned.get(story.id, set()) | pinned.get(candidate.id, set())) > 1:
            continue
        score = story_similarity(story, candidate, settings)
        if score >= MIN_MERGED * settings.threshold and (best is None or score > best.score):
            target, absorbed = sorted(
                (story, candidate),
                key=lambda cluster: (not pinned.get(cluster.id), -cluster.votes, cluster.day, cluster.id),
            )
            best = ProposedMerger(target=target.id, absorbed=absorbed.id, score=round(score, 4))
    return best


def story_similarity(first: StoryCluster, second: StoryCluster, settings: ClusterSettings) -> float:
    """Return the mean similarity of the articles of two stories, decayed with the gap in time.

    Of stories that are told in several languages it is that of the two parts that are most alike.
    """
    return max(_part_similarity(a, b, settings) for a in first.parts for b in second.parts)


def _part_similarity(first: StoryCluster, second: StoryCluster, settings: ClusterSettings) -> float:
    """Return the mean similarity of the articles of two parts, decayed with the gap in time.

    The product of two means, which aren't brought to unit length, is the mean of the products of all pairs.
    """
    similarity = 0.0
    for first_mean, second_mean in zip(first.vectors, second.vectors, strict=True):
        (first_terms, first_weights), (second_terms, second_weights) = first_mean.arrays(), second_mean.arrays()
        _, first_at, second_at = np.intersect1d(first_terms, second_terms, assume_unique=True, return_indices=True)
        similarity += float(first_weights[first_at] @ second_weights[second_at]) / 2
    return similarity * math.exp(-(((first.day - second.day) / settings.sigma_days) ** 2) / 2)


def split_members(
    members: Sequence[TextVectors],
    pinned: Sequence[str | None],
    settings: ClusterSettings,
    languages: Sequence[str] = (),
) -> list[list[int]]:
    """Return the parts into which a story should be split, each as the indices of its ``members``.

    ``members`` has the vectors of one article of each copy group. There is one part where they belong together.
    ``pinned`` has for each member the story in which an editor put it: those of one such story stay together, those of
    several are not brought together here. Average linkage. Articles in two languages are alike by their vectors, not
    by their words: each of ``languages`` is looked at by itself, and the largest parts of all stay together.
    """
    if len(set(languages)) > 1:
        return _split_by_language(members, pinned, languages, settings)
    count = len(members)
    whole: list[list[int]] = [list(range(count))]
    if count < LEAST_SPLIT:
        return whole
    similarity = pairwise_similarities(members)
    groups = _pinned_together(pinned)
    sums = np.array([[similarity[np.ix_(a, b)].sum() for b in groups] for a in groups])
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
    parts = sorted((sorted(groups[n]) for n in alive), key=lambda part: (-len(part), part))
    return parts if len(parts) > 1 else whole


def _split_by_language(
    members: Sequence[TextVectors], pinned: Sequence[str | None], languages: Sequence[str], settings: ClusterSettings
) -> list[list[int]]:
    together: list[int] = []
    others: list[list[int]] = []
    for language in dict.fromkeys(languages):
        at = [n for n, other in enumerate(languages) if other == language]
        parts = split_members([members[n] for n in at], [pinned[n] for n in at], settings)
        first, *rest = [[at[n] for n in part] for part in parts]
        together += first
        others += rest
    return [sorted(together), *others]


def pairwise_similarities(members: Sequence[TextVectors]) -> Matrix:
    """Return the mean cosine of each two members' vectors: a square matrix, in the order of ``members``."""
    total = np.zeros((len(members), len(members)), dtype=np.float32)
    for part in range(2):  # the whole text, its beginning
        vectors = []
        for member in members:
            terms, weights = member[part]
            strongest = np.argsort(-weights, kind="stable")[:COMPARED_TERMS]
            vectors.append((terms[strongest], weights[strongest]))
        all_terms, columns = np.unique(np.concatenate([terms for terms, _ in vectors]), return_inverse=True)
        rows = np.repeat(np.arange(len(vectors)), [len(terms) for terms, _ in vectors])
        dense = np.zeros((len(vectors), len(all_terms)), dtype=np.float32)
        dense[rows, columns] = np.concatenate([weights for _, weights in vectors])
        total += dense @ dense.T
    return np.asarray(total / 2, dtype=np.float32)


def _pinned_together(pinned: Sequence[str | None]) -> list[list[int]]:
    together: dict[object, list[int]] = {}
    for n, story in enumerate(pinned):
        together.setdefault(story if story is not None else n, []).append(n)
    return list(together.values())

"""How much of one text stands in another? Containment of 3-grams, both ways, the common ones weighing less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.count_min import CountMinSketch, Weights
from pipeline.dedupe.sketch import Sketch

# With the first texts nothing is known to be boilerplate: a 3-gram that was seen in one of them is still a rare one
PRIOR_TEXTS = 100


class Overlap(NamedTuple):
    """What two sketches share, as shares of weighted 3-grams, 0 to 1."""

    new: float  # of the newer text stands in the older
    old: float  # of the older text stands in the newer
    lede: float  # of the shorter of the two ledes stands in the other one


def measure_overlaps(new: Sketch, old: Sequence[Sketch], frequencies: CountMinSketch) -> list[Overlap]:
    """Return what ``new`` shares with each of ``old``."""
    (mine, my_lede), arrays = new.body_shingles(), [one.body_shingles() for one in old]
    theirs = np.concatenate([shingles for shingles, _ in arrays])
    their_lede = np.concatenate([lede for _, lede in arrays])
    both = rarity_weights(np.concatenate((mine, theirs)), frequencies)
    my_weights, their_weights = both[: len(mine)], both[len(mine) :]
    lengths = np.array([len(shingles) for shingles, _ in arrays])
    starts = np.cumsum(lengths) - lengths

    limits = np.array([1 << (32 - max(new.level, one.level)) for one in old], dtype=np.uint64)
    at = np.minimum(mine.searchsorted(theirs), len(mine) - 1)
    shared = their_weights * (mine[at] == theirs)
    kept = theirs < np.repeat(limits, lengths)
    parts = (shared * kept, their_weights * kept, shared * (their_lede & my_lede[at]), their_weights * their_lede)
    sums = np.add.reduceat(np.stack(parts), starts, axis=1)
    upto = np.concatenate([[0], np.cumsum(my_weights)])[np.searchsorted(mine, limits)]
    lede = np.minimum(sums[3], (my_weights * my_lede).sum())
    return [
        Overlap(new=min(1.0, a), old=min(1.0, b), lede=min(1.0, c))
        for a, b, c in zip(_ratio(sums[0], upto), _ratio(sums[0], sums[1]), _ratio(sums[2], lede), strict=True)
    ]


def rarity_weights(shingles: np.ndarray, frequencies: CountMinSketch) -> Weights:
    """Return the inverse document frequency of each shingle."""
    return -np.log(np.minimum(frequencies.estimate_shares(shingles, PRIOR_TEXTS), 1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> list[float]:
    ratio: list[float] = (part / np.maximum(whole, 1e-9)).tolist()
    return ratio

"""Measure how much of one text stands in another: containment of shingles, both ways.

A shingle weighs the less, the more texts hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.count_min import CountMinSketch, Weights
from pipeline.dedupe.sketch import Sketch

# With the first texts nothing is known to be boilerplate: a shingle that was seen in one of them is still a rare one
PRIOR_TEXTS = 100


class Overlap(NamedTuple):
    """What two sketches share, as shares of weighted shingles, 0 to 1."""

    new: float  # of the newer text stands in the older
    old: float  # of the older text stands in the newer
    lede: float  # of the shorter of the two ledes stands in the other one


def measure_overlaps(new: Sketch, old: Sequence[Sketch], frequencies: CountMinSketch) -> list[Overlap]:
    """Return what ``new`` shares with each of ``old``, of which there is one at least."""
    (new_shingles, new_lede), arrays = new.body_shingles(), [sketch.body_shingles() for sketch in old]
    # the shingles of all old sketches, one sketch behind the other
    old_shingles = np.concatenate([shingles for shingles, _ in arrays])
    old_lede = np.concatenate([lede for _, lede in arrays])
    weights = rarity_weights(np.concatenate((new_shingles, old_shingles)), frequencies)
    new_weights, old_weights = weights[: len(new_shingles)], weights[len(new_shingles) :]
    lengths = np.array([len(shingles) for shingles, _ in arrays])
    starts = np.cumsum(lengths) - lengths

    # of two sketches only what both could hold is compared: shingles below the lower limit
    limits = np.array([1 << (32 - max(new.level, sketch.level)) for sketch in old], dtype=np.uint64)
    at = np.minimum(new_shingles.searchsorted(old_shingles), len(new_shingles) - 1)
    shared = old_weights * (new_shingles[at] == old_shingles)
    comparable = old_shingles < np.repeat(limits, lengths)
    parts = (shared * comparable, old_weights * comparable, shared * (old_lede & new_lede[at]), old_weights * old_lede)
    sums = np.add.reduceat(np.stack(parts), starts, axis=1)
    new_sums = np.concatenate([[0], np.cumsum(new_weights)])[np.searchsorted(new_shingles, limits)]
    lede_sums = np.minimum(sums[3], (new_weights * new_lede).sum())
    return [
        Overlap(new=min(1.0, of_new), old=min(1.0, of_old), lede=min(1.0, of_lede))
        for of_new, of_old, of_lede in zip(
            _ratio(sums[0], new_sums), _ratio(sums[0], sums[1]), _ratio(sums[2], lede_sums), strict=True
        )
    ]


def rarity_weights(shingles: np.ndarray, frequencies: CountMinSketch) -> Weights:
    """Return the inverse document frequency of each shingle."""
    return -np.log(np.minimum(frequencies.estimate_shares(shingles, PRIOR_TEXTS), 1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> list[float]:
    ratio: list[float] = (part / np.maximum(whole, 1e-9)).tolist()
    return ratio

"""Draw a sample of what comes one after the other: the same one in two looks at the same things."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

_SEED = 14


def draw_sample(values: Iterable[T], size: int) -> list[T]:
    """Return ``size`` of the values, or all of fewer, each with the same chance (algorithm R: Knuth 1981, 3.4.2)."""
    sample: list[T] = []
    draw = random.Random(_SEED)  # noqa: S311  no secret depends on it
    for count, value in enumerate(values):
        if count < size:
            sample.append(value)
        elif (at := draw.randrange(count + 1)) < size:
            sample[at] = value
    return sample

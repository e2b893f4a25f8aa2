"""Draw how a text spread: a step for each article that printed it, from the first one to the last. Pure.

The picture is stretched to the width of its page, as that of counts over time is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 1000, 100
_TICK = 6  # width of an article's mark


class SpreadStep(NamedTuple):
    """An article: where its mark stands."""

    x: float
    y: float
    height: float


class SpreadPicture(NamedTuple):
    """A picture of how a text spread: its steps, and the area under them as SVG has it."""

    steps: tuple[SpreadStep, ...]
    area: str


def draw_spread(times: Sequence[dt.datetime]) -> SpreadPicture:
    """Return the picture of articles with these times, at least one, in order."""
    first, span = times[0], (times[-1] - times[0]).total_seconds()
    room = WIDTH - _TICK
    steps, corners = [], ["0,100"]
    high = 0.0
    for number, time in enumerate(times, 1):
        x = round(room * (time - first).total_seconds() / span, 1) if span else 0.0
        corners.append(f"{x},{HEIGHT - high:g}")
        high = round(HEIGHT * number / len(times), 2)
        corners.append(f"{x},{HEIGHT - high:g}")
        steps.append(SpreadStep(x, round(HEIGHT - high, 2), high))
    corners += [f"{WIDTH},{HEIGHT - high:g}", f"{WIDTH},{HEIGHT}"]
    return SpreadPicture(tuple(steps), " ".join(corners))

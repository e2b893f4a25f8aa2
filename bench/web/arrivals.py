"""Say when which outlet's feed lists an article: evenly at random, or in bursts as real feeds have them."""

from __future__ import annotations

import random

from pipeline.simulation.traces import invent_traces

_KINDS = ("steady", "newsroom", "nightly silence", "batches")  # of traces: those that bring most of a day's articles
_NOON = 12.0  # hours; a slice of the day begins here


def even_arrivals(outlets: int, per_second: float, seconds: float, seed: int) -> list[tuple[float, int]]:
    """Return (seconds since the start, outlet) of each article: a Poisson process, outlets drawn at random."""
    chance, at, arrivals = random.Random(f"arrivals {seed}"), 0.0, []
    while (at := at + chance.expovariate(per_second)) < seconds:
        arrivals.append((at, chance.randrange(outlets)))
    return arrivals


def bursty_arrivals(outlets: int, per_second: float, seconds: float, seed: int) -> list[tuple[float, int]]:
    """Return (seconds since the start, outlet) of each article, as arrival traces have them.

    A slice of a day of the outlets' traces that has as many articles as are wanted is played in ``seconds``: what
    comes in bursts and batches stays together.
    """
    made = invent_traces(2, -(-outlets // len(_KINDS)), seed)
    traces = [trace for trace in made if trace.kind in _KINDS][:outlets]
    hours = sorted((at, number) for number, trace in enumerate(traces) for at in trace.arrivals if at >= _NOON)
    chosen = hours[: round(per_second * seconds)]
    if not chosen:
        return []
    first, length = chosen[0][0], (chosen[-1][0] - chosen[0][0]) or 1.0
    return [((at - first) / length * seconds, number) for at, number in chosen]

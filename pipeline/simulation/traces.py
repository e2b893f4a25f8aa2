"""Invent arrival traces of the kinds of feeds that a newsroom meets; the same for a seed."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable, Iterator

from pipeline.records import Record

START = dt.datetime(2026, 9, 7, tzinfo=dt.UTC)  # a Monday
_DAY = 24.0


class Trace(Record, frozen=True, kw_only=True):
    """When a feed published, in hours from ``START``; how many entries its document holds at a time.

    ``lies`` is the share of conditional requests that its server answers "not modified" although there is news.
    """

    name: str
    kind: str
    arrivals: tuple[float, ...]
    window: int = 20
    lies: float = 0.0
    broken: tuple[tuple[float, float], ...] = ()  # from when to when it answers 503


def invent_traces(days: int, feeds: int, seed: int) -> list[Trace]:
    """Return ``feeds`` traces of each kind, ``days`` long."""
    invented = []
    for kind, make in _KINDS.items():
        for number in range(feeds):
            chance = random.Random(f"{seed} {kind} {number}")  # noqa: S311  no secret
            invented.append(make(f"{kind} {number + 1}", days * _DAY, chance))
    return invented


def _poisson(rate: Callable[[float], float], most: float, end: float, chance: random.Random) -> Iterator[float]:
    """Yield the arrivals of a process whose rate per hour at an hour is ``rate``, never above ``most`` (thinning)."""
    at = 0.0
    while (at := at + chance.expovariate(most)) < end:
        if chance.random() * most <= rate(at):
            yield at


def _per_hour(chance: random.Random, low: float, high: float) -> float:
    """Return a rate per hour between so many articles a day, small ones as likely as large ones."""
    return math.exp(chance.uniform(math.log(low), math.log(high))) / _DAY


def _steady(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a news wire: round the clock, nothing to be foreseen."""
    rate = _per_hour(chance, 30, 400)
    arrivals = _poisson(lambda _: rate, rate, end, chance)
    return Trace(name=name, kind="steady", arrivals=tuple(arrivals), window=chance.choice((20, 50, 100)))


def _newsroom(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a newspaper: busy by day, quiet at the weekend, and bursts when something happens."""
    return Trace(name=name, kind="newsroom", arrivals=_busy(end, chance), window=chance.choice((15, 20, 30, 50)))


def _busy(end: float, chance: random.Random) -> tuple[float, ...]:
    rate, zone = _per_hour(chance, 20, 250), chance.choice((-8, -5, 0, 1, 8))

    def by_day(at: float) -> float:
        local = at + zone
        weekend = 0.5 if int(local // _DAY) % 7 >= 5 else 1.1  # noqa: PLR2004  Saturday
        return rate * weekend * max(0.1, 1.4 - 1.3 * math.cos((local % _DAY - 3) / _DAY * 2 * math.pi)) / 1.4

    arrivals = list(_poisson(by_day, rate * 3, end, chance))
    for burst in _poisson(lambda _: 0.5 / _DAY, 0.5 / _DAY, end, chance):  # every other day something happens
        size = chance.randint(10, 40)
        arrivals += [at for _ in range(size) if (at := burst + chance.expovariate(1.0)) < end]
    return tuple(sorted(arrivals))


def _nightly(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a local paper: silent from ten in the evening to six in the morning."""
    rate, zone = _per_hour(chance, 8, 60), chance.choice((-5, 0, 1, 2))
    open_at = range(6, 22)

    def by_day(at: float) -> float:
        return rate * _DAY / len(open_at) if int(at + zone) % 24 in open_at else 0.0

    arrivals = _poisson(by_day, rate * _DAY / len(open_at), end, chance)
    return Trace(name=name, kind="nightly silence", arrivals=tuple(arrivals))


def _weekly(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a weekly: a handful of pieces on its day, at about its hour."""
    day, hour = chance.randrange(7), chance.uniform(5, 18)
    arrivals = []
    for week in range(math.ceil(end / _DAY / 7)):
        opens = (week * 7 + day) * _DAY + hour + chance.gauss(0, 0.5)
        arrivals += [opens + chance.uniform(0, 1.5) for _ in range(chance.randint(1, 8))]
    return Trace(name=name, kind="weekly", arrivals=tuple(sorted(at for at in arrivals if 0 < at < end)), window=10)


def _batch(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a site whose feed is made anew every half hour: what was written since appears at once."""
    rate, offset = _per_hour(chance, 20, 120), chance.uniform(0, 0.5)
    written = _poisson(lambda _: rate, rate, end, chance)
    appeared = ((math.ceil((at - offset) * 2) / 2 + offset) for at in written)
    return Trace(name=name, kind="batches", arrivals=tuple(at for at in appeared if at < end), window=30)


def _seldom(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a blog: a piece every day or every few weeks."""
    rate = _per_hour(chance, 0.05, 2)
    return Trace(name=name, kind="seldom", arrivals=tuple(_poisson(lambda _: rate, rate, end, chance)), window=10)


def _dead(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a feed that nobody writes into any more."""
    return Trace(
        name=name, kind="dead", arrivals=tuple(sorted(chance.uniform(0, 0.01 * end) for _ in range(2))), window=10
    )


def _liar(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a newspaper whose server answers conditional requests with "not modified" every time."""
    return Trace(name=name, kind="lying server", arrivals=_busy(end, chance), window=30, lies=1.0)


def _ailing(name: str, end: float, chance: random.Random) -> Trace:
    """Invent the trace of a newspaper whose server is down for some hours every few days."""
    downs = _poisson(lambda _: 0.3 / _DAY, 0.3 / _DAY, end, chance)
    broken = tuple((at, at + chance.uniform(0.2, 6)) for at in downs)
    return Trace(name=name, kind="ailing server", arrivals=_busy(end, chance), window=50, broken=broken)


_KINDS: dict[str, Callable[[str, float, random.Random], Trace]] = {
    "steady": _steady,
    "newsroom": _newsroom,
    "nightly silence": _nightly,
    "weekly": _weekly,
    "batches": _batch,
    "seldom": _seldom,
    "dead": _dead,
    "lying server": _liar,
    "ailing server": _ailing,
}

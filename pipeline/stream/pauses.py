"""Say how long a stage pauses that can't work, and what is told of it: one line at the beginning, one at the end.

Where one fault stops several stages, such as a ledger that is away, it is told once. Pure: the time is an argument.
"""

from __future__ import annotations

import msgspec

from pipeline.records import Stage

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0  # between two attempts


class Pause(msgspec.Struct, kw_only=True):
    """A stage that can't work: why, since when, and how long it waits for its next attempt."""

    fault: str
    since: float
    seconds: float = _FIRST_SECONDS


class Pauses:
    """The stages that can't work at the moment."""

    def __init__(self) -> None:
        self._pauses: dict[Stage, Pause] = {}

    def begin(self, stage: Stage, fault: str, now: float) -> tuple[float, str | None]:
        """Return for how many seconds ``stage`` pauses, twice as long each time, and the line to tell, if any."""
        pause = self._pauses.get(stage)
        if pause is not None:
            pause.seconds = min(2 * pause.seconds, _LONGEST_SECONDS)
            return pause.seconds, None
        is_told = any(other.fault == fault for other in self._pauses.values())
        self._pauses[stage] = Pause(fault=fault, since=now)
        line = f"{stage} pauses: {fault}; it is tried again until it works, and what can go on goes on"
        return _FIRST_SECONDS, None if is_told else line

    def end(self, stage: Stage, now: float) -> str | None:
        """Note that ``stage`` works; return the line to tell, if any."""
        pause = self._pauses.pop(stage, None)
        if pause is None or any(other.fault == pause.fault for other in self._pauses.values()):
            return None
        return f"{stage} goes on, after {now - pause.since:.0f} s"

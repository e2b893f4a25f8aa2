"""Remember what a program had done a while ago, so that it can tell what it did lately.

The moments that are kept lie seconds apart for the last minute, and ten times as far before; what isn't needed goes.
"""

from __future__ import annotations

from pipeline.figures.run_figures import FigureWindow, RunFigures, merge_figures, subtract_figures

WINDOWS = (10.0, 60.0, 300.0)  # seconds
_LEAST = 1.5  # seconds between two moments that are kept of the last minute
_APART = 15.0  # seconds; of the time before it one moment is kept of each cell of a grid of this width


class FigureHistory:
    """The figures of earlier moments, by a clock that never goes back (seconds); at ``start`` all were zero."""

    def __init__(self, start: float) -> None:
        self._moments: list[tuple[float, RunFigures]] = [(start, RunFigures())]

    def add(self, now: float, figures: RunFigures) -> None:
        """Remember the figures of this moment."""
        if now - self._moments[-1][0] < _LEAST:
            return
        self._moments.append((now, merge_figures(figures)))
        self._moments = _thin(self._moments, now)

    def windows(self, now: float, figures: RunFigures) -> tuple[FigureWindow, ...]:
        """Return what was done in each of the last WINDOWS, as far as the program is that old."""
        return tuple(self._window(now, figures, seconds) for seconds in WINDOWS)

    def _window(self, now: float, figures: RunFigures, seconds: float) -> FigureWindow:
        before = [moment for moment in self._moments if moment[0] <= now - seconds]
        at, earlier = before[-1] if before else self._moments[0]
        return FigureWindow(seconds=now - at, figures=subtract_figures(figures, earlier))


def _thin(moments: list[tuple[float, RunFigures]], now: float) -> list[tuple[float, RunFigures]]:
    """Return the moments that are needed, oldest first: one of them lies before the longest window."""
    kept: list[tuple[float, RunFigures]] = []
    cells: set[float] = set()
    for moment in moments:
        cell = moment[0] // _APART  # of a grid that doesn't move: the moment that stands for a cell stays the same
        if now - moment[0] <= WINDOWS[1] or cell not in cells:
            kept.append(moment)
        cells.add(cell)
    needed = max((at for at, _ in kept if now - at >= WINDOWS[-1]), default=kept[0][0])
    return [moment for moment in kept if moment[0] >= needed]

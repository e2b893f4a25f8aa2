"""What do a site's earlier pages tell of the next? Which of its lines are foreign, and whether its pages changed."""

from __future__ import annotations

from pipeline.sites.drift import Alarm, Sample, differs, watch
from pipeline.sites.memory import Learnt, Site, Verdict, forgotten
from pipeline.sites.sheet import Line, Measures, Sheet, make, place_key

__all__ = [
    "Alarm",
    "Learnt",
    "Line",
    "Measures",
    "Sample",
    "Sheet",
    "Site",
    "Verdict",
    "differs",
    "forgotten",
    "make",
    "place_key",
    "watch",
]

"""Is an article a copy of known copy, and of whose?"""

from pipeline.dedupe.groups import Lead, Member, believed, last_moment, lead, plausible
from pipeline.dedupe.judging import Comparison, Verdict, compare
from pipeline.dedupe.linking import Arrival, decide, moved, relate
from pipeline.dedupe.memory import CopyMemory

__all__ = [
    "Arrival",
    "Comparison",
    "CopyMemory",
    "Lead",
    "Member",
    "Verdict",
    "believed",
    "compare",
    "decide",
    "last_moment",
    "lead",
    "moved",
    "plausible",
    "relate",
]

"""Is an article a copy of known copy, and of whose?"""

from pipeline.dedupe.groups import Lead, Member, believed, lead
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
    "lead",
    "moved",
    "relate",
]

"""Is an article a copy of known copy, and of whose?"""

from pipeline.dedupe.groups import Lead, Member, believed, lead
from pipeline.dedupe.linking import Arrival, decide, moved, relate
from pipeline.dedupe.memory import CopyMemory

__all__ = ["Arrival", "CopyMemory", "Lead", "Member", "believed", "decide", "lead", "moved", "relate"]

"""Is an article a copy of known copy, and of whose?"""

from pipeline.dedupe.linking import Arrival, decide
from pipeline.dedupe.memory import CopyMemory

__all__ = ["Arrival", "CopyMemory", "decide"]

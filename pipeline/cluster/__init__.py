"""Which story does an article belong to?"""

from pipeline.cluster.memory import StoryMemory
from pipeline.cluster.placing import ToPlace, decide

__all__ = ["StoryMemory", "ToPlace", "decide"]

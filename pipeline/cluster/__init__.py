"""Which story does an article belong to?"""

from pipeline.cluster.card import Card, StoryFacts
from pipeline.cluster.memory import StoryMemory, Wanted
from pipeline.cluster.placing import ToPlace, decide
from pipeline.cluster.telling import rebuild, tell

__all__ = ["Card", "StoryFacts", "StoryMemory", "ToPlace", "Wanted", "decide", "rebuild", "tell"]

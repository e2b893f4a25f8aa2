"""Group articles that report one event into stories, and summarise each story.

Copies of one text count once.
"""

from pipeline.cluster.assignment import ArticleToAssign, decide
from pipeline.cluster.protocol import StoryMemory, TermWeights
from pipeline.cluster.retelling import Voter, VoterWindow
from pipeline.cluster.story_summary import NameRarities, StoryFacts, StorySummary
from pipeline.cluster.summarise import rebuild_story, summarise_batch

__all__ = [
    "ArticleToAssign",
    "NameRarities",
    "StoryFacts",
    "StoryMemory",
    "StorySummary",
    "TermWeights",
    "Voter",
    "VoterWindow",
    "decide",
    "rebuild_story",
    "summarise_batch",
]

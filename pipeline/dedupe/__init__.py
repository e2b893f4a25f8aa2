"""Find near-duplicate articles, and name the earlier article that each was taken from.

Decisions follow from the texts and times that are given, in the order of arrival; nothing is read or written here.
"""

from pipeline.dedupe.matching import DatedArticle, decide, move_sketch, relate_copy
from pipeline.dedupe.primary import (
    GroupSummary,
    PrimaryCandidate,
    correct_implausible_dates,
    credible_publication,
    latest_instant,
    summarise_group,
)
from pipeline.dedupe.protocol import CopyMemory
from pipeline.dedupe.verdict import Comparison, CopyVerdict, compare_texts

__all__ = [
    "Comparison",
    "CopyMemory",
    "CopyVerdict",
    "DatedArticle",
    "GroupSummary",
    "PrimaryCandidate",
    "compare_texts",
    "correct_implausible_dates",
    "credible_publication",
    "decide",
    "latest_instant",
    "move_sketch",
    "relate_copy",
    "summarise_group",
]

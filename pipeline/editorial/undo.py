"""Take back any decision of an editor, and any change of stories that repair made."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.decisions import (
    ArticleDecision,
    CopyDecision,
    Decision,
    DecisionAuthor,
    EntityDecision,
    StoryDecision,
    Subject,
)
from pipeline.editorial.copies import undo_copy_decision
from pipeline.editorial.decisions import find_decision
from pipeline.editorial.entities import undo_entity_decision
from pipeline.editorial.stories import undo_story_decision
from pipeline.editorial.withdrawals import undo_withdrawal


def undo_decision(context: Context, n: int, author: DecisionAuthor, subject: Subject | None = None) -> Decision:
    """Take back the decision number ``n``; return it as it stands in the log then.

    With a ``subject`` it may also be the number that the decision had in the log of that subject.

    Raises:
        UnknownError: There is no such decision.
        UsageError: It was taken back already, or what it did can't be taken back any more.
    """
    decision = find_decision(context, n, subject)
    match decision:
        case CopyDecision():
            undo_copy_decision(context, decision, author)
        case StoryDecision():
            undo_story_decision(context, decision, author)
        case EntityDecision():
            undo_entity_decision(context, decision, author)
        case ArticleDecision():
            undo_withdrawal(context, decision, author)
        case _:
            raise TypeError(f"{type(decision).__name__} is no kind of decision")
    with context.store.read() as connection:
        return context.store.decisions.get_decision(connection, decision.n) or decision

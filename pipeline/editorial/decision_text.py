"""Describe decisions in one line of text each."""

from __future__ import annotations

from pipeline.decisions import ArticleDecision, CopyDecision, Decision, DecisionKind, EntityDecision, StoryDecision


def describe_decision(decision: Decision) -> str:
    """Return a line with number, time, author, what was decided and why, and whether it was taken back."""
    author = decision.by or "somebody"
    undoes = f", takes back {decision.undoes}" if decision.undoes else ""
    reason, undone = _describe_note(decision.note), _describe_undo(decision)
    effect = describe_effect(decision)
    return f"{decision.numbers}  {decision.at:%Y-%m-%d %H:%M}  {author}: {effect}{reason}{undoes}{undone}"


def describe_effect(decision: Decision) -> str:
    """Return what was decided.

    Raises:
        TypeError: It is no kind of decision.
    """
    match decision:
        case CopyDecision():
            return _describe_copy_effect(decision)
        case StoryDecision():
            return _describe_story_effect(decision)
        case EntityDecision():
            return _describe_entity_effect(decision)
        case ArticleDecision():
            notice = f", as notice {decision.notice} says" if decision.notice else ""
            return f"article {decision.article} is withdrawn{notice}"
    raise TypeError(f"{type(decision).__name__} is no kind of decision")


def _describe_undo(decision: Decision) -> str:
    if decision.undone_at is None:
        return ""
    by = f" by {decision.undone_by}" if decision.undone_by else ""
    return f", taken back {decision.undone_at:%Y-%m-%d %H:%M}{by}{_describe_note(decision.undone_note)}"


def _describe_note(note: str | None) -> str:
    return f": {note}" if note else ""


def _describe_copy_effect(decision: CopyDecision) -> str:
    if decision.kind is DecisionKind.MERGE:
        return f"copy groups became one, {decision.group}"
    return f"copy group {decision.taken} was taken out of {decision.group}"


def _describe_story_effect(decision: StoryDecision) -> str:
    match decision.kind:
        case DecisionKind.MERGE:
            return f"{decision.counterpart} became part of {decision.story}"
        case DecisionKind.SPLIT:
            return f"{decision.counterpart} was taken out of {decision.story}"
        case _:
            return f"{decision.story} got another title (before: {decision.replaced_title or 'that of an article'})"


def _describe_entity_effect(decision: EntityDecision) -> str:
    match decision.kind:
        case DecisionKind.MERGE:
            return f"{decision.entity} is {decision.target}"
        case DecisionKind.SPLIT:
            return f"{', '.join(decision.surfaces)} of {decision.entity} is {decision.target}"
        case DecisionKind.RENAME:
            return f"{decision.entity} is called {decision.name}"
        case _:
            return f"{decision.entity} is hidden"

"""Describe decisions in one line of text each."""

from __future__ import annotations

from pipeline.decisions import CopyDecision, Decision, DecisionKind, EntityDecision, StoryDecision


def describe_decision(decision: Decision) -> str:
    """Return a line with number, time, author, what was decided and why, and whether it was taken back."""
    author = decision.by or "somebody"
    note = f": {decision.note}" if decision.note else ""
    undoes = f", takes back {decision.undoes}" if decision.undoes else ""
    by = f" by {decision.undone_by}" if decision.undone_by else ""
    undone = f", taken back {decision.undone_at:%Y-%m-%d %H:%M}{by}" if decision.undone_at else ""
    number, effect = _describe_number(decision), describe_effect(decision)
    return f"{number}  {decision.at:%Y-%m-%d %H:%M}  {author}: {effect}{note}{undoes}{undone}"


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
    raise TypeError(f"{type(decision).__name__} is no kind of decision")


def describe_story_decision(decision: StoryDecision) -> str:
    """Return a change of a story as lists of the story's changes show it."""
    undoes = f", takes back {decision.undoes}" if decision.undoes else ""
    undone = ", taken back" if decision.undone_at else ""
    note = f": {decision.note}" if decision.note else ""
    effect = _describe_story_effect(decision)
    return f"change {decision.n}  {decision.at:%Y-%m-%d %H:%M}  {decision.by}: {effect}{note}{undoes}{undone}"


def describe_entity_decision(decision: EntityDecision) -> str:
    """Return a decision on an entity as lists of the entity's decisions show it."""
    by = f", by {decision.by}" if decision.by else ""
    note = f": {decision.note}" if decision.note else ""
    undone_by = f" by {decision.undone_by}" if decision.undone_by else ""
    undone = f" (undone {decision.undone_at:%Y-%m-%d %H:%M}{undone_by})" if decision.undone_at else ""
    number, effect = _describe_number(decision), _describe_entity_effect(decision)
    return f"{number}  {decision.at:%Y-%m-%d %H:%M}  {effect}{by}{note}{undone}"


def _describe_number(decision: Decision) -> str:
    return f"{decision.n} (was {decision.former_n})" if decision.former_n else str(decision.n)


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
        case DecisionKind.HIDE:
            return f"{decision.entity} is hidden"

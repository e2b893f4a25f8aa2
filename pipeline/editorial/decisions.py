"""Record, find and list editors' decisions, whatever they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.decisions import Decision, DecisionAuthor, DecisionMove, Subject
from pipeline.errors import UnknownError, UsageError
from pipeline.store import UnreadableDecision

D = TypeVar("D", bound=Decision)

_UNKNOWN = {
    Subject.COPIES: "there is no decision {n} on copies; newswire copies show lists them",
    Subject.STORIES: "there is no decision {n} on stories; newswire stories show lists them",
    Subject.ENTITIES: "there is no decision {n} on entities; newswire entities decisions lists them",
    Subject.ARTICLES: "there is no decision {n} on articles; newswire decisions lists them",
    None: "there is no decision {n}; newswire decisions lists them",
}


def record_decision(context: Context, connection: sa.Connection, decision: D, moves: Iterable[DecisionMove] = ()) -> D:
    """Append a decision to the log, with where it puts which articles; return it with its number.

    One that takes another one back marks that as undone.
    """
    if decision.undoes is not None:
        mark_undone(context, connection, decision.undoes, DecisionAuthor(name=decision.by, note=decision.note))
    return context.store.decisions.add_decision(connection, decision, moves)


def mark_undone(context: Context, connection: sa.Connection, n: int, author: DecisionAuthor) -> None:
    """Note that a decision was taken back.

    Raises:
        UsageError: Somebody else has taken it back, while this one waited.
    """
    if not context.store.decisions.mark_undone(connection, n, context.clock(), author):
        raise UsageError(f"decision {n} has been taken back already")


def find_decision(context: Context, n: int, subject: Subject | None = None) -> Decision:
    """Return the decision with this number, which holds so far.

    With a ``subject`` it may also be the number that the decision had in the log of that subject.

    Raises:
        UnknownError: There is none.
        UsageError: It was taken back already.
    """
    with context.store.read() as connection:
        decision = context.store.decisions.get_decision(connection, n, subject)
    if decision is None:
        raise UnknownError(_UNKNOWN[subject].format(n=n))
    if decision.undone_at:
        by = f" by {decision.undone_by}" if decision.undone_by else ""
        at = f"{decision.undone_at:%Y-%m-%d %H:%M}"
        raise UsageError(f"decision {decision.numbers} has been taken back already, at {at}{by}")
    return decision


def list_decisions(
    context: Context, subject: Subject | None = None, limit: int | None = None
) -> tuple[list[Decision], list[UnreadableDecision]]:
    """Return the latest ``limit`` decisions (None: all), undone ones too, in order; and the rows that can't be read."""
    readable: list[Decision] = []
    unreadable: list[UnreadableDecision] = []
    with context.store.read() as connection:
        for row in context.store.decisions.read_log(connection, subject):
            if isinstance(row, UnreadableDecision):
                unreadable.append(row)
            else:
                readable.append(row)
    if subject is None:  # the logs of three subjects were once counted apart
        readable.sort(key=lambda decision: (decision.at, decision.n))
    return readable[-limit:] if limit else readable, unreadable


def decision_to_plain(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON lists it among those on other subjects: fields that all have are called alike."""
    fields = msgspec.structs.asdict(decision)
    fields.pop("undone", None)  # undone_at says it
    return {"n": fields.pop("n"), "subject": decision.subject, **fields}

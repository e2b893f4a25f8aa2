"""Keep the log of decisions on copies, stories, entities and articles.

A row that can't be read is named and left out; it stays as it is, and the others hold. Where decisions put articles is
read without the rows' details, so that such a row still binds.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pipeline.decisions import (
    ArticleDecision,
    CopyDecision,
    Decision,
    DecisionAuthor,
    DecisionMove,
    EntityDecision,
    StoryDecision,
    Subject,
)
from pipeline.errors import StoreError
from pipeline.store.rows import CopyPin
from pipeline.store.schema.articles import items
from pipeline.store.schema.decisions import decision_moves, decisions
from pipeline.store.statements import among

_GREATEST = 2**63 - 1  # number of a decision: PostgreSQL refuses to compare with greater ones
_UNREADABLE = "unreadable"  # the kind of a row of 0.1 that the migration couldn't read; its note says why
_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Decision)

# Times and flags are read as they are stored: SQLAlchemy's own reading of a damaged one would end the whole query
_COLUMNS = [sa.type_coerce(column, sa.types.NullType()).label(column.name) for column in decisions.c]


class _StoryDetails(msgspec.Struct, frozen=True):
    title: str | None = None  # that an editor had given before


class _EntityDetails(msgspec.Struct, frozen=True):
    surfaces: tuple[str, ...] = ()
    name: str | None = None


class _ArticleDetails(msgspec.Struct, frozen=True):
    copies: tuple[str, ...] = ()


class UnreadableDecision(msgspec.Struct, frozen=True):
    """A row of the log that can't be read, and why."""

    n: int
    fault: str


class Decisions:
    """The decisions of a ledger."""

    def __init__(self) -> None:
        self._named: set[int] = set()  # unreadable rows that a log line has named already

    def add_decision(self, connection: sa.Connection, decision: D, moves: Iterable[DecisionMove] = ()) -> D:
        """Append a decision, with where it puts which articles; return it with its number."""
        inserted = connection.execute(decisions.insert().values(**_to_row(decision))).inserted_primary_key
        assert inserted is not None
        n = int(inserted[0])
        rows = [{"n": n, "seq": move.seq, "target": move.target, "origin": move.origin} for move in moves]
        if rows:
            connection.execute(decision_moves.insert(), rows)
        return msgspec.structs.replace(decision, n=n)

    def mark_undone(self, connection: sa.Connection, n: int, at: dt.datetime, author: DecisionAuthor) -> bool:
        """Note that a decision was taken back; return False where it had been already."""
        c = decisions.c
        undone = {"stands": False, "undone_at": at, "undone_by": author.name, "undone_note": author.note}
        update = decisions.update().where(c.n == n, c.undone_at.is_(None)).values(**undone)
        return connection.execute(update).rowcount == 1

    def get_decision(self, connection: sa.Connection, n: int, subject: Subject | None = None) -> Decision | None:
        """Return the decision with this number, None where there is none.

        With a ``subject`` it may also be the number that the decision had in the log of that subject.

        Raises:
            StoreError: Its row can't be read.
        """
        if not 0 < n <= _GREATEST:
            return None
        c = decisions.c
        where = [c.n == n] if subject is None else [sa.or_(c.n == n, c.former_n == n), c.subject == subject]
        for decision in _read(connection, *where):
            if isinstance(decision, UnreadableDecision):
                number = f"{n}" if n == decision.n else f"{decision.n} (was {n})"
                raise StoreError(f"decision {number} can't be read, it is left as it stands: {decision.fault}")
            return decision
        return None

    def read_log(
        self, connection: sa.Connection, subject: Subject | None = None
    ) -> Iterator[Decision | UnreadableDecision]:
        """Yield all decisions, undone ones and those that can't be read too, in the order of their numbers."""
        return _read(connection, *([] if subject is None else [decisions.c.subject == subject]))

    def list_entity_decisions(self, connection: sa.Connection) -> list[EntityDecision]:
        """Return all readable decisions on entities, undone ones too, in order."""
        readable = self._readable(_read(connection, decisions.c.subject == Subject.ENTITIES))
        return [decision for decision in readable if isinstance(decision, EntityDecision)]

    def list_story_decisions(self, connection: sa.Connection, story: str) -> list[StoryDecision]:
        """Return what was changed of a story, oldest first."""
        c = decisions.c
        concerns = sa.or_(c.target == story, c.counterpart == story)
        readable = self._readable(_read(connection, c.subject == Subject.STORIES, concerns))
        return [decision for decision in readable if isinstance(decision, StoryDecision)]

    def list_withdrawals(
        self, connection: sa.Connection, *, since: dt.datetime | None = None, article: str | None = None
    ) -> list[ArticleDecision]:
        """Return the withdrawals that stand (of ``article``, where it is named), made ``since``, oldest first."""
        c = decisions.c
        where = [c.subject == Subject.ARTICLES, c.undone_at.is_(None)]
        where += [c.at >= since] if since else []
        where += [c.target == article] if article else []
        readable = self._readable(_read(connection, *where))
        return [decision for decision in readable if isinstance(decision, ArticleDecision)]

    def undo_withdrawals(
        self, connection: sa.Connection, article: str, at: dt.datetime, by: str | None, note: str | None
    ) -> None:
        """Note that all withdrawals of an article that stand were taken back."""
        c = decisions.c
        undone = {"stands": False, "undone_at": at, "undone_by": by, "undone_note": note}
        which = decisions.update().where(c.subject == Subject.ARTICLES, c.target == article, c.undone_at.is_(None))
        connection.execute(which.values(**undone))

    def list_moves(self, connection: sa.Connection, n: int) -> list[DecisionMove]:
        """Return where a decision put which articles, in the order of their arrival."""
        c = decision_moves.c
        rows = connection.execute(sa.select(c.seq, c.target, c.origin).where(c.n == n).order_by(c.seq))
        return [DecisionMove(seq=row.seq, target=row.target, origin=row.origin) for row in rows]

    def find_pinned_stories(self, connection: sa.Connection, articles: Collection[str]) -> dict[str, str]:
        """Return article → story of those that an editor's decision, the latest that stands, put there."""
        standing = _standing(Subject.STORIES, items.c.id, decision_moves.c.target)
        joined = standing.join(items, items.c.seq == decision_moves.c.seq)
        rows = connection.execute(joined.where(among(connection, items.c.id, articles)))
        return {row.id: row.target for row in rows}

    def list_copy_pins(self, connection: sa.Connection, seqs: Collection[int]) -> list[CopyPin]:
        """Return what editors decided on the copy groups of these articles and still stands, in order."""
        moves = decision_moves.c
        joined = _standing(Subject.COPIES, items.c.id, moves.seq, moves.target, moves.n)
        standing = joined.join(items, items.c.seq == moves.seq).where(among(connection, moves.seq, seqs))
        latest = {row.seq: row for row in connection.execute(standing)}
        numbers = {row.n for row in latest.values()}
        readable = self._readable(_read(connection, among(connection, decisions.c.n, numbers)))
        by_number = {decision.n: decision for decision in readable}
        rows = [row for row in latest.values() if row.n in by_number]
        rows.sort(key=lambda row: (by_number[row.n].at, row.seq))
        return [
            CopyPin(
                id=row.id,
                copy_group=row.target,
                at=by_number[row.n].at,
                made_by=by_number[row.n].by,
                reason=by_number[row.n].note,
                n=row.n,
            )
            for row in rows
        ]

    def _readable(self, rows: Iterable[Decision | UnreadableDecision]) -> Iterator[Decision]:
        """Yield the decisions among ``rows``; a log line names each other one, once."""
        for row in rows:
            if not isinstance(row, UnreadableDecision):
                yield row
            elif row.n not in self._named:
                self._named.add(row.n)
                _log.warning("decision %d can't be read, it is left out and the others hold: %s", row.n, row.fault)


def find_pinned_groups(connection: sa.Connection, seqs: Collection[int]) -> dict[int, str]:
    """Return seq → copy group of the articles that an editor's decision, the latest that stands, put there."""
    c = decision_moves.c
    rows = connection.execute(_standing(Subject.COPIES, c.seq, c.target).where(among(connection, c.seq, seqs)))
    return {row.seq: row.target for row in rows}


def _standing(subject: Subject, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Return the query for where standing decisions put articles, the latest last."""
    joined = sa.select(*columns).select_from(decision_moves).join(decisions, decisions.c.n == decision_moves.c.n)
    return joined.where(decisions.c.subject == subject, decisions.c.stands).order_by(decisions.c.n)


def _read(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[Decision | UnreadableDecision]:
    for row in connection.execute(sa.select(*_COLUMNS).where(*where).order_by(decisions.c.n)).mappings():
        try:
            yield _from_row(row)
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            yield UnreadableDecision(row["n"], str(error))


def _from_row(row: sa.RowMapping) -> Decision:
    """Return a row as a decision.

    Raises:
        ValueError: It is none.
    """
    if row["kind"] == _UNREADABLE:
        raise ValueError(f"couldn't be read when it was taken over from 0.1: {row['note']}")
    plain: dict[str, Any] = {
        name: row[name] for name in ("n", "kind", "by", "note", "undoes", "undone_by", "undone_note", "former_n")
    }
    undone_at = None if row["undone_at"] is None else _time(row["undone_at"])
    plain |= {"at": _time(row["at"]), "stands": bool(row["stands"]), "undone_at": undone_at}
    target, counterpart, data = row["target"], row["counterpart"], row["data"] or "{}"
    match Subject(row["subject"]):
        case Subject.COPIES:
            return _convert(CopyDecision, {**plain, "group": target, "taken": counterpart})
        case Subject.STORIES:
            title = msgspec.json.decode(data, type=_StoryDetails).title
            story = {"story": target, "counterpart": counterpart, "replaced_title": title}
            return _convert(StoryDecision, {**plain, **story, "undone": undone_at is not None})
        case Subject.ENTITIES:
            details = msgspec.json.decode(data, type=_EntityDetails)
            entity = {"entity": target, "target": counterpart, "surfaces": details.surfaces, "name": details.name}
            return _convert(EntityDecision, plain | entity)
        case Subject.ARTICLES:
            copies = msgspec.json.decode(data, type=_ArticleDetails).copies
            return _convert(ArticleDecision, {**plain, "article": target, "notice": counterpart, "copies": copies})


def _convert(kind: type[D], fields: dict[str, Any]) -> D:
    """Return a struct of these fields, checked; msgspec checks by the names that fields have in JSON."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return msgspec.convert({names[name]: value for name, value in fields.items()}, kind)


def _time(value: str | dt.datetime) -> dt.datetime:
    """Return a time as it is stored (SQLite: text in UTC without a zone) with its zone."""
    time = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def _to_row(decision: Decision) -> dict[str, Any]:
    common = ("kind", "at", "by", "note", "undoes", "stands")
    row: dict[str, Any] = {name: getattr(decision, name) for name in common} | {"subject": decision.subject}
    match decision:
        case CopyDecision():
            return row | {"target": decision.group, "counterpart": decision.taken}
        case StoryDecision():
            data = None if decision.replaced_title is None else _to_json(_StoryDetails(decision.replaced_title))
            return row | {"target": decision.story, "counterpart": decision.counterpart, "data": data}
        case EntityDecision():
            data = _to_json(_EntityDetails(decision.surfaces, decision.name))
            return row | {"target": decision.entity, "counterpart": decision.target, "data": data}
        case ArticleDecision():
            data = _to_json(_ArticleDetails(decision.copies))
            return row | {"target": decision.article, "counterpart": decision.notice, "data": data}
    raise TypeError(f"{type(decision).__name__} is no kind of decision that the ledger keeps")


def _to_json(details: msgspec.Struct) -> str:
    return msgspec.json.encode(details).decode()

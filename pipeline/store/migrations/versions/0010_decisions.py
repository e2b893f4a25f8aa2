"""decisions: one log of what editors decide on copies, stories and entities, in place of three.

Changes of stories keep their numbers. Decisions on entities keep theirs where no story was ever changed; else they get
numbers behind those (3 becomes 13 or 103), and ``former_n`` holds the one by which editors know them. Decisions on copy
groups had no numbers: what one editor decided at one time becomes one decision.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG, Utc

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_log = logging.getLogger("pipeline.store.migrations")

# Without types: what stands in the old tables is taken over as it is, also what can't be read
_DECISIONS = sa.table(
    "decisions",
    *map(
        sa.column,
        (
            "n",
            "at",
            "subject",
            "kind",
            "by",
            "note",
            "target",
            "counterpart",
            "data",
            "undoes",
            "stands",
            "undone_at",
            "undone_by",
            "undone_note",
            "former_n",
        ),
    ),
)
_MOVES = sa.table("decision_moves", *map(sa.column, ("n", "seq", "target", "origin")))
_ENTITY_KINDS = {"merge", "split", "rename", "hide"}


def upgrade() -> None:
    """Change the schema."""
    _create_decisions()
    connection = op.get_bind()
    changes = connection.execute(sa.text("SELECT * FROM story_changes ORDER BY n")).mappings().all()
    entities = connection.execute(sa.text("SELECT n, data FROM entity_decisions ORDER BY n")).mappings().all()
    _insert(_DECISIONS, [_story_row(change, changes) for change in changes])
    connection.execute(sa.text(_TAKE_STORY_MOVES))
    shift = _shift([change["n"] for change in changes], [row["n"] for row in entities])
    _insert(_DECISIONS, [_entity_row(row["n"], row["data"], shift) for row in entities])
    _take_copy_pins()
    for table in ("story_moves", "story_changes", "entity_decisions", "copy_pins"):
        op.drop_table(table)
    if not _on_sqlite():  # the numbers were given by us
        op.execute("SELECT setval(pg_get_serial_sequence('decisions', 'n'), max(n)) FROM decisions HAVING max(n) > 0")


def downgrade() -> None:
    """Change it back; who undid a decision, and what was decided on copies before the latest decision, is lost."""
    _create_old_tables()
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT * FROM decisions WHERE subject = 'entities' ORDER BY n")).mappings():
        values = {"n": row["former_n"] or row["n"], "data": _entity_json(row)}
        connection.execute(sa.text("INSERT INTO entity_decisions (n, data) VALUES (:n, :data)"), values)
    for row in connection.execute(sa.text("SELECT * FROM decisions WHERE subject = 'stories' ORDER BY n")).mappings():
        title = json.loads(row["data"] or "{}").get("title")
        values = dict(row) | {"title": title, "undone": row["undone_at"] is not None}
        connection.execute(sa.text(_GIVE_STORY_BACK), values)
    connection.execute(sa.text(_GIVE_STORY_MOVES_BACK))
    connection.execute(sa.text(_GIVE_COPY_PINS_BACK))
    op.drop_table("decision_moves")
    op.drop_table("decisions")
    if not _on_sqlite():
        for table in ("entity_decisions", "story_changes"):
            sequence = f"pg_get_serial_sequence('{table}', 'n')"
            op.execute(f"SELECT setval({sequence}, max(n)) FROM {table} HAVING max(n) > 0")  # noqa: S608


_TAKE_STORY_MOVES = """
INSERT INTO decision_moves (n, seq, target, origin)
SELECT m.n, items.seq, m.story,
       CASE WHEN NOT m.moved THEN m.story WHEN c.kind = 'split' THEN c.story ELSE c.other END
FROM story_moves AS m JOIN items ON items.id = m.id LEFT JOIN story_changes AS c ON c.n = m.n
"""
_GIVE_STORY_BACK = """
INSERT INTO story_changes (n, at, made_by, kind, story, other, reason, before, undoes, undone, stands)
VALUES (:n, :at, :by, :kind, :target, :counterpart, :note, :title, :undoes, :undone, :stands)
"""
_GIVE_STORY_MOVES_BACK = """
INSERT INTO story_moves (n, id, story, moved)
SELECT m.n, items.id, m.target, m.origin IS NOT NULL AND m.origin <> m.target
FROM decision_moves AS m JOIN decisions AS d ON d.n = m.n AND d.subject = 'stories' JOIN items ON items.seq = m.seq
"""
_GIVE_COPY_PINS_BACK = """
INSERT INTO copy_pins (seq, copy_group, at, made_by, reason)
SELECT m.seq, m.target, d.at, d."by", d.note
FROM decision_moves AS m JOIN decisions AS d ON d.n = m.n
WHERE d.n = (SELECT max(latest.n) FROM decision_moves AS moves JOIN decisions AS latest ON latest.n = moves.n
             WHERE moves.seq = m.seq AND latest.subject = 'copies' AND latest.stands)
"""


def _story_row(change: sa.RowMapping, changes: Sequence[sa.RowMapping]) -> dict[str, Any]:
    """Return a change of a story as a decision; who took it back stands in the change that did so."""
    undoing = next((later for later in changes if later["undoes"] == change["n"]), None) if change["undone"] else None
    return {
        "n": change["n"],
        "at": change["at"],
        "subject": "stories",
        "kind": change["kind"],
        "by": change["made_by"],
        "note": change["reason"],
        "target": change["story"],
        "counterpart": change["other"],
        "data": None if change["before"] is None else json.dumps({"title": change["before"]}, ensure_ascii=False),
        "undoes": change["undoes"],
        "stands": change["stands"],
        "undone_at": (undoing or change)["at"] if change["undone"] else None,
        "undone_by": undoing["made_by"] if undoing else None,
        "undone_note": undoing["reason"] if undoing else None,
        "former_n": None,
    }


def _shift(stories: Sequence[int], entities: Sequence[int]) -> int:
    """Return what is added to the numbers of decisions on entities: a power of ten above all numbers given so far."""
    if not stories or not entities:
        return 0
    shift = 10
    while shift <= max(*stories, *entities):
        shift *= 10
    return shift


def _entity_row(n: int, data: str, shift: int) -> dict[str, Any]:
    """Return a decision on entities; one that can't be read is kept as it stands and named, and its note says why."""
    row = dict.fromkeys(column.name for column in _DECISIONS.c)
    row |= {"n": n + shift, "subject": "entities", "former_n": n if shift else None, "data": data}
    try:
        return row | _read_entity_decision(data)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        _log.warning("decision %d on entities can't be read, it is kept as it stands: %s", row["n"], error)
        now = _stored_time(dt.datetime.now(dt.UTC).isoformat())
        return row | {"at": now, "kind": "unreadable", "note": str(error), "stands": _stored_bool(value=False)}


def _read_entity_decision(data: str) -> dict[str, Any]:
    """Return the columns of a decision on entities that is given as JSON.

    Raises:
        ValueError: It is no such decision.
        TypeError: A part of it has another type than such a decision has.
        OverflowError: A time lies before the first year, or after the last one.
    """
    decision = json.loads(data)
    if not isinstance(decision, dict):
        raise TypeError("no JSON object")
    kind = _text(decision, "kind")
    if kind not in _ENTITY_KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    surfaces = decision.get("surfaces") or []
    if not isinstance(surfaces, list):
        raise TypeError(f"surfaces is no list: {json.dumps(surfaces)}")
    details = {
        "surfaces": [_text({"surfaces": surface}, "surfaces") for surface in surfaces],
        "name": _text_or_none(decision, "name"),
    }
    undone = _text_or_none(decision, "undone")
    return {
        "at": _stored_time(_text(decision, "at")),
        "kind": kind,
        "by": _text_or_none(decision, "by"),
        "note": _text_or_none(decision, "note"),
        "target": _text(decision, "entity"),
        "counterpart": _text_or_none(decision, "target"),
        "data": json.dumps(details, ensure_ascii=False),
        "stands": _stored_bool(value=undone is None),
        "undone_at": None if undone is None else _stored_time(undone),
    }


def _text(decision: dict[str, Any], name: str) -> str:
    """Return a field that has to hold text, such as both databases keep.

    Raises:
        TypeError: It is missing or holds something else.
        ValueError: It holds characters that a database refuses: half a surrogate pair, or NUL.
    """
    value = decision.get(name)
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text: {json.dumps(value)}")
    value.encode()
    if "\0" in value:
        raise ValueError(f"{name} holds a NUL character")
    return value


def _text_or_none(decision: dict[str, Any], name: str) -> str | None:
    return None if decision.get(name) is None else _text(decision, name)


def _take_copy_pins() -> None:
    """Make a decision of what one editor decided on copies at one time, in that order; what was before isn't known."""
    connection = op.get_bind()
    pins = connection.execute(sa.text("SELECT * FROM copy_pins ORDER BY at, made_by, reason, seq")).mappings().all()
    n = connection.execute(sa.text("SELECT max(n) FROM decisions")).scalar() or 0
    decided: dict[tuple[Any, ...], list[sa.RowMapping]] = {}
    for pin in pins:
        decided.setdefault((pin["at"], pin["made_by"], pin["reason"]), []).append(pin)
    for (at, by, note), members in decided.items():
        n += 1
        groups = list(dict.fromkeys(pin["copy_group"] for pin in members))
        row = dict.fromkeys(column.name for column in _DECISIONS.c)
        row |= {"n": n, "at": at, "subject": "copies", "by": by, "note": note, "stands": _stored_bool(value=True)}
        row |= {"kind": "split" if len(groups) > 1 else "merge", "target": groups[0]}
        row |= {"counterpart": groups[1] if len(groups) > 1 else None}
        _insert(_DECISIONS, [row])
        moves = [{"n": n, "seq": pin["seq"], "target": pin["copy_group"], "origin": None} for pin in members]
        _insert(_MOVES, moves)


def _entity_json(row: sa.RowMapping) -> str:
    """Return a decision on entities as the table entity_decisions held it."""
    if row["kind"] not in _ENTITY_KINDS:
        return str(row["data"])
    details = json.loads(row["data"] or "{}")
    decision = {
        "kind": row["kind"],
        "entity": row["target"],
        "at": _iso_time(row["at"]),
        "n": row["former_n"] or row["n"],
        "target": row["counterpart"],
        "surfaces": details.get("surfaces", []),
        "name": details.get("name"),
        "by": row["by"],
        "note": row["note"],
        "undone": _iso_time(row["undone_at"]) if row["undone_at"] else None,
    }
    return json.dumps(decision, ensure_ascii=False)


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _stored_time(text: str) -> str | dt.datetime:
    """Return a time of a JSON record as a column of the type Utc holds it."""
    time = dt.datetime.fromisoformat(text)
    time = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    return time.replace(tzinfo=None).isoformat(" ", "microseconds") if _on_sqlite() else time


def _iso_time(value: str | dt.datetime) -> str:
    time = dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC) if isinstance(value, str) else value
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _stored_bool(*, value: bool) -> int | bool:
    return int(value) if _on_sqlite() else value


def _insert(table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.get_bind().execute(sa.insert(table), rows)


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("counterpart", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("undone_at", Utc(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_note", sa.Text(), nullable=True),
        sa.Column("former_n", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_subject", "decisions", ["subject"])
    op.create_index("ix_decisions_target", "decisions", ["target"])
    op.create_index("ix_decisions_counterpart", "decisions", ["counterpart"])
    op.create_table(
        "decision_moves",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("n", "seq", name=op.f("pk_decision_moves")),
    )
    op.create_index("ix_decision_moves_seq", "decision_moves", ["seq"])


def _create_old_tables() -> None:
    op.create_table(
        "entity_decisions",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_entity_decisions")),
    )
    op.create_table(
        "copy_pins",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("copy_group", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_copy_pins")),
    )
    op.create_table(
        "story_changes",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_story_changes")),
    )
    op.create_index("ix_story_changes_story", "story_changes", ["story"])
    op.create_index("ix_story_changes_other", "story_changes", ["other"])
    op.create_table(
        "story_moves",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("n", "id", name=op.f("pk_story_moves")),
    )
    op.create_index("ix_story_moves_id", "story_moves", ["id"])

"""Tables of decisions on copies, stories and entities: an editor's, and what stages and repair change by themselves."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # a decisions.Subject
    sa.Column("kind", sa.Text, nullable=False),  # a decisions.DecisionKind; "unreadable": its note says why
    sa.Column("by", sa.Text),  # an editor's name, or the stage or "repair" that did it by itself
    sa.Column("note", sa.Text),
    sa.Column("target", sa.Text),  # the copy group, story or entity that is decided on
    sa.Column("counterpart", sa.Text),  # what went into it or came out of it; of an entity, what it becomes
    sa.Column("data", sa.Text),  # what the kind of decision needs beside it, as JSON
    sa.Column("undoes", sa.BigInteger),  # the decision that this one takes back
    sa.Column("stands", sa.Boolean, nullable=False),  # whether stages and repair have to keep to it
    sa.Column("undone_at", Utc),
    sa.Column("undone_by", sa.Text),
    sa.Column("undone_note", sa.Text),
    sa.Column("former_n", sa.BigInteger),  # its number in the log of its subject, before there was one log for all
)
sa.Index("ix_decisions_subject", decisions.c.subject)
sa.Index("ix_decisions_target", decisions.c.target)
sa.Index("ix_decisions_counterpart", decisions.c.counterpart)

decision_moves = sa.Table(
    "decision_moves",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),  # of the decision
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("target", sa.Text, nullable=False),  # the copy group or story that it is in by this decision
    sa.Column("origin", sa.Text),  # where it was before; NULL where that isn't known
)
sa.Index("ix_decision_moves_seq", decision_moves.c.seq)

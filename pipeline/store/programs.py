"""Keep what running programs tell of themselves: a row for each, which it replaces every few seconds.

The row of a program that ended, or that nothing was heard of any more, stays for a day.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from pipeline.figures import ProgramFigures, ProgramStanding, standing_of
from pipeline.records import from_json, to_json
from pipeline.store.engine import Database
from pipeline.store.locks import is_dead
from pipeline.store.schema.bookkeeping import programs
from pipeline.store.statements import upsert

KEPT = dt.timedelta(days=1)


class Programs:
    """The programs that work on a ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, figures: ProgramFigures) -> None:
        """Save the figures of a program in place of its earlier ones, and forget programs of long ago.

        A transaction of its own.
        """
        row = {"name": figures.program, "beat": figures.beat, "figures": to_json(figures).decode()}
        with self._database.write() as connection:
            upsert(connection, programs, [row])
            connection.execute(programs.delete().where(programs.c.beat < figures.beat - KEPT))

    def list_programs(self, connection: sa.Connection, now: dt.datetime) -> list[ProgramStanding]:
        """Return what each program told last and how it is with it, those that were heard of lately first."""
        latest = sa.select(programs.c.figures).order_by(programs.c.beat.desc(), programs.c.name)
        told = [from_json(text, ProgramFigures) for text in connection.scalars(latest)]
        return [standing_of(figures, now, is_dead=is_dead(figures.program)) for figures in told]

"""Tables of what the program notes of itself: values by name, locks, figures, runs and samples."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", Utc, nullable=False),
)

programs = sa.Table(
    "programs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # of a holder of leases: host, process id, and a part of its own
    sa.Column("beat", Utc, nullable=False),  # when it last told of itself
    sa.Column("figures", sa.Text, nullable=False),  # a figures.ProgramFigures as JSON
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=True),  # by which outcomes name it
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("command", sa.Text, nullable=False),  # what was started
    sa.Column("started_by", sa.Text),  # the person who started it, where that is known
    sa.Column("program", sa.Text),  # the one program that does all of it; NULL where several do, as under Airflow
    sa.Column("began", Utc, nullable=False),
    sa.Column("ended", Utc),
    sa.Column("figures", sa.Text),  # a figures.RunCounts as JSON, since it has ended
)
sa.Index("ix_runs_began", runs.c.began)

samples = sa.Table(
    "samples",
    metadata,
    sa.Column("at", Utc, primary_key=True),  # the minute
    sa.Column("sample", sa.Text, nullable=False),  # a figures.OverviewSample as JSON
)

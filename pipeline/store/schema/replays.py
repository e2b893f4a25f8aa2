"""Tables of replays: a stage that is done again over some articles, and those of them that would differ by it."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

replays = sa.Table(
    "replays",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", sa.Text),  # who asked for it
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("selection", sa.Text, nullable=False),  # a selections.Selection as JSON
    sa.Column("state", sa.Text, nullable=False),  # a replays.ReplayState
    sa.Column("total", sa.BigInteger, nullable=False),  # articles chosen, as it was planned
    sa.Column("upto", sa.BigInteger, nullable=False),  # the last of them (seq): those that come later aren't its
    sa.Column("compared", sa.BigInteger, nullable=False),  # the last of them that the dry run has decided on (seq)
    sa.Column("counts", sa.Text, nullable=False),  # a replays.ReplayCounts as JSON
    sa.Column("decided_by", sa.Text),  # who approved or rejected it
    sa.Column("ended", Utc),  # when it was done or rejected
)

replay_articles = sa.Table(
    "replay_articles",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),  # of the replay
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("id", sa.Text, nullable=False),  # the article's
    sa.Column("version", sa.Integer, nullable=False),  # the version that was decided on
    sa.Column("state", sa.Text, nullable=False),  # waiting, sent, or overtaken by a later version
    sa.Column("difference", sa.Text, nullable=False),  # how it would differ, as JSON
    sa.Column("expected", sa.Text, nullable=False),  # a hash of what the stage would make of it
)

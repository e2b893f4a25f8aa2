"""Tables of what cluster remembers: stories found by their strongest terms, and their facts."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, blob_table, metadata

# data: a cluster.StoryCluster, day: of its last vote, seq: of the article that opened it
stories = blob_table("stories")

story_postings = sa.Table(
    "story_postings",
    metadata,
    sa.Column("term", BIG, primary_key=True, autoincrement=False),  # 32 bits without sign
    sa.Column("first_day", sa.Integer, nullable=False),  # of the oldest posting, since 1970
    sa.Column("postings", sa.LargeBinary, nullable=False),  # days and numbers of stories, see store.story_postings
)

story_groups = sa.Table(
    "story_groups",
    metadata,
    sa.Column("copy_group", sa.Text, primary_key=True),
    sa.Column("story", sa.Text, nullable=False),
    sa.Column("day", sa.Integer, nullable=False),  # when its last member was first seen
)
sa.Index("ix_story_groups_day", story_groups.c.day)

# articles that have a vote and a dense vector: what texts in other languages are compared with
voters = sa.Table(
    "voters",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),  # in the order in which they were added
    sa.Column("copy_group", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),  # where the story is remembered, see stories
    sa.Column("day", sa.Float, nullable=False),  # since 1970, when it was published, or first seen
    sa.Column("seen", sa.Integer, nullable=False),  # the day since 1970 on which it was first seen
    sa.Column("language", sa.Text, nullable=False),  # ISO 639-1, empty: unknown
    sa.Column("vector", sa.LargeBinary, nullable=False),  # see dense_vectors
    sa.Column("anchors", sa.LargeBinary, nullable=False),  # see cluster.anchors, 4 bytes each
)
sa.Index("ix_voters_copy_group", voters.c.copy_group)
sa.Index("ix_voters_seen", voters.c.seen)

# how many articles cluster has placed, by language and day of first sight
language_days = sa.Table(
    "language_days",
    metadata,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("language", sa.Text, primary_key=True),
    sa.Column("articles", sa.Integer, nullable=False),
)

story_cards = sa.Table(
    "story_cards",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),  # under which cluster remembers it, see stories
    sa.Column("last", Utc, nullable=False),  # when its last article was published, or seen
    sa.Column("given", sa.Text),  # the title that an editor gave it
    sa.Column("data", sa.LargeBinary, nullable=False),  # a cluster.StorySummary
)
sa.Index("ix_story_cards_last", story_cards.c.last)

story_aliases = sa.Table(
    "story_aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),  # the id of a story that is part of another one now
    sa.Column("story", sa.Text, nullable=False),
)
sa.Index("ix_story_aliases_story", story_aliases.c.story)

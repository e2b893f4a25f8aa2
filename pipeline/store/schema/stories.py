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

"""What tables does the ledger have?

Times are UTC. ``items`` says where each article stands, ``records`` holds what the stages made of it, ``outcomes`` is
the history that ``newswire explain`` tells. Changes go through a migration in ``migrations/versions``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

SCHEMA = "0009"  # the newest of migrations/versions


class Utc(sa.TypeDecorator[dt.datetime]):
    """An aware UTC time; SQLite keeps it as text without a zone, PostgreSQL as timestamptz."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Refuse times without a zone, turn the others into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
# SQLite only numbers rows by itself in an INTEGER primary key
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_BY_DAY: dict[str, Any] = {"postgresql_partition_by": "RANGE (day)"}
SQLITE_ALONE = {"dialect": "sqlite"}  # of tables that PostgreSQL has no use for


def _things(name: str) -> sa.Table:
    """Return a table of what is remembered of articles; see store.layout."""
    table = sa.Table(
        name,
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),  # since 1970
        sa.Column("terms", sa.LargeBinary, nullable=False),  # those of its postings, 4 bytes each
        sa.Column("data", sa.LargeBinary, nullable=False),
        **_BY_DAY,
    )
    sa.Index(f"ix_{name}_day", table.c.day)
    return table


def _postings(name: str, **options: Any) -> sa.Table:
    """Return a table that leads from terms to things; PostgreSQL has an index on the terms and no key."""
    table = sa.Table(
        name,
        metadata,
        sa.Column("term", sa.Integer, primary_key=True, autoincrement=False),  # 32 bits, read as signed
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),  # of the thing, when the term led to it
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
        **_BY_DAY,
        **options,
    )
    if not options:
        sa.Index(f"ix_{name}_term", table.c.term).ddl_if(dialect="postgresql")
    return table


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("due", Utc, nullable=False),
    sa.Column("role", sa.Text, nullable=False, server_default="feed"),  # states.FeedRole
    sa.Column("state", sa.Text, nullable=False),  # a FeedState as JSON
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Utc),
)
sa.Index("ix_feeds_due", feeds.c.due)

gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("since", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),  # an estimate
    sa.Column("filled", sa.Integer, nullable=False, server_default="0"),  # named by another feed of the source
)
sa.Index("ix_gaps_until", gaps.c.until)

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("hour", Utc, primary_key=True),  # of publication, where it is known
    sa.Column("named", sa.Integer, nullable=False),  # of articles that feeds named
)
sa.Index("ix_arrivals_hour", arrivals.c.hour)

items = sa.Table(
    "items",
    metadata,
    sa.Column("seq", BIG, primary_key=True, autoincrement=True),  # the order of arrival
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, default=1),  # of the publisher's text
    sa.Column("stage", sa.Text),  # the verb that is next; NULL when there is none
    sa.Column("state", sa.Text, nullable=False),  # pending, dropped, quarantined, removed
    sa.Column("due", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Utc),
    sa.Column("revision", sa.Integer, nullable=False, default=0),  # of the document
    sa.Column("indexed", sa.Integer, nullable=False, default=0),  # the revision that the index has
    sa.Column("copy_group", sa.Text),
    sa.Column("story", sa.Text),
    sa.Column("published", Utc),  # when its publisher says it was, where that is an instant
    sa.Column("credit", sa.Text),  # the news agency that its text credits
)
sa.Index("ix_items_stage_seq", items.c.stage, items.c.seq)
sa.Index("ix_items_copy_group", items.c.copy_group)
sa.Index("ix_items_story", items.c.story)
sa.Index("ix_items_lease_owner", items.c.lease_owner, sqlite_where=items.c.lease_owner.isnot(None),
         postgresql_where=items.c.lease_owner.isnot(None))  # fmt: skip

addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # urls.address_key of every address the article is known under
    sa.Column("id", sa.Text, nullable=False),
)
sa.Index("ix_addresses_id", addresses.c.id)

records = sa.Table(
    "records",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),  # records.STAGE_VERSIONS of the stage that made it
    sa.Column("data", sa.Text, nullable=False),  # the record as JSON
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),  # of the article; of a feed its address
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("detail", sa.Text),
)
sa.Index("ix_outcomes_id", outcomes.c.id)
sa.Index("ix_outcomes_at", outcomes.c.at)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", Utc, nullable=False),
)

robots = sa.Table(
    "robots",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("fetched", Utc, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

# What dedupe remembers -----------------------------------------------------------------------------------------------

frequencies = sa.Table(
    "frequencies",
    metadata,
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),  # 0: the whole; more: what came since
    sa.Column("data", sa.LargeBinary, nullable=False),  # in how many texts which term stands: frequency.Frequencies
)

copy_sketches = _things("copy_sketches")  # data: a dedupe.sketch.Sketch; day: of the article's first sight
copy_terms = _postings("copy_terms")
copy_terms_new = _postings("copy_terms_new", info=SQLITE_ALONE)

copy_pins = sa.Table(
    "copy_pins",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("copy_group", sa.Text, nullable=False),  # the group that an editor put it in
    sa.Column("at", Utc, nullable=False),
    sa.Column("made_by", sa.Text),
    sa.Column("reason", sa.Text),
)

# What cluster remembers ----------------------------------------------------------------------------------------------

stories = _things("stories")  # data: a cluster.placing.Story, day: of its last vote, seq: of the article that opened it
story_terms = _postings("story_terms")
story_terms_new = _postings("story_terms_new", info=SQLITE_ALONE)

story_groups = sa.Table(
    "story_groups",
    metadata,
    sa.Column("copy_group", sa.Text, primary_key=True),
    sa.Column("story", sa.Text, nullable=False),
    sa.Column("day", sa.Integer, nullable=False),  # when its last member was first seen
)
sa.Index("ix_story_groups_day", story_groups.c.day)

regrouped = sa.Table(
    "regrouped",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),  # of an article that an editor put into another copy group
    sa.Column("anew", sa.Boolean, nullable=False),  # whether it need not stay in its story: the group was split
)

# What enrich remembers ------------------------------------------------------------------------------------------------

entities = sa.Table(
    "entities",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # as it is shown, unless an editor decided otherwise
    sa.Column("fixed", sa.Boolean, nullable=False),  # whether the alias file or the gazetteer gives the name
    sa.Column("country", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lon", sa.Float),
    sa.Column("articles", sa.Integer, nullable=False),  # that name it
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_seen", Utc, nullable=False),
)
sa.Index("ix_entities_articles", entities.c.articles)

entity_articles = sa.Table(
    "entity_articles",
    metadata,
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sqlite_with_rowid=False,
)
sa.Index("ix_entity_articles_seq", entity_articles.c.seq)

entity_forms = sa.Table(
    "entity_forms",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # a Form's
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("surface", sa.Text, primary_key=True),
    sa.Column("sound", sa.Text),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_seen", Utc, nullable=False),
)
sa.Index("ix_entity_forms_sound", entity_forms.c.sound, sqlite_where=entity_forms.c.sound.isnot(None),
         postgresql_where=entity_forms.c.sound.isnot(None))  # fmt: skip
sa.Index("ix_entity_forms_entity", entity_forms.c.entity)
sa.Index("ix_entity_forms_last_seen", entity_forms.c.last_seen)

entity_decisions = sa.Table(
    "entity_decisions",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("data", sa.Text, nullable=False),  # a Decision as JSON
)

# What extract remembers of each site ---------------------------------------------------------------------------------

sites = sa.Table(
    "sites",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # of a source
    sa.Column("standing", sa.Text, nullable=False),  # a sites.Standing as JSON
)

site_pages = sa.Table(
    "site_pages",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("data", sa.LargeBinary, nullable=False),  # a sites.sheet.Sheet
)

site_lines = sa.Table(
    "site_lines",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),  # sites.sheet.line_key of it
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),  # seq of the page by which it was learnt
    sa.Column("last", sa.Integer, nullable=False),  # day on which it was last seen, since 1970
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("anywhere", sa.Boolean, nullable=False),
)

# What is known of stories as wholes, for good ------------------------------------------------------------------------

story_cards = sa.Table(
    "story_cards",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),  # under which cluster remembers it, see stories
    sa.Column("last", Utc, nullable=False),  # when its last article was published, or seen
    sa.Column("given", sa.Text),  # the title that an editor gave it
    sa.Column("data", sa.LargeBinary, nullable=False),  # a cluster.card.Card
)
sa.Index("ix_story_cards_last", story_cards.c.last)

story_aliases = sa.Table(
    "story_aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),  # the id of a story that is part of another one now
    sa.Column("story", sa.Text, nullable=False),
)
sa.Index("ix_story_aliases_story", story_aliases.c.story)

story_changes = sa.Table(
    "story_changes",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),  # an editor's name, or "repair"
    sa.Column("kind", sa.Text, nullable=False),  # merge, split or rename
    sa.Column("story", sa.Text, nullable=False),
    sa.Column("other", sa.Text),  # the story that went into it or came out of it
    sa.Column("reason", sa.Text),
    sa.Column("before", sa.Text),  # the title that an editor had given it before a rename; before a merger, ``other``
    sa.Column("undoes", sa.BigInteger),  # the change that this one takes back
    sa.Column("undone", sa.Boolean, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),  # whether repair has to keep to it
)
sa.Index("ix_story_changes_story", story_changes.c.story)
sa.Index("ix_story_changes_other", story_changes.c.other)

story_moves = sa.Table(
    "story_moves",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),  # of the change
    sa.Column("id", sa.Text, primary_key=True),  # of an article
    sa.Column("story", sa.Text, nullable=False),  # that it is in by this change
    sa.Column("moved", sa.Boolean, nullable=False),  # whether it was in the other one before
)
sa.Index("ix_story_moves_id", story_moves.c.id)
